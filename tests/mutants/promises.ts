/**
 * What is promised of mutants, as tests: each is found, by the scenarios that the catalogue says and no
 * others, and the report names the mistake. A mutant is a server process of its own, so this takes
 * its time: the plain run plays only the scenarios that must fail. With `STAGEPOST_FULL=1` all are
 * played, and those that must not fail must pass, or be skipped for one that did.
 */
import { describe, expect, it, vi } from 'vitest';
import { GOLDEN } from '../src/check/places.ts';
import { loadScenarios } from '../src/notation/load.ts';
import type { Stage } from '../src/notation/model.ts';
import { killerOf, mutants } from './catalogue.ts';
import { checkMutant, failedIds } from './check.ts';
import { goldenReport, reportIds, reportOf } from './report.ts';

const FULL = process.env.STAGEPOST_FULL !== undefined;
/** Servers that run at once. Most of the time they are waited for, and do nothing. */
const AT_ONCE = 4;
/** For one mutant, in milliseconds. */
const LIMIT = FULL ? 180_000 : 60_000;

export async function describeMutants(stage: Stage): Promise<void> {
  vi.setConfig({ maxConcurrency: AT_ONCE });
  const all = await loadScenarios(GOLDEN);
  const ofStage = mutants.filter((mutant) => mutant.stage === stage);
  const scenarios = all.filter((scenario) => scenario.stage === stage);

  describe.concurrent(`a mutant of ${stage}`, () => {
    it.each(ofStage)(
      '$id fails $kills: $mistake',
      async (mutant) => {
        const result = await checkMutant(mutant, all, FULL ? [] : mutant.kills);
        expect(failedIds(result)).toEqual(mutant.kills);
        for (const id of mutant.kills) {
          if (killerOf(id) !== mutant) continue;
          const report = reportOf(
            result,
            all.find((scenario) => scenario.id === id)!,
          );
          expect(report).toBe(await goldenReport(id, report));
        }
      },
      LIMIT,
    );
  });

  describe(`the scenarios of ${stage}`, () => {
    it.each(scenarios)('$id finds a mutant', ({ id }) => {
      expect(killerOf(id)?.stage).toBe(stage);
    });

    it('have a report each, and there are no others', async () => {
      expect(await reportIds(stage)).toEqual(scenarios.map(({ id }) => id).sort());
    });

    it('have reports of at most 80 columns', async () => {
      for (const { id } of scenarios) {
        const lines = (await goldenReport(id, '')).split('\n');
        expect(lines.filter((line) => Array.from(line).length > 80)).toEqual([]);
      }
    });
  });

  it(`names each mutant of ${stage} once`, () => {
    expect(new Set(ofStage.map(({ id }) => id)).size).toBe(ofStage.length);
  });
}
