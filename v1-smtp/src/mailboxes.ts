/**
 * The go-between: takes a message to the mailboxes of its recipients. A mailbox is a file
 * `<folder>/<recipient>.txt`. This is the only file of the stage that touches the file system.
 */
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { mboxEntry, mboxText } from './mbox.ts';
import type { Delivery, ReceivedMessage } from './session.ts';

export class Mailboxes {
  private readonly folder: string;
  /** Mailboxes whose names are known to be on the disk. */
  private readonly named = new Set<string>();
  /** What is being appended to each mailbox; the next message waits for it. */
  private readonly busy = new Map<string, Promise<void>>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder if it is not there. Rejects if it cannot be made or written to. */
  static async open(folder: string): Promise<Mailboxes> {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return new Mailboxes(folder);
  }

  /** Stores the message for every recipient. When it says `stored`, the message is on the disk. */
  async deliver(message: ReceivedMessage, client: string): Promise<Delivery> {
    // Twice RCPT for one mailbox is still one message.
    const recipients = new Map(message.recipients.map((each) => [each.mailbox, each]));
    try {
      const text = mboxText(message);
      for (const [mailbox, recipient] of recipients) {
        await this.inTurn(mailbox, () =>
          this.append(mailbox, mboxEntry(message, recipient, client, text)),
        );
      }
      return 'stored';
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      console.error(`could not store a message: ${message}`);
      return code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'failed';
    }
  }

  /** Two messages for one mailbox at once would be mixed up. */
  private async inTurn(mailbox: string, job: () => Promise<void>): Promise<void> {
    const before = this.busy.get(mailbox) ?? Promise.resolve();
    const mine = before.catch(() => {}).then(job);
    this.busy.set(mailbox, mine);
    try {
      await mine;
    } finally {
      if (this.busy.get(mailbox) === mine) this.busy.delete(mailbox);
    }
  }

  private async append(mailbox: string, entry: Buffer): Promise<void> {
    const file = await open(path.join(this.folder, `${mailbox}.txt`), 'a+');
    try {
      const size = await mendTornEnd(file);
      try {
        await file.appendFile(entry);
        // Without fsync the message may be in memory only when the power fails.
        await file.sync();
      } catch (error) {
        // No half message stays behind, if it can be helped; the error to tell is the first one.
        await file.truncate(size).catch(() => {});
        throw error;
      }
      // A new file is safe only when its name is, and that is written in the folder.
      if (!this.named.has(mailbox)) await syncFolder(this.folder);
      this.named.add(mailbox);
    } finally {
      await file.close();
    }
  }
}

async function syncFolder(name: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows cannot, and does it by itself
  const folder = await open(name, 'r');
  await folder.sync().finally(() => folder.close());
}

/**
 * A server that was killed while it wrote may have left half a message behind (nobody was told 250
 * for it). The next one must begin on a line of its own, after an empty one. Gives the file's size.
 */
async function mendTornEnd(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const tail = Buffer.alloc(Math.min(size, 16384));
  await file.read(tail, 0, tail.length, size - tail.length);
  let end = tail.toString('latin1');
  const lastLine = end.slice(end.lastIndexOf('\n') + 1);
  // Half a From_ line is not yet a message, and would look like text of the message before it.
  if (lastLine !== '' && ('From '.startsWith(lastLine) || lastLine.startsWith('From '))) {
    end = end.slice(0, -lastLine.length);
    await file.truncate(size - lastLine.length);
  }
  const { size: left } = await file.stat();
  // A message that is whole ends in an empty line already, and one more would be part of it.
  if (left === 0 || end.endsWith('\n\n')) return left;
  await file.appendFile(end.endsWith('\n') ? '\n' : '\n\n');
  return (await file.stat()).size;
}
