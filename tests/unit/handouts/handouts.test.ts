import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as v1 from '../../../v1-smtp/src/commands.ts';
import { limitOptions } from '../../../v1-smtp/src/guards/limits.ts';
import { replies as v1Replies } from '../../../v1-smtp/src/replies.ts';
import * as v2 from '../../../v2-helo/src/commands.ts';
import { replies as v2Replies } from '../../../v2-helo/src/replies.ts';
import { usage } from '../../../v2-helo/src/options.ts';
import { runCheck } from '../../src/check/check.ts';
import { ROOT as KIT } from '../../src/cli/stages.ts';
import { connect, startServer } from '../stages/process.ts';
import { readHandout, tableOf } from './handout.ts';

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

const STAGES = [
  {
    stage: 'v1',
    folder: 'v1-smtp',
    replies: v1Replies,
    commands: rows(v1.commands, v1.endOfText),
  },
  {
    stage: 'v2',
    folder: 'v2-helo',
    replies: v2Replies,
    commands: rows(v2.protocol.commands, v2.protocol.endOfText),
  },
] as const;

describe.each(STAGES)('the handout of $stage', ({ stage, folder, replies, commands }) => {
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

  it('shows the file that comes of its first session', async () => {
    const temporary = await mkdtemp(path.join(os.tmpdir(), 'stagepost-handout-'));
    const server = await startServer(path.join(KIT, folder), [
      '--mailboxes',
      path.join(temporary, 'mailboxes'),
    ]);
    const client = await connect(server.port);
    const typed = handout.sessions[0]!.blocks.flatMap((block) =>
      block.type === 'dialogue' ? block.steps : [],
    );
    client.say(
      ...typed
        .filter(({ type }) => type === 'send')
        .map(({ source }) => source.replace(/^C: ?/, '')),
    );
    await client.end();
    const neutral = (text: string) =>
      text
        .replace(/\w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4}/, 'DATE')
        .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d/, 'DATE');
    expect(handout.files).toHaveLength(1);
    for (const { name, text } of handout.files) {
      expect(neutral(await readFile(path.join(temporary, name), 'utf8'))).toBe(neutral(text));
    }
    server.kill('SIGKILL');
    await server.ended;
    await rm(temporary, { recursive: true });
  });

  it('lists the commands as the table in the code does', () => {
    const listed = tableOf(handout, 'command', 'allowed in', 'then').map(
      ([command, allowed, next]) => ({
        verb: command === END_OF_TEXT ? command : command!.split(' ')[0],
        allowed: allowed!.split(', '),
        next,
      }),
    );
    expect(listed).toEqual(commands);
  });

  it('lists every reply, with its text', () => {
    const listed = tableOf(handout, 'code', 'text').map(([code, text]) => `${code} ${text}`);
    const given = Object.values(replies).map(({ code, text }) => `${code} ${text}`);
    expect(listed.sort()).toEqual(given.sort());
  });

  it('links to what is there', () => {
    expect(handout.links.filter((target) => !existsSync(path.join(KIT, target)))).toEqual([]);
  });
});

describe('the handouts', () => {
  it('name the limits as the code has them', async () => {
    const text = await readFile(path.join(KIT, 'v1-smtp', 'README.md'), 'utf8');
    const say = (value: number) => value.toLocaleString('en');
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

  it('name the options of stage 2', async () => {
    const text = await readFile(path.join(KIT, 'v2-helo', 'README.md'), 'utf8');
    for (const option of ['--users FILE', '--strict', '--file-by sender']) {
      expect(text).toContain(`\`${option}\``);
      expect(usage).toContain(option.split(' ')[0]);
    }
  });
});
