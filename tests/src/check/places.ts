/** Where the kit keeps its parts, from wherever the command was started. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stage } from '../notation/model.ts';

/** The kit's own folder. */
export const KIT = fileURLToPath(new URL('../../../', import.meta.url));

/** The scenarios: `tests/golden`. */
export const GOLDEN = path.join(KIT, 'tests', 'golden');

/** The folder of a stage's reference: `v1-smtp`. Undefined if it is not there. */
export async function referenceFolder(stage: Stage): Promise<string | undefined> {
  const names = await readdir(KIT);
  const name = names.find((one) => one.startsWith(`${stage}-`));
  return name === undefined ? undefined : path.join(KIT, name);
}
