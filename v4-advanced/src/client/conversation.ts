/**
 * A connection to the server: a command goes out, its reply comes back. The client's one file that
 * touches the network; from some moment on, TLS (tls.ts) lies in between.
 * Roles: listen (await what the server says), send, terminate (close well).
 */
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { Complaint } from './complaint.ts';
import { MASK } from './login.ts';
import { ReplyReader, type Reply } from './replies.ts';
import { shakeHands, type Trust } from './tls.ts';
import { words } from './words.ts';

export interface ServerAddress {
  host: string;
  port: number;
  /** The option that tells our server this port; that of SMTP without login needs none. */
  option?: `--${string}` | undefined;
  /** How long the server may be silent, or take over a reply, in seconds. (RFC 5321 §4.5.3.2 gives it minutes.) */
  timeout: number;
  /** TLS from the first octet, or by STARTTLS or STLS if the server offers it, or never. */
  tls?: 'at once' | 'if offered' | 'never';
  trust?: Trust;
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

/**
 * Is told every line of the dialogue as it is said: by the client (`C`) or the server (`S`). `-` is a
 * remark for the person, and not said to anybody.
 */
export type Show = (who: 'C' | 'S' | '-', line: string) => void;

/** To mask a shorter secret would tell it: it stands in too many words. */
const SECRET_CHARACTERS = 4;

type ReaderFor = (heard: (line: string) => void) => Reader;

export class Conversation {
  readonly #server: ServerAddress;
  #socket!: Socket;
  #received!: AsyncIterator<Buffer>;
  readonly #reader: Reader;
  readonly #show: Show;
  #secrets: string[] = [];
  /** TLS lies between us and the network. */
  isSecure = false;
  /** In milliseconds. */
  #timeout: number;
  #replies: Reply[] = [];
  /** The reply that comes is the last one without TLS. */
  #isLast = false;
  /** What came behind it. */
  #early = '';
  /** What the server has to do next, for the person who reads the error. */
  #owed = words.owed.greeting;

  private constructor(server: ServerAddress, show: Show, readerFor: ReaderFor) {
    this.#server = server;
    this.#show = show;
    this.#reader = readerFor((line) => show('S', this.#mask(line)));
    this.#timeout = server.timeout * 1000;
  }

  /** @throws Complaint if nobody answers there, or nobody who can be believed */
  static async open(
    server: ServerAddress,
    show: Show,
    readerFor: ReaderFor = (heard) => new ReplyReader(heard),
  ): Promise<Conversation> {
    const { host, port, option, timeout } = server;
    const conversation = new Conversation(server, show, readerFor);
    const socket = connect({ host, port, timeout: timeout * 1000, noDelay: true });
    conversation.#listen(socket);
    try {
      await once(socket, 'connect');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? words.noAnswer(timeout);
      if (code === 'ECONNREFUSED') throw new Complaint(words.nobodyListens(host, port, option));
      if (code === 'ENOTFOUND') throw new Complaint(words.noHost(host));
      throw new Complaint(words.unreachable(host, port, code));
    }
    if (server.tls === 'at once') await conversation.secure();
    return conversation;
  }

  /** From now on these words are shown to nobody, even if the server repeats them. */
  keep(secrets: readonly string[]): void {
    this.#secrets = secrets.filter((secret) => secret.length >= SECRET_CHARACTERS);
  }

  /** Puts TLS in between, before anything else is said. */
  async secure(): Promise<void> {
    const { host, timeout, tls, trust = {} } = this.#server;
    const socket = this.#socket;
    socket.setTimeout(0);
    // RFC 3207 §4.2, RFC 2595 §4: what came before TLS may be anybody's; it must not be taken for the
    // server's word afterwards (CVE-2011-0411).
    if (this.#early !== '') {
      this.close();
      throw new Complaint(this.#mask(words.injected(this.#early)));
    }
    const peer = {
      host,
      servername: isIP(host) === 0 ? host : '', // RFC 6066 §3: a name, never an address.
      isFirst: tls === 'at once',
      isLocal: /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? ''),
    };
    const remark = (text: string) => this.#show('-', text);
    this.#listen(await shakeHands(socket, peer, trust, timeout, remark));
    this.isSecure = true;
  }

  /** Sends the command that TLS follows; then, if the reply was good, `secure()`. */
  async lastCommand(line: 'STARTTLS' | 'STLS'): Promise<Reply> {
    this.#isLast = true;
    const reply = await this.command(line);
    this.#isLast = false;
    this.#early += String((this.#socket.read() as Buffer | null) ?? '');
    return reply;
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
        this.#replies = this.#understand(octets.value);
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
    this.#socket.destroySoon(); // What was written goes out first; TLS says goodbye.
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    this.#received = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    socket.on('error', () => undefined); // `reply()` gets the error as well, and tells it.
    socket.on('timeout', () => {
      const { timeout } = this.#server;
      socket.destroy(new Complaint(words.silent(this.#missing, timeout) + this.#hint()));
    });
  }

  #understand(octets: Buffer): Reply[] {
    try {
      let replies: Reply[] = [];
      let at = 0;
      // Before TLS, line by line: a reply ends where a line ends, and what is behind it counts.
      while (at < octets.length && replies.length === 0) {
        const end = this.#isLast ? octets.indexOf('\n', at) + 1 || octets.length : octets.length;
        replies = this.#reader.push(octets.subarray(at, end));
        at = end;
      }
      this.#early += octets.subarray(at).toString();
      return replies.map(({ code, lines }) => ({ code, lines: lines.map(this.#mask) }));
    } catch (error) {
      (error as Error).message = this.#mask((error as Error).message);
      throw error;
    }
  }

  readonly #mask = (line: string): string =>
    this.#secrets.reduce((text, secret) => text.replaceAll(secret, MASK), line);

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
    const wantsTls = this.#owed === words.owed.greeting && !this.isSecure ? words.maybeTls : '';
    const rest = (isText ? words.maybeTaken : '') + wantsTls;
    return (begun && words.unfinished(this.#mask(begun))) + rest;
  }
}
