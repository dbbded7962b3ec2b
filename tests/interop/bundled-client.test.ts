/** The client that each stage brings along, as a student runs it: by flags, and by its menu. */
import { execa } from 'execa';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
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

const subjects = async (stage: Stage) =>
  (await stage.mailbox(recipient)).map(({ headers }) => headers.get('subject'));
