/** Draws Mermaid sources by `uml/render.mjs`, whose packages are installed when they are first needed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { JobError } from '../cli/job-error.ts';
import { DRAWING_PACKAGES, lockedVersions, UML_FOLDER } from './folder.ts';

/** What `uml/render.mjs` offers. */
interface Renderer {
  render: (
    sources: readonly string[],
    options: { browser: string; png?: boolean },
    drawn: (index: number, svg: string, png: Uint8Array | undefined) => Promise<void>,
  ) => Promise<void>;
}

/**
 * Draws the sources in one browser, each handed to `drawn` as soon as it is done.
 * @throws JobError if the browser does not start, or a source cannot be drawn.
 */
export async function draw(
  sources: readonly string[],
  browser: string,
  drawn: (index: number, svg: string) => Promise<void>,
): Promise<void> {
  const place = pathToFileURL(path.join(UML_FOLDER, 'render.mjs')).href;
  const { render } = (await import(place)) as Renderer;
  try {
    await render(sources, { browser }, drawn);
  } catch (error) {
    throw new JobError((error as Error).message, 1);
  }
}

/** Are the packages of `uml/` there, in the versions of its lockfile? */
export async function isInstalled(): Promise<boolean> {
  const locked = await lockedVersions();
  const same = await Promise.all(
    [...DRAWING_PACKAGES, 'puppeteer'].map(async (name) => {
      try {
        const file = path.join(UML_FOLDER, 'node_modules', name, 'package.json');
        const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
        return version === locked.get(name);
      } catch {
        return false;
      }
    }),
  );
  return same.every(Boolean);
}

/** `npm ci` in `uml/`, its progress shown. Without install scripts: one of them would load a browser. */
export async function install(): Promise<void> {
  const words = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { failed } = await execa('npm', words, {
    cwd: UML_FOLDER,
    stdio: 'inherit',
    reject: false,
  });
  if (failed)
    throw new JobError('npm ci in the folder uml has failed, so nothing can be drawn.', 1);
}
