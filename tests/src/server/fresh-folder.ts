/**
 * A fresh folder for every start of a server: a copy of the submission, so that no mail of an earlier
 * run is found and nothing that a server does reaches the student's own files.
 *
 *     <fresh>/node_modules     link to the modules that the submission finds where it is
 *     <fresh>/users.txt        who has a mailbox, for {users}
 *     <fresh>/server/          the copy; servers start here
 *     <fresh>/server/mailboxes {mailboxes}, empty
 *     <fresh>/server/data      {data}
 */
import { existsSync, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { atExit } from './at-exit.ts';
import type { Account } from './manifest.ts';
import { Trouble } from './trouble.ts';

/** Octets above which a file is taken for junk: a video of the demo, a core dump, yesterday's log. */
const BIGGEST_FILE = 100 * 1024 * 1024;
/** Folders that no server needs to run. `node_modules` is linked instead. */
const LEFT_OUT = new Set([
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  '__pycache__',
  '.idea',
  '.vscode',
]);

export interface FreshFolder {
  /** The copy of the submission. */
  server: string;
  mailboxes: string;
  data: string;
  users: string;
  remove(): Promise<void>;
}

/** Copies `dir` to a new folder in the system's temporary folder. */
export async function makeFreshFolder(
  dir: string,
  accounts: readonly Account[],
  withPasswords: boolean,
): Promise<FreshFolder> {
  if (!(await isFolder(dir))) throw new Trouble('startNoFolder', { dir });
  // Of a link to a folder, the link would be copied.
  const source = await realpath(dir);
  const fresh = await mkdtemp(path.join(os.tmpdir(), 'stagepost-'));
  const forget = atExit(() => rmSync(fresh, { recursive: true, force: true }));
  const server = path.join(fresh, 'server');
  const folder: FreshFolder = {
    server,
    mailboxes: path.join(server, 'mailboxes'),
    data: path.join(server, 'data'),
    users: path.join(fresh, 'users.txt'),
    async remove() {
      // Windows keeps the files of a program that has just ended for a moment longer.
      await rm(fresh, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
      forget();
    },
  };
  try {
    await cp(source, server, {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
      filter: (file) => isWanted(source, file),
    });
    await mkdir(folder.mailboxes, { recursive: true });
    await mkdir(folder.data, { recursive: true });
    await writeFile(folder.users, usersFile(accounts, withPasswords));
    await linkModules(source, server, fresh);
    return folder;
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/**
 * Everything but junk, sockets, and the mail that lies in `mailboxes` from trying the server by hand.
 */
async function isWanted(source: string, file: string): Promise<boolean> {
  const [top] = path.relative(source, file).split(path.sep);
  if (LEFT_OUT.has(path.basename(file)) && file !== source) return false;
  const info = await stat(file).catch(() => undefined);
  if (info === undefined) return true; // A link to nothing; copied as it is.
  if (info.isDirectory()) return true;
  return info.isFile() && info.size <= BIGGEST_FILE && top !== 'mailboxes';
}

function usersFile(accounts: readonly Account[], withPasswords: boolean): string {
  const lines = accounts.map(({ user, password }) =>
    withPasswords ? `${user}:${password}` : user,
  );
  return `${lines.join('\n')}\n`;
}

/**
 * Node looks for modules upwards from a program. So the submission's own go beside the copy's files
 * and those of the nearest folder above it above the copy.
 */
async function linkModules(source: string, server: string, fresh: string): Promise<void> {
  const own = path.join(source, 'node_modules');
  if (existsSync(own)) await linkFolder(own, path.join(server, 'node_modules'));
  for (let dir = path.dirname(source); ; dir = path.dirname(dir)) {
    const above = path.join(dir, 'node_modules');
    if (existsSync(above)) return linkFolder(above, path.join(fresh, 'node_modules'));
    if (dir === path.dirname(dir)) return;
  }
}

/** A junction on Windows: links proper need an administrator there. */
async function linkFolder(target: string, link: string): Promise<void> {
  await symlink(target, link, process.platform === 'win32' ? 'junction' : 'dir');
}

async function isFolder(dir: string): Promise<boolean> {
  return (await stat(dir).catch(() => undefined))?.isDirectory() ?? false;
}
