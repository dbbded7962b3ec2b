/** Finds a browser that can draw: Chromium, Chrome or Edge. None is ever downloaded. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where the search takes place: the system's own, or a made-up one in tests. */
export interface Surroundings {
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
  exists: (file: string) => boolean;
}

export type FoundBrowser = { file: string } | { missing: string };

const COMMANDS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'microsoft-edge-stable',
];
const MAC_APPS = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
const WINDOWS_PROGRAMS = [
  ['Google', 'Chrome', 'Application', 'chrome.exe'],
  ['Chromium', 'Application', 'chrome.exe'],
  ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
];

/** The browser's path, or a line that says how to get one. */
export function findBrowser(
  { platform, env, exists }: Surroundings = {
    platform: process.platform,
    env: process.env,
    exists: existsSync,
  },
): FoundBrowser {
  const told = env['PUPPETEER_EXECUTABLE_PATH'];
  if (told !== undefined && told !== '') {
    if (exists(told)) return { file: told };
    return { missing: `PUPPETEER_EXECUTABLE_PATH names ${told}, and there is no such file.` };
  }
  const file = places(platform, env).find(exists);
  return file === undefined
    ? { missing: `No browser found to draw with: ${advice(platform)}` }
    : { file };
}

function places(platform: NodeJS.Platform, env: Surroundings['env']): string[] {
  if (platform === 'win32') {
    const roots = [env['ProgramFiles'], env['ProgramFiles(x86)'], env['LOCALAPPDATA']];
    return roots
      .filter((root) => root !== undefined)
      .flatMap((root) => WINDOWS_PROGRAMS.map((parts) => path.win32.join(root, ...parts)));
  }
  const onPath = (env['PATH'] ?? '')
    .split(':')
    .filter((folder) => folder !== '')
    .flatMap((folder) => COMMANDS.map((command) => path.posix.join(folder, command)));
  if (platform !== 'darwin') return onPath;
  const apps = ['/Applications', path.posix.join(env['HOME'] ?? '/', 'Applications')].flatMap(
    (root) => MAC_APPS.map((app) => path.posix.join(root, `${app}.app`, 'Contents', 'MacOS', app)),
  );
  return [...apps, ...onPath];
}

function advice(platform: NodeJS.Platform): string {
  const own = 'or name one in PUPPETEER_EXECUTABLE_PATH.';
  if (platform === 'win32') return `install Chrome or Edge, ${own}`;
  if (platform === 'darwin') return `install Chrome (brew install --cask google-chrome), ${own}`;
  return `install Chromium (apt-get install --no-install-recommends chromium), ${own}`;
}
