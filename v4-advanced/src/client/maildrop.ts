/**
 * A visit to a mailbox, each step only after the reply to the one before:
 * the opening (pop3-opening.ts), then LIST, UIDL, TOP, RETR, DELE and RSET as they are wanted, QUIT.
 * Role: the brain of reading, as delivery.ts is that of sending. RFC 1939 §5 to §7.
 */
import type { Capabilities } from './capabilities.ts';
import { Complaint } from './complaint.ts';
import { Conversation, type ServerAddress, type Show } from './conversation.ts';
import { Refused, type Login } from './login.ts';
import { LISTING, openPop3, want } from './pop3-opening.ts';
import { Pop3ReplyReader } from './pop3-replies.ts';
import { readHead, type Head } from './received.ts';
import { words } from './words.ts';

export { Refused };

/** What is taken and shown of a message. The server's own limit is 32 MiB. */
const MESSAGE = { most: 40 * 2 ** 20, shown: 3 };
/** Without TOP, the list fetches messages up to so many octets, as LIST announces them. */
const SMALL = 100_000;
/** The list asks for so many heads, and not more. */
const MANY = 1000;

/** A message as the server lists it. */
export interface Listed {
  number: number;
  octets: number;
  /** If the message was fetched. */
  head: Head | undefined;
}

/**
 * Opens the mailbox, does the work, and says QUIT: what was marked is deleted then.
 * If the work fails, nothing is deleted.
 * @param known heads by unique id, from earlier visits to this mailbox; new ones are added
 * @returns the numbers of what was deleted
 */
export async function visit(
  login: Login,
  server: ServerAddress,
  show: Show,
  work: (maildrop: Maildrop) => Promise<unknown>,
  known = new Map<string, Head>(),
): Promise<number[]> {
  const maildrop = await Maildrop.open(login, server, show, known);
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
  readonly #offered: Capabilities;
  readonly #heads = new Map<number, Head>();
  /** Heads by unique id: they outlive the visit. */
  readonly #known: Map<string, Head>;
  /** The unique ids, by number. */
  readonly #ids = new Map<number, string>();
  /** The numbers of the messages that QUIT will delete. */
  readonly marked = new Set<number>();

  private constructor(
    conversation: Conversation,
    reader: Pop3ReplyReader,
    offered: Capabilities,
    known: Map<string, Head>,
  ) {
    this.#conversation = conversation;
    this.#reader = reader;
    this.#offered = offered;
    this.#known = known;
  }

  /** @throws Complaint if there is no such server, or it does not let us in */
  static async open(login: Login, server: ServerAddress, show: Show, known: Map<string, Head>) {
    let reader!: Pop3ReplyReader;
    const conversation = await Conversation.open(server, show, (heard) => {
      return (reader = new Pop3ReplyReader(heard));
    });
    try {
      const offered = await openPop3(conversation, reader, server.tls ?? 'if offered', login);
      return new Maildrop(conversation, reader, offered, known);
    } catch (error) {
      await conversation.quit();
      throw error;
    }
  }

  /**
   * What is in the mailbox, without what is marked. TOP gives a head without its message. It is
   * optional: without it a small message is fetched, and a long one only when somebody reads it.
   */
  async list(): Promise<Listed[]> {
    const lines = new TextDecoder().decode(await this.#lines('LIST', LISTING)).split(/\r?\n/);
    const sizes = lines.slice(0, -1).map((line) => {
      // RFC 1939 §5: a scan listing; a server may say more behind it.
      const [, number, octets] = /^(\d{1,9}) (\d{1,15})( |$)/.exec(line) ?? [];
      if (octets === undefined) throw new Complaint(words.noListing(line.slice(0, 200)));
      return { number: Number(number), octets: Number(octets) };
    });
    if (sizes.length > 0) await this.#identify();
    const hasTop = this.#offered.has('TOP');
    const unknown = sizes.filter(({ number }) => !this.#heads.has(number));
    for (const { number, octets } of unknown.slice(0, MANY)) {
      if (!hasTop && octets > SMALL) continue;
      const command = hasTop ? `TOP ${number} 0` : `RETR ${number}`;
      await this.#fetch(number, command).catch(unlessRefused); // The others can be listed.
    }
    return sizes.map((size) => ({ ...size, head: this.#heads.get(size.number) }));
  }

  /** The octets of a message, as the server has stored them. */
  async read(number: number): Promise<Uint8Array> {
    return this.#fetch(number, `RETR ${number}`);
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

  async #fetch(number: number, command: string): Promise<Uint8Array> {
    const message = await this.#lines(command, MESSAGE);
    const head = readHead(message);
    this.#heads.set(number, head);
    const id = this.#ids.get(number);
    if (id !== undefined) this.#known.set(id, head);
    return message;
  }

  /** RFC 1939 §7: a number is good for this visit, a unique id for ever. */
  async #identify(): Promise<void> {
    if (!this.#offered.has('UIDL') || this.#ids.size > 0) return;
    const list = await this.#lines('UIDL', LISTING).catch(unlessRefused);
    for (const line of new TextDecoder().decode(list).split(/\r?\n/)) {
      const [, number, id] = /^(\d{1,9}) ([!-~]{1,70})$/.exec(line) ?? [];
      if (id === undefined) continue;
      this.#ids.set(Number(number), id);
      const head = this.#known.get(id);
      if (head) this.#heads.set(Number(number), head);
    }
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

/** What was refused was not necessary. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof Refused)) throw error;
}
