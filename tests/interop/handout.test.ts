/** The command lines that the handouts show for other programs do what is said of them, as they stand. */
import { readFileSync } from 'node:fs';
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
async function type(line: string, input = ''): Promise<string> {
  const env = { HOME: folder, FETCHMAILHOME: folder };
  const how = { cwd: folder, env, input, timeout: 20_000 };
  const { stdout } = await execa('sh', ['-c', line], how);
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

describe('the handout of stage 4', () => {
  const text = readFileSync(path.join(repository, 'v4-advanced', 'README.md'), 'utf8');
  const [, others = ''] = text.split('\n## Other programs\n');
  const fences = Array.from(
    others.split('\n## ')[0]!.matchAll(/^```(\w+)\n([^]*?)^```$/gm),
    ([, language, lines]) => ({ language, lines: lines! }),
  );
  const [sending = [], reading = []] = fences
    .filter(({ language }) => language === 'sh')
    .map(({ lines }) => lines.trimEnd().split('\n'));
  const script = fences.find(({ language }) => language === 'python')!.lines;

  /** With the ports that are in use here. */
  const here = (lines: string) =>
    Object.entries(handoutPorts).reduce(
      (all, [name, port]) => all.replaceAll(port, String(stage.ports[name])),
      lines,
    );
  const handoutPorts = { submission: '5870', smtps: '4650', pop3: '1110', pop3s: '9950' };
  /** `echo … | fetchmail -f -` runs fetchmail. */
  const programOf = (line: string) => /^(?:echo .* \| )?(\w+)/.exec(line)![1]!;
  const title = (line: string) =>
    `${programOf(line)} on port ${/(?:localhost:|port=|service )(\d+)/.exec(line)![1]}`;

  beforeEach(async () => {
    const data = path.join(folder, 'data');
    stage = await startStage('v4-advanced', { args: ['--data', data, '--login-delay', '10'] });
    await writeFile(path.join(folder, 'letter.txt'), 'Subject: Hi\n\nHello\n');
  });

  for (const line of sending) {
    // Debian installs swaks without the module that it needs for TLS.
    const needs = programOf(line) === 'swaks' ? ['swaks', 'Net::SSLeay'] : [programOf(line)];
    testWith(needs, `sends through TLS with ${title(line)}`, async () => {
      await type(here(line));
      const [letter, ...more] = await stage.mailbox(recipient);
      expect(letter!.headers.get('received')).toContain('with ESMTPSA');
      expect(more).toEqual([]);
    });
  }

  for (const line of reading.filter((each) => programOf(each) !== 'mutt')) {
    testWith([programOf(line)], `reads through TLS with ${title(line)}`, async () => {
      await sendOctets(stage, recipient, [Buffer.from('Subject: Hi\r\n\r\nLetter one\r\n')]);
      const fetch = async () => {
        const printed = await type(here(line));
        const file = path.join(folder, 'letters.mbox');
        return programOf(line) === 'mpop' ? readFile(file, 'utf8') : printed;
      };
      expect(await fetch()).toContain('Letter one');
      expect(await stage.mailbox(recipient)).toHaveLength(1);
    });
  }

  for (const program of ['fetchmail', 'mpop']) {
    testWith([program], `knows with ${program} what it has fetched`, async () => {
      await sendOctets(stage, recipient, [Buffer.from('Subject: Hi\r\n\r\nLetter one\r\n')]);
      const line = here(reading.find((each) => programOf(each) === program)!);
      await type(line);
      // fetchmail's way to say that there is nothing new is to fail.
      expect(await type(`${line} || true`)).not.toContain('Letter one');
      expect(stage.log().match(/mailbox bob: open/g)).toHaveLength(2);
      expect(await readFile(path.join(folder, 'letters.mbox'), 'utf8').catch(() => '')).toMatch(
        program === 'mpop' ? /^(?:(?!Letter one)[^])*Letter one(?:(?!Letter one)[^])*$/ : /^$/,
      );
    });
  }

  testWith(['python3'], 'sends and reads through TLS with a script in Python', async () => {
    expect(await type('python3 -', here(script))).toMatch(/OK 1 message/);
    expect(await stage.mailbox(recipient)).toHaveLength(1);
  });
});
