/**
 * Makes a mutant: a copy of the reference with the faults of the catalogue in it. The copy is one file
 * of JavaScript, so that a server starts in a quarter of the time: there are many of them.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundle, bundledManifest, CACHE } from '../bundled.ts';
import { referenceFolder } from '../src/check/places.ts';
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
  await mkdir(CACHE, { recursive: true });
  const home = await mkdtemp(path.join(CACHE, 'mutant-'));
  const remove = () => rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  try {
    const dir = path.join(home, path.basename(reference));
    await mkdir(dir);
    const edited = new Map<string, string>();
    for (const edit of mutant.edits) await makeEdit(reference, edited, edit, mutant.id);
    const manifest = await readFile(path.join(reference, 'stagepost.json'), 'utf8');
    await writeFile(path.join(dir, 'stagepost.json'), bundledManifest(manifest));
    await cp(path.join(reference, 'package.json'), path.join(dir, 'package.json'));
    // Stage 4 makes the accounts before the server starts.
    const programs = ['server', 'accounts'].filter((name) => manifest.includes(` ${name}.ts `));
    await bundle(reference, programs, dir, { edited });
    return { dir, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function makeEdit(
  reference: string,
  edited: Map<string, string>,
  { file, find, replace }: Edit,
  id: string,
): Promise<void> {
  const text = edited.get(file) ?? (await readFile(path.join(reference, file), 'utf8'));
  const pieces = text.split(find);
  // A fault that is nowhere is no fault, and one that is in two places is not the one that was meant.
  if (pieces.length !== 2)
    throw new Error(
      `${id}: in ${file} this is there ${pieces.length - 1} times, not once: ${find}`,
    );
  edited.set(file, pieces.join(replace));
}
