/**
 * A connection to the server: a command goes out, its reply comes back. The client's one file that
 * touches the network.
 * Roles: listen (await what the server says), send, terminate (close well).
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Complaint } from './complaint.ts';
import { ReplyReader, type Reply } from './replies.ts';
import { words } from './words.ts';

export interface ServerAddress {
  host: string;
  port: number;
  /** The option that tells our server this port; that of SMTP needs none. */
  option?: '--pop3';
  /** How long the server may be silent, or take over a reply, in seconds. (RFC 5321 §4.5.3.2 gives it minutes.) */
  timeout: number;
}

/** Makes replies of octets: those of SMTP (replies.ts), or those of POP3 (pop3-replies.ts). */
export interface Reader {
  /** Takes octets in any cut; gives the replies that they make whole. */
  push(octets: Uint8Array): Reply[];
  /** The beginning of a line whose end has not come yet. */
  readonly unfinished: string;
  /** Lines have come, but not the lone dot that ends them. */
  readonly lacksDot?: boolean;
}

/** Is told every line of the dialogue as it is said: by the client (`C`) or the server (`S`). */
export type Show = (who: 'C' | 'S', line: string) => void;

export class Conversation {
  readonly #socket: Socket;
  readonly #received: AsyncIterator<Buffer>;
  readonly #reader: Reader;
  readonly #show: Show;
  /** In milliseconds. */
  #timeout: number;
  #replies: Reply[] = [];
  /** What the server has to do next, for the person who reads the error. */
  #owed = words.owed.greeting;

  private constructor(socket: Socket, timeout: number, show: Show, reader: Reader) {
    this.#socket = socket;
    this.#received = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#reader = reader;
    this.#show = show;
    this.#timeout = timeout * 1000;
    socket.on('error', () => undefined); // `reply()` gets the error as well, and tells it.
    socket.on('timeout', () => {
      socket.destroy(new Complaint(words.silent(this.#missing, timeout) + this.#hint()));
    });
  }

  /** @throws Complaint if nobody answers there */
  static async open(
    { host, port, option, timeout }: ServerAddress,
    show: Show,
    reader: Reader = new ReplyReader((line) => show('S', line)),
  ): Promise<Conversation> {
    const socket = connect({ host, port, timeout: timeout * 1000, noDelay: true });
    const conversation = new Conversation(socket, timeout, show, reader);
    try {
      await once(socket, 'connect');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? words.noAnswer(timeout);
      if (code === 'ECONNREFUSED') throw new Complaint(words.nobodyListens(host, port, option));
      if (code === 'ENOTFOUND') throw new Complaint(words.noHost(host));
      throw new Complaint(words.unreachable(host, port, code));
    }
    return conversation;
  }

  /** Sends a command and awaits its reply. `shown` is shown instead of it. */
  async command(line: string, shown = line): Promise<Reply> {
    return this.#say([line], words.owed.answer(shown), [shown]);
  }

  /** Sends the text of a message, its lone dot included, and awaits the reply. */
  async text(lines: string[]): Promise<Reply> {
    return this.#say(lines, words.owed.text);
  }

  /** The next reply; without a command before it, the greeting. */
  async reply(): Promise<Reply> {
    // A reply that has begun must end in time: single octets put off the socket's own timeout.
    let deadline: NodeJS.Timeout | undefined;
    this.#socket.setTimeout(this.#timeout);
    try {
      while (this.#replies.length === 0) {
        const octets = await this.#received.next().catch((error: unknown) => {
          if (error instanceof Complaint) throw error;
          return { done: true, value: undefined } as const; // A reset is one more way to close.
        });
        if (octets.done) throw new Complaint(words.closed(this.#missing) + this.#hint());
        deadline ??= setTimeout(() => this.#socket.emit('timeout'), this.#timeout);
        this.#replies = this.#reader.push(octets.value);
        // A long message may take long, as long as it goes on.
        if (this.#reader.lacksDot) {
          clearTimeout(deadline);
          deadline = undefined;
        }
      }
    } finally {
      clearTimeout(deadline);
      this.#socket.setTimeout(0); // Between two commands a person may think.
    }
    const reply = this.#replies.shift()!;
    // RFC 5321 §3.8: 421, "I am closing", may come at any time and ends everything.
    if (reply.code === '421') throw new Complaint(words.closing(reply.lines.join(' ')));
    return reply;
  }

  /** RFC 5321 §4.1.1.10: say QUIT, await the answer, close. Never fails: nothing is at stake. */
  async quit(): Promise<void> {
    this.#replies = [];
    this.#timeout = Math.min(this.#timeout, 5000);
    if (this.#socket.writable) await this.command('QUIT').catch(() => undefined);
    this.close();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #say(lines: string[], owed: string, shown = lines): Promise<Reply> {
    if (this.#replies.length > 0) {
      // A reply that nobody asked for would be taken for the answer to this command.
      const early = await this.reply();
      throw new Complaint(words.unasked(early.lines.join(' ')));
    }
    this.#owed = owed;
    for (const line of shown) this.#show('C', line);
    // RFC 5321 §2.3.8: every line ends in CRLF. One write for all: many small packets are slow.
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''));
    return this.reply();
  }

  get #missing(): string {
    return this.#reader.lacksDot ? words.owed.dot(this.#owed) : this.#owed;
  }

  /** What else a person should know when the answer does not come. */
  #hint(): string {
    const begun = this.#reader.unfinished;
    const isText = this.#owed === words.owed.text;
    return (begun && words.unfinished(begun)) + (isText ? words.maybeTaken : '');
  }
}
