/** What must be true of the journal of stage 4, whatever happened to the server that wrote it. */
import { open, readFile, truncate } from 'node:fs/promises';
import { type Entry, readEntry } from '../../v4-advanced/src/journal.ts';
import { ifThere } from '../../v4-advanced/src/files.ts';
import type { Random } from './random.ts';

/** Follows a journal from kill to kill. */
export class JournalWatch {
  private readonly file: string;
  /** Up to here it consists of lines that end. */
  private seen = 0;
  /** The line behind them, as a kill left it. */
  private tail = '';
  /** How many were torn, by a kill or by us. */
  torn = 0;
  readonly entries: Entry[] = [];
  readonly problems: string[] = [];

  constructor(file: string) {
    this.file = file;
  }

  /** Reads what has been added since the last look. The server is dead. */
  async look(): Promise<void> {
    const text = (await ifThere(readFile(this.file, 'latin1'))) ?? '';
    const lines = text.slice(this.seen).split('\n');
    const tail = lines.pop()!;
    for (const [index, line] of lines.entries()) {
      const entry = readEntry(line);
      if (entry) this.entries.push(entry);
      // What was torn ends where it was torn, and the next entry begins on a line of its own.
      else if (index > 0 || line !== this.tail || this.tail === '') {
        this.problems.push(`no entry: ${JSON.stringify(line)}`);
      }
    }
    if (lines.length === 0 && tail !== this.tail) this.problems.push('a torn line grew');
    this.seen = text.length - tail.length;
    this.tail = tail;
    if (tail !== '') this.torn += 1;
  }

  /** A kill tears a line once in a blue moon. So here it is done by hand, to the last one. */
  async tear(random: Random): Promise<void> {
    const last = await this.lastLine();
    if (this.tail !== '' || last.length === 0) return;
    const left = random.between(0, last.length - 1);
    this.entries.pop();
    await truncate(this.file, this.seen - last.length + left);
    this.seen -= last.length;
    this.tail = last.slice(0, left);
    if (left > 0) this.torn += 1;
  }

  /** With its line end. */
  private async lastLine(): Promise<string> {
    const file = await open(this.file);
    try {
      const most = Math.min(this.seen, 10_000);
      const { buffer } = await file.read(Buffer.alloc(most), 0, most, this.seen - most);
      const text = buffer.toString('latin1');
      return text.slice(text.lastIndexOf('\n', text.length - 2) + 1);
    } finally {
      await file.close();
    }
  }

  /**
   * Compares with the mailboxes, once each has been listed.
   * @param found by mailbox, the ids of the messages in it, and whether each is read
   */
  compare(found: ReadonlyMap<string, ReadonlyMap<string, boolean>>): void {
    const keyOf = (mailbox: string, id: string) => `${mailbox}/${id}`;
    const delivered = new Map<string, number>();
    const received = new Map<string, number>();
    const known = new Map<string, boolean>();
    const add = (counts: Map<string, number>, key: string) =>
      counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const { event, mailbox = '', message } of this.entries) {
      const key = keyOf(mailbox, message);
      if (event === 'received') add(received, message);
      if (event === 'delivered') add(delivered, key);
      if (event === 'deleted') known.delete(key);
      else if (event === 'read') known.set(key, true);
      else if (event === 'delivered' || event === 'unread') known.set(key, false);
    }
    for (const [mailbox, messages] of found) {
      for (const [id, isRead] of messages) {
        const key = keyOf(mailbox, id);
        const times = delivered.get(key) ?? 0;
        if (times !== 1) this.problems.push(`${key}: delivered ${times} times`);
        if ((received.get(id) ?? 0) > 1) this.problems.push(`${key}: received more than once`);
        if (known.get(key) !== isRead) {
          this.problems.push(`${key}: read is ${isRead}, the journal says ${known.get(key)}`);
        }
        known.delete(key);
      }
    }
    for (const key of known.keys()) this.problems.push(`${key}: is only in the journal`);
  }
}
