/**
 * The journal on the disk: a file of lines, JSON each, to which lines are only ever added.
 *
 * It is not synced: an entry survives the end of the server, whatever that is, but the last ones may be
 * lost when the power fails. No message is lost by that. What happened to it is then found in the
 * mailbox, and put down as the work of another program.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { jsonLine } from './guards/visible.ts';
import { type Entry, type Journal, Known, readEntry } from './journal.ts';

const LINE_END = 0x0a;

/** Octets. A message for 1,000 recipients makes a line of 2 MiB at most: what is longer is no entry. */
const LONGEST_LINE = 16 * 2 ** 20;

export class JournalFile implements Journal {
  private readonly name: string;
  private readonly file: FileHandle;
  private readonly tell: (text: string) => void;
  private readonly state: Known;
  /** Lines for the next write. */
  private waiting: string[] = [];
  /** The next write, if it has not begun. */
  private next: Promise<void> | undefined;
  /** The last write that was asked for. */
  private last = Promise.resolve();
  /** The file may end within a line. */
  private torn: boolean;
  /** Entries that could not be written. */
  private lost = 0;

  private constructor(
    name: string,
    file: FileHandle,
    tell: (text: string) => void,
    state: Known,
    torn: boolean,
  ) {
    this.name = name;
    this.file = file;
    this.tell = tell;
    this.state = state;
    this.torn = torn;
  }

  /**
   * Reads what has happened so far; makes the file if it is not there. Rejects if that cannot be done.
   * @param tell is told, in a line, that something cannot be read or written
   */
  static async open(file: string, tell: (text: string) => void): Promise<JournalFile> {
    await mkdir(path.dirname(file), { recursive: true });
    // It says who writes to whom: nobody else's business.
    const handle = await open(file, 'a+', 0o600);
    try {
      const known = new Known();
      let unreadable = 0;
      for await (const lines of readJournal(file)) {
        for (const entry of lines) {
          if (entry) known.add(entry);
          else unreadable += 1;
        }
      }
      if (unreadable > 0)
        tell(`lines of ${file} that cannot be read, and are left out: ${unreadable}`);
      return new JournalFile(file, handle, tell, known, await endsWithinLine(handle));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  record(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    for (const entry of entries) {
      this.state.add(entry);
      this.waiting.push(`${jsonLine(entry)}\n`);
    }
    // Whoever comes while a write is under way shares the next one with all who come.
    this.next ??= this.last = this.last.then(() => this.write());
    return this.next;
  }

  known(mailbox: string): ReadonlyMap<string, boolean> {
    return this.state.of(mailbox);
  }

  /** Resolves when everything is written. Nothing can be recorded any more. */
  async close(): Promise<void> {
    await this.last;
    await this.file.close();
  }

  private async write(): Promise<void> {
    const lines = this.waiting;
    this.waiting = [];
    this.next = undefined;
    try {
      // A line that was torn by a crash or a full disk must not swallow the one after it.
      await this.file.appendFile((this.torn ? '\n' : '') + lines.join(''));
      this.torn = false;
      if (this.lost > 0) {
        this.tell(`the journal ${this.name} can be written again; entries lost: ${this.lost}`);
        this.lost = 0;
      }
    } catch (error) {
      this.torn = true;
      if (this.lost === 0) {
        this.tell(`the journal ${this.name} cannot be written: ${(error as Error).message}`);
      }
      this.lost += lines.length;
    }
  }
}

/** A line of a journal: an entry, or `undefined` for what is none. */
export type Line = Entry | undefined;

/**
 * The lines of a journal, as many at a time as come from the disk together: no more is in memory. Rejects
 * if there is no such file.
 */
export async function* readJournal(file: string): AsyncGenerator<Line[]> {
  const cutter = new LineCutter();
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) {
    yield entriesOf(cutter.cut(piece));
  }
  yield entriesOf(cutter.cut(Buffer.from('\n'))); // what follows the last line end may be whole
}

function entriesOf(lines: readonly (string | undefined)[]): Line[] {
  // An empty line is what remains when nothing came before the line end that closes a torn line.
  return lines
    .filter((line) => line !== '')
    .map((line) => (line === undefined ? undefined : readEntry(line)));
}

/** Cuts at LF and nothing else: other line ends are text in JSON. */
class LineCutter {
  /** Of the line that has begun, unless it is too long already. */
  private parts: Buffer[] = [];
  private length = 0;

  /** @returns the lines that end in this piece; `undefined` for one that is too long */
  cut(piece: Buffer): (string | undefined)[] {
    const lines = [];
    let from = 0;
    for (let end = piece.indexOf(LINE_END); end >= 0; end = piece.indexOf(LINE_END, from)) {
      this.add(piece.subarray(from, end));
      lines.push(this.line());
      from = end + 1;
    }
    this.add(piece.subarray(from));
    return lines;
  }

  private add(part: Buffer): void {
    this.length += part.length;
    if (this.length > LONGEST_LINE) this.parts = [];
    else this.parts.push(part);
  }

  private line(): string | undefined {
    const line = this.length > LONGEST_LINE ? undefined : Buffer.concat(this.parts);
    this.parts = [];
    this.length = 0;
    return line?.toString().trim();
  }
}

async function endsWithinLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_END;
}
