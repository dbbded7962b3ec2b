/**
 * Stage 4: a restart in the middle of a POP3 session with deletions. Nothing is deleted before QUIT, what
 * QUIT answered with +OK never comes back, and all others keep their names.
 */
import { watch as watchFiles } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { newName, withSize } from '../../v4-advanced/src/maildir-name.ts';
import { survivesDeletions } from './deletes.ts';
import { JournalWatch } from './journal.ts';
import { kills, seed } from './kills.ts';
import { recipients, type Sender } from './load.ts';
import type { Pop3Client } from './pop3-client.ts';
import { randomFrom } from './random.ts';
import { House, type Server } from './stage4.ts';
import { readMaildirs } from './store.ts';

const accountOf = (recipient: string) => recipient.replace(/@.*/, '');

const house = await House.make(['alice', ...recipients.map(accountOf)]);
const journal = new JournalWatch(house.journal);

afterAll(() => house.remove());

survivesDeletions({
  promise: 'stage 4',
  folder: house.mailboxes,
  hasUidl: true,
  read: readMaildirs,
  async start() {
    const server = await house.start();
    return {
      connect: (nth) => (nth % 2 === 0 ? server.deliver() : server.submit('alice')),
      open: (recipient) => server.open(accountOf(recipient)),
      async kill() {
        await server.end('SIGKILL');
        await journal.look();
      },
    };
  },
  async afterwards() {
    await house.compare(journal, recipients.map(accountOf));
    expect(journal.problems).toEqual([]);
  },
});

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'stage 4, restarted by %s amid a session, deletes nothing; after QUIT it brings nothing back',
  { timeout: 60_000 },
  async (signal) => {
    const house = await House.make(['bob']);
    try {
      let server = await house.start();
      for (let nth = 1; nth <= 10; nth += 1) await send(server, `${nth}`);
      let bob = await server.opened('bob');
      const texts = await textsBy(bob);
      const uids = [...texts.keys()];
      expect(uids).toHaveLength(10);
      await mark(bob, [1, 2, 3, 4, 5]);
      await server.end(signal);

      server = await house.start();
      bob = await server.opened('bob');
      expect(await textsBy(bob)).toEqual(texts);
      await mark(bob, [1, 3, 5, 7, 9]);
      expect(await bob.quit()).toMatch(/^\+OK/);
      await server.end(signal);

      server = await house.start();
      bob = await server.opened('bob');
      const kept = uids.filter((_, index) => index % 2 === 1);
      expect([...(await bob.uidl()).values()]).toEqual(kept);
      for (const uid of uids) if (!kept.includes(uid)) texts.delete(uid);
      expect(await textsBy(bob)).toEqual(texts);
      await bob.quit();
      // A name is never used again, not even that of a message which is gone.
      await send(server, 'one more');
      const now = [...(await (await server.opened('bob')).uidl()).values()];
      expect(now.slice(0, -1)).toEqual(kept);
      expect(uids).not.toContain(now.at(-1));
    } finally {
      await house.remove();
    }
  },
);

/** In a mailbox of so many, some are deleted; the server is killed in between. */
const MESSAGES = 200;
const rounds = Math.max(2, Math.round(kills / 10));

test(
  `stage 4 deletes a message or leaves it whole, through ${rounds} × kill -9 amid the deletions of a QUIT (SEED=${seed})`,
  { timeout: 30_000 + rounds * 10_000 },
  async () => {
    const random = randomFrom(seed);
    const house = await House.make(['bob']);
    const journal = new JournalWatch(house.journal);
    let halves = 0;
    try {
      const kept = new Map<string, string>();
      for (let round = 1; round <= rounds; round += 1) {
        const put = await putMessages(house, round);
        let server = await house.start();
        let bob = await server.opened('bob');
        const numbers = [...(await bob.uidl()).entries()];
        expect(numbers.map(([, uid]) => uid)).toEqual([...kept.keys(), ...put.keys()]);
        for (const uid of [...put.keys()].filter((_, index) => index % 10 === 0)) {
          kept.set(uid, put.get(uid)!);
        }
        const marked = numbers.filter(([, uid]) => !kept.has(uid));
        await mark(bob, marked.map(([number]) => number)); // prettier-ignore

        let steps = random.between(1, marked.length);
        const watcher = watchFiles(path.join(house.mailboxes, 'bob', 'cur'), () => {
          steps -= 1;
          if (steps === 0) server.started.kill('SIGKILL');
        });
        const goodbye = await bob.ask('QUIT').catch(() => '');
        await server.end('SIGKILL');
        watcher.close();
        await journal.look();

        server = await house.start();
        bob = await server.opened('bob');
        const all = new Map([...kept, ...put]);
        const left = await textsBy(bob);
        for (const [uid, text] of left) expect(text).toBe(all.get(uid));
        for (const uid of kept.keys()) expect(left.has(uid)).toBe(true);
        if (goodbye.startsWith('+OK')) expect(left.size).toBe(kept.size);
        else if (left.size > kept.size && left.size < kept.size + marked.length) halves += 1;
        // The client comes back, and deletes the rest.
        const rest = [...(await bob.uidl()).entries()].filter(([, uid]) => !kept.has(uid));
        await mark(bob, rest.map(([number]) => number)); // prettier-ignore
        expect(await bob.ask('QUIT')).toMatch(/^\+OK/);
        await server.end('SIGKILL');
        await journal.look();
      }
      await house.compare(journal, ['bob']);
      expect(journal.problems).toEqual([]);
      console.log(
        `stage 4: ${halves} of ${rounds} kills came between the deletions of a QUIT (SEED=${seed})`,
      );
    } finally {
      await house.remove();
    }
  },
);

async function send(server: Server, text: string): Promise<void> {
  const { socket, reply }: Sender = await server.deliver();
  const lines = ['MAIL FROM:<alice@example.com>', 'RCPT TO:<bob@example.com>', 'DATA'];
  for (const line of lines) {
    socket.write(`${line}\r\n`);
    await reply(line === 'DATA' ? '354' : '250');
  }
  socket.write(`Subject: ${text}\r\n\r\n${text}\r\n.\r\nQUIT\r\n`);
  await reply('250');
  await reply('221');
  socket.destroy();
}

/** Puts messages into the mailbox of bob, as a server of ours would have. Their texts by their names. */
async function putMessages(house: House, round: number): Promise<Map<string, string>> {
  const box = path.join(house.mailboxes, 'bob');
  for (const name of ['new', 'cur', 'tmp']) await mkdir(path.join(box, name), { recursive: true });
  const put = new Map<string, string>();
  for (let nth = 1; nth <= MESSAGES; nth += 1) {
    const id = newName(1_700_000_000_000 + round * 1000 + nth, 1, '0a1b2c3d');
    const text = `Subject: ${round} ${nth}\r\n\r\n${'x'.repeat(nth)}\r\n`;
    await writeFile(path.join(box, 'new', withSize(id, text.length)), text);
    put.set(id, text);
  }
  return put;
}

async function mark(client: Pop3Client, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) expect(await client.ask(`DELE ${number}`)).toMatch(/^\+OK/);
}

/** All messages, by their names. */
async function textsBy(client: Pop3Client): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const [number, uid] of await client.uidl()) {
    texts.set(uid, await client.askForLines(`RETR ${number}`));
  }
  expect(texts.size).toBe((await client.list()).size);
  return texts;
}
