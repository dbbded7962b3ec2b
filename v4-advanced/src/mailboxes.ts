/**
 * The go-between: takes a message to the mailboxes of its recipients, and hands it out again. A mailbox
 * is a folder, and a message a file in it, with the octets that go over the wire:
 *
 *     <folder>/<recipient>/reception/<time>-<count>-<server>.eml
 *     <folder>/<recipient>/tmp/       a message while it is being written
 *
 * This is the only file of the stage that touches the file system.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { StoredMessage } from './pop3/maildrop.ts';
import type { Delivery, ReceivedMessage } from './session.ts';
import { trace } from './trace.ts';
import { readUsers, type Users } from './users.ts';

export class Mailboxes {
  private readonly folder: string;
  /** Tells the files of this server from those of another one, or of an earlier run. */
  private readonly server = randomBytes(4).toString('hex');
  private lastTime = 0;
  /** Messages of the same millisecond. */
  private count = 0;
  /** Mailboxes whose names are known to be on the disk. */
  private readonly made = new Set<string>();
  private readonly locked = new Set<string>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Makes the folder if it is not there, and the mailboxes of a closed list. Rejects if they cannot be
   * made or written to.
   */
  static async open(folder: string, users: Users | undefined): Promise<Mailboxes> {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    const mailboxes = new Mailboxes(folder);
    for (const mailbox of users?.keys() ?? []) await mailboxes.make(mailbox);
    return mailboxes;
  }

  /**
   * Removes what a server that was killed had not finished; nobody was told 250 for it. To be called
   * when the ports are ours: a server that was started twice has ended by then, and removed nothing.
   */
  async removeUnfinished(): Promise<void> {
    for (const entry of await readdir(this.folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const folder = path.join(this.folder, entry.name, 'tmp');
      const strays = (await filesIn(folder)).filter((name) => !name.includes(this.server));
      for (const name of strays) await rm(path.join(folder, name), { force: true });
    }
  }

  /** Stores the message for every recipient. When it says `stored`, the message is on the disk. */
  async deliver(message: ReceivedMessage, client: string): Promise<Delivery> {
    const name = this.newName(message.receivedAt);
    // Twice RCPT for one mailbox is still one message.
    const recipients = new Map(message.recipients.map((each) => [each.mailbox, each]));
    try {
      // Nobody gets it before there is a whole copy for everybody.
      for (const [mailbox, recipient] of recipients) {
        await this.make(mailbox);
        const head = Buffer.from(trace(message, recipient, client));
        await writeNew(this.file(mailbox, 'tmp', name), [head, message.text]);
      }
      for (const mailbox of recipients.keys()) {
        // Whoever looks into the folder sees the whole message or none.
        await rename(this.file(mailbox, 'tmp', name), this.file(mailbox, 'reception', name));
        await syncFolder(this.file(mailbox, 'reception'));
      }
      return 'stored';
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      console.error(`could not store a message: ${message}`);
      // It was promised to nobody, so nobody keeps it: the client will send it again.
      for (const mailbox of recipients.keys()) {
        await rm(this.file(mailbox, 'tmp', name), { force: true }).catch(() => {});
        await rm(this.file(mailbox, 'reception', name), { force: true }).catch(() => {});
      }
      return code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'failed';
    }
  }

  /** Locks a mailbox for a reader, and lists what is in it. `undefined`: another reader has it. */
  async lock(mailbox: string): Promise<OpenMailbox | undefined> {
    if (this.locked.has(mailbox)) return undefined;
    this.locked.add(mailbox);
    const unlock = () => this.locked.delete(mailbox);
    try {
      const folder = this.file(mailbox, 'reception');
      return new OpenMailbox(folder, await messagesIn(folder), unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  private file(mailbox: string, ...names: string[]): string {
    return path.join(this.folder, mailbox, ...names);
  }

  /** Names in the order of the messages, even if the clock is set back while the server runs. */
  private newName(time: number): string {
    if (time > this.lastTime) {
      this.lastTime = time;
      this.count = 0;
    }
    this.count += 1;
    const date = new Date(this.lastTime).toISOString().replace(/[:.]/g, '-');
    return `${date}-${String(this.count).padStart(6, '0')}-${this.server}.eml`;
  }

  /** Makes a mailbox, if it is not there: somebody may have removed it by hand. */
  private async make(mailbox: string): Promise<void> {
    await mkdir(this.file(mailbox, 'tmp'), { recursive: true });
    await mkdir(this.file(mailbox, 'reception'), { recursive: true });
    if (this.made.has(mailbox)) return;
    // A new folder is safe only when its name is, and that is written in the folder above.
    await syncFolder(this.file(mailbox));
    await syncFolder(this.folder);
    this.made.add(mailbox);
  }
}

/** A mailbox that one reader has for himself, as it was when he came. */
export class OpenMailbox {
  private readonly folder: string;
  private unlock: () => void;
  /** In the order in which they came. */
  readonly messages: readonly StoredMessage[];

  constructor(folder: string, messages: readonly StoredMessage[], unlock: () => void) {
    this.folder = folder;
    this.messages = messages;
    this.unlock = unlock;
  }

  /** At most so many octets of a message, from an octet on; none behind its end. */
  async piece(id: string, from: number, most: number): Promise<Uint8Array> {
    const file = await open(path.join(this.folder, id), 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, from);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Deletes messages. One that is gone already is no error. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await rm(path.join(this.folder, id), { force: true });
    if (ids.length > 0) await syncFolder(this.folder);
  }

  /** Lets others in. */
  close(): void {
    this.unlock();
    this.unlock = () => {};
  }
}

/** The messages of a mailbox, the oldest first: that is the order of their names. */
async function messagesIn(folder: string): Promise<StoredMessage[]> {
  const names = (await filesIn(folder)).filter((name) => name.endsWith('.eml')).sort();
  const messages: StoredMessage[] = [];
  // One after the other: to ask for fifty thousand at once would hold up all other clients.
  for (const id of names) {
    const file = await ifThere(stat(path.join(folder, id)));
    if (file) messages.push({ id, size: file.size });
  }
  return messages;
}

/** The names of the files in a folder; none if there is no such folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = (await ifThere(readdir(folder, { withFileTypes: true }))) ?? [];
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** What was asked of the file system; `undefined` if there is no such file or folder, or no longer. */
async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file that must not be there yet. Afterwards its octets are on the disk. */
async function writeNew(name: string, octets: Uint8Array[]): Promise<void> {
  const file = await open(name, 'wx');
  try {
    for (const part of octets) await file.appendFile(part);
    // Without fsync the message may be in memory only when the power fails.
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(name: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows cannot, and does it by itself
  const folder = await open(name, 'r');
  await folder.sync().finally(() => folder.close());
}

/** Reads the file of `--users`. Rejects if it cannot be read or a line of it is no name. */
export async function readUsersFile(file: string): Promise<Users> {
  const text = await readFile(file, 'utf8');
  try {
    return readUsers(text);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}
