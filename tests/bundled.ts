/**
 * The programs of a stage, each as one JavaScript file. Users start `server.ts` by tsx, and a test for
 * each stage does so too; but the tests start hundreds of servers and clients, and a bundle starts in a
 * quarter of the time.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What a stage may have to start. */
const PROGRAMS = ['server', 'client', 'accounts', 'journal', 'migrate'];
/** In `node_modules`: from there the packages that a stage depends on are found, and git does not look. */
export const CACHE = fileURLToPath(new URL('../node_modules/.cache/stagepost/', import.meta.url));
/** Names what is made below; another number where it is made in another way. */
const EDITION = 2;

const known = new Map<string, Promise<string>>();

/**
 * A folder like the stage's, but with `server.js` and so on. It is made once for all processes, and once
 * more when a file of the stage has changed.
 * @param stage the folder of a stage, or a copy of it
 */
export function bundledStage(stage: string): Promise<string> {
  let bundled = known.get(stage);
  if (bundled === undefined) known.set(stage, (bundled = findOrMake(stage)));
  return bundled;
}

/** The words after `node` that start a program of a stage: `server.ts` and so on. */
export async function bundledProgram(stage: string, program: string): Promise<string[]> {
  const file = path.join(await bundledStage(stage), program.replace(/\.ts$/, '.js'));
  return ['--enable-source-maps', file];
}

/** A stage's manifest, for a folder that holds `server.js` instead. */
export function bundledManifest(manifest: string): string {
  return manifest.replaceAll('--import tsx server.ts', '--enable-source-maps server.js');
}

async function findOrMake(stage: string): Promise<string> {
  const made = path.join(CACHE, await hashOf(stage));
  const folder = path.join(made, path.basename(stage));
  if (existsSync(folder)) return folder;
  // Others may be making the same. It appears under its name when it is whole, and the first one stays.
  const making = path.join(CACHE, `making-${randomUUID()}`);
  try {
    const into = path.join(making, path.basename(stage));
    const programs = PROGRAMS.filter((name) => existsSync(path.join(stage, `${name}.ts`)));
    await mkdir(into, { recursive: true });
    await cp(path.join(stage, 'package.json'), path.join(into, 'package.json'));
    await bundle(stage, programs, into, { sourceMap: true });
    await rename(making, made);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

async function hashOf(stage: string): Promise<string> {
  const hash = createHash('sha256').update(`${EDITION} ${path.basename(stage)}\n`);
  const top = await readdir(stage);
  const src = (await readdir(path.join(stage, 'src'), { recursive: true })).map((name) =>
    path.join('src', name),
  );
  const sources = [...top, ...src].filter((name) => /\.ts$|^package\.json$/.test(name)).sort();
  for (const name of sources) {
    const octets = await readFile(path.join(stage, name));
    hash.update(`${name} ${octets.length}\n`).update(octets);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Makes bundles of programs of a stage.
 * @param edited by their names from the stage's folder, with `/`: texts to take instead of the files'
 */
export async function bundle(
  stage: string,
  programs: readonly string[],
  into: string,
  { edited = new Map<string, string>(), sourceMap = false } = {},
): Promise<void> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: stage,
    entryPoints: programs.map((name) => `${name}.ts`),
    // Written below. As if they stood in the stage: so stack traces name its files.
    write: false,
    outdir: stage,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: sourceMap && 'inline',
    sourcesContent: false,
    sourceRoot: `${pathToFileURL(stage).href}/`,
    logLevel: 'silent',
    plugins: [
      {
        name: 'edited',
        setup(builder) {
          builder.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
            const name = path.relative(stage, file).replaceAll(path.sep, '/');
            const contents = edited.get(name);
            return contents === undefined ? undefined : { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
  for (const { path: file, contents } of outputFiles)
    await writeFile(path.join(into, path.basename(file)), contents);
}
