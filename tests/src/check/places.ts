/** Where the kit keeps its parts, from wherever the command was started. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { ROOT, STAGE_FOLDERS } from '../cli/stages.ts';
import type { Stage } from '../notation/model.ts';

/** The kit's own folder. */
export const KIT = ROOT;

/** The scenarios: `tests/golden`. */
export const GOLDEN = path.join(ROOT, 'tests', 'golden');

/** The folder of a stage's reference: `v1-smtp`. Undefined if it is not there yet. */
export async function referenceFolder(stage: Stage): Promise<string | undefined> {
  const folder = path.join(ROOT, STAGE_FOLDERS[stage]);
  return access(path.join(folder, 'server.ts')).then(
    () => folder,
    () => undefined,
  );
}
