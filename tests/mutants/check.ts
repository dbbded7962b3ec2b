/** Plays the golden scenarios against a mutant. */
import { runCheck } from '../src/check/check.ts';
import type { Result } from '../src/check/result.ts';
import type { Scenario } from '../src/notation/model.ts';
import { makeMutant } from './make.ts';
import type { Mutant } from './mutant.ts';

/**
 * @param scenarios All scenarios that there are.
 * @param only      Ids to play, and no others; default: all of the mutant's stage.
 */
export async function checkMutant(
  mutant: Mutant,
  scenarios: readonly Scenario[],
  only: readonly string[] = [],
): Promise<Result> {
  const made = await makeMutant(mutant);
  try {
    const { stage, id } = mutant;
    return await runCheck({ stage, scenarios, only, dir: made.dir, submission: id });
  } finally {
    await made.remove();
  }
}

/** The ids, and those of all scenarios that they need, over however many corners. */
export function withNeeds(ids: readonly string[], scenarios: readonly Scenario[]): string[] {
  const byId = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
  const found = new Set(ids);
  // A set that grows while it is walked through: what is added is walked through as well.
  for (const id of found) for (const needed of byId.get(id)?.needs ?? []) found.add(needed);
  return [...found];
}

export function failedIds({ scenarios }: Result): string[] {
  return scenarios
    .filter(({ status }) => status === 'failed' || status === 'error')
    .map(({ id }) => id);
}
