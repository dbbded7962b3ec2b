/** The suite against the kit's own servers: both ways. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCheck } from '../../src/check/check.ts';
import { GOLDEN } from '../../src/check/places.ts';
import { ROOT, STAGE_FOLDERS } from '../../src/cli/stages.ts';
import { loadScenarios, scenariosFor } from '../../src/notation/load.ts';
import { DELIVERIES, type Stage } from '../../src/notation/model.ts';
import { playScenario } from '../../src/player/play-scenario.ts';
import type { RunningServer } from '../../src/server/model.ts';

const scenarios = await loadScenarios(GOLDEN);
const REFERENCES: Stage[] = ['v1', 'v2', 'v3'];

/**
 * The references do not take a `recv` for a line, so nobody has to wait until they have read one:
 * octet by octet is then a matter of seconds.
 */
const impatient: typeof playScenario = (scenario, server, options) => {
  const hasRead: RunningServer['hasRead'] = () => new Promise((resolve) => setImmediate(resolve));
  const quick = Object.create(server, { hasRead: { value: hasRead } }) as RunningServer;
  return playScenario(scenario, quick, options);
};

/**
 * Every stage plays all scenarios up to its own a line a packet. In the other ways it plays its own: it
 * reads the octets of earlier ones with the code of the stage before, which has played them. In full
 * mode (CI) it plays them all.
 */
const isFull = process.env.STAGEPOST_FULL === '1';

describe.each(REFERENCES)('the reference of %s', (stage) => {
  it.each(DELIVERIES)(
    'passes every scenario of its stage and the earlier ones, sent by %s',
    async (delivery) => {
      const mine = scenariosFor(stage, scenarios).filter(
        (scenario) => isFull || delivery === 'line' || scenario.stage === stage,
      );
      const result = await runCheck({ stage, scenarios: mine, delivery, play: impatient });
      const failed = result.scenarios.filter(({ status }) => status !== 'passed');
      expect(failed.map(({ id, message }) => `${id}: ${message}`)).toEqual([]);
      expect(result.scenarios).toHaveLength(mine.length);
      expect(result).toMatchObject({ passed: true, score: result.maxScore });
    },
  );
});

describe.each([
  { reference: 'v1', stage: 'v2' },
  { reference: 'v2', stage: 'v3' },
] as const)('the reference of $reference, checked as $stage', ({ reference, stage }) => {
  it('passes the scenarios up to its own stage and fails those of the next, every one', async () => {
    const dir = path.join(ROOT, STAGE_FOLDERS[reference]);
    const { scenarios: results } = await runCheck({ stage, scenarios, dir, play: impatient });
    const passed = results.filter(({ status }) => status === 'passed');
    // Variants that the reference does not have are left out: they are neither.
    expect(passed.map(({ id }) => id)).toEqual(
      results.map(({ id }) => id).filter((id) => !id.startsWith(`${stage}/`)),
    );
    expect(results.length - passed.length).toBeGreaterThan(10);
  });
});

describe.each(scenarios)('$id', (scenario) => {
  it('names a rule or a question that leads to it, and says why', () => {
    expect(scenario.hint ?? '?').toMatch(/\?$/);
    expect(scenario.rfc ?? scenario.hint).toBeDefined();
    expect(scenario.prose.length).toBeGreaterThan(40);
  });
});
