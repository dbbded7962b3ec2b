/** The folder `uml/`: what lies in it, what should, and how its pictures are drawn. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { STAGES } from '../notation/model.ts';
import { type Diagram, sha256 } from './diagram.ts';

export const UML_FOLDER = fileURLToPath(new URL('../../../uml/', import.meta.url));
export const README = 'README.md';

/** The packages that decide what a picture looks like. Their versions are in the lockfile. */
export const DRAWING_PACKAGES = ['mermaid', '@mermaid-js/mermaid-cli', 'dejavu-fonts-ttf'] as const;

export function sourceFile({ stage, slug }: Pick<Diagram, 'stage' | 'slug'>): string {
  return `${stage}/${slug}.mmd`;
}

export function pictureFile({ stage, slug }: Pick<Diagram, 'stage' | 'slug'>): string {
  return `${stage}/${slug}.svg`;
}

/** A file of the folder, its lines ending in LF; `undefined` if there is none. */
export async function readIfThere(file: string, folder = UML_FOLDER): Promise<string | undefined> {
  try {
    return (await readFile(path.join(folder, file), 'utf8')).replaceAll('\r\n', '\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes the file if it says something else now. @returns whether it did. */
export async function writeIfNew(
  file: string,
  text: string,
  folder = UML_FOLDER,
): Promise<boolean> {
  if ((await readIfThere(file, folder)) === text) return false;
  const target = path.join(folder, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
  return true;
}

/** Files of the stages' folders that belong to no diagram. */
export async function orphans(
  diagrams: readonly Pick<Diagram, 'stage' | 'slug'>[],
  folder = UML_FOLDER,
): Promise<string[]> {
  const wanted = new Set(diagrams.flatMap((one) => [sourceFile(one), pictureFile(one)]));
  const found = await Promise.all(
    STAGES.map(async (stage) => {
      const names = await readdir(path.join(folder, stage)).catch(() => []);
      return names.map((name) => `${stage}/${name}`);
    }),
  );
  return found.flat().filter((file) => !wanted.has(file));
}

export async function removeFiles(files: readonly string[], folder = UML_FOLDER): Promise<void> {
  await Promise.all(files.map((file) => rm(path.join(folder, file), { recursive: true })));
}

/** The hash of all that decides how a source is drawn. Nothing needs to be installed for it. */
export async function rendererHash(folder = UML_FOLDER): Promise<string> {
  const versions = await lockedVersions(folder);
  const files = await Promise.all(
    ['look.mjs', 'render.mjs'].map((file) => readIfThere(file, folder)),
  );
  const drawing = DRAWING_PACKAGES.map((name) => `${name} ${versions.get(name) ?? ''}`);
  return sha256(...drawing, ...files.map((text) => text ?? ''));
}

/** The versions of the packages in the folder's lockfile. */
export async function lockedVersions(folder = UML_FOLDER): Promise<Map<string, string>> {
  const text = await readFile(path.join(folder, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, { version?: string }> };
  const prefix = 'node_modules/';
  return new Map(
    Object.entries(packages)
      .filter(([place]) => place.startsWith(prefix) && !place.includes(prefix, prefix.length))
      .map(([place, { version }]) => [place.slice(prefix.length), version ?? '']),
  );
}
