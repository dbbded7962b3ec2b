/**
 * One mailbox on the disk, a Maildir: three folders, of which `tmp` holds what is being written, `new`
 * what nobody has seen, and `cur` the rest. A file is one message, and other programs (mutt, Dovecot,
 * procmail) may work in it at the same time: without locks, since no file is ever changed once it is
 * whole, but only renamed. So a name that was right a moment ago may be gone.
 */
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { filesIn, ifThere, syncFolder, writeNew } from './files.ts';
import {
  byAge,
  isMessage,
  isOurs,
  type MaildirName,
  type NewNames,
  readName,
  withFlag,
  withSize,
  writeName,
} from './maildir-name.ts';

/** Other programs' files in `tmp` are left alone for so long, in milliseconds: they may be at work. */
const UNFINISHED = 36 * 3600 * 1000;

/** Octets that are read at once. */
const PIECE = 64 * 1024;

/** Mail is private: its files and folders are for the server's user alone. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** A message in `cur`, with CR LF at the end of its lines. */
export interface Kept {
  id: string;
  /** In octets. */
  size: number;
  /** Its name without the flags: that never changes. */
  base: string;
  /** The name of its file when it was last seen; the flags stand in it. */
  name: string;
}

/** A file in `cur`. */
interface Found {
  file: string;
  name: MaildirName;
}

export interface Listing {
  /** The oldest first. */
  messages: Kept[];
  /** The ids of those that lay in `new`. */
  fresh: ReadonlySet<string>;
}

export class Maildir {
  private readonly folder: string;
  private readonly names: NewNames;

  /** @param folder its path; it need not be there */
  constructor(folder: string, names: NewNames) {
    this.folder = folder;
    this.names = names;
  }

  /** Makes the three folders, as far as they are not there. */
  async make(): Promise<void> {
    for (const name of ['new', 'cur', 'tmp']) await this.makeFolder(name);
  }

  /** Writes a message where nobody looks yet. Afterwards its octets are on the disk. */
  async write(base: string, octets: readonly Uint8Array[]): Promise<void> {
    await writeNew(this.file('tmp', base), octets, FILE_MODE);
  }

  /** Shows a message that was written: whoever looks sees all of it or nothing. */
  async show(base: string): Promise<void> {
    await rename(this.file('tmp', base), this.file('new', base));
    await syncFolder(this.file('new'));
  }

  /** Takes back a message that was written or shown; no error if it was not. */
  async takeBack(base: string): Promise<void> {
    await rm(this.file('tmp', base), { force: true }).catch(() => {});
    await rm(this.file('new', base), { force: true }).catch(() => {});
  }

  /**
   * Lists the messages. What lay in `new` is moved to `cur`, and what other programs wrote is adopted.
   * Nothing may be delivered meanwhile: a listing can miss a file that is being renamed.
   * @param tell hears of messages that cannot be adopted; they are left as they are
   */
  async list(tell: (text: string) => void): Promise<Listing> {
    const fresh = await this.takeNew();
    const messages = new Map<string, Kept>();
    const changes = { any: fresh.size > 0 };
    const files = await this.inCur();
    const isReady = ({ name: { size } }: Found) => size !== undefined;
    // What is adopted must not take the id of a message that had it before.
    for (const found of [...files.filter(isReady), ...files.filter((each) => !isReady(each))]) {
      try {
        const kept = await this.adopt(found, messages, changes);
        if (kept) messages.set(kept.id, kept);
      } catch (error) {
        const file = this.file('cur', found.file);
        tell(`could not make a message of ${file}: ${(error as Error).message}`);
      }
    }
    if (changes.any) await syncFolder(this.file('cur'));
    return { messages: Array.from(messages.values()).sort(byAge), fresh };
  }

  /** At most so many octets of a message, from an octet on; none behind its end. */
  async piece(message: Kept, from: number, most: number): Promise<Uint8Array> {
    const file = await this.withFile(message, (name) => open(name, 'r'));
    if (!file) throw new Error(`message ${message.id} is gone: another program has removed it`);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, from);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Adds a flag. No error if the message is gone. */
  async flag(message: Kept, flag: string): Promise<void> {
    await this.withFile(message, async (file) => {
      const { flags } = readName(message.name);
      if (flags.includes(flag)) return;
      const name = writeName(message.base, withFlag(flags, flag));
      await rename(file, this.file('cur', name));
      message.name = name;
    });
  }

  /** Deletes messages, and says which were still there. */
  async remove(messages: readonly Kept[]): Promise<Kept[]> {
    const remove = async (message: Kept) =>
      (await ifThere(rm(this.file('cur', message.name)).then(() => true))) ?? false;
    const removed: Kept[] = [];
    const missing: Kept[] = [];
    for (const each of messages) ((await remove(each)) ? removed : missing).push(each);
    // Not there: another program has deleted them, or changed their flags.
    if (missing.length > 0) await this.find(missing);
    for (const each of missing) if (await remove(each)) removed.push(each);
    if (removed.length > 0) await syncFolder(this.file('cur'));
    return removed;
  }

  /** Removes what servers of ours that were killed had not finished, and what others forgot. */
  async removeUnfinished(now: number): Promise<void> {
    // Who has no `cur` is no Maildir, and none of our business.
    if (!(await ifThere(stat(this.file('cur'))))) return;
    for (const name of await filesIn(this.file('tmp'))) {
      const file = this.file('tmp', name);
      if (this.names.made(name)) continue;
      const old = isOurs(name) || now - ((await ifThere(stat(file)))?.mtimeMs ?? now) > UNFINISHED;
      if (old) await rm(file, { force: true });
    }
  }

  private file(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  private async makeFolder(name: string): Promise<void> {
    await mkdir(this.file(name), { recursive: true, mode: FOLDER_MODE });
  }

  /** Moves what lies in `new` to `cur`: now somebody has seen that it is there. Gives the ids. */
  private async takeNew(): Promise<Set<string>> {
    const taken = new Set<string>();
    const names = (await filesIn(this.file('new'))).filter(isMessage);
    if (names.length > 0) await this.makeFolder('cur');
    // One after the other: ten thousand at once would hold up all other clients.
    for (const file of names) {
      const { base, flags, id } = readName(file);
      const target = this.file('cur', writeName(base, flags));
      const moved = await ifThere(rename(this.file('new', file), target).then(() => true));
      if (moved) taken.add(id);
    }
    return taken;
  }

  /** The files in `cur`, in the order of their names. None is opened or asked for its size. */
  private async inCur(): Promise<Found[]> {
    // A file that is renamed while we look may be seen twice, with its old name and its new one.
    const files = new Map<string, Found>();
    for (const file of (await filesIn(this.file('cur'))).filter(isMessage).sort()) {
      const name = readName(file);
      files.set(name.base, { file, name });
    }
    return Array.from(files.values());
  }

  /**
   * The message of a file. A file of another program is replaced by a copy with CR LF, under its name;
   * only then the name is changed, to tell the size. Killed between the two, we would do it again.
   */
  private async adopt(
    { file, name: { base, flags, id, size } }: Found,
    known: ReadonlyMap<string, Kept>,
    changes: { any: boolean },
  ): Promise<Kept | undefined> {
    if (size !== undefined && !known.has(id)) return { id, size, base, name: file };
    const octets = size ?? (await this.rewrite(file));
    if (octets === undefined) return undefined;
    // No two messages have one id, even if their names agree up to the comma.
    const first = known.has(id) ? this.names.next(Date.now()) : base;
    const newBase = withSize(first, octets);
    const name = writeName(newBase, flags);
    const renamed = rename(this.file('cur', file), this.file('cur', name)).then(() => true);
    if (!(await ifThere(renamed))) return undefined;
    changes.any = true;
    return { id: readName(name).id, size: octets, base: newBase, name };
  }

  /** Replaces a file in `cur` by a copy with CR LF. Gives its size; `undefined`: it is gone. */
  private async rewrite(file: string): Promise<number | undefined> {
    await this.makeFolder('tmp');
    const copy = this.file('tmp', this.names.next(Date.now()));
    try {
      const size = await ifThere(copyWithCrLf(this.file('cur', file), copy));
      if (size === undefined || !(await ifThere(stat(this.file('cur', file))))) return undefined;
      await rename(copy, this.file('cur', file));
      return size;
    } finally {
      await rm(copy, { force: true }).catch(() => {});
    }
  }

  /**
   * Does something with the file of a message; if it is not there under its name, with what it is called
   * now. `undefined`: it is gone.
   */
  private async withFile<T>(message: Kept, work: (file: string) => Promise<T>) {
    const once = await ifThere(work(this.file('cur', message.name)).then((result) => ({ result })));
    if (once) return once.result;
    await this.find([message]);
    return ifThere(work(this.file('cur', message.name)));
  }

  /** Looks up what the files of these messages are called now. */
  private async find(messages: readonly Kept[]): Promise<void> {
    const files = new Map((await this.inCur()).map(({ file, name }) => [name.base, file]));
    for (const message of messages) message.name = files.get(message.base) ?? message.name;
  }
}

/**
 * Copies a message, with CR LF at the end of every line and with its date. Afterwards the octets of the
 * copy are on the disk. It is done in pieces: a message may be larger than the memory.
 * @returns the size of the copy, in octets
 */
export async function copyWithCrLf(from: string, to: string): Promise<number> {
  const source = await open(from, 'r');
  try {
    const { atime, mtime } = await stat(from);
    const copy = await open(to, 'wx', FILE_MODE);
    let size = 0;
    try {
      let last = 0;
      const buffer = Buffer.alloc(PIECE);
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, PIECE);
        if (bytesRead === 0) break;
        const octets = withCrLf(buffer.subarray(0, bytesRead), last);
        last = buffer[bytesRead - 1]!;
        size += octets.length;
        await copy.appendFile(octets);
      }
      await utimes(to, atime, mtime);
      await copy.sync();
    } finally {
      await copy.close();
    }
    return size;
  } finally {
    await source.close();
  }
}

const CR = 0x0d;
const LF = 0x0a;

/** Puts a CR before every LF that has none. @param last the octet before the first one */
function withCrLf(octets: Buffer, last: number): Buffer {
  const parts: Uint8Array[] = [];
  let begin = 0;
  for (let at = octets.indexOf(LF); at >= 0; at = octets.indexOf(LF, at + 1)) {
    if ((at === 0 ? last : octets[at - 1]) === CR) continue;
    parts.push(octets.subarray(begin, at), Buffer.of(CR));
    begin = at;
  }
  return Buffer.concat([...parts, octets.subarray(begin)]);
}
