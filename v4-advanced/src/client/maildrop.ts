/**
 * A visit to a mailbox, each step only after the reply to the one before:
 * greeting, USER, PASS, then LIST, RETR, DELE and RSET as they are wanted, QUIT.
 * Role: the brain of reading, as delivery.ts is that of sending. RFC 1939 §4 to §7.
 */
import { Complaint } from './complaint.ts';
import { Conversation, type ServerAddress, type Show } from './conversation.ts';
import { Pop3ReplyReader } from './pop3-replies.ts';
import { readHead, type Head } from './received.ts';
import type { Reply } from './replies.ts';
import { words } from './words.ts';

/** What is taken and shown of a reply of several lines. The server's own limit is 32 MiB. */
const LISTING = { most: 2 ** 20, shown: 20 };
const MESSAGE = { most: 40 * 2 ** 20, shown: 3 };
/** The list fetches messages up to so many octets, as LIST announces them, and not more of them. */
const SMALL = 100_000;
const MANY = 1000;

export interface Login {
  user: string;
  password: string;
}

/** A message as the server lists it. */
export interface Listed {
  number: number;
  octets: number;
  /** If the message was fetched. */
  head: Head | undefined;
}

/** The server said -ERR. The conversation can go on. */
export class Refused extends Complaint {}

/**
 * Opens the mailbox, does the work, and says QUIT: what was marked is deleted then.
 * If the work fails, nothing is deleted.
 * @returns the numbers of what was deleted
 */
export async function visit(
  login: Login,
  server: ServerAddress,
  show: Show,
  work: (maildrop: Maildrop) => Promise<unknown>,
): Promise<number[]> {
  const maildrop = await Maildrop.open(login, server, show);
  try {
    await work(maildrop);
  } catch (error) {
    await maildrop.abandon();
    if (maildrop.marked.size > 0) (error as Error).message += words.nothingDeleted;
    throw error;
  }
  await maildrop.quit();
  return [...maildrop.marked];
}

export class Maildrop {
  readonly #conversation: Conversation;
  readonly #reader: Pop3ReplyReader;
  readonly #heads = new Map<number, Head>();
  /** The numbers of the messages that QUIT will delete. */
  readonly marked = new Set<number>();

  private constructor(conversation: Conversation, reader: Pop3ReplyReader) {
    this.#conversation = conversation;
    this.#reader = reader;
  }

  /** @throws Complaint if there is no such server, or it does not let us in */
  static async open({ user, password }: Login, server: ServerAddress, show: Show) {
    const reader = new Pop3ReplyReader((line) => show('S', line));
    const conversation = await Conversation.open(server, show, reader);
    try {
      want(await conversation.reply(), words.theConnection);
      want(await conversation.command(`USER ${user}`), words.theLogin(user));
      // A dialogue is shown to the class, or handed in: not the password.
      want(await conversation.command(`PASS ${password}`, 'PASS ****'), words.theLogin(user));
    } catch (error) {
      await conversation.quit();
      throw error;
    }
    return new Maildrop(conversation, reader);
  }

  /**
   * What is in the mailbox, without what is marked. POP3 gives no head without its message (TOP is
   * optional), so a small message is fetched, once, and a long one only when somebody reads it.
   */
  async list(): Promise<Listed[]> {
    const lines = new TextDecoder().decode(await this.#lines('LIST', LISTING)).split(/\r?\n/);
    const sizes = lines.slice(0, -1).map((line) => {
      // RFC 1939 §5: a scan listing; a server may say more behind it.
      const [, number, octets] = /^(\d{1,9}) (\d{1,15})( |$)/.exec(line) ?? [];
      if (octets === undefined) throw new Complaint(words.noListing(line.slice(0, 200)));
      return { number: Number(number), octets: Number(octets) };
    });
    for (const { number, octets } of sizes) {
      if (octets > SMALL || this.#heads.size >= MANY || this.#heads.has(number)) continue;
      await this.read(number).catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error; // The others can be listed all the same.
      });
    }
    return sizes.map((size) => ({ ...size, head: this.#heads.get(size.number) }));
  }

  /** The octets of a message, as the server has stored them. */
  async read(number: number): Promise<Uint8Array> {
    const message = await this.#lines(`RETR ${number}`, MESSAGE);
    this.#heads.set(number, readHead(message));
    return message;
  }

  /** RFC 1939 §5: DELE only marks. */
  async mark(number: number): Promise<void> {
    if (this.marked.has(number)) return;
    this.marked.add(number); // Beforehand: without an answer, who knows?
    try {
      await this.#command(`DELE ${number}`);
    } catch (error) {
      if (error instanceof Refused) this.marked.delete(number);
      throw error;
    }
  }

  /** Takes all marks back. */
  async unmark(): Promise<void> {
    await this.#command('RSET');
    this.marked.clear();
  }

  /** RFC 1939 §6: QUIT deletes what is marked, so its answer counts. */
  async quit(): Promise<void> {
    if (this.marked.size === 0) return this.#conversation.quit();
    try {
      want(await this.#conversation.command('QUIT'), 'QUIT');
    } catch (error) {
      (error as Error).message += words.maybeDeleted;
      throw error;
    } finally {
      this.#conversation.close();
    }
  }

  /** Leaves so that nothing is deleted: without QUIT, that is. RFC 1939 §6. */
  async abandon(): Promise<void> {
    if (this.marked.size === 0) await this.#conversation.quit();
    else this.#conversation.close();
  }

  async #command(command: string): Promise<void> {
    want(await this.#conversation.command(command), command);
  }

  /** The lines that follow the reply. They are gone with the next command of this kind. */
  async #lines(command: string, lines: typeof LISTING): Promise<Uint8Array> {
    this.#reader.awaitLines(lines);
    await this.#command(command);
    return this.#reader.content;
  }
}

/** A password fills one line of the dialogue, whatever else it holds. */
export function checkPassword(password: string): string {
  if (password === '') throw new Complaint(words.noPassword, 2);
  if (/[\0-\x1F\x7F]/.test(password)) throw new Complaint(words.badPassword, 2);
  return password;
}

/** RFC 1939 §3: the first word decides; the text is for people. */
function want(reply: Reply, to: string): void {
  const [line] = reply.lines as [string];
  if (reply.code === '+OK') return;
  // RFC 2449 §8.1.2 gives this word a meaning.
  throw new Refused(
    words.refuses(to, line) + (line.startsWith('-ERR [IN-USE]') ? words.inUse : ''),
  );
}
