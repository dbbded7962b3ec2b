/** The command lines that the handouts show for other programs do what is said of them, as they stand. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { recipient, sendOctets } from './messages.ts';
import { testWith } from './programs.ts';
import { repository, startStage, type Stage, type StageName } from './stage.ts';

let stage: Stage;
let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'stagepost-handout-'))));
afterEach(async () => {
  await stage.close();
  await rm(folder, { recursive: true });
});

/** The first line of a stage's handout that runs a program, with the ports that are in use here. */
async function handoutLine(name: StageName, program: string): Promise<string> {
  const handout = await readFile(path.join(repository, name, 'README.md'), 'utf8');
  const line = handout.split('\n').find((each) => {
    return each.startsWith(`${program} `) || each.includes(`| ${program} `);
  });
  return line!.replace('2525', String(stage.port)).replace('1110', String(stage.pop3Port));
}

/** Types a line into a shell, in the test's folder. */
async function type(line: string): Promise<string> {
  const env = { HOME: folder, FETCHMAILHOME: folder };
  const { stdout } = await execa('sh', ['-c', line], { cwd: folder, env, timeout: 20_000 });
  return stdout;
}

describe('the handout of stage 2', () => {
  beforeEach(async () => (stage = await startStage('v2-helo')));

  for (const program of ['curl', 'python3']) {
    testWith([program], `sends with ${program}`, async () => {
      // As an editor writes it: its lines end in LF.
      await writeFile(path.join(folder, 'letter.txt'), 'Subject: Hi\n\nHello\n');
      await type(await handoutLine('v2-helo', program));
      expect(await stage.mailbox(recipient)).toHaveLength(1);
    });
  }
});

describe('the handout of stage 3', () => {
  const letters = ['one', 'two'].map((text) =>
    Buffer.from(`Subject: Hi\r\n\r\nLetter ${text}\r\n`),
  );
  beforeEach(async () => {
    stage = await startStage('v3-pop3');
    await sendOctets(stage, recipient, letters);
  });

  for (const program of ['curl', 'python3']) {
    testWith([program], `fetches a letter with ${program}`, async () => {
      expect(await type(await handoutLine('v3-pop3', program))).toContain('Letter one');
      expect(await stage.mailbox(recipient)).toHaveLength(2);
    });
  }

  for (const program of ['fetchmail', 'mpop']) {
    testWith([program], `fetches and deletes all letters with ${program}`, async () => {
      const printed = await type(await handoutLine('v3-pop3', program));
      const file = path.join(folder, 'letters.mbox');
      const fetched = program === 'mpop' ? await readFile(file, 'utf8') : printed;
      expect(fetched).toContain('Letter one');
      expect(fetched).toContain('Letter two');
      expect(await stage.mailbox(recipient)).toEqual([]);
    });
  }
});
