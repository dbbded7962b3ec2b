import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as v1 from '../../../v1-smtp/src/commands.ts';
import { limitOptions } from '../../../v1-smtp/src/guards/limits.ts';
import { replies as v1Replies } from '../../../v1-smtp/src/replies.ts';
import * as v2 from '../../../v2-helo/src/commands.ts';
import { replies as v2Replies } from '../../../v2-helo/src/replies.ts';
import { usage as v2Usage } from '../../../v2-helo/src/options.ts';
import * as v3 from '../../../v3-pop3/src/commands.ts';
import { limitOptions as v3Limits } from '../../../v3-pop3/src/guards/limits.ts';
import { usage as v3Usage } from '../../../v3-pop3/src/options.ts';
import * as pop3 from '../../../v3-pop3/src/pop3/commands.ts';
import { replies as pop3Replies, tell } from '../../../v3-pop3/src/pop3/replies.ts';
import { replies as v3Replies } from '../../../v3-pop3/src/replies.ts';
import { runCheck } from '../../src/check/check.ts';
import { ROOT as KIT } from '../../src/cli/stages.ts';
import { connect, startServer } from '../stages/process.ts';
import { type Handout, readHandout, tableOf } from './handout.ts';

interface Row {
  verb: string;
  allowed: readonly string[];
  next: string;
}

const END_OF_TEXT = 'a dot alone on a line';

const rows = (
  commands: ReadonlyMap<string, { allowed: readonly string[]; next: string }>,
  endOfText: { allowed: readonly string[]; next: string },
): Row[] => [
  ...Array.from(commands, ([verb, { allowed, next }]) => ({ verb, allowed, next })),
  { verb: END_OF_TEXT, ...endOfText },
];

/** What the tables of SMTP say, and which handout has them. */
const SMTP = [
  { folder: 'v1-smtp', replies: v1Replies, commands: rows(v1.commands, v1.endOfText) },
  {
    folder: 'v2-helo',
    replies: v2Replies,
    commands: rows(v2.protocol.commands, v2.protocol.endOfText),
  },
  // Stage 3 says that nothing has changed, and sends its readers to stage 2.
  {
    folder: 'v2-helo',
    replies: v3Replies,
    commands: rows(v3.protocol.commands, v3.protocol.endOfText),
  },
];

const say = (value: number) => value.toLocaleString('en');

describe.each([
  { stage: 'v1', folder: 'v1-smtp' },
  { stage: 'v2', folder: 'v2-helo' },
  { stage: 'v3', folder: 'v3-pop3' },
] as const)('the handout of $stage', ({ stage, folder }) => {
  const handout = readHandout(`${folder}/README.md`);

  it('shows sessions that come true word for word', async () => {
    expect(handout.sessions.length).toBeGreaterThan(0);
    const { scenarios } = await runCheck({
      stage,
      scenarios: handout.sessions,
    });
    expect(scenarios.map(({ id, status, message }) => ({ id, status, message }))).toEqual(
      handout.sessions.map(({ id }) => ({ id, status: 'passed', message: undefined })),
    );
  });

  it('shows the file that comes of its first session, and what the server prints', async () => {
    const temporary = await mkdtemp(path.join(os.tmpdir(), 'stagepost-handout-'));
    const mailboxes = path.join(temporary, 'mailboxes');
    const server = await startServer(path.join(KIT, folder), ['--mailboxes', mailboxes]);
    try {
      const [sending, reading] = linesOfFirstSession(handout);
      await type(server.port, sending!);
      const files = (await readdir(mailboxes, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => path.join(parentPath, name));
      const stored = await Promise.all(
        files.map(async (file) => ({
          name: neutral(path.relative(temporary, file).replaceAll('\\', '/')),
          text: neutral((await readFile(file, 'utf8')).replaceAll('\r\n', '\n')),
        })),
      );
      expect(stored).toEqual(
        handout.files.map(({ name, text }) => ({ name: neutral(name), text: neutral(text) })),
      );

      const log = handout.texts.find((text) => text.includes(' #1 '));
      if (reading !== undefined) {
        await expect.poll(server.output).toContain('connection closed');
        await type(server.pop3, reading);
        await expect.poll(server.output).toMatch(/(?:connection closed[^]*){2}/);
        expect(neutral(server.output().replace(/^\w+ \S+:\d+\n/gm, ''))).toBe(neutral(log!));
      }
    } finally {
      server.kill('SIGKILL');
      await server.ended;
      await rm(temporary, { recursive: true });
    }
  });

  it('links to what is there', () => {
    expect(handout.links.filter((target) => !existsSync(path.join(KIT, target)))).toEqual([]);
  });

  it('names files of the program that are there', async () => {
    const text = await readFile(path.join(KIT, folder, 'README.md'), 'utf8');
    const named = Array.from(text.matchAll(/`(src\/[\w/-]+(?:\.ts)?)/g), ([, file]) => file!);
    expect(named.filter((file) => !existsSync(path.join(KIT, folder, file)))).toEqual([]);
  });
});

describe.each(SMTP)('the tables of SMTP in $folder', ({ folder, replies, commands }) => {
  const handout = readHandout(`${folder}/README.md`);

  it('list the commands as the table in the code does', () => {
    const listed = tableOf(handout, 'command', 'allowed in', 'then').map(
      ([command, allowed, next]) => ({
        verb: command === END_OF_TEXT ? command : command!.split(' ')[0],
        allowed: allowed!.split(', '),
        next,
      }),
    );
    expect(listed).toEqual(commands);
  });

  it('list every reply, with its text', () => {
    const listed = tableOf(handout, 'code', 'text').map(([code, text]) => `${code} ${text}`);
    const given = Object.values(replies).map(({ code, text }) => `${code} ${text}`);
    expect(listed.sort()).toEqual(given.sort());
  });
});

describe('the tables of POP3', () => {
  const handout = readHandout('v3-pop3/README.md');

  it('list the commands as the table in the code does', () => {
    const end = 'what is marked has been deleted';
    const listed = tableOf(handout, 'command', 'allowed in, and then', 'if it fails').map(
      ([command, moves, otherwise]) =>
        [command === end ? command : command!.split(' ')[0], moves, otherwise].join(' | '),
    );
    const row = (verb: string, moves: object, otherwise = '') =>
      [
        verb,
        Object.entries(moves)
          .map((move) => move.join(' → '))
          .join(', '),
        otherwise,
      ].join(' | ');
    const given = [
      ...Array.from(pop3.commands, ([verb, { moves, otherwise }]) => row(verb, moves, otherwise)),
      row(end, pop3.endOfUpdate.moves),
    ];
    // LIST has a row for each of its two forms.
    expect([...new Set(listed)].sort()).toEqual(given.sort());
  });

  it('list every reply, with its text', () => {
    const listed = tableOf(handout, 'answer', 'text').map(([answer, text]) => `${answer} ${text}`);
    const given = [
      ...Object.values(pop3Replies),
      tell.loggedIn(2),
      tell.state(2, 486),
      tell.list(2, []),
      tell.size(2, 252),
      tell.retrieve(252),
      tell.deleted(2),
      tell.restored(2),
    ].map(({ ok, text }) => `${ok ? '+OK' : '-ERR'} ${text}`);
    expect(Object.keys(tell)).toHaveLength(7);
    expect(listed.sort()).toEqual(given.sort());
  });
});

describe('the handouts', () => {
  it('name the limits as the code has them', async () => {
    const text = await readFile(path.join(KIT, 'v1-smtp', 'README.md'), 'utf8');
    expect(text).toContain(`a command of more than ${say(limitOptions.commandLine.value)} octets`);
    expect(text).toContain(`a line of text of more than ${say(limitOptions.textLine.value)}`);
    expect(text).toContain(`more than ${limitOptions.message.value / 1024 / 1024} MiB`);
    expect(text).toContain(`${limitOptions.badCommands.value} of them`);
    expect(text).toContain(`more than ${say(limitOptions.recipients.value)} |`);
    expect(text).toContain(
      `${limitOptions.commandSeconds.value / 60} minutes for a command, ${limitOptions.textSeconds.value / 60} between two pieces of text, ${limitOptions.messageSeconds.value / 60} for a message`,
    );
    expect(text).toContain(
      `${say(limitOptions.connections.value)} in all, or ${limitOptions.connectionsPerAddress.value} from one address`,
    );
  });

  it('name the limits of POP3', async () => {
    const text = await readFile(path.join(KIT, 'v3-pop3', 'README.md'), 'utf8');
    expect(text).toContain(`more than ${say(v3Limits.commandLine.value)} octets; the connection`);
    expect(text).toContain(`${v3Limits.badCommands.value} of them`);
    expect(text).toContain(
      `${say(v3Limits.connections.value)} in all, or ${v3Limits.connectionsPerAddress.value} from one address`,
    );
    expect(text).toContain(`says nothing for ${v3Limits.pop3Seconds.value / 60} minutes`);
  });

  it.each([
    {
      folder: 'v2-helo',
      usage: v2Usage,
      options: ['--users FILE', '--strict', '--file-by sender'],
    },
    { folder: 'v3-pop3', usage: v3Usage, options: ['--users FILE', '--strict'] },
  ])('name the options of $folder', async ({ folder, usage, options }) => {
    const text = await readFile(path.join(KIT, folder, 'README.md'), 'utf8');
    for (const option of options) {
      expect(text).toContain(`\`${option}\``);
      expect(usage).toContain(option.split(' ')[0]);
    }
  });
});

/** What is typed in the first session, a list of lines for each connection. */
function linesOfFirstSession({ sessions }: Handout): string[][] {
  return sessions[0]!.blocks.flatMap((block) => {
    if (block.type !== 'dialogue') return [];
    const typed = block.steps.filter(({ type }) => type === 'send');
    return [typed.map(({ source }) => source.replace(/^C: ?/, ''))];
  });
}

async function type(port: number, lines: string[]): Promise<void> {
  const client = await connect(port);
  client.say(...lines);
  await client.end();
}

/** Without what is different each time: times, ports, and what makes the name of a file unique. */
function neutral(text: string): string {
  return text
    .replace(/\w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4}/g, 'DATE')
    .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d/g, 'DATE')
    .replace(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-\d{6}-[0-9a-f]{8}/g, 'NAME')
    .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/gm, 'TIME')
    .replace(/ port \d+$/gm, ' port PORT');
}
