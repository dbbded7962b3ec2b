/** All mutants, by stage. What they are is said in `mutant.ts`. */
import type { Mutant } from './mutant.ts';
import { v1Mutants } from './v1.ts';
import { v2Mutants } from './v2.ts';
import { v3Mutants } from './v3.ts';
import { v4Mutants } from './v4.ts';

export const mutants: readonly Mutant[] = [...v1Mutants, ...v2Mutants, ...v3Mutants, ...v4Mutants];

/** The mutant whose report stands for the scenario in `tests/reports/mutants`: its first killer. */
export function killerOf(id: string): Mutant | undefined {
  return (
    mutants.find(({ kills }) => kills[0] === id) ?? mutants.find(({ kills }) => kills.includes(id))
  );
}
