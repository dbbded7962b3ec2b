/** The client that each stage brings along, as a student runs it: by flags, and by its menu. */
import { execa } from 'execa';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  alice,
  bob,
  bodyLines,
  expectDelivered,
  messageText,
  recipient,
  sender,
  sendOctets,
  subject,
} from './messages.ts';
import { expectSameOctets } from './octets.ts';
import { repository, startStage, type Stage, type StageName } from './stage.ts';

/** The stages, and the choice in the menu that ends the client. */
const stages: [StageName, string][] = [
  ['v1-smtp', '3'],
  ['v2-helo', '3'],
  ['v3-pop3', '4'],
];

function runClient(name: StageName, stage: Stage, args: string[], input: string) {
  const server = ['127.0.0.1', String(stage.port)];
  return execa(process.execPath, ['--import', 'tsx', 'client.ts', ...server, ...args], {
    cwd: path.join(repository, name),
    input,
    reject: false,
    all: true,
    stripFinalNewline: false,
  });
}

describe.each(stages)('%s: the client', (name, quit) => {
  let stage: Stage;
  beforeEach(async () => (stage = await startStage(name)));
  afterEach(() => stage.close());

  const client = (args: string[], input: string) => runClient(name, stage, args, input);

  test('sends a message told by flags, its text from standard input', async () => {
    const flags = ['--from', sender, '--to', recipient, '--subject', subject];
    const run = await client(flags, `${bodyLines.join('\n')}\n`);
    expect(run.exitCode, run.all).toBe(0);
    await expectDelivered(stage);
  });

  test('sends a message written in its menu', async () => {
    const typed = ['1', sender, recipient, subject, ...bodyLines, 'FIN', quit];
    const run = await client([], `${typed.join('\n')}\n`);
    expect(run.exitCode, run.all).toBe(0);
    await expectDelivered(stage);
  });

  test('sends its test message', async () => {
    const run = await client(['--test'], '');
    expect(run.exitCode, run.all).toBe(0);
    expect(await stage.mailbox(recipient)).toHaveLength(1);
  });
});

describe('v3-pop3: the client, reading', () => {
  let stage: Stage;
  const letter = messageText('\r\n');
  const short = 'Subject: short\r\n\r\nshort\r\n';
  beforeEach(async () => {
    stage = await startStage('v3-pop3');
    await sendOctets(stage, recipient, [Buffer.from(letter), Buffer.from(short)]);
  });
  afterEach(() => stage.close());

  const client = (args: string[], input: string) => {
    return runClient('v3-pop3', stage, ['--pop3', String(stage.pop3Port), ...args], input);
  };
  const login = ['--user', recipient, '--password', 'secret', '--quiet'];

  test('lists, prints and deletes, told by flags', async () => {
    const list = await client([...login, '--list'], '');
    expect(list.stdout).toContain(subject);
    expect(list.stdout).toContain('short');
    const read = await client([...login, '--read', '1', '--delete', '2'], '');
    expect(read.exitCode, read.all).toBe(0);
    expectSameOctets(Buffer.from(read.stdout), Buffer.from(letter));
    expect(await subjects(stage)).toEqual([subject]);
  });

  test('shows and deletes, in its menu', async () => {
    const typed = ['3', recipient, 'secret', '1', 'd 2', 'q', '4'];
    const run = await client([], `${typed.join('\n')}\n`);
    expect(run.exitCode, run.all).toBe(0);
    expect(run.stdout).toContain(bodyLines[0]);
    expect(await subjects(stage)).toEqual([subject]);
  });
});

describe('v4-advanced: the client', () => {
  let stage: Stage;
  beforeEach(async () => (stage = await startStage('v4-advanced')));
  afterEach(() => stage.close());

  const asAlice = ['--user', alice.user, '--password', alice.password];
  const asBob = ['--user', bob.user, '--password', bob.password];
  /** Its options for TLS, and the ports that go with them; it must be told whom to believe. */
  const ways = [
    ['TLS when the server offers it', [], 'submission', 'pop3'],
    ['TLS at once', ['--tls'], 'smtps', 'pop3s'],
  ] as const;

  const client = (port: number | undefined, args: readonly string[], input = '') => {
    const server = ['localhost', ...(port === undefined ? [] : [String(port)])];
    const trust = ['--ca', path.join(stage.data, 'cert.pem')];
    return execa(process.execPath, ['--import', 'tsx', 'client.ts', ...server, ...trust, ...args], {
      cwd: path.join(repository, 'v4-advanced'),
      input,
      reject: false,
      all: true,
      stripFinalNewline: false,
    });
  };

  for (const [way, tls, sending, reading] of ways) {
    test(`logs in, sends, lists, prints and deletes, with ${way}`, async () => {
      const flags = ['--from', sender, '--to', recipient, '--subject', subject];
      const text = `${bodyLines.join('\n')}\n`;
      const sent = await client(stage.ports[sending], [...tls, ...asAlice, ...flags], text);
      expect(sent.exitCode, sent.all).toBe(0);
      await expectDelivered(stage);
      const [letter] = await stage.mailbox(recipient);
      expect(letter!.headers.get('received')).toContain(' with ESMTPSA id ');
      expect(sent.all).not.toContain(alice.password);

      const port = ['--pop3', String(stage.ports[reading])];
      const read = (...args: string[]) =>
        client(undefined, [...tls, ...port, ...asBob, '--quiet', ...args]);
      expect((await read('--list')).stdout).toContain(subject);
      const printed = await read('--read', '1');
      expect(printed.exitCode, printed.all).toBe(0);
      expect(printed.stdout.replaceAll('\r\n', '\n')).toBe(letter!.whole);
      const deleted = await read('--delete', '1');
      expect(deleted.exitCode, deleted.all).toBe(0);
      expect(await stage.mailbox(recipient)).toEqual([]);
    });
  }

  test('logs in, sends, shows and deletes, in its menu', async () => {
    const ports = ['--pop3', String(stage.ports.pop3)];
    const login = ['4', bob.user, bob.password];
    const send = ['1', recipient, recipient, subject, ...bodyLines, 'FIN'];
    const typed = [...login, ...send, '3', '1', 'd 1', 'q', '5'];
    const run = await client(stage.ports.submission, ports, `${typed.join('\n')}\n`);
    expect(run.exitCode, run.all).toBe(0);
    expect(run.stdout).toContain(bodyLines[0]);
    expect(await stage.mailbox(recipient)).toEqual([]);
    expect(run.all).not.toContain(bob.password);
  });

  test('is refused a wrong password', async () => {
    const flags = ['--user', alice.user, '--password', 'x', '--to', recipient, '--body', 'Hello'];
    const run = await client(stage.ports.submission, flags);
    expect(run.exitCode, run.all).toBe(1);
    expect(await stage.mailbox(recipient)).toEqual([]);
  });
});

const subjects = async (stage: Stage) =>
  (await stage.mailbox(recipient)).map(({ headers }) => headers.get('subject'));
