/**
 * Makes a mutant: a copy of the reference with the faults of the catalogue in it. The copy is
 * JavaScript, so that a server starts in a tenth of the time: there are many of them.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
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
  const home = await mkdtemp(path.join(os.tmpdir(), 'stagepost-mutant-'));
  const remove = () => rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  try {
    const dir = path.join(home, path.basename(reference));
    const files = await sourcesOf(reference);
    for (const edit of mutant.edits) makeEdit(files, edit, mutant.id);
    for (const [name, text] of files) {
      const file = path.join(dir, name.replace(/\.ts$/, '.js'));
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, name.endsWith('.ts') ? javaScript(text) : text);
    }
    return { dir, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** What a server is made of, by name with `/` on every system. */
async function sourcesOf(reference: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(reference, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(reference, file).replaceAll(path.sep, '/');
    if (!entry.isFile() || !/^(?:server\.ts|src\/.*|package\.json|stagepost\.json)$/.test(name))
      continue;
    files.set(name, await readFile(file, 'utf8'));
  }
  const manifest = files.get('stagepost.json') ?? '';
  files.set('stagepost.json', manifest.replaceAll('--import tsx server.ts', 'server.js'));
  return files;
}

function makeEdit(files: Map<string, string>, { file, find, replace }: Edit, id: string): void {
  const pieces = files.get(file)?.split(find) ?? [];
  // A fault that is nowhere is no fault, and one that is in two places is not the one that was meant.
  if (pieces.length !== 2) {
    const times = Math.max(0, pieces.length - 1);
    throw new Error(`${id}: in ${file} this is there ${times} times, not once: ${find}`);
  }
  files.set(file, pieces.join(replace));
}

const translated = new Map<string, string>();

/** Most files are the same in all mutants, and are translated once. */
function javaScript(text: string): string {
  const before = translated.get(text);
  if (before !== undefined) return before;
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  });
  translated.set(text, outputText);
  return outputText;
}
