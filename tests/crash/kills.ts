/**
 * `kill -9` at random moments under load. 250 after DATA is a promise: whatever was answered with it is
 * there whole, exactly once. What was never answered may be there, be torn, or be missing, but it must
 * not damage anything that was there before it or came after.
 *
 * Five kills as part of `npm test`, a hundred by `npm run test:crash`; KILLS and SEED say otherwise.
 * The stages have files of their own, so that they run side by side.
 */
import { watch as watchFiles, type FSWatcher } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startStage, type StageName } from '../interop/stage.ts';
import {
  connect,
  largeSize,
  type Sender,
  sendUntilKilled,
  textOf,
  type SentMessage,
  type Watch,
} from './load.ts';
import { randomFrom } from './random.ts';
import { copiesOf, isWhole, keyOf, unfinishedIn, type StoredMessage } from './store.ts';

export const kills = Number(process.env.KILLS ?? 5);
export const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
const senders = 4;

export interface Filing {
  promise: string;
  /** Starts a server, with mailboxes in this folder. */
  start: (mailboxes: string) => Promise<Victim>;
  /** The folder of the mailboxes, if it is not a fresh one; it stays. */
  folder?: string;
  kills: number;
  read: (folder: string) => Promise<StoredMessage[]>;
  /** Where something happens when a message is stored; the mailboxes' own folder, if not said. */
  writtenTo?: string[];
  /** No part of a message may be where a reader would look. */
  isNeverTorn?: true;
  /** What is done when the last server is dead, and before the mailboxes are read. */
  afterwards?: () => Promise<void>;
}

/** A server that is going to be killed. */
export interface Victim {
  /** What the `nth` sender does first. */
  connect(nth: number): Promise<Sender>;
  /** What else is done under load, until it is killed. */
  alsoUntilKilled?: () => Promise<void>[];
  kill(): Promise<void>;
  /** What must be true when it is dead, besides the mailboxes. */
  lookAround?: () => Promise<void>;
}

/** A stage without anything that stage 4 brings. */
export function stage(name: StageName, ...args: string[]): Filing['start'] {
  return async (mailboxes) => {
    const server = await startStage(name, { mailboxes, args, bundled: true });
    return { connect: () => connect(server.port), kill: () => server.kill() };
  };
}

/** The test of one way to store mail. */
export function survivesKills(filing: Filing): void {
  test(
    `${filing.promise} keeps every message that it answered with 250, through ${filing.kills} × kill -9 (SEED=${seed})`,
    { timeout: 30_000 + filing.kills * 10_000 },
    async () => {
      const own = await mkdtemp(path.join(tmpdir(), 'stagepost-kill-'));
      const mailboxes = filing.folder ?? own;
      try {
        const { sent, answered, unfinished } = await killAgainAndAgain(filing, mailboxes);
        await filing.afterwards?.();
        const stored = await filing.read(mailboxes);
        const problems = compare(answered, stored);
        const torn = countTorn(sent, stored);
        console.log(
          `${filing.promise}: ${sent.length} messages sent, ${answered.length} answered with 250, ` +
            `${torn} torn mailbox entries and ${unfinished} unfinished files left by ` +
            `${filing.kills} kills (SEED=${seed})`,
        );
        expect(problems).toEqual([]);
        if (filing.isNeverTorn) expect(torn).toBe(0);
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    },
  );
}

async function killAgainAndAgain(filing: Filing, mailboxes: string) {
  const { kills } = filing;
  const random = randomFrom(seed);
  const folders = (filing.writtenTo ?? ['']).map((name) => path.join(mailboxes, name));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const sent: SentMessage[] = [];
  const answered: SentMessage[] = [];
  let unfinished = 0;
  for (let round = 1; round <= kills + 1; round += 1) {
    const server = await filing.start(mailboxes);
    expect(await unfinishedIn(mailboxes)).toEqual([]);
    // Half of the kills come at any time, half while a large message is being stored. The last round is
    // a day without accidents: what the kills left must not be in the way of new mail.
    const kind = round > kills ? 'calm' : random.oneIn(2) ? 'any time' : 'storing';
    const load: Promise<void>[] = [];
    const watchers: FSWatcher[] = [];
    await new Promise<void>((moment) => {
      const enough = answered.length + 20;
      const watch: Watch = {
        sent: (message) => sent.push(message),
        ended: ({ size }) => {
          if (kind !== 'storing' || size < largeSize) return;
          const wait = random.between(0, 3);
          const strike = () => moment(wait === 0 ? undefined : pause(wait));
          watchers.push(...folders.map((folder) => watchFiles(folder, strike)));
        },
        answered: (message) => {
          answered.push(message);
          if (kind === 'storing' && message.size >= largeSize) moment();
          if (kind === 'calm' && answered.length >= enough) moment();
        },
      };
      for (let nth = 1; nth <= senders; nth += 1) {
        const chance = randomFrom(random.between(0, 2 ** 32 - 1));
        load.push(sendUntilKilled(server.connect(nth), `${round}-${nth}`, chance, watch));
      }
      load.push(...(server.alsoUntilKilled?.() ?? []));
      if (kind === 'any time') moment(pause(random.between(5, 250)));
    });
    await server.kill();
    for (const watcher of watchers) watcher.close();
    await Promise.all(load);
    await server.lookAround?.();
    unfinished += (await unfinishedIn(mailboxes)).length;
  }
  return { sent, answered, unfinished };
}

/** What is wrong, in words; nothing if every answered message is there whole and exactly once. */
function compare(answered: SentMessage[], stored: StoredMessage[]): string[] {
  const copies = copiesOf(stored);
  const problems: string[] = [];
  for (const message of answered) {
    const text = textOf(message);
    for (const recipient of message.recipients) {
      const key = keyOf(message.token, recipient);
      const found = copies.get(key) ?? [];
      if (found.length !== 1) problems.push(`${key}: there ${found.length} times`);
      else if (!isWhole(found[0]!, text)) problems.push(`${key}: damaged`);
      copies.delete(key);
    }
  }
  // What was not answered may be there, but not twice. (Of the torn ones nobody knows which they are.)
  for (const [key, { length, [0]: first }] of copies) {
    if (length > 1 && first?.token !== undefined) problems.push(`${key}: there ${length} times`);
  }
  return problems;
}

/** Entries that are no whole message; none of them was answered with 250 if `compare` is content. */
function countTorn(sent: SentMessage[], stored: StoredMessage[]): number {
  const texts = new Map(sent.map((message) => [message.token, message]));
  return stored.filter((message) => {
    const original = texts.get(message.token ?? '');
    return original === undefined || !isWhole(message, textOf(original));
  }).length;
}
