/**
 * What is promised of mutants, as tests: each is found, by the scenarios that the catalogue says and no
 * others, and the report names the mistake. A mutant is a server process of its own, so this takes
 * its time: the plain run plays some of them, and of each only the scenarios that must fail. With
 * `STAGEPOST_FULL=1` all mutants play all scenarios of their stage, and those that must not fail must pass, or be
 * skipped for one that did. CI does that.
 */
import { describe, expect, it, vi } from 'vitest';
import { FULL } from '../full.ts';
import { GOLDEN } from '../src/check/places.ts';
import { loadScenarios } from '../src/notation/load.ts';
import type { Stage } from '../src/notation/model.ts';
import { killerOf, mutants } from './catalogue.ts';
import { checkMutant, failedIds } from './check.ts';
import { goldenReport, reportIds, reportOf } from './report.ts';

/** With `STAGEPOST_EXACT=1` too, those of stages 3 and 4 play all scenarios of their stage: ten minutes each. */
const EXACT = process.env.STAGEPOST_EXACT !== undefined;
/** All mutants are played here, or when their reports are written. */
const ALL = FULL || process.env.UPDATE_REPORTS !== undefined;
/** Of the mutants, the plain run plays one in so many. Those of stage 4 begin with a handshake, and a login. */
const ONE_IN: Record<Stage, number> = { v1: 4, v2: 4, v3: 6, v4: 12 };
/** Servers that run at once. Most of the time they are waited for, and do nothing. */
const AT_ONCE = 3;
/** On a machine that has much to do, a reply too many may be noticed a line later than in its report. */
const RETRIES = 2;
/** For one mutant, in milliseconds. */
const LIMIT = FULL ? 180_000 : 60_000;

export async function describeMutants(stage: Stage): Promise<void> {
  vi.setConfig({ maxConcurrency: AT_ONCE });
  const all = await loadScenarios(GOLDEN);
  const ofStage = mutants.filter((mutant) => mutant.stage === stage);
  const scenarios = all.filter((scenario) => scenario.stage === stage);
  // Stages 3 and 4 have too many mutants and scenarios to play all with all in CI: see EXACT.
  const own = FULL && (stage < 'v3' || EXACT) ? scenarios.map(({ id }) => id) : [];

  describe.concurrent(`a mutant of ${stage}`, () => {
    it.each(ofStage.filter((_, index) => ALL || index % ONE_IN[stage] === 0))(
      '$id fails $kills: $mistake',
      { timeout: LIMIT, retry: RETRIES },
      async (mutant) => {
        const result = await checkMutant(mutant, all, [...own, ...mutant.kills]);
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
