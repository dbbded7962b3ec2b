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

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'uml/**/*.test.ts', 'docs/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'tests/interop/**'],
    testTimeout: 30_000,
    // Most of these tests start a server and wait for it: vitest's own count (cores less one) idles.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
  },
});
