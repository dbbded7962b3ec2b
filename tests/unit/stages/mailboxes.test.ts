import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as v1 from '../../../v1-smtp/src/mailboxes.ts';
import * as v2 from '../../../v2-helo/src/mailboxes.ts';
import { octets, plain } from './sessions.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stagepost-mailboxes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = (name: string) => readFile(path.join(folder, name), 'latin1');

function message(text: string, ...mailboxes: string[]) {
  return {
    helo: 'pc.example',
    reversePath: 'alice@example.com',
    recipients: mailboxes.map((mailbox) => ({ address: mailbox, mailbox })),
    text: octets(text),
    receivedAt: Date.UTC(2026, 10, 20, 8, 49, 40),
  };
}

describe.each([
  { stage: 'v1', open: () => v1.Mailboxes.open(folder), from: '[192.0.2.1]' },
  { stage: 'v2', open: () => v2.Mailboxes.open(folder, plain), from: 'pc.example ([192.0.2.1])' },
])('the mailboxes of $stage', ({ open, from }) => {
  const entry = (to: string, text: string) =>
    `From alice@example.com Fri Nov 20 08:49:40 2026\n` +
    `Return-Path: <alice@example.com>\n` +
    `Received: from ${from} by localhost (Stagepost) with SMTP\n` +
    `\tfor <${to}>; Fri, 20 Nov 2026 08:49:40 +0000\n${text}\n`;

  it('are made if they are not there', async () => {
    await rm(folder, { recursive: true });
    await open();
    expect(await readdir(folder)).toEqual([]);
  });

  it('keep a message in the mbox format, for every recipient', async () => {
    const mailboxes = await open();
    const text = 'Subject: x\r\n\r\nFrom me\r\n>From you\r\n From afar\r\n\xe9\xff\r\n';
    expect(
      await mailboxes.deliver(message(text, 'bob', 'carol@example.com', 'bob'), '192.0.2.1'),
    ).toBe('stored');
    const kept = 'Subject: x\n\n>From me\n>>From you\n From afar\n\xe9\xff\n';
    expect(await read('bob.txt')).toBe(entry('bob', kept));
    expect(await read('carol@example.com.txt')).toBe(entry('carol@example.com', kept));
  });

  it('keep a first line that begins with a blank out of their own lines', async () => {
    const mailboxes = await open();
    await mailboxes.deliver(message(' folded\r\n', 'bob'), '192.0.2.1');
    expect(await read('bob.txt')).toBe(entry('bob', '\n folded\n'));
  });

  it.each([
    ['::1', '[IPv6:::1]'],
    ['::ffff:192.0.2.1', '[192.0.2.1]'],
  ])('write the address %s as %s', async (address, literal) => {
    const mailboxes = await open();
    await mailboxes.deliver(message('x\r\n', 'bob'), address);
    expect(await read('bob.txt')).toContain(
      `Received: from ${from.replace('[192.0.2.1]', literal)} by`,
    );
  });

  it('write two messages that come at once one after the other', async () => {
    const mailboxes = await open();
    const texts = Array.from({ length: 20 }, (_, index) => `${index}\r\n`.repeat(5000));
    await Promise.all(texts.map((text) => mailboxes.deliver(message(text, 'bob'), '192.0.2.1')));
    const all = await read('bob.txt');
    for (const text of texts) expect(all).toContain(entry('bob', text.replaceAll('\r\n', '\n')));
    expect(all.length).toBe(
      texts.reduce((sum, text) => sum + entry('bob', text.replaceAll('\r\n', '\n')).length, 0),
    );
  });

  it('let no torn message damage the one before or the one after', async () => {
    const mailboxes = await open();
    await mailboxes.deliver(message('one\r\n', 'bob'), '192.0.2.1');
    const first = await read('bob.txt');
    await mailboxes.deliver(message('two\r\nlines\r\n', 'bob'), '192.0.2.1');
    const second = (await read('bob.txt')).slice(first.length);
    for (let length = 0; length < second.length; length += 1) {
      await truncate(path.join(folder, 'bob.txt'), first.length);
      await appendFile(path.join(folder, 'bob.txt'), second.slice(0, length));
      await mailboxes.deliver(message('three\r\n', 'bob'), '192.0.2.1');
      const all = await read('bob.txt');
      expect(all.startsWith(first)).toBe(true);
      expect(all.endsWith(`\n\n${entry('bob', 'three\n')}`)).toBe(true);
      const between = all.slice(first.length, -entry('bob', 'three\n').length);
      // What is left of the torn message is a message of its own, or nothing but an empty line.
      expect(between).toMatch(/^(?:\n?|From alice@example\.com Fri Nov 20 08:49:40 2026\n[^]*\n)$/);
    }
  });

  it.runIf(existsSync('/dev/full'))('say that the disk is full, and go on', async () => {
    const complaints = vi.spyOn(console, 'error').mockReturnValue();
    const mailboxes = await open();
    await symlink('/dev/full', path.join(folder, 'bob.txt'));
    expect(await mailboxes.deliver(message('x\r\n', 'bob'), '192.0.2.1')).toBe('full');
    expect(await mailboxes.deliver(message('x\r\n', 'carol'), '192.0.2.1')).toBe('stored');
    expect(complaints).toHaveBeenCalledOnce();
    complaints.mockRestore();
  });

  it('say that it failed if a mailbox cannot be written', async () => {
    const complaints = vi.spyOn(console, 'error').mockReturnValue();
    const mailboxes = await open();
    await rm(folder, { recursive: true });
    expect(await mailboxes.deliver(message('x\r\n', 'bob'), '192.0.2.1')).toBe('failed');
    complaints.mockRestore();
  });
});

describe('the mailboxes of v2', () => {
  it('are made at start for the users of a closed list', async () => {
    const file = path.join(folder, 'users');
    await writeFile(file, 'alice\nBob\n');
    const users = await v2.readUsersFile(file);
    await v2.Mailboxes.open(path.join(folder, 'mailboxes'), { ...plain, users });
    expect(await readdir(path.join(folder, 'mailboxes'))).toEqual(['alice.txt', 'bob.txt']);
  });

  it('leave what is in a mailbox of the list where it is', async () => {
    await writeFile(path.join(folder, 'bob.txt'), 'mail');
    await v2.Mailboxes.open(folder, { ...plain, users: new Set(['bob']) });
    expect(await read('bob.txt')).toBe('mail');
  });

  it('can be filed by sender, a file for each message', async () => {
    const mailboxes = await v2.Mailboxes.open(folder, { ...plain, fileBy: 'sender' });
    const texts = ['one\r\n', 'From two\r\n'];
    for (const text of texts) await mailboxes.deliver(message(text, 'bob', 'carol'), '192.0.2.1');
    await mailboxes.deliver({ ...message('x\r\n', 'bob'), reversePath: '' }, '192.0.2.1');
    expect(await readdir(folder)).toEqual(['alice@example.com', 'mailer-daemon']);
    const files = (await readdir(path.join(folder, 'alice@example.com'))).sort();
    const contents = await Promise.all(
      files.map((file) => read(path.join('alice@example.com', file))),
    );
    expect(contents).toEqual(
      ['one\n', 'From two\n'].map(
        (text) =>
          'Return-Path: <alice@example.com>\nDelivered-To: bob\nDelivered-To: carol\n' +
          'Received: from pc.example ([192.0.2.1]) by localhost (Stagepost) with SMTP;\n' +
          `\tFri, 20 Nov 2026 08:49:40 +0000\n${text}`,
      ),
    );
  });

  it('names the line of a users file that is no name', async () => {
    const file = path.join(folder, 'users');
    await writeFile(file, 'alice\nb b\n');
    await expect(v2.readUsersFile(file)).rejects.toThrow(`${file}: line 2 must be one name`);
  });
});
