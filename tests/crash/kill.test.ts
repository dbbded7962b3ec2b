/**
 * `kill -9` at random moments under load. 250 after DATA is a promise: whatever was answered with it is
 * there whole, exactly once. What was never answered may be there, be torn, or be missing, but it must
 * not damage anything that was there before it or came after.
 *
 * Five kills as part of `npm test`, a hundred by `npm run test:crash`; KILLS and SEED say otherwise.
 */
import { watch as watchFiles, type FSWatcher } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startStage, type StageName } from '../interop/stage.ts';
import { largeSize, sendUntilKilled, textOf, type SentMessage, type Watch } from './load.ts';
import { randomFrom } from './random.ts';
import { isWhole, readMailboxFiles, readMessageFiles, type StoredMessage } from './store.ts';

const kills = Number(process.env.KILLS ?? 5);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
const senders = 4;

interface Filing {
  promise: string;
  stage: StageName;
  args: string[];
  kills: number;
  read: (folder: string) => Promise<StoredMessage[]>;
}

// Stage 2 stores as stage 1 does, so it gets a tenth of the kills.
const fewer = Math.max(1, Math.round(kills / 10));
const filings: Filing[] = [
  { promise: 'stage 1', stage: 'v1-smtp', args: [], kills, read: readMailboxFiles },
  { promise: 'stage 2', stage: 'v2-helo', args: [], kills: fewer, read: readMailboxFiles },
  {
    promise: 'stage 2 filing by sender',
    stage: 'v2-helo',
    args: ['--file-by', 'sender'],
    kills: fewer,
    read: readMessageFiles,
  },
];

for (const filing of filings) {
  test(
    `${filing.promise} keeps every message that it answered with 250, through ${filing.kills} × kill -9 (SEED=${seed})`,
    { timeout: 30_000 + filing.kills * 10_000 },
    async () => {
      const mailboxes = await mkdtemp(path.join(tmpdir(), 'stagepost-kill-'));
      try {
        const { sent, answered } = await killAgainAndAgain(filing, mailboxes);
        const stored = await filing.read(mailboxes);
        const problems = compare(answered, stored);
        console.log(
          `${filing.promise}: ${sent.length} messages sent, ${answered.length} answered with 250, ` +
            `${countTorn(sent, stored)} torn mailbox entries left by ${filing.kills} kills (SEED=${seed})`,
        );
        expect(problems).toEqual([]);
      } finally {
        await rm(mailboxes, { recursive: true, force: true });
      }
    },
  );
}

async function killAgainAndAgain({ stage, args, kills }: Filing, mailboxes: string) {
  const random = randomFrom(seed);
  const sent: SentMessage[] = [];
  const answered: SentMessage[] = [];
  for (let round = 1; round <= kills + 1; round += 1) {
    const server = await startStage(stage, { mailboxes, args });
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
          watchers.push(watchFiles(mailboxes, () => moment(wait === 0 ? undefined : pause(wait))));
        },
        answered: (message) => {
          answered.push(message);
          if (kind === 'storing' && message.size >= largeSize) moment();
          if (kind === 'calm' && answered.length >= enough) moment();
        },
      };
      for (let nth = 1; nth <= senders; nth += 1) {
        const chance = randomFrom(random.between(0, 2 ** 32 - 1));
        load.push(sendUntilKilled(server.port, `${round}-${nth}`, chance, watch));
      }
      if (kind === 'any time') moment(pause(random.between(5, 250)));
    });
    await server.kill();
    for (const watcher of watchers) watcher.close();
    await Promise.all(load);
  }
  return { sent, answered };
}

/** What is wrong, in words; nothing if every answered message is there whole and exactly once. */
function compare(answered: SentMessage[], stored: StoredMessage[]): string[] {
  const copies = new Map<string, StoredMessage[]>();
  for (const message of stored) {
    for (const recipient of message.recipients) {
      const key = `${message.token} for ${recipient}`;
      copies.set(key, [...(copies.get(key) ?? []), message]);
    }
  }
  const problems: string[] = [];
  for (const message of answered) {
    const text = textOf(message);
    for (const recipient of message.recipients) {
      const key = `${message.token} for ${recipient}`;
      const found = copies.get(key) ?? [];
      if (found.length !== 1) problems.push(`${key}: there ${found.length} times`);
      else if (!isWhole(found[0]!, text)) problems.push(`${key}: damaged`);
    }
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
