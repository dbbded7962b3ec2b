import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes longest is begun first, so that nobody waits for it alone in the end. Vitest takes the
 * largest files first until it knows their times, but those that play a suite are of three lines.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const takesLong = ({ moduleId }: TestSpecification) =>
      /\/(?:golden|mutants)\/|\/check\/students/.test(moduleId);
    return [...sorted.filter(takesLong), ...sorted.filter((file) => !takesLong(file))];
  }
}

/** These put something in the place of a module, or change vitest's settings: each has a process. */
const ALONE = [
  'tests/unit/mutants/*.test.ts',
  'tests/unit/stages/{v3-mailboxes,v3-services,v4-accounts,v4-attacks}.test.ts',
  'tests/unit/stages/{v4-certificate,v4-mailboxes}.test.ts',
];
/** These have runs of their own: real mail programs, kill -9, many clients at once. */
const ELSEWHERE = ['**/node_modules/**', 'tests/{interop,crash,load}/**'];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    // Most of these tests start a server and wait for it: vitest's own count (cores less one) idles.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts', 'uml/**/*.test.ts', 'docs/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...ALONE],
          // A process for each file would take longer to begin than most of them to end.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
