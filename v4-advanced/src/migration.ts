/**
 * From stage 3 to stage 4: what lies in `<recipient>/reception/*.eml` is copied into the Maildir of the
 * account that the recipient has become. `bob` and `bob@example.com` were two mailboxes; now they are
 * one person's.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { filesIn, foldersIn, ifThere, syncFolder, writeSafely } from './files.ts';
import { copyWithCrLf, Maildir } from './maildir.ts';
import { newName, NewNames, readName, withSize } from './maildir-name.ts';

/** In an account's folder: the ids of the messages that were there after the last run, one a line. */
const RECORD = 'stagepost-migrated';

/** What was done for an account. */
export interface Migrated {
  account: string;
  /** Its mailboxes of stage 3. */
  recipients: string[];
  /** How many messages were copied, were there (or are deleted) already, and could not be read. */
  copied: number;
  before: number;
  failed: number;
}

/** The account that a mailbox of stage 3 belongs to; `undefined`: no account can have such a name. */
export function accountOf(recipient: string): string | undefined {
  const name = recipient.replace(/@[^@]*$/, '');
  return /^[a-z0-9][a-z0-9._+=-]{0,63}$/.test(name) ? name : undefined;
}

/** The mailboxes of stage 3 in a folder that have not been copied into the Maildirs beside them. */
export async function oldMailboxesIn(folder: string): Promise<string[]> {
  const old: string[] = [];
  for (const recipient of (await foldersIn(folder)).sort()) {
    const record = path.join(folder, accountOf(recipient) ?? recipient, RECORD);
    const isOld = await ifThere(stat(path.join(folder, recipient, 'reception')));
    if (isOld && !(await ifThere(stat(record)))) old.push(recipient);
  }
  return old;
}

/**
 * Copies the mailboxes of stage 3 in `from` into Maildirs in `to`. The originals stay. What an earlier
 * run has copied is not copied again, even if it has been deleted since.
 * @param tell hears, a line each, what was left out, and why
 */
export async function migrate(
  from: string,
  to: string,
  tell: (text: string) => void,
): Promise<Migrated[]> {
  const accounts = new Map<string, string[]>();
  for (const recipient of (await foldersIn(from)).sort()) {
    if (!(await ifThere(stat(path.join(from, recipient, 'reception'))))) continue;
    const account = accountOf(recipient);
    if (account === undefined) tell(`${recipient}: left out, no account can have this name`);
    else accounts.set(account, [...(accounts.get(account) ?? []), recipient]);
  }
  const all: Migrated[] = [];
  for (const [account, recipients] of accounts) {
    all.push(await migrateAccount(from, to, account, recipients, tell));
  }
  return all;
}

async function migrateAccount(
  from: string,
  to: string,
  account: string,
  recipients: string[],
  tell: (text: string) => void,
): Promise<Migrated> {
  const folder = path.join(to, account);
  await mkdir(to, { recursive: true });
  await new Maildir(folder, new NewNames('')).make();
  const result = { account, recipients, copied: 0, before: 0, failed: 0 };
  const text = (await ifThere(readFile(path.join(folder, RECORD), 'utf8'))) ?? '';
  const done = new Set(text.split('\n').filter((line) => line !== ''));
  // An earlier run may have been ended before it wrote down what it had done.
  for (const each of ['new', 'cur']) {
    for (const name of await filesIn(path.join(folder, each))) done.add(readName(name).id);
  }
  for (const recipient of recipients) {
    const reception = path.join(from, recipient, 'reception');
    for (const file of (await filesIn(reception)).filter((name) => name.endsWith('.eml')).sort()) {
      try {
        const id = await idFor(recipient, reception, file);
        if (done.has(id)) {
          result.before += 1;
          continue;
        }
        await copy(path.join(reception, file), folder, id);
        done.add(id);
        result.copied += 1;
      } catch (error) {
        tell(`${path.join(reception, file)}: left out, ${(error as Error).message}`);
        result.failed += 1;
      }
    }
  }
  await syncFolder(path.join(folder, 'new'));
  await writeSafely(path.join(folder, RECORD), Array.from(done, (id) => `${id}\n`).join(''), 0o600);
  await syncFolder(to);
  return result;
}

async function copy(file: string, folder: string, id: string): Promise<void> {
  // Not a name that a server, started meanwhile, takes for its own and clears away.
  const unfinished = path.join(folder, 'tmp', `migrating-${id}`);
  await rm(unfinished, { force: true });
  try {
    const size = await copyWithCrLf(file, unfinished);
    await rename(unfinished, path.join(folder, 'new', withSize(id, size)));
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * The same name in every run, and another one for each recipient of a message. Stage 3's file names say
 * when a message came, and which one of its millisecond it was; other names may hold a number.
 */
async function idFor(recipient: string, reception: string, file: string): Promise<string> {
  const [, day, hour, minute, second, milliseconds] =
    /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z-/.exec(file) ?? [];
  const named = Date.parse(`${day}T${hour}:${minute}:${second}.${milliseconds}Z`);
  const time = Number.isNaN(named)
    ? Math.floor((await stat(path.join(reception, file))).mtimeMs)
    : named;
  const [, count = '0'] = /(\d{1,6})(?:-[0-9a-f]{8}|\D*)\.eml$/.exec(file) ?? [];
  const hash = createHash('sha256').update(`${recipient}/${file}`).digest('hex');
  return newName(time, Number(count), hash.slice(0, 8));
}
