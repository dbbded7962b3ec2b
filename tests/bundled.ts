/**
 * The programs of a stage, each as one JavaScript file, and the command `stagepost`. Users start them by
 * tsx, and for each there is a test that does so too; but the tests start hundreds of servers and
 * clients, and a bundle starts in a quarter of the time.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What a stage may have to start. */
const PROGRAMS = ['server', 'client', 'accounts', 'journal', 'migrate'];
const KIT = fileURLToPath(new URL('../', import.meta.url));
/** In `node_modules`: from there the packages that a stage depends on are found, and git does not look. */
export const CACHE = path.join(KIT, 'node_modules', '.cache', 'stagepost');
/** Names what is made below; another number where it is made in another way. */
const EDITION = 2;

const known = new Map<string, Promise<string>>();

function once(name: string, find: () => Promise<string>): Promise<string> {
  let found = known.get(name);
  if (found === undefined) known.set(name, (found = find()));
  return found;
}

/**
 * A folder like the stage's, but with `server.js` and so on. It is made once for all processes, and once
 * more when a file of the stage has changed.
 * @param stage the folder of a stage, or a copy of it
 */
export function bundledStage(stage: string): Promise<string> {
  const name = path.basename(stage);
  return once(stage, () =>
    findOrMake(name, [stage], async (into) => {
      const programs = PROGRAMS.filter((program) => existsSync(path.join(stage, `${program}.ts`)));
      await cp(path.join(stage, 'package.json'), path.join(into, 'package.json'));
      await bundle(stage, programs, into, { sourceMap: true });
    }),
  );
}

/** The words after `node` that run the command `stagepost`. */
export async function bundledCommand(): Promise<string[]> {
  const folder = await once('stagepost', async () => {
    // Its diagrams show the command tables of the stages.
    const stages = (await readdir(KIT)).filter((name) => /^v\d/.test(name));
    const sources = ['tests', ...stages].map((name) => path.join(KIT, name, 'src'));
    const cli = path.join(KIT, 'tests', 'src', 'cli');
    return findOrMake('stagepost', sources, (into) =>
      bundle(cli, ['main'], into, { sourceMap: true }),
    );
  });
  return ['--enable-source-maps', path.join(folder, 'main.js')];
}

/** The words after `node` that start a program of a stage: `server.ts` and so on. */
export async function bundledProgram(stage: string, program: string): Promise<string[]> {
  const file = path.join(await bundledStage(stage), program.replace(/\.ts$/, '.js'));
  return ['--enable-source-maps', file];
}

/** A stage's manifest, for a folder that holds `server.js` instead, and `accounts.js`. */
export function bundledManifest(manifest: string): string {
  return manifest.replace(/--import tsx (\w+)\.ts/g, '--enable-source-maps $1.js');
}

/** The folder `name` that belongs to these sources. */
async function findOrMake(
  name: string,
  sources: readonly string[],
  make: (into: string) => Promise<void>,
): Promise<string> {
  const hash = await hashOf(name, sources);
  const made = path.join(CACHE, hash);
  const folder = path.join(made, name);
  if (existsSync(folder)) {
    await utimes(made, new Date(), new Date());
    return folder;
  }
  await removeOld();
  // Others may be making the same. It appears under its name when it is whole, and the first one stays.
  const making = path.join(CACHE, `making-${randomUUID()}`);
  try {
    const into = path.join(making, name);
    await mkdir(into, { recursive: true });
    await make(into);
    // Somebody has saved a file in the meantime: nobody knows what was read.
    if ((await hashOf(name, sources)) !== hash) return await findOrMake(name, sources, make);
    await rename(making, made);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

/** What nobody has used for a day, and what tests that were killed have left. */
async function removeOld(): Promise<void> {
  const old = Date.now() - 24 * 60 * 60 * 1000;
  for (const name of await readdir(CACHE).catch(() => [])) {
    const folder = path.join(CACHE, name);
    const info = await stat(folder).catch(() => undefined);
    if (info !== undefined && info.mtimeMs < old)
      await rm(folder, { recursive: true, force: true });
  }
}

async function hashOf(name: string, folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(`${EDITION} ${name}\n`);
  for (const folder of folders) {
    for (const source of await sourcesIn(folder)) {
      const octets = await readFile(path.join(folder, source));
      hash.update(`${source} ${octets.length}\n`).update(octets);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function sourcesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const { name } = entry;
      if (!entry.isDirectory()) return /\.ts$|^package\.json$/.test(name) ? [name] : [];
      if (name === 'node_modules') return [];
      return (await sourcesIn(path.join(folder, name))).map((below) => `${name}/${below}`);
    }),
  );
  return found.flat().sort();
}

/**
 * Makes bundles of the programs in a folder.
 * @param edited by their names from the folder, with `/`: texts to take instead of the files'
 */
export async function bundle(
  folder: string,
  programs: readonly string[],
  into: string,
  { edited = new Map<string, string>(), sourceMap = false } = {},
): Promise<void> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: programs.map((name) => `${name}.ts`),
    // Written below. As if they stood in the folder: so stack traces name its files.
    write: false,
    outdir: folder,
    bundle: true,
    // What is imported only when it is needed stays apart.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: sourceMap && 'inline',
    sourcesContent: false,
    sourceRoot: `${pathToFileURL(folder).href}/`,
    logLevel: 'silent',
    plugins: [
      {
        name: 'edited',
        setup(builder) {
          builder.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
            const name = path.relative(folder, file).replaceAll(path.sep, '/');
            const text = edited.get(name) ?? (await readFile(file, 'utf8'));
            // Who asks where he is wants to know it of the source.
            const url = JSON.stringify(pathToFileURL(file).href);
            return { contents: text.replaceAll('import.meta.url', url), loader: 'ts' };
          });
        },
      },
    ],
  });
  for (const { path: file, contents } of outputFiles)
    await writeFile(path.join(into, path.relative(folder, file)), contents);
}
