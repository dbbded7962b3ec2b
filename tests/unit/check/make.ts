/** Scenarios and results for tests, with only what a test is about said. */
import type { Scenario } from '../../src/notation/model.ts';
import { readScenario } from '../../src/notation/parse-scenario.ts';
import type { ScenarioResult } from '../../src/check/result.ts';

/** A scenario from its head's particulars and its blocks. */
export function scenario(id: string, head: Record<string, unknown> = {}, body = ''): Scenario {
  const stage = id.split('/')[0]!;
  const keys = { title: `Title of ${id}`, step: 10, points: 1, kind: 'core', ...head };
  const lines = Object.entries(keys).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const blocks = body === '' ? '```smtp\nC: QUIT\nS: 221\n```' : body;
  const text = `---\n${lines.join('\n')}\n---\nProse of ${id}. More prose.\n\n${blocks}\n`;
  const read = readScenario(text, `tests/golden/${id}.md`, id).scenario;
  return { ...read, stage: stage as Scenario['stage'] };
}

export function result(id: string, about: Partial<ScenarioResult> = {}): ScenarioResult {
  const { status = 'passed', maxScore = 1 } = about;
  return {
    id,
    title: `Title of ${id}`,
    kind: 'core',
    status,
    score: status === 'passed' ? maxScore : 0,
    maxScore,
    visibility: 'shown',
    durationMs: 0,
    steps: [],
    ...about,
  };
}
