import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
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
import * as v4 from '../../../v4-advanced/src/commands.ts';
import { Directory } from '../../../v4-advanced/src/directory.ts';
import { defaultLimits, limitOptions as v4Limits } from '../../../v4-advanced/src/guards/limits.ts';
import { readJournal } from '../../../v4-advanced/src/journal-file.ts';
import { tellEntry, tellMailbox, Tracker } from '../../../v4-advanced/src/journal-story.ts';
import { usage as v4Usage } from '../../../v4-advanced/src/options.ts';
import * as v4Pop3 from '../../../v4-advanced/src/pop3/commands.ts';
import { Maildrop } from '../../../v4-advanced/src/pop3/maildrop.ts';
import {
  replies as v4Pop3Replies,
  tell as v4Pop3Tell,
} from '../../../v4-advanced/src/pop3/replies.ts';
import { replies as v4Replies, tell as v4Tell } from '../../../v4-advanced/src/replies.ts';
import { LOGIN_LINE } from '../../../v4-advanced/src/session.ts';
import { runCheck } from '../../src/check/check.ts';
import { ROOT as KIT } from '../../src/cli/stages.ts';
import type { DialogueBlock, Scenario } from '../../src/notation/model.ts';
import { type Manifest, toManifest } from '../../src/server/manifest.ts';
import { connect, startServer } from '../stages/process.ts';
import { type Handout, readHandout, tableOf } from './handout.ts';

interface Row {
  verb: string;
  allowed: readonly string[];
  next: string;
}

const END_OF_TEXT = 'a dot alone on a line';
const END_OF_LOGIN = 'the last answer of a login';

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

/** No command, but in the tables of commands. */
const NO_COMMANDS = [END_OF_TEXT, `${END_OF_TEXT}, or the last chunk`, END_OF_LOGIN];

const COMMANDS = [
  ...SMTP,
  {
    folder: 'v4-advanced',
    commands: [
      ...rows(v4.protocol.commands, v4.protocol.endOfText).map((row) => {
        return row.verb === END_OF_TEXT
          ? { ...row, verb: `${END_OF_TEXT}, or the last chunk` }
          : row;
      }),
      { verb: END_OF_LOGIN, ...v4.protocol.endOfLogin },
    ],
  },
];

const say = (value: number) => value.toLocaleString('en');

/** Stage 4 as its reader starts it: with the demo accounts, and all else as it is by itself. */
const WITH_DEMO_ACCOUNTS: Manifest = toManifest(
  {
    start:
      '{node} --import tsx server.ts --smtp {smtp} --submission {submission} --smtps {smtps} ' +
      // A folder of its own: the server's may hold what its reader's has left there.
      '--pop3 {pop3} --pop3s {pop3s} --mailboxes {mailboxes} --data {data}/handout',
    accounts: [
      { address: 'alice@example.com', user: 'alice', password: 'wonderland' },
      { address: 'bob@example.com', user: 'bob', password: 'can-we-fix-it' },
    ],
  },
  'handouts.test.ts',
);

const HANDOUTS = [
  { stage: 'v1', folder: 'v1-smtp' },
  { stage: 'v2', folder: 'v2-helo' },
  { stage: 'v3', folder: 'v3-pop3' },
  { stage: 'v4', folder: 'v4-advanced', manifest: WITH_DEMO_ACCOUNTS },
] as const;

describe.each(HANDOUTS)('the handout of $stage', ({ stage, folder, ...how }) => {
  const handout = readHandout(`${folder}/README.md`);

  it('shows sessions that come true word for word', async () => {
    expect(handout.sessions.length).toBeGreaterThan(0);
    const { scenarios } = await runCheck({ stage, scenarios: handout.sessions, ...how });
    expect(scenarios.map(({ id, status, message }) => ({ id, status, message }))).toEqual(
      handout.sessions.map(({ id }) => ({ id, status: 'passed', message: undefined })),
    );
    // What the notation forgives, such as a line of EHLO's that is not shown.
    const inSmtp = (session: Scenario) =>
      session.blocks.flatMap((block) =>
        block.type === 'dialogue' && block.protocol === 'smtp' ? [block.connection] : [],
      );
    expect(
      scenarios.map(({ steps }, index) => {
        const connections = inSmtp(handout.sessions[index]!);
        return steps
          .filter(({ connection, from }) => from === 'S' && connections.includes(connection))
          .map(({ text }) => text);
      }),
    ).toEqual(handout.replies);
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

describe.each(HANDOUTS.slice(0, 3))('the handout of $stage', ({ folder }) => {
  const handout = readHandout(`${folder}/README.md`);

  it('shows the file that comes of its first session, and what the server prints', async () => {
    const temporary = await mkdtemp(path.join(os.tmpdir(), 'stagepost-handout-'));
    const mailboxes = path.join(temporary, 'mailboxes');
    const server = await startServer(path.join(KIT, folder), ['--mailboxes', mailboxes]);
    try {
      const [sending, reading] = linesOfFirstSession(handout);
      await type(server.port, sending!);
      expect(await stored(mailboxes)).toEqual(
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
});

describe('the handout of v4', () => {
  const handout = readHandout('v4-advanced/README.md');
  const { files, texts } = handout;

  it('shows what comes of its letter: the file, the log, and what the journal tells', async () => {
    const temporary = await mkdtemp(path.join(os.tmpdir(), 'stagepost-handout-'));
    const mailboxes = path.join(temporary, 'mailboxes');
    const data = path.join(temporary, 'data');
    const server = await startServer(path.join(KIT, 'v4-advanced'), [
      ...['--mailboxes', mailboxes, '--data', data],
    ]);
    try {
      const said = texts.find((text) => text.startsWith('demo account'))!;
      const ports = /(^\w+ \S+:)\d+$/gm;
      expect(server.output().replace(ports, '$1')).toBe(said.replace(ports, '$1'));
      const started = server.output().length;

      const [sending, ...reading] = dialogues(handout.sessions.find(isRead)!);
      await typeThroughTls(server.ports, sending!);
      const shown = files.map(({ name, text }) => ({ name: neutral(name), text: neutral(text) }));
      expect(await stored(mailboxes)).toEqual(shown);

      await expect.poll(server.output).toContain('connection closed');
      await typeThroughTls(server.ports, reading[0]!);
      const seen = texts.find((text) => text.startsWith('mailboxes/bob/cur'))!;
      await expect
        .poll(async () => (await stored(mailboxes)).map(({ name }) => name))
        .toEqual([neutral(seen.trimEnd())]);

      await expect.poll(server.output).toMatch(/(?:connection closed[^]*){2}/);
      await typeThroughTls(server.ports, reading[1]!);
      expect(reading).toHaveLength(2);
      expect(await stored(mailboxes)).toEqual([]);
      await expect.poll(server.output).toMatch(/(?:connection closed[^]*){3}/);
      const log = texts.find((text) => text.includes(' #1 submission   connection'))!;
      expect(neutral(server.output().slice(started))).toBe(neutral(log));

      const told = await story(path.join(data, 'journal.jsonl'));
      for (const text of told) {
        const [line] = text.split('\n');
        const same = texts.find((each) => neutral(each).startsWith(neutral(line!)));
        expect(neutral(text)).toBe(neutral(same ?? 'nothing in the handout begins so'));
      }
    } finally {
      server.kill('SIGKILL');
      await server.ended;
      await rm(temporary, { recursive: true });
    }
  });

  it('sends its sessions as well in one go, as the server allows', async () => {
    const { scenarios } = await runCheck({
      ...{ stage: 'v4', scenarios: handout.sessions, manifest: WITH_DEMO_ACCOUNTS },
      delivery: 'pipelined',
    });
    expect(scenarios.map(({ message }) => message)).toEqual(handout.sessions.map(() => undefined));
  });

  it('tells names and passwords in base64', async () => {
    const text = await readFile(path.join(KIT, 'v4-advanced', 'README.md'), 'utf8');
    const lines = [...text.matchAll(/^C: (?:AUTH PLAIN )?([A-Za-z0-9+/]{6,}=*)$/gm)];
    const said = lines.map(([, word]) => word!).filter((word) => /[a-z]/.test(word)); // no verb
    const answers = new Set(said.map((base64) => atob(base64)));
    expect([...answers].sort()).toEqual([
      '\0alice\0guess',
      '\0alice\0wonderland',
      '\0bob\0can-we-fix-it',
      'alice',
      'wonderland',
    ]);
  });

  it('lists the extensions as EHLO does, in the clear and under TLS', () => {
    const settings = { limits: defaultLimits, directory: new Directory(() => new Set()) };
    const offered = [false, true].flatMap((isSecure) => {
      const client = { isSubmitting: true, isSecure, helo: '', isExtended: false };
      const transaction = { reversePath: '', isUtf8: false, recipients: [] };
      const outcome = v4.protocol.commands
        .get('EHLO')!
        .run({ ...transaction, client: { ...client, account: undefined } }, 'me', settings);
      return 'code' in outcome ? (outcome.lines ?? []) : [];
    });
    const listed = tableOf(handout, 'keyword', 'what it allows').map(([keyword]) => keyword);
    expect(listed).toEqual([...new Set(offered)]);
  });

  it('lists the capabilities as CAPA does, in the clear and under TLS', () => {
    const offered = [false, true].flatMap((isSecure) => {
      const client = { isSecure, name: '', maildrop: new Maildrop([]) };
      const outcome = v4Pop3.commands.get('CAPA')!.run(client, '');
      return 'ok' in outcome ? (outcome.lines ?? []) : [];
    });
    const listed = tableOf(handout, 'capability', 'what it tells').map(([keyword]) => keyword);
    expect([...listed].sort()).toEqual([...new Set(offered)].sort());
  });

  it('lists every reply of SMTP, with both its codes', () => {
    const listed = tableOf(handout, 'code', 'enhanced', 'text').map((cells) => cells.slice(0, 3));
    const given = [
      ...Object.values(v4Replies),
      v4Tell.extensions(['SIZE']),
      v4Tell.commands([...v4.protocol.commands.keys()]),
      v4Tell.challenge(btoa('Username:')),
      v4Tell.chunk(24),
    ].map((reply) => [
      String(reply.code),
      ('enhanced' in reply && reply.enhanced) || '',
      reply.text,
    ]);
    expect(Object.keys(v4Tell)).toHaveLength(4);
    // EHLO's first line is the reply to HELO.
    expect(listed.map(String).sort()).toEqual([...new Set(given.map(String))].sort());
  });

  it('lists every limit, and every option', () => {
    expect(tableOf(handout, 'limit', 'default')).toEqual(
      Object.values(v4Limits).map(({ option, value, about }) => [`--${option}`, say(value), about]),
    );
    const [before] = v4Usage.split('Limits:');
    const options = new Set(before!.match(/--[a-z0-9-]+ [A-Z]+/g));
    const listed = tableOf(handout, 'option', 'if left out').map(([option]) => option!);
    expect([...listed].sort()).toEqual([...options].sort());
    for (const [option, value] of tableOf(handout, 'option', 'if left out')) {
      const [, used] = new RegExp(`${option}.*\\((.*)\\)`).exec(before!) ?? [];
      if (used !== undefined && /^[\d./]/.test(value!)) expect(used).toBe(value);
    }
  });

  it('names the limits as the code has them', async () => {
    const text = await readFile(path.join(KIT, 'v4-advanced', 'README.md'), 'utf8');
    expect(text).toContain(`more than ${say(v4Limits.commandLine.value)} octets`);
    expect(text).toContain(`a line of a login of more than ${say(LOGIN_LINE)}`);
    expect(text).toContain(`a line of text of more than ${say(v4Limits.textLine.value)}`);
    expect(text).toContain(`more than ${v4Limits.message.value / 1024 / 1024} MiB`);
    expect(text).toContain(`more than ${v4Limits.handshakeSeconds.value} seconds`);
    expect(text).toContain(`goodbye | ${v4Limits.wrongPasswords.value} of them`);
    expect(text).toContain(`goodbye | ${v4Limits.badCommands.value} of them`);
    expect(text).toContain(`says nothing for ${v4Limits.pop3Seconds.value / 60} minutes`);
    expect(text).toContain(
      `${v4Limits.commandSeconds.value / 60} minutes for a command, ${v4Limits.textSeconds.value / 60} between two pieces of text, ${v4Limits.messageSeconds.value / 60} for a message`,
    );
    expect(text).toContain(
      `${say(v4Limits.connections.value)} in all, or ${v4Limits.connectionsPerAddress.value} from one address`,
    );
  });
});

describe.each(COMMANDS)('the table of commands of SMTP in $folder', ({ folder, commands }) => {
  const handout = readHandout(`${folder}/README.md`);

  it('lists them as the table in the code does', () => {
    const listed = tableOf(handout, 'command', 'allowed in', 'then').map(
      ([command, allowed, next]) => ({
        verb: NO_COMMANDS.includes(command!) ? command : wordOf(command!),
        allowed: allowed!.split(', '),
        next,
      }),
    );
    expect(listed).toEqual(commands);
  });
});

describe.each(SMTP)('the table of replies of SMTP in $folder', ({ folder, replies }) => {
  const handout = readHandout(`${folder}/README.md`);

  it('lists every reply, with its text', () => {
    const listed = tableOf(handout, 'code', 'text').map(([code, text]) => `${code} ${text}`);
    const given = Object.values(replies).map(({ code, text }) => `${code} ${text}`);
    expect(listed.sort()).toEqual(given.sort());
  });
});

const POP3 = [
  {
    folder: 'v3-pop3',
    commands: pop3.commands,
    ends: { 'what is marked has been deleted': pop3.endOfUpdate },
    replies: [
      ...Object.values(pop3Replies),
      tell.loggedIn(2),
      tell.state(2, 486),
      tell.list(2, []),
      tell.size(2, 252),
      tell.retrieve(252),
      tell.deleted(2),
      tell.restored(2),
    ],
    tell: [tell, 7] as const,
  },
  {
    folder: 'v4-advanced',
    commands: v4Pop3.commands,
    ends: {
      'what is marked has been deleted': v4Pop3.endOfUpdate,
      [END_OF_LOGIN]: v4Pop3.endOfLogin,
    },
    replies: [
      ...Object.values(v4Pop3Replies),
      v4Pop3Tell.loggedIn(2),
      v4Pop3Tell.state(2, 486),
      v4Pop3Tell.capabilities([]),
      v4Pop3Tell.mechanisms([]),
      v4Pop3Tell.list(2, []),
      v4Pop3Tell.size(2, 252),
      v4Pop3Tell.uid(2, '1795189358.M341Q000001R313e26b3.stagepost'),
      v4Pop3Tell.retrieve(252),
      v4Pop3Tell.deleted(2),
      v4Pop3Tell.restored(2),
    ],
    tell: [v4Pop3Tell, 10] as const,
  },
];

describe.each(POP3)('the tables of POP3 in $folder', ({ folder, commands, ends, ...given }) => {
  const handout = readHandout(`${folder}/README.md`);

  it('list the commands as the table in the code does', () => {
    const listed = tableOf(handout, 'command', 'allowed in, and then', 'if it fails').map(
      ([command, moves, otherwise]) =>
        [command! in ends ? command : wordOf(command!), moves, otherwise].join(' | '),
    );
    const row = ([verb, { moves, otherwise = '' }]: [
      string,
      { moves: object; otherwise?: string },
    ]) =>
      [
        verb,
        Object.entries(moves)
          .map((move) => move.join(' → '))
          .join(', '),
        otherwise,
      ].join(' | ');
    // LIST has a row for each of its two forms.
    expect([...new Set(listed)].sort()).toEqual(
      [...commands, ...Object.entries(ends)].map(row).sort(),
    );
  });

  it('list every reply, with its text', () => {
    const listed = tableOf(handout, 'answer', 'text').map(([answer, text]) => `${answer} ${text}`);
    const replies = given.replies.map(({ ok, text }) => `${ok ? '+OK' : '-ERR'} ${text}`);
    const [tell, count] = given.tell;
    expect(Object.keys(tell)).toHaveLength(count);
    expect(listed.sort()).toEqual(replies.sort());
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

/** The verb in a cell of a table. */
const wordOf = (cell: string) => cell.split(' ')[0]!;

/** The files of the mailboxes, as a handout shows them. */
async function stored(mailboxes: string): Promise<{ name: string; text: string }[]> {
  const files = (await readdir(mailboxes, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name));
  return Promise.all(
    files.map(async (file) => ({
      name: neutral(path.relative(path.dirname(mailboxes), file).replaceAll('\\', '/')),
      text: neutral((await readFile(file, 'utf8')).replaceAll('\r\n', '\n')),
    })),
  );
}

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

const dialogues = ({ blocks }: Scenario) => blocks.filter((block) => block.type === 'dialogue');

/** Is it about mail that is sent and then read? */
const isRead = (session: Scenario) =>
  dialogues(session).some(({ protocol }) => protocol === 'pop3');

/** Types what a dialogue says; where it says `tls`, or from the beginning, through TLS. */
async function typeThroughTls(
  ports: Record<string, number>,
  { port, steps }: DialogueBlock,
): Promise<void> {
  const client = await connect(ports[port]!);
  const lines = steps.filter(({ type }) => type === 'send' || type === 'tls');
  const clear = lines.slice(0, lines.findIndex(({ type }) => type === 'tls') + 1);
  const typed = (some: typeof lines) =>
    some
      .filter(({ type }) => type === 'send')
      .map(({ source }) => `${source.replace(/^C: ?/, '')}\r\n`)
      .join('');
  if (clear.length > 0) {
    client.socket.write(typed(clear));
    await client.hear('Begin TLS now\r\n');
    client.socket.removeAllListeners('data');
  }
  const secure = tls.connect({ socket: client.socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  secure.end(typed(lines.slice(clear.length)));
  secure.resume();
  await once(secure, 'close');
}

/** What journal.ts prints in a terminal of 80 columns: all of it, one message, the tracker. */
async function story(journal: string): Promise<string[]> {
  const page = { columns: 80, faint: (text: string) => text };
  const tracker = new Tracker();
  const entries = [];
  for await (const lines of readJournal(journal)) entries.push(...lines);
  const told = entries.flatMap((entry) => entry ?? []);
  for (const entry of told) tracker.add(entry);
  return [
    told.map((entry) => tellEntry(entry, page)).join(''),
    `message ${told[0]!.message}\n${told.map((entry) => tellEntry(entry, page, false)).join('')}`,
    tracker
      .result()
      .map((mailbox) => tellMailbox(mailbox, page))
      .join('\n'),
  ];
}

/** Without what is different each time: times, ports, and what makes the name of a file unique. */
function neutral(text: string): string {
  return text
    .replace(/\w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4}/g, 'DATE')
    .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d/g, 'DATE')
    .replace(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-\d{6}-[0-9a-f]{8}/g, 'NAME')
    .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/gm, 'TIME')
    .replace(/\d{10}\.M\d{3}Q\d{6}(?:R[0-9a-f]{8})?/g, (id) =>
      id.includes('R') ? 'ID' : 'SHORT-ID',
    )
    .replace(/[:;]2,/g, ':2,')
    .replace(/^\d\d:\d\d:\d\d\.\d{3}/gm, 'TIME')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?/g, 'TIME')
    .replace(/ port \d+$/gm, ' port PORT');
}
