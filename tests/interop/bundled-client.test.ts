/** The client that each stage brings along, as a student runs it: by flags, and by its menu. */
import { execa } from 'execa';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bodyLines, expectDelivered, recipient, sender, subject } from './messages.ts';
import { repository, startStage, type Stage, type StageName } from './stage.ts';

const stages: StageName[] = ['v1-smtp', 'v2-helo'];

describe.each(stages)('%s: the client', (name) => {
  let stage: Stage;
  beforeEach(async () => (stage = await startStage(name)));
  afterEach(() => stage.close());

  const client = (args: string[], input: string) =>
    execa(
      process.execPath,
      ['--import', 'tsx', 'client.ts', '127.0.0.1', String(stage.port), ...args],
      {
        cwd: path.join(repository, name),
        input,
        reject: false,
        all: true,
      },
    );

  test('sends a message told by flags, its text from standard input', async () => {
    const flags = ['--from', sender, '--to', recipient, '--subject', subject];
    const run = await client(flags, `${bodyLines.join('\n')}\n`);
    expect(run.exitCode, run.all).toBe(0);
    await expectDelivered(stage);
  });

  test('sends a message written in its menu', async () => {
    const typed = ['1', sender, recipient, subject, ...bodyLines, 'FIN', '3'];
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
