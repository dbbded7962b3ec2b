/**
 * `kill -9` at random moments while mail is sent and read (from stage 3 on). What was answered with +OK at QUIT
 * is deleted for good, and never comes back. What was not deleted is still there, whole and once, also
 * if its reader was in the midst of something.
 *
 * KILLS and SEED as in kills.ts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { recipients, sendUntilKilled, textOf, type SentMessage, type Watch } from './load.ts';
import { kills, seed, type Victim } from './kills.ts';
import { ConnectionEnded, Pop3Client } from './pop3-client.ts';
import { type Random, randomFrom } from './random.ts';
import { copiesOf, isWhole, keyOf, type StoredMessage, tokenOf, unfinishedIn } from './store.ts';

export interface Deletions {
  promise: string;
  /** The mailboxes. */
  folder: string;
  start: () => Promise<ReadVictim>;
  read: (folder: string) => Promise<StoredMessage[]>;
  hasUidl?: true;
  /** What is done when the last server is dead, and before the mailboxes are read. */
  afterwards?: () => Promise<void>;
}

/** A server that is going to be killed while mail is read. */
export interface ReadVictim extends Victim {
  /** Connects and logs in. `undefined`: another reader has the mailbox. */
  open(recipient: string): Promise<Pop3Client | undefined>;
}

const senders = 3;
const readers = 3;
/** A reader does not stay for more messages. */
const READ_AT_MOST = 8;

/** What is known of a message in a mailbox. Of one that is not named here: that it was not deleted. */
type Fate = 'QUIT was said' | 'deleted';

class Books {
  readonly sent = new Map<string, SentMessage>();
  readonly answered: SentMessage[] = [];
  readonly fates = new Map<string, Fate>();
  readonly problems: string[] = [];
  /** What each message is called, and what each name means: for ever. */
  private readonly uids = new Map<string, string>();
  private readonly named = new Map<string, string>();
  /** How often a message was fetched. */
  fetched = 0;

  /** A reader has fetched a message. */
  fetch(recipient: string, text: string): string {
    const whole = text.replaceAll('\r\n', '\n');
    const token = tokenOf(whole);
    const key = keyOf(token, recipient);
    const message = this.sent.get(token ?? '');
    this.fetched += 1;
    if (!message || !isWhole({ recipients: [recipient], token, whole }, textOf(message))) {
      this.problems.push(`${key}: not as it was sent`);
    }
    if (this.fates.get(key) === 'deleted') this.problems.push(`${key}: was deleted, and came back`);
    return key;
  }

  /** A reader was told how a message is called: as before, and as no other one ever was. */
  name(recipient: string, key: string, uid: string): void {
    const own = `${uid} in ${recipient}`;
    const before = [this.uids.get(key) ?? own, this.named.get(own) ?? key];
    if (before[0] !== own || before[1] !== key) {
      this.problems.push(`${key} is called ${own}; before: ${before.join(', ')}`);
    }
    this.uids.set(key, own);
    this.named.set(own, key);
  }

  count(fate: Fate): number {
    return [...this.fates.values()].filter((each) => each === fate).length;
  }

  /** Compares with what lies on the disk. */
  close(stored: readonly StoredMessage[]): void {
    const copies = copiesOf(stored);
    for (const message of this.answered) {
      for (const recipient of message.recipients) {
        const key = keyOf(message.token, recipient);
        const fate = this.fates.get(key);
        const found = copies.get(key) ?? [];
        const least = fate === undefined ? 1 : 0;
        const most = fate === 'deleted' ? 0 : 1;
        if (found.length < least || found.length > most) {
          this.problems.push(`${key} (${fate ?? 'not deleted'}): there ${found.length} times`);
        }
      }
    }
    // And what was never answered with 250: if it is there, it is whole.
    for (const stored of [...copies.values()].flat()) {
      const message = this.sent.get(stored.token ?? '');
      if (!message || !isWhole(stored, textOf(message))) {
        this.problems.push(`${stored.token ?? 'a file'}: a part lies where mail is read`);
      }
    }
  }
}

/** Reads and deletes until the server is gone. */
async function readUntilKilled(
  deletions: Deletions,
  server: ReadVictim,
  random: Random,
  books: Books,
  quits: () => void,
): Promise<void> {
  let client: Pop3Client | undefined;
  try {
    for (;;) {
      const recipient = recipients[random.between(0, recipients.length - 1)]!;
      client = await server.open(recipient);
      if (client) await readMailbox(deletions, client, recipient, random, books, quits);
      client?.socket.destroy();
    }
  } catch (error) {
    if (!(error instanceof ConnectionEnded)) throw error;
  } finally {
    client?.socket.destroy();
  }
}

async function readMailbox(
  { hasUidl }: Deletions,
  client: Pop3Client,
  recipient: string,
  random: Random,
  books: Books,
  quits: () => void,
): Promise<void> {
  const marked: string[] = [];
  const uids = hasUidl && (await client.uidl());
  for (const number of [...(await client.list()).keys()].slice(0, READ_AT_MOST)) {
    const key = books.fetch(recipient, await client.askForLines(`RETR ${number}`));
    if (uids) books.name(recipient, key, uids.get(number)!);
    if (random.oneIn(4)) continue;
    expect(await client.ask(`DELE ${number}`)).toMatch(/^\+OK/);
    marked.push(key);
  }
  if (random.oneIn(4)) return; // without QUIT: nothing is deleted
  for (const key of marked) books.fates.set(key, 'QUIT was said');
  if (marked.length > 0) quits();
  expect(await client.ask('QUIT')).toMatch(/^\+OK/);
  for (const key of marked) books.fates.set(key, 'deleted');
}

/** The test of one way to delete mail. */
export function survivesDeletions(deletions: Deletions): void {
  const { promise, folder, start, read } = deletions;
  test(
    `${promise} deletes what it answered with +OK at QUIT, and nothing else, through ${kills} × kill -9 (SEED=${seed})`,
    { timeout: 30_000 + kills * 10_000 },
    async () => {
      const random = randomFrom(seed);
      const books = new Books();
      for (let round = 1; round <= kills + 1; round += 1) {
        const server = await start();
        expect(await unfinishedIn(folder)).toEqual([]);
        // Half of the kills come at any time, half while messages are being deleted. The last round is
        // a day without accidents.
        const kind = round > kills ? 'calm' : random.oneIn(2) ? 'any time' : 'deleting';
        const load: Promise<void>[] = [];
        await new Promise<void>((moment) => {
          const enough = books.count('deleted') + 20;
          const watch: Watch = {
            sent: (message) => books.sent.set(message.token, message),
            ended: () => undefined,
            answered: (message) => books.answered.push(message),
          };
          const quits = (): void => {
            if (kind === 'deleting') moment(pause(random.between(0, 4)));
            if (kind === 'calm' && books.count('deleted') >= enough) moment();
          };
          const chance = () => randomFrom(random.between(0, 2 ** 32 - 1));
          for (let nth = 1; nth <= senders; nth += 1) {
            load.push(sendUntilKilled(server.connect(nth), `${round}-${nth}`, chance(), watch));
          }
          for (let nth = 1; nth <= readers; nth += 1) {
            load.push(readUntilKilled(deletions, server, chance(), books, quits));
          }
          if (kind === 'any time') moment(pause(random.between(5, 250)));
        });
        await server.kill();
        await Promise.all(load);
      }
      await deletions.afterwards?.();
      books.close(await read(folder));
      console.log(
        `${promise}: ${books.answered.length} messages answered with 250, ${books.fetched} fetched, ` +
          `${books.count('deleted')} deleted, ${books.count('QUIT was said')} without an answer to ` +
          `QUIT, ${kills} kills (SEED=${seed})`,
      );
      expect(books.problems).toEqual([]);
      expect(books.count('deleted')).toBeGreaterThan(0);
    },
  );
}
