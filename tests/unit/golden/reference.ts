/** The suite against the kit's own servers, both ways: what is promised of each stage's reference. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundledManifest, bundledStage } from '../../bundled.ts';
import { FULL } from '../../full.ts';
import { withNeeds } from '../../mutants/check.ts';
import { runCheck } from '../../src/check/check.ts';
import { GOLDEN } from '../../src/check/places.ts';
import { ROOT, STAGE_FOLDERS } from '../../src/cli/stages.ts';
import { loadScenarios, scenariosFor } from '../../src/notation/load.ts';
import { DELIVERIES, type Stage } from '../../src/notation/model.ts';
import { playScenario } from '../../src/player/play-scenario.ts';
import { launchOf, parseManifest } from '../../src/server/manifest.ts';
import type { RunningServer } from '../../src/server/model.ts';

const scenarios = await loadScenarios(GOLDEN);

/**
 * The references do not take a `recv` for a line, so nobody has to wait until they have read one:
 * octet by octet is then a matter of seconds.
 */
const impatient: typeof playScenario = (scenario, server, options) => {
  const hasRead: RunningServer['hasRead'] = () => new Promise((resolve) => setImmediate(resolve));
  const quick = Object.create(server, { hasRead: { value: hasRead } }) as RunningServer;
  return playScenario(scenario, quick, options);
};

/** The reference in one file, which starts quickly, by the manifest that it has. */
async function bundledReference(stage: Stage) {
  const folder = path.join(ROOT, STAGE_FOLDERS[stage]);
  const file = path.join(folder, 'stagepost.json');
  const manifest = parseManifest(bundledManifest(await readFile(file, 'utf8')), file);
  return { dir: await bundledStage(folder), manifest };
}

/**
 * It passes what it must: in full mode all scenarios up to its own stage, in all ways of sending. The
 * plain run plays them a line a packet, and of earlier stages the core. How octets are cut is what the
 * tests of the sessions are about.
 */
export function describeReference(stage: Stage): void {
  describe(`the reference of ${stage}`, () => {
    it('is started as its manifest says', async () => {
      const result = await runCheck({ stage, scenarios, only: ['v1/greeting'] });
      expect(result.scenarios.map(({ id, status }) => `${id} ${status}`)).toEqual([
        'v1/greeting passed',
      ]);
    });

    it.each(FULL ? DELIVERIES : (['line'] as const))(
      'passes every scenario of its stage and the earlier ones, sent by %s',
      { timeout: 120_000 },
      async (delivery) => {
        const reference = await bundledReference(stage);
        const mine = scenariosFor(stage, scenarios).filter(
          (scenario) =>
            (FULL || scenario.stage === stage || scenario.kind === 'core') &&
            // From stage 4 on no reference has a strict order, or goes without accounts.
            launchOf(reference.manifest, scenario.variant) !== undefined,
        );
        const options = { stage, scenarios: mine, delivery, play: impatient };
        const result = await runCheck({ ...options, ...reference });
        const failed = result.scenarios.filter(({ status }) => status !== 'passed');
        expect(failed.map(({ id, message }) => `${id}: ${message}`)).toEqual([]);
        expect(result.scenarios).toHaveLength(mine.length);
        expect(result).toMatchObject({ passed: true, score: result.maxScore });
      },
    );
  });
}

/**
 * It fails what comes later: a suite that it passed would not ask for the next stage.
 * @param forbidden what the next stage no longer allows: the scenario that shows it
 */
export function describeEarlier(reference: Stage, stage: Stage, forbidden?: string): void {
  describe(`the reference of ${reference}, checked as ${stage}`, () => {
    const failsAsLater = (id: string) =>
      id.startsWith(`${stage}/`) ||
      (forbidden !== undefined && withNeeds([id], scenarios).includes(forbidden));

    it(
      'passes the scenarios up to its own stage and fails those of the next, every one',
      { timeout: 120_000 },
      async () => {
        // Its own it passes as itself; as a server of the next stage all of them in full mode, else some.
        const mine = scenarios.filter((one) => FULL || one.stage === stage || one.kind === 'core');
        const options = { stage, scenarios: mine, play: impatient };
        const { scenarios: results } = await runCheck({
          ...options,
          ...(await bundledReference(reference)),
        });
        const passed = results.filter(({ status }) => status === 'passed');
        // Variants that the reference does not have are left out: they are neither.
        const expected = results.map(({ id }) => id).filter((id) => !failsAsLater(id));
        expect(passed.map(({ id }) => id)).toEqual(expected);
        expect(results.length - passed.length).toBeGreaterThan(10);
      },
    );
  });
}
