/**
 * What is typed, line by line; a password without showing it.
 * Role: listen, to the person.
 */
import { createInterface, type Interface } from 'node:readline';
import { stdin } from 'node:process';
import { Writable } from 'node:stream';
import { Complaint } from './complaint.ts';

/** Ctrl-D was pressed, or the piped input has ended. */
export class Leaving extends Error {}

export class Keyboard {
  readonly #output: NodeJS.WriteStream;
  readonly #lines: Interface;
  readonly #typed: AsyncIterator<string>;
  #isOpen = true;
  /** A password is being typed. */
  #isDark = false;

  /**
   * @param output where the questions appear
   * @param interrupt what Ctrl-C does
   */
  constructor(output: NodeJS.WriteStream, interrupt: () => void) {
    this.#output = output;
    const screen = new Writable({
      write: (piece: Uint8Array, _encoding, done) => {
        if (!this.#isDark) output.write(piece);
        done();
      },
    });
    // Where a line that is too long goes on in the next one.
    Object.defineProperty(screen, 'columns', { get: () => output.columns });
    this.#lines = createInterface({ input: stdin, output: screen, terminal: stdin.isTTY });
    // An iterator keeps lines that come before they are asked for, as they do from a pipe;
    // readline's `question()` loses them.
    this.#typed = this.#lines[Symbol.asyncIterator]();
    this.#lines.on('close', () => (this.#isOpen = false));
    this.#lines.on('SIGINT', () => {
      this.close();
      output.write('\n');
      interrupt();
    });
    // Arrow up brings back what was typed before: not a password.
    this.#lines.on('history', (history: string[]) => {
      if (this.#isDark) history.shift();
    });
  }

  close(): void {
    this.#lines.close();
  }

  async line(prompt: string): Promise<string> {
    this.#lines.setPrompt(prompt);
    if (this.#isOpen) this.#lines.prompt();
    else this.#output.write(prompt);
    const line = await this.#next();
    if (!stdin.isTTY) this.#output.write(`${line}\n`); // A terminal shows what is typed, a pipe does not.
    return line;
  }

  /** A line that is not shown. */
  async secret(prompt: string): Promise<string> {
    this.#output.write(prompt);
    this.#isDark = true;
    try {
      return await this.#next();
    } finally {
      this.#isDark = false;
      this.#output.write('\n');
    }
  }

  /** Asks until the answer passes the check; an empty answer means `usual`. */
  async ask(question: string, check: (answer: string) => unknown, usual = ''): Promise<string> {
    for (;;) {
      const answer = (await this.line(question + (usual && `[${usual}] `))) || usual;
      try {
        check(answer);
        return answer;
      } catch (error) {
        complain(error);
      }
    }
  }

  async #next(): Promise<string> {
    const line = await this.#typed.next();
    if (line.done) throw new Leaving();
    return line.value;
  }
}

/** Says what is wrong and lets the person go on. Anything but a Complaint is a fault, goes up. */
export function complain(error: unknown): void {
  if (!(error instanceof Complaint)) throw error;
  console.error(error.message);
}
