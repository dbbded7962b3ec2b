/**
 * `kill -9` at random moments while mail is sent and read (stage 3). What was answered with +OK at QUIT
 * is deleted for good, and never comes back. What was not deleted is still there, whole and once, also
 * if its reader was in the midst of something.
 *
 * KILLS and SEED as in kills.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startStage } from '../interop/stage.ts';
import { recipients, sendUntilKilled, textOf, type SentMessage, type Watch } from './load.ts';
import { ConnectionEnded, Pop3Client } from './pop3-client.ts';
import { type Random, randomFrom } from './random.ts';
import { copiesOf, isWhole, keyOf, readReceptions, tokenOf, unfinishedIn } from './store.ts';

const kills = Number(process.env.KILLS ?? 5);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
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

  count(fate: Fate): number {
    return [...this.fates.values()].filter((each) => each === fate).length;
  }

  /** Compares with what lies on the disk. */
  async close(mailboxes: string): Promise<void> {
    const copies = copiesOf(await readReceptions(mailboxes));
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
  port: number,
  random: Random,
  books: Books,
  quits: () => void,
): Promise<void> {
  let client: Pop3Client | undefined;
  try {
    for (;;) {
      const recipient = recipients[random.between(0, recipients.length - 1)]!;
      client = await Pop3Client.connect(port);
      const answer = await client.logIn(recipient);
      if (answer.startsWith('+OK')) await readMailbox(client, recipient, random, books, quits);
      else if (!answer.startsWith('-ERR [IN-USE]')) throw new Error(answer);
      client.socket.destroy();
    }
  } catch (error) {
    if (!(error instanceof ConnectionEnded)) throw error;
  } finally {
    client?.socket.destroy();
  }
}

async function readMailbox(
  client: Pop3Client,
  recipient: string,
  random: Random,
  books: Books,
  quits: () => void,
): Promise<void> {
  const marked: string[] = [];
  for (const number of [...(await client.list()).keys()].slice(0, READ_AT_MOST)) {
    const key = books.fetch(recipient, await client.askForLines(`RETR ${number}`));
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

test(
  `stage 3 deletes what it answered with +OK at QUIT, and nothing else, through ${kills} × kill -9 (SEED=${seed})`,
  { timeout: 30_000 + kills * 10_000 },
  async () => {
    const mailboxes = await mkdtemp(path.join(tmpdir(), 'stagepost-delete-'));
    const random = randomFrom(seed);
    const books = new Books();
    try {
      for (let round = 1; round <= kills + 1; round += 1) {
        const server = await startStage('v3-pop3', { mailboxes, bundled: true });
        expect(await unfinishedIn(mailboxes)).toEqual([]);
        // Half of the kills come at any time, half while messages are being deleted. The last round is a
        // day without accidents.
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
            load.push(sendUntilKilled(server.port, `${round}-${nth}`, chance(), watch));
          }
          for (let nth = 1; nth <= readers; nth += 1) {
            load.push(readUntilKilled(server.pop3Port, chance(), books, quits));
          }
          if (kind === 'any time') moment(pause(random.between(5, 250)));
        });
        await server.kill();
        await Promise.all(load);
      }
      await books.close(mailboxes);
      console.log(
        `stage 3: ${books.answered.length} messages answered with 250, ${books.fetched} fetched, ` +
          `${books.count('deleted')} deleted, ${books.count('QUIT was said')} without an answer to ` +
          `QUIT, ${kills} kills (SEED=${seed})`,
      );
      expect(books.problems).toEqual([]);
      expect(books.count('deleted')).toBeGreaterThan(0);
    } finally {
      await rm(mailboxes, { recursive: true, force: true });
    }
  },
);
