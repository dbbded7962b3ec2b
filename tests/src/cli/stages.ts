/** Where the stages lie, and what people call them. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { STAGES, type Stage } from '../notation/model.ts';
import { JobError } from './job-error.ts';

/** The folder of the kit. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The folder of each stage, in the kit's. */
export const STAGE_FOLDERS: Record<Stage, string> = {
  v1: 'v1-smtp',
  v2: 'v2-helo',
  v3: 'v3-pop3',
  v4: 'v4-advanced',
};

/** The stage that a word names, by its name or its folder's: `v1`, `v1-smtp`, `v1-smtp/`. */
export function stageNamed(word: string): Stage {
  const name = word.replace(/[\\/]+$/, '').toLowerCase();
  const stage = STAGES.find((one) => one === name || STAGE_FOLDERS[one] === name);
  if (stage !== undefined) return stage;
  throw new JobError(`There is no stage "${word}". The stages are ${STAGES.join(', ')}.`);
}

/**
 * The absolute path of a program of a stage.
 * @throws JobError if it is not there: stages are added one after the other.
 */
export function stageProgram(stage: Stage, program: 'server.ts' | 'client.ts'): string {
  const file = path.join(ROOT, STAGE_FOLDERS[stage], program);
  if (existsSync(file)) return file;
  throw new JobError(
    `Stage ${stage} is not there yet: there is no ${STAGE_FOLDERS[stage]}/${program}.`,
  );
}
