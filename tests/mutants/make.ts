/** Makes a mutant: a copy of the reference with the faults of the catalogue in it. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { KIT, referenceFolder } from '../src/check/places.ts';
import type { Edit, Mutant } from './mutant.ts';

export interface MadeMutant {
  /** The copy: a stage's folder like any other. */
  dir: string;
  remove(): Promise<void>;
}

/** Copies the reference and makes the edits. Rejects if one does not fit the reference of today. */
export async function makeMutant(mutant: Mutant): Promise<MadeMutant> {
  const reference = await referenceFolder(mutant.stage);
  if (reference === undefined) throw new Error(`there is no reference of ${mutant.stage}`);
  const home = await mkdtemp(path.join(os.tmpdir(), 'stagepost-mutant-'));
  const remove = () => rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  try {
    const dir = path.join(home, path.basename(reference));
    await cp(reference, dir, { recursive: true, filter: isSource });
    // Node looks for tsx upwards from the server; a junction needs no administrator on Windows.
    const link = process.platform === 'win32' ? 'junction' : 'dir';
    await symlink(path.join(KIT, 'node_modules'), path.join(home, 'node_modules'), link);
    for (const edit of mutant.edits) await makeEdit(dir, edit, mutant.id);
    return { dir, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function isSource(file: string): boolean {
  return !['node_modules', 'mailboxes', 'client'].includes(path.basename(file));
}

async function makeEdit(dir: string, edit: Edit, id: string): Promise<void> {
  const file = path.join(dir, edit.file);
  const before = await readFile(file, 'utf8');
  const pieces = before.split(edit.find);
  // A fault that is nowhere is no fault, and one that is in two places is not the one that was meant.
  if (pieces.length !== 2) {
    const times = pieces.length - 1;
    throw new Error(`${id}: in ${edit.file} this is there ${times} times, not once: ${edit.find}`);
  }
  await writeFile(file, pieces.join(edit.replace));
}
