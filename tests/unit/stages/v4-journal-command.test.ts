/** `journal.ts`, as people call it: what it prints and how it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledProgram } from '../../bundled.ts';
import { ROOT } from '../../src/cli/stages.ts';
import { jsonLine } from '../../../v4-advanced/src/guards/visible.ts';
import { FIRST, HARMFUL, HOSTILE, OTHER, SECOND, STORY } from './v4-entries.ts';

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

let data: string;
let file: string;
beforeAll(async () => {
  data = await mkdtemp(path.join(os.tmpdir(), 'stagepost-journal-command-'));
  file = path.join(data, 'journal.jsonl');
  await write(STORY);
});
afterAll(() => rm(data, { recursive: true }));

const write = (entries: typeof STORY) =>
  writeFile(file, entries.map((each) => `${jsonLine(each)}\n`).join(''));

const STAGE = path.join(ROOT, 'v4-advanced');
const BUNDLED = await bundledProgram(STAGE, 'journal.ts');
const BY_TSX = ['--import', TSX, path.join(STAGE, 'journal.ts')];

function start(words: readonly string[], ...args: string[]) {
  const child = spawn(process.execPath, [...words, ...args], {
    env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, TZ: 'UTC' },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const ended = once(child, 'close').then(([code]) => ({ ...said, code: code as number }));
  return { child, ended };
}

const journal = (...args: string[]) => start(BUNDLED, '--data', data, ...args).ended;

describe('journal.ts', () => {
  it('tells all that has happened, the newest last', async () => {
    // Here as people start it, without a bundle.
    expect(await start(BY_TSX, '--data', data).ended).toEqual({
      code: 0,
      err: '',
      out: `\
2026-11-20 15:02:03  received   1763650923.M123Q000001  from alice@example.com for bob@example.com, 512 octets, #3 submission, account alice
2026-11-20 15:02:03  delivered  1763650923.M123Q000001  to bob
2026-11-20 15:02:30  received   1763650950.M007Q000002  from <> for bob@example.com, carol@example.com, 2048 octets, #4 smtp, client 2001:db8::1
2026-11-20 15:02:30  delivered  1763650950.M007Q000002  to bob
2026-11-20 15:02:30  delivered  1763650950.M007Q000002  to carol
2026-11-20 15:03:10  listed     1763650923.M123Q000001  in bob, by bob, #5 pop3s
2026-11-20 15:03:10  listed     1763650950.M007Q000002  in bob, by bob, #5 pop3s
2026-11-20 15:03:11  read       1763650923.M123Q000001  in bob, by bob, #5 pop3s
2026-11-20 15:04:00  unread     1763650923.M123Q000001  in bob, by another program
2026-11-20 15:04:01  delivered  1763650960.R1234567890  to bob, by another program
2026-11-20 15:05:00  deleted    1763650923.M123Q000001  from bob, by bob, #5 pop3s
`,
    });
  });

  it('tells the story of one message, by any part of its id', async () => {
    const story = {
      code: 0,
      err: '',
      out: `\
message ${SECOND}
2026-11-20 15:02:30  received   from <> for bob@example.com, carol@example.com, 2048 octets, #4 smtp, client 2001:db8::1
2026-11-20 15:02:30  delivered  to bob
2026-11-20 15:02:30  delivered  to carol
2026-11-20 15:03:10  listed     in bob, by bob, #5 pop3s
`,
    };
    const said = ['Q000002', '176365095'].map((part) => journal('--message', part));
    expect(await Promise.all(said)).toEqual([story, story]);
  });

  it('tells of one mailbox, and from whom its mail came', async () => {
    const { out } = await journal('--mailbox', 'Carol');
    expect(out.match(/(?<=^\S+ \S+ {2})\w+/gm)).toEqual(['received', 'delivered']);
    const both = await journal('--mailbox', 'bob', '--message', OTHER, '--json');
    expect(both.out).toBe(`${jsonLine(STORY[9]!)}\n`);
  });

  it('says what has become of all messages', async () => {
    expect(await journal('--tracker')).toEqual({
      code: 0,
      err: '',
      out: `\
bob: 2 messages, 0 read, 2 unread, 1 deleted
           message                 came              first read        by
  deleted  1763650923.M123Q000001  2026-11-20 15:02  2026-11-20 15:03  bob
  unread   1763650950.M007Q000002  2026-11-20 15:02
  unread   1763650960.R1234567890  2026-11-20 15:04

carol: 1 message, 0 read, 1 unread, 0 deleted
           message                 came              first read        by
  unread   1763650950.M007Q000002  2026-11-20 15:02
`,
    });
  });

  it('says the same to programs', async () => {
    const { out } = await journal('--json');
    expect(out.trim().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(STORY);
    const tracker = await journal('--tracker', '--json', '--message', FIRST);
    expect(JSON.parse(tracker.out)).toEqual({
      mailbox: 'bob', messages: 0, read: 0, unread: 0, deleted: 1,
      list: [{ message: FIRST, state: 'deleted', came: STORY[1]!.time, firstRead: STORY[7]!.time, by: 'bob' }],
    });
  }); // prettier-ignore

  it.each([
    [['--mailbox', 'zoe'], 'Nothing has happened in a mailbox "zoe". There are: bob, carol.'],
    [['--message', 'zz'], 'There is no message "zz" here. Without --message all are shown, with their ids.'],
    [['--message', '\x1b[31m\nzz'], String.raw`There is no message "\x1B[31m\x0Azz" here. Without --message all are shown, with their ids.`],
    [['--message', OTHER, '--mailbox', 'carol'], `There is no message "${OTHER}" here. Without --message all are shown, with their ids.`],
    [['--message', '17636509'], `3 messages have "17636509" in their ids: ${FIRST}, ${SECOND}, ${OTHER}. Say more of it.`],
    [['--nix'], "Unknown option '--nix'. See journal.ts --help."],
    [['bob'], "Unexpected argument 'bob'. See journal.ts --help."],
    [['--data', 'nowhere'], `There is no journal ${path.join('nowhere', 'journal.jsonl')}. Has the server run? Name its data folder with --data.`],
  ])('says in one line why it cannot: %j', async (args, line) => {
    expect(await journal(...args)).toEqual({ code: 1, out: '', err: `${line}\n` });
  }); // prettier-ignore

  it('explains itself in 80 columns', async () => {
    const { code, out } = await journal('--help');
    expect(code).toBe(0);
    for (const option of ['mailbox', 'message', 'tracker', 'json', 'data', 'help']) {
      expect(out).toContain(`--${option}`);
    }
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('with a journal that is out of the ordinary, journal.ts', () => {
  it('shows what can be read, and says how much cannot', async () => {
    await write(STORY.slice(0, 2));
    await appendFile(file, 'edited\n\n{"time":"2026');
    const { code, out, err } = await journal();
    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(3);
    expect(err).toBe(`Lines of ${file} that cannot be read, and are left out: 2\n`);
  });

  it('says when there is nothing yet', async () => {
    await write([]);
    expect(await journal('--tracker')).toEqual({
      code: 0,
      out: '',
      err: `No mail has come yet: there is no entry in ${file}.\n`,
    });
  });

  it('prints nothing that a terminal obeys', async () => {
    const hostile = {
      ...STORY[0]!,
      from: HOSTILE,
      to: [HOSTILE, 'x'.repeat(1e6)],
      account: HOSTILE,
    };
    await write([hostile, { ...STORY[1]!, mailbox: HOSTILE, message: HOSTILE }]);
    for (const args of [[], ['--tracker'], ['--json']]) {
      const { out, err } = await journal(...args);
      expect(`${out}${err}`.replaceAll('\n', '')).not.toMatch(HARMFUL);
      expect(`${out}${err}`).toContain(args.includes('--json') ? '\\u001b' : '\\x1B');
    }
  });

  it('does no harm when nobody reads on', async () => {
    await write(Array.from({ length: 20_000 }, () => STORY[0]!));
    const { child, ended } = start(BUNDLED, '--data', data);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await ended).toMatchObject({ code: 0, err: '' });
  });
});
