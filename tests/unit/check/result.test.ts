import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countsOf, exitCodeOf, makeResult, resultSchema } from '../../src/check/result.ts';
import type { ScenarioResult } from '../../src/check/result.ts';
import { result } from './make.ts';

const about = { stage: 'v2' as const, submission: 'team-7', notes: [] };

const scenarioResult: fc.Arbitrary<ScenarioResult> = fc
  .record({
    id: fc.stringMatching(/^v[12]\/[a-z]{1,8}$/),
    kind: fc.constantFrom('core' as const, 'extra' as const),
    status: fc.constantFrom('passed', 'failed', 'skipped', 'error' as const),
    maxScore: fc.nat(10),
  })
  .map(({ id, ...rest }) => result(id, rest));

describe('a result', () => {
  it('agrees with itself: sums, counts and the verdict', () => {
    fc.assert(
      fc.property(fc.array(scenarioResult), (scenarios) => {
        const whole = makeResult(about, scenarios);
        const counts = countsOf(whole);
        expect(resultSchema.parse(whole)).toEqual(whole);
        expect(counts.passed + counts.failed + counts.skipped + counts.error).toBe(counts.all);
        expect(counts.all).toBe(scenarios.length);
        expect(whole.score).toBe(scenarios.reduce((sum, one) => sum + one.score, 0));
        expect(whole.score).toBeLessThanOrEqual(whole.maxScore);
        expect(whole.score === whole.maxScore).toBe(
          scenarios.every((one) => one.status === 'passed' || one.maxScore === 0),
        );
        if (counts.core > 0) expect(whole.passed).toBe(counts.corePassed === counts.core);
        expect(exitCodeOf(whole)).toBe(whole.passed ? 0 : 1);
      }),
    );
  });

  it('is decided by the core alone', () => {
    const scenarios = [result('v1/a'), result('v1/b', { kind: 'extra', status: 'failed' })];
    expect(makeResult(about, scenarios).passed).toBe(true);
    expect(makeResult(about, [...scenarios, result('v1/c', { status: 'error' })]).passed).toBe(
      false,
    );
  });

  it('of a choice of extras is decided by these', () => {
    const extra = (status: ScenarioResult['status']) => result('v1/a', { kind: 'extra', status });
    expect(makeResult(about, [extra('passed')]).passed).toBe(true);
    expect(makeResult(about, [extra('failed')]).passed).toBe(false);
  });

  it('of nothing is not passed', () => {
    expect(makeResult(about, [])).toMatchObject({ passed: false, score: 0, maxScore: 0 });
  });
});
