/** What a scenario adds to the result, from how its play went. */
import { say } from '../catalogue/index.ts';
import type { Scenario } from '../notation/model.ts';
import type { PlayedStep, PlayResult } from '../player/model.ts';
import { Trouble } from '../server/trouble.ts';
import { outputLines } from './explain-trouble.ts';
import type { ResultStep, ScenarioResult } from './result.ts';

export function playedResult(scenario: Scenario, play: PlayResult): ScenarioResult {
  const { finding } = play;
  return {
    ...common(scenario),
    status: play.ok ? 'passed' : 'failed',
    score: play.ok ? scenario.points : 0,
    durationMs: Math.round(play.durationMs),
    steps: play.steps.map(toResultStep),
    ...(finding && {
      message: say(finding.key, finding.values),
      ...(finding.line !== undefined && { line: finding.line }),
      ...(finding.key.startsWith('mail') && difference(finding.values)),
    }),
  };
}

export function skippedResult(scenario: Scenario, because: string): ScenarioResult {
  const message = say('checkSkipped', { because });
  return { ...common(scenario), status: 'skipped', message, because };
}

/** The check could not play it: the server could not be started, or there is a fault in the kit. */
export function errorResult(scenario: Scenario, error: unknown): ScenarioResult {
  const message =
    error instanceof Trouble
      ? [say(error.key, error.values), ...outputLines(error.output)].join('\n')
      : say('checkBroken', { reason: error instanceof Error ? error.message : String(error) });
  return { ...common(scenario), status: 'error', message };
}

function common({ id, title, kind, points, rfc, hint }: Scenario): ScenarioResult {
  return {
    id,
    title,
    kind,
    status: 'failed',
    score: 0,
    maxScore: points,
    visibility: 'shown',
    ...(rfc !== undefined && { rule: `RFC ${rfc}` }),
    ...(hint !== undefined && { hint }),
    durationMs: 0,
    steps: [],
  };
}

function toResultStep({ connection, from, text, expected, ok, raw }: PlayedStep): ResultStep {
  return {
    connection,
    from,
    text,
    ...(expected !== undefined && { expected }),
    ok,
    ...(raw && { raw }),
  };
}

/** The line of a message that was not stored as it was sent. */
function difference(values: Record<string, unknown>): { expected?: string; got?: string } {
  const { expected, got } = values;
  return {
    ...(typeof expected === 'string' && { expected }),
    ...(typeof got === 'string' && { got }),
  };
}
