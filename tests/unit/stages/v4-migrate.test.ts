import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Mailboxes as OldMailboxes } from '../../../v3-pop3/src/mailboxes.ts';
import { Known, type Journal } from '../../../v4-advanced/src/journal.ts';
import { byAge, INFO, readName } from '../../../v4-advanced/src/maildir-name.ts';
import { Mailboxes } from '../../../v4-advanced/src/mailboxes.ts';
import { accountOf, migrate, oldMailboxesIn } from '../../../v4-advanced/src/migration.ts';
import { ROOT } from '../../src/cli/stages.ts';
import { bundledProgram } from '../../bundled.ts';
import { octets } from './sessions.ts';

let folder: string;
let from: string;
let to: string;
let told: string[];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-migrate-'));
  from = path.join(folder, 'v3 mailboxes');
  to = path.join(folder, 'deep', 'mailboxes');
  told = [];
  mkdirSync(from);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (target = to) => migrate(from, target, (text) => told.push(text));

function put(recipient: string, file: string, text = 'Subject: x\r\n\r\nx\r\n', date?: Date) {
  const reception = path.join(from, recipient, 'reception');
  mkdirSync(reception, { recursive: true });
  writeFileSync(path.join(reception, file), text, 'latin1');
  if (date) utimesSync(path.join(reception, file), date, date);
}

const snapshot = (root: string) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
    .map((file) => [file, readFileSync(file, 'latin1'), statSync(file).mtimeMs]);

/** The files of an account, the oldest first. */
const lyingIn = (account: string, target = to) =>
  readdirSync(path.join(target, account, 'new'))
    .map((name) => ({ name, base: readName(name).base }))
    .sort(byAge)
    .map(({ name }) => path.join(target, account, 'new', name));

const texts = (account: string, target = to) =>
  lyingIn(account, target).map((file) => readFileSync(file, 'latin1'));

describe('the mailboxes of stage 3', () => {
  it('are copied as they were, in their order and with their dates, and stay', async () => {
    const old = await OldMailboxes.open(from, undefined);
    for (const [nth, receivedAt] of [5000, 5000, 5001, 1_763_628_580_007].entries()) {
      const recipients = [{ address: 'bob', mailbox: 'bob' }];
      const text = octets(`\r\n${nth}\r\n\xe9.\r\n`);
      const message = { helo: '', reversePath: 'a@b', recipients, text, receivedAt };
      expect(await old.deliver(message, '192.0.2.1')).toBe('stored');
    }
    const before = snapshot(from);
    expect(await run()).toEqual([
      { account: 'bob', recipients: ['bob'], copied: 4, before: 0, failed: 0 },
    ]);
    expect(snapshot(from)).toEqual(before);
    expect(texts('bob')).toEqual(before.map(([, text]) => text));
    expect(lyingIn('bob').map((file) => Math.floor(statSync(file).mtimeMs / 1000))).toEqual(
      before.map(([, , date]) => Math.floor((date as number) / 1000)),
    );
    expect(path.basename(lyingIn('bob')[3]!)).toMatch(
      /^1763628580\.M007Q000001R[0-9a-f]{8}\.stagepost,S=\d+,W=\d+$/,
    );
    expect(readdirSync(path.join(to, 'bob', 'tmp'))).toEqual([]);
    expect(told).toEqual([]);
  });

  it('of several addresses become one account’s, and no message is lost', async () => {
    // Stage 3 files a message for bob and for bob@example.com twice, under one name.
    const name = '2026-11-20T08-49-40-000Z-000001-0a1b2c3d.eml';
    put('bob', name, 'one\r\n');
    put('bob@example.com', name, 'two\r\n');
    put('bob@example.org', '2026-11-20T08-49-41-000Z-000001-0a1b2c3d.eml', 'three\r\n');
    expect(await run()).toEqual([
      {
        account: 'bob',
        recipients: ['bob', 'bob@example.com', 'bob@example.org'],
        copied: 3,
        before: 0,
        failed: 0,
      },
    ]);
    expect(texts('bob').slice(0, 2).sort()).toEqual(['one\r\n', 'two\r\n']);
    expect(texts('bob')[2]).toBe('three\r\n');
  });

  it('are not copied twice, wherever the message lies now, even if it was deleted', async () => {
    for (const nth of [1, 2, 3]) put('bob', `${nth}.eml`, `${nth}\r\n`, new Date(1e12));
    await run();
    const [first, second] = lyingIn('bob');
    const cur = path.join(to, 'bob', 'cur', `${path.basename(first!)}${INFO}S`);
    writeFileSync(cur, '1\r\n');
    rmSync(first!);
    rmSync(second!);
    put('bob', '4.eml', '4\r\n');
    expect(await run()).toMatchObject([{ copied: 1, before: 3 }]);
    expect(texts('bob')).toEqual(['3\r\n', '4\r\n']);
    const after = snapshot(to).map(([file, text]) => [file, text]);
    expect(await run()).toMatchObject([{ copied: 0, before: 4 }]);
    expect(snapshot(to).map(([file, text]) => [file, text])).toEqual(after);
  });

  it('are not copied twice if the first run was killed in the middle', async () => {
    for (const nth of [1, 2]) put('bob', `${nth}.eml`, `${nth}\r\n`);
    await run();
    rmSync(path.join(to, 'bob', 'stagepost-migrated'));
    const [, second] = lyingIn('bob');
    const half = path.join(to, 'bob', 'tmp', `migrating-${readName(path.basename(second!)).id}`);
    rmSync(second!);
    writeFileSync(half, 'ha');
    expect(await run()).toMatchObject([{ copied: 1, before: 1 }]);
    expect(texts('bob')).toEqual(['1\r\n', '2\r\n']);
    expect(existsSync(half)).toBe(false);
  });

  it('of other servers are taken as well: other names, and lines that end in LF', async () => {
    const date = new Date('2026-01-02T03:04:05Z');
    for (const nth of [10, 9, 2]) put('bob', `message-${nth}.eml`, `${nth}\nx\n`, date);
    put('bob', 'notes.txt');
    await run();
    expect(texts('bob')).toEqual(['2\r\nx\r\n', '9\r\nx\r\n', '10\r\nx\r\n']);
    expect(path.basename(lyingIn('bob')[0]!)).toMatch(/^1767323045\..*,S=6,W=6$/);
  });

  it('whose names no account can have are left out, and that is said', async () => {
    put('%C3%A9', '1.eml');
    put('bob@example.com@x', '1.eml');
    put('carol', '1.eml');
    mkdirSync(path.join(from, 'no mailbox'));
    writeFileSync(path.join(from, 'dave.txt'), '');
    expect((await run()).map(({ account }) => account)).toEqual(['carol']);
    expect(told).toEqual([
      '%C3%A9: left out, no account can have this name',
      'bob@example.com@x: left out, no account can have this name',
    ]);
    expect(readdirSync(to)).toEqual(['carol']);
  });

  it.each([
    ['bob', 'bob'],
    ['bob@example.com', 'bob'],
    ['a.b_c+d=e-f@x', 'a.b_c+d=e-f'],
    ['@x', undefined],
    ['.b', undefined],
    ['%63on', undefined],
    ['x'.repeat(65), undefined],
  ])('named %s belong to the account %s', (recipient, account) => {
    expect(accountOf(recipient)).toBe(account);
  });

  it('are no longer called old when they have been copied into the Maildirs beside them', async () => {
    put('bob', '1.eml');
    put('bob@example.com', '1.eml');
    put('carol@example.com', '1.eml');
    expect(await oldMailboxesIn(from)).toEqual(['bob', 'bob@example.com', 'carol@example.com']);
    await run(from);
    expect(await oldMailboxesIn(from)).toEqual([]);
    expect(texts('bob', from)).toHaveLength(2);
  });

  it('are listed by stage 4, to which they are mail of another program', async () => {
    put('bob', '1.eml', 'x\r\n');
    await run();
    const known = new Known();
    const events: string[] = [];
    const journal: Journal = {
      record: (entries) => {
        for (const entry of entries) known.add(entry);
        events.push(...entries.map(({ event, session }) => `${event} ${session}`));
        return Promise.resolve();
      },
      known: (mailbox) => known.of(mailbox),
    };
    const mailboxes = await Mailboxes.open(to, journal, (text) => told.push(text));
    await mailboxes.removeUnfinished();
    const bob = await mailboxes.lock('bob', { session: '#1 pop3', client: '192.0.2.1' });
    expect(bob!.messages).toEqual([{ id: expect.stringContaining('.stagepost') as string, size: 3 }]);
    expect(events).toEqual(['delivered outside', 'listed #1 pop3']);
    expect(await run()).toMatchObject([{ copied: 0, before: 1 }]);
  }); // prettier-ignore

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'that cannot be read are told, and the others are copied',
    async () => {
      put('bob', '1.eml');
      put('bob', '2.eml');
      const reception = path.join(from, 'bob', 'reception');
      await execa('chmod', ['000', path.join(reception, '1.eml')]);
      expect(await run()).toMatchObject([{ copied: 1, failed: 1 }]);
      expect(told).toEqual([expect.stringMatching(/1\.eml: left out, EACCES/)]);
    },
  );
});

describe('migrate.ts', () => {
  async function command(...args: string[]) {
    const words = await bundledProgram(path.join(ROOT, 'v4-advanced'), 'migrate.ts');
    const { stdout, stderr, exitCode } = await execa(process.execPath, [...words, ...args], {
      cwd: folder,
      reject: false,
    });
    return { stdout, stderr, exitCode };
  }

  it('says what it did', async () => {
    put('bob', '1.eml');
    put('bob@example.com', '1.eml');
    put('carol', '1.eml');
    const hint = 'Give each of them an account, if it has none yet: accounts.ts add NAME';
    expect(await command(from, to)).toEqual({
      stdout: `bob: 2 messages copied from bob, bob@example.com\ncarol: 1 message copied from carol\n${hint}`,
      stderr: '',
      exitCode: 0,
    });
    put('bob', '2.eml');
    expect((await command(from, to)).stdout).toBe(
      `bob: 1 message copied from bob, bob@example.com; 2 copied before\ncarol: 0 messages copied from carol; 1 copied before\n${hint}`,
    );
  });

  it('explains itself', async () => {
    const { stdout, exitCode } = await command('--help');
    expect(stdout).toMatch(/^Usage: npx tsx migrate\.ts FROM TO\n/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(exitCode).toBe(0);
  });

  it.each([
    [[], 'Two folders are needed: migrate.ts FROM TO. See --help.'],
    [['v3 mailboxes'], 'Two folders are needed: migrate.ts FROM TO. See --help.'],
    [['--nonsense', 'a', 'b'], 'Two folders are needed: migrate.ts FROM TO. See --help.'],
    [['nowhere', 'to'], 'nowhere cannot be used (ENOENT): is it there, and is it yours?'],
    [['v3 mailboxes', 'to'], 'v3 mailboxes: there is no mailbox of stage 3 in it.'],
  ])('called with %j says in one line what is wrong', async (args, complaint) => {
    expect(await command(...args)).toEqual({ stdout: '', stderr: complaint, exitCode: 1 });
    expect(existsSync(path.join(folder, 'to'))).toBe(false);
  });

  it('says what it left out, and that something is missing', async () => {
    put('%C3%A9', '1.eml');
    put('bob', '1.eml');
    const { stderr, exitCode } = await command(from, to);
    expect(stderr).toBe('%C3%A9: left out, no account can have this name');
    expect(exitCode).toBe(1);
  });
});
