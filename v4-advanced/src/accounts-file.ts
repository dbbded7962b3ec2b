/**
 * The accounts on the disk. The server reads them; `accounts.ts` changes them, while the server runs.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Accounts,
  costOf,
  decoyOf,
  DEFAULT_LOG_N,
  hashPassword,
  isPassword,
  readAccounts,
  withAccount,
} from './accounts.ts';
import { ifThere, writeSafely } from './files.ts';

/** For a first try, and for the handout: everybody knows these passwords. */
const DEMO = [
  { name: 'alice', password: 'wonderland' },
  { name: 'bob', password: 'can-we-fix-it' },
] as const;

/** How often the server looks whether the file has changed, in milliseconds. */
const INTERVAL = 1000;

export class AccountsFile {
  readonly #file: string;
  #accounts: Accounts = new Map();
  #names: ReadonlySet<string> = new Set();
  #decoy = decoyOf(this.#accounts);
  /** Tells one state of the file from the next. */
  #version = '';
  #reloading = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(file: string) {
    this.#file = file;
  }

  /**
   * Reads the file; makes it with the demo accounts if it is not there.
   * @param logN what a demo account's hash costs, as a power of two
   * @throws Error of one line that names the file, and the line if one is wrong
   */
  static async open(file: string, logN = DEFAULT_LOG_N): Promise<AccountsFile> {
    const accounts = new AccountsFile(file);
    if ((await readText(file)) === undefined) await makeDemo(file, logN);
    await accounts.reload();
    return accounts;
  }

  names(): ReadonlySet<string> {
    return this.#names;
  }

  /** The demo accounts that still have the password which everybody knows. */
  demo(): readonly { name: string; password: string }[] {
    return DEMO.filter(({ name }) => this.#accounts.get(name)?.demo);
  }

  /**
   * Whether this is the password of the account. An unknown name, or `undefined`, costs as much time
   * as a wrong password.
   * @param name in lower case
   */
  async verify(name: string | undefined, password: string): Promise<boolean> {
    const account = name === undefined ? undefined : this.#accounts.get(name);
    return isPassword(password, account, this.#decoy);
  }

  /**
   * Follows changes of the file. A file that cannot be used is told in one line, and the accounts stay
   * as they were.
   */
  watch(tell: (text: string) => void): void {
    clearInterval(this.#timer);
    // Asking once a second works on every system and every disk, and finds a file that was replaced.
    this.#timer = setInterval(() => void this.#look(tell), INTERVAL);
    this.#timer.unref();
  }

  async #look(tell: (text: string) => void): Promise<void> {
    const version = await versionOf(this.#file);
    if (version === this.#version) return;
    try {
      await this.reload();
    } catch (error) {
      tell(`${(error as Error).message} The accounts stay as they were.`);
    }
  }

  /** Reads the file again. Rejects if it cannot be used; the accounts stay as they were. */
  async reload(): Promise<void> {
    // One after the other: an older state must not come after a newer one.
    const reloading = this.#reloading.then(() => this.#read());
    this.#reloading = reloading.catch(() => {});
    return reloading;
  }

  async #read(): Promise<void> {
    // Before the text: if it changes between the two, the next look finds it changed.
    this.#version = await versionOf(this.#file);
    const text = await readText(this.#file);
    if (text === undefined) throw unusable(this.#file, { code: 'ENOENT' });
    this.#accounts = parse(this.#file, text);
    this.#names = new Set(this.#accounts.keys());
    this.#decoy = decoyOf(this.#accounts);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function makeDemo(file: string, logN: number): Promise<void> {
  const accounts = await Promise.all(
    DEMO.map(async ({ name, password }) => ({
      name,
      hash: await hashPassword(password, costOf(logN)),
      demo: true,
    })),
  );
  await changeAccounts(file, (text) => {
    // Somebody was faster: what is there is what was wanted.
    if (text !== undefined) return text;
    return accounts.reduce(withAccount, '# name:scrypt$N$r$p$salt$hash. See accounts.ts --help.\n');
  });
}

/**
 * Changes the file, whoever else wants to change it at the same time.
 * @param change makes the new text of the old one; `undefined`: there is no file yet. What it throws
 * is thrown, and nothing is changed.
 */
export async function changeAccounts(
  file: string,
  change: (text: string | undefined, accounts: Accounts) => string,
): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
  } catch (error) {
    throw unusable(path.dirname(file), error);
  }
  for (let isDone = false; !isDone;) {
    const lock = await Lock.take(`${file}.lock`);
    try {
      const text = await readText(file);
      const changed = change(text, parse(file, text ?? ''));
      // If this program slept so long that its lock was taken away, it begins again.
      isDone = changed === text || ((await lock.isMine()) && (await write(file, changed)));
    } finally {
      await lock.release();
    }
  }
}

async function write(file: string, text: string): Promise<true> {
  try {
    await writeSafely(file, text, 0o600);
    return true;
  } catch (error) {
    throw unusable(file, error);
  }
}

/** The accounts in the file; none if there is no file. Rejects in one line that names the file. */
export async function accountsIn(file: string): Promise<Accounts> {
  return parse(file, (await readText(file)) ?? '');
}

function parse(file: string, text: string): Accounts {
  try {
    return readAccounts(text);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}.`, { cause: error });
  }
}

/** `undefined` if there is no such file. */
async function readText(file: string): Promise<string | undefined> {
  let octets: Buffer | undefined;
  try {
    octets = await ifThere(readFile(file));
  } catch (error) {
    throw unusable(file, error);
  }
  try {
    // Notes in another encoding would be damaged when the file is written again.
    return octets && new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch (error) {
    throw new Error(`${file}: this is no text in UTF-8.`, { cause: error });
  }
}

function unusable(file: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new Error(`${file} cannot be used (${code ?? message}): is it there, and is it yours?`, {
    cause,
  });
}

async function versionOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return [ino, size, mtimeNs].join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  }
}

/** Older than this, in milliseconds, a lock was left behind: a change takes a few milliseconds. */
const STALE = 10_000;

/** How often to look whether a lock is free, and when to give up, in milliseconds. */
const LOOK = 20;
const PATIENCE = 3 * STALE;

/** Second reading: one change at a time, also by several programs. A file that is there is the lock. */
class Lock {
  readonly #file: string;
  /** Tells this lock from that of somebody who took it for stale. */
  readonly #token = randomBytes(8).toString('hex');

  private constructor(file: string) {
    this.#file = file;
  }

  /** Resolves when nobody else has the lock. Rejects if there can be none. */
  static async take(file: string): Promise<Lock> {
    const lock = new Lock(file);
    const begun = performance.now();
    while (!(await lock.#make())) {
      if (performance.now() - begun > PATIENCE) {
        throw new Error(
          `${file} says that another program is changing the accounts. If there is none, remove it.`,
        );
      }
      await removeStale(file);
      await pause(LOOK);
    }
    return lock;
  }

  async #make(): Promise<boolean> {
    try {
      await writeFile(this.#file, this.#token, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Windows says EPERM while it removes the file.
      if (code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')) return false;
      throw unusable(this.#file, error);
    }
  }

  async isMine(): Promise<boolean> {
    return (await ifThere(readFile(this.#file, 'utf8'))) === this.#token;
  }

  async release(): Promise<void> {
    if (await this.isMine()) await rm(this.#file, { force: true });
  }
}

async function removeStale(file: string): Promise<void> {
  const found = await ifThere(stat(file));
  // Either way: the clock may have been set back since.
  if (!found || Math.abs(Date.now() - found.mtimeMs) < STALE) return;
  // Of two who find it stale only one can rename it.
  const aside = `${file}.${randomBytes(4).toString('hex')}`;
  await ifThere(rename(file, aside));
  await rm(aside, { force: true });
}
