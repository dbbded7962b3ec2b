/**
 * Stage 4 under `kill -9`: its Maildirs, its journal, and what it makes when it starts for the first time.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch as watchFiles } from 'node:fs';
import { readdir, readFile, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { bundledProgram } from '../bundled.ts';
import { repository } from '../interop/stage.ts';
import { JournalWatch } from './journal.ts';
import { kills, seed, survivesKills } from './kills.ts';
import { recipients, type Sender } from './load.ts';
import { ConnectionEnded } from './pop3-client.ts';
import { type Random, randomFrom } from './random.ts';
import { House, type Server } from './stage4.ts';
import { readMaildirs } from './store.ts';

const names = recipients.map((recipient) => recipient.replace(/@.*/, ''));

const house = await House.make(['alice', ...names]);
const random = randomFrom(seed);
const journal = new JournalWatch(house.journal);
let kept: Record<string, string> | undefined;

afterAll(() => house.remove());

survivesKills({
  promise: 'stage 4',
  folder: house.mailboxes,
  kills,
  read: readMaildirs,
  writtenTo: names.flatMap((name) => [path.join(name, 'tmp'), path.join(name, 'new')]),
  isNeverTorn: true,
  async start() {
    const server = await house.start();
    kept ??= await keptIn(house);
    const chance = randomFrom(random.between(0, 2 ** 32 - 1));
    return {
      connect: (nth) => connect(server, nth),
      alsoUntilKilled: () => [readUntilKilled(server, chance)],
      async kill() {
        await server.end('SIGKILL');
      },
      async lookAround() {
        expect(await keptIn(house)).toEqual(kept);
        await journal.look();
        if (random.oneIn(4)) await journal.tear(random);
      },
    };
  },
  async afterwards() {
    await house.compare(journal, names);
    const deliveries = journal.entries.filter(({ event }) => event === 'delivered');
    const late = deliveries.filter(({ session }) => session === 'outside');
    console.log(
      `stage 4: ${journal.entries.length} entries in the journal, ${journal.torn} lines torn; ` +
        `${deliveries.length} deliveries, ${late.length} of them noted by a later server`,
    );
    expect(journal.problems).toEqual([]);
  },
});

/** Anybody, or somebody who has logged in under TLS, as mail programs do. */
async function connect(server: Server, nth: number): Promise<Sender> {
  if (nth % 2 === 0) return server.deliver();
  return server.submit('alice', nth % 4 === 1 ? 'submission' : 'smtps');
}

/** Reads messages, and so moves them from `new` to `cur` and changes their flags. Deletes none. */
async function readUntilKilled(server: Server, random: Random): Promise<void> {
  try {
    for (;;) {
      const client = await server.opened(names[random.between(0, names.length - 1)]!);
      const numbers = [...(await client.list()).keys()].slice(-3);
      for (const number of numbers) await client.askForLines(`RETR ${number}`);
      await client.quit();
      client.socket.destroy();
    }
  } catch (error) {
    if (!(error instanceof ConnectionEnded)) throw error;
  }
}

/** What the server keeps besides the mail and the journal, in octets; nothing else may be there. */
async function keptIn({ data }: House): Promise<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of await readdir(data)) {
    const isJournal = name === 'journal.jsonl';
    kept[name] = isJournal ? '' : await readFile(path.join(data, name), 'latin1');
  }
  expect(Object.keys(kept).sort()).toEqual(['accounts', 'cert.pem', 'journal.jsonl', 'key.pem']);
  return kept;
}

const starts = Math.max(3, Math.round(kills / 5));

test(
  `stage 4 starts, whenever its first start was ended by kill -9, ${starts} times (SEED=${seed})`,
  { timeout: 30_000 + starts * 10_000 },
  async () => {
    const program = await bundledProgram(path.join(repository, 'v4-advanced'), 'server.ts');
    const ports = ['smtp', 'submission', 'smtps', 'pop3', 'pop3s'].flatMap((each) => [
      `--${each}`,
      '0',
    ]);
    const random = randomFrom(seed);
    const left = new Map<string, number>();
    for (let nth = 1; nth <= starts; nth += 1) {
      const house = await House.make();
      try {
        // It makes the accounts, the certificate, its key and the journal, each by several steps.
        const child = spawn(process.execPath, [...program, ...ports, ...house.words], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const ended = once(child, 'exit');
        let steps = random.between(1, 16);
        const wait = random.between(0, 2);
        await new Promise<void>((strike) => {
          const watcher = watchFiles(house.data, () => {
            steps -= 1;
            if (steps === 0) strike(wait === 0 ? undefined : pause(wait));
          });
          child.stdout.once('data', () => strike()); // at the latest
          child.once('exit', () => watcher.close());
        });
        child.kill('SIGKILL');
        await ended;
        const before = await readdir(house.data);
        for (const name of before) {
          const kind = name.replace(/\.[0-9a-f]{8}\./, '.*.');
          left.set(kind, (left.get(kind) ?? 0) + 1);
        }
        // A lock that its owner left behind is taken away when it is ten seconds old. So it is old now.
        const longAgo = new Date(Date.now() - 60_000);
        const lock = before.find((name) => name === 'accounts.lock');
        if (lock) await utimes(path.join(house.data, lock), longAgo, longAgo);
        const key =
          before.includes('key.pem') && (await readFile(path.join(house.data, 'key.pem')));

        const server = await house.start();
        for (const [name, password] of [
          ['alice', 'wonderland'],
          ['bob', 'can-we-fix-it'],
        ] as const) {
          const client = await server.reader();
          expect(await client.logIn(name, password)).toMatch(/^\+OK/);
          await client.quit();
        }
        await server.end('SIGTERM');
        // A key that was whole stays.
        if (key) expect(await readFile(path.join(house.data, 'key.pem'))).toEqual(key);
        expect(server.started.output()).not.toMatch(/WARN|ERROR/);
      } finally {
        await house.remove();
      }
    }
    const found = [...left].map(([name, times]) => `${name} ${times} times`).sort();
    console.log(`stage 4: ${starts} first starts were killed; they left ${found.join(', ')}`);
  },
);
