/** The client of stage 3 reads mail: by flags, by its menu, and with the server of its stage. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, keys, ROOT } from './run-client.ts';
import { POP3, sampleServer, type Script } from './sample-server.ts';

const BOB = ['--user', 'bob@example.com'];
const SECRET = [...BOB, '--password', 'secret'];

const client = (args: readonly string[], input?: string) => clientOf('v3-pop3', args, input);

/** Runs the client against a sample server. */
async function talk(args: readonly string[], input?: string, script?: Script) {
  await using server = await sampleServer(script, POP3);
  const result = await client(['--pop3', String(server.port), ...args], input);
  await server.allClosed();
  return { ...result, server, port: server.port };
}

const on =
  (command: string, answer: ReturnType<Script>): Script =>
  (heard) =>
    heard === command ? answer : undefined;

const TABLE = [
  '2 messages, 63 octets:',
  '  No.     Octets  From                        Subject',
  '    1         52  alice                       Café',
  '    2         11',
];

describe('the client that reads by flags', () => {
  it('lists the messages below the dialogue', async () => {
    const { exitCode, stderr, lines, port } = await talk(['--list', ...SECRET]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(lines[0]).toBe(`Connecting to 127.0.0.1:${port}`);
    expect(lines).toContain('C: PASS ****');
    expect(lines.slice(-6)).toEqual(['C: QUIT', 'S: +OK', ...TABLE]);
  });

  it('takes the password from standard input, and can leave out the dialogue', async () => {
    const { exitCode, stderr, lines, server } = await talk(
      ['--list', '--quiet', ...BOB],
      'open sésame\r\nmore\n',
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(lines).toEqual(TABLE);
    expect(server.commands[1]).toBe('PASS open sésame');
  });

  it('asks nobody without a password', async () => {
    const { exitCode, stdout, stderr, server } = await talk(['--list', ...BOB]);
    expect([exitCode, stdout, stderr]).toEqual([2, '', 'A password is missing.']);
    expect(server.commands).toEqual([]);
  });

  it('keeps a long list within 80 columns, and control characters to itself', async () => {
    const head = `From: ${'é'.repeat(99)}\r\nSubject: \x1B[2J=?utf-8?Q?=1B?=${'x'.repeat(99)}\r\n`;
    const { lines } = await talk(['--list', '--quiet', ...SECRET], '', (command) => {
      if (command === 'LIST') return '+OK\r\n1 5\r\n99999 99999999\r\n.\r\n';
      return command.startsWith('RETR') ? `+OK\r\n${head}\r\n.\r\n` : undefined;
    });
    expect(lines.slice(2)).toEqual([
      `    1          5  ${'é'.repeat(25)}…  \\x1B[2J\\x1B${'x'.repeat(22)}…`,
      '99999 99,999,999                              (not fetched yet)',
    ]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('prints a message to the octet, and with --quiet nothing else', async () => {
    const wire = Buffer.from('+OK 1 octet\r\n\xE9\0\x1B\n.\r\n..\r\n.\r\n', 'latin1');
    const script = on('RETR 1', wire);
    const quiet = await talk(['--read', '1', '--quiet', '--delete', '1', ...SECRET], '', script);
    expect([quiet.exitCode, quiet.stderr]).toEqual([0, '']);
    expect(quiet.octets.toString('latin1')).toBe('\xE9\0\x1B\n.\r\n.\r\n');
    expect(quiet.server.commands.slice(2)).toEqual(['RETR 1', 'DELE 1', 'QUIT']);
    const shown = await talk(['--read', '1', ...SECRET], '', script);
    expect(shown.octets.toString('latin1')).toMatch(
      /\nS: \.\n--- message 1, 10 octets ---\n\xE9\0\x1B\n\.\r\n\.\r\n--- end of message 1 ---\nC: QUIT\nS: \+OK\n$/,
    );
  });

  it('deletes several messages, or none', async () => {
    const both = await talk(['--delete', '1', '--delete', '2', ...SECRET, '--quiet']);
    expect([both.exitCode, both.stdout]).toEqual([0, 'Deleted: 1, 2.']);
    const one = await talk(['--delete', '1', '--delete', '9', ...SECRET, '--quiet']);
    expect([one.exitCode, one.stdout, one.stderr]).toEqual([
      1,
      '',
      'The server refused DELE 9: -ERR no (Nothing was deleted.)',
    ]);
    expect(one.server.commands.at(-1)).toBe('DELE 9');
  });

  it('ends with 1 and one line when there is no such message', async () => {
    const { exitCode, stdout, stderr } = await talk(['--read', '9', '--quiet', ...SECRET]);
    expect([exitCode, stdout, stderr]).toEqual([1, '', 'The server refused RETR 9: -ERR no']);
  });

  it('ends with 1 and one line when the server is silent, or gone', async () => {
    const silent = await talk(['--list', '--quiet', '--timeout', '1', ...SECRET], '', () => null);
    expect([silent.exitCode, silent.stderr]).toEqual([
      1,
      'The server was silent for 1 s instead of sending its greeting.',
    ]);
    const gone = await client(['--list', '--quiet', '--pop3', String(silent.port), ...SECRET]);
    expect([gone.exitCode, gone.stderr]).toEqual([
      1,
      `Nobody listens on 127.0.0.1:${silent.port}. Is the server running? ` +
        `Start it: npx tsx server.ts --pop3 ${silent.port}`,
    ]);
  });

  it('ends with 2 and one line when the command line is wrong', async () => {
    const { exitCode, stdout, stderr } = await client(['--list', '--test', ...SECRET]);
    expect([exitCode, stdout, stderr]).toEqual([
      2,
      '',
      'Sending and reading are two jobs: do one at a time. Try --help.',
    ]);
  });
});

describe('the client that reads by its menu, through a pipe', () => {
  const login = ['3', 'bob@example.com', 'open sésame'];

  it('lists, reads, marks, unmarks, and deletes on leaving', async () => {
    const { exitCode, stderr, stdout, server } = await talk(
      ['--quiet'],
      keys(...login, '1', 'd 2', 'u', 'D1', 'l', 'q', '4'),
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`\n${TABLE.join('\n')}\n`);
    expect(stdout).toContain('--- message 1, 52 octets ---\nFrom: alice\n');
    expect(stdout).toContain('\n.é\n--- end of message 1 ---\n');
    expect(stdout).toContain('Mailbox of bob@example.com, marked for deletion: 2\n');
    expect(stdout).toContain('No message is marked any more.\n');
    expect(stdout).toMatch(/Deleted: 1\.\n[^]*Goodbye\.$/);
    expect(stdout).not.toContain('sésame');
    const made = ['DELE 2', 'RSET', 'DELE 1', 'LIST', 'QUIT'];
    expect(server.commands.slice(-5)).toEqual(made);
  });

  it('asks for the password once, and again when it was refused', async () => {
    const good = await talk(['--quiet'], keys(...login, 'q', '3', '', 'q', '4'));
    const said = good.server.commands.filter((command) => command.startsWith('PASS'));
    expect(said).toEqual(['PASS open sésame', 'PASS open sésame']);
    const bad = await talk(
      ['--quiet', ...SECRET],
      keys('3', '', '3', '', 'other', 'q', '4'),
      on('PASS secret', '-ERR [AUTH] no\r\n'),
    );
    expect(bad.stderr).toBe('The server refused the login of bob@example.com: -ERR [AUTH] no');
    expect(bad.server.commands).toContain('PASS other');
  });

  it('goes on after what the server refuses or nobody understands', async () => {
    const { stderr, stdout } = await talk(
      ['--quiet'],
      keys(...login, '9', 'd 9', 'd', '1 2', '', 'q', '4'),
    );
    expect(stderr.split(/\r?\n/)).toEqual([
      'The server refused RETR 9: -ERR no',
      'The server refused DELE 9: -ERR no',
    ]);
    expect(stdout.match(/Please type the number of a message/g)).toHaveLength(3);
  });

  it('goes back to the first menu when the server leaves, or the mailbox is empty', async () => {
    let times = 0;
    const left = await talk(['--quiet'], keys(...login, 'd 1', '2', '4'), (command) =>
      command === 'RETR 2' && ++times === 2 ? { end: 'close' } : undefined,
    );
    expect(left.stderr).toBe(
      'The server closed the connection instead of answering RETR 2. (Nothing was deleted.)',
    );
    expect(left.stdout).toMatch(/Goodbye\.$/);
    const empty = await talk(['--quiet'], keys(...login, '4'), on('LIST', '+OK\r\n.\r\n'));
    expect(empty.stdout).toContain('No messages.\nIs bob@example.com the right address?\n');
    expect(empty.server.commands.at(-1)).toBe('QUIT');
    expect(empty.stdout).toMatch(/Goodbye\.$/);
  });

  it('deletes nothing when the input ends', async () => {
    const { exitCode, stdout, server } = await talk(['--quiet'], keys(...login, 'd 1'));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\(Nothing was deleted\.\)\nGoodbye\.$/);
    expect(server.commands.at(-1)).toBe('DELE 1');
  });

  it('shows of a long message the beginning, and no control characters', async () => {
    const long = `+OK\r\n\x1B[2J${'é'.repeat(500_000)}\r\n.\r\n`;
    const { stdout } = await talk(['--quiet'], keys(...login, '1', 'q', '4'), on('RETR 1', long));
    expect(stdout).not.toContain('\x1B');
    expect(stdout).toContain('--- message 1, 1,000,006 octets ---\n\\x1B[2Jéé');
    expect(stdout).toContain('é\n--- the first 20,000 octets; all of it: client.ts --read 1 ---\n');
    expect(stdout.length).toBeLessThan(12_000);
  });
});

// `script` of util-linux lends a terminal to a program.
const lendsTerminal = process.platform === 'linux' && existsSync('/usr/bin/script');

describe.skipIf(!lendsTerminal)('the client that reads, on a terminal', () => {
  /** Runs it, and types each answer when its question has appeared. */
  async function type(args: string[], dialogue: [question: string, answer: string][]) {
    await using server = await sampleServer(on('RETR 1', '+OK\r\n\x1B[2Jhi\r\n.\r\n'), POP3);
    const line = ['v3-pop3/client.ts', '--pop3', String(server.port), ...args].join(' ');
    const command = `"${process.execPath}" --import tsx ${line}`;
    const terminal = execa('script', ['-qec', command, '/dev/null'], { cwd: ROOT, reject: false });
    let said = '';
    let seen = 0;
    const waiting = [...dialogue];
    terminal.stdout.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
      const [question, answer] = waiting[0] ?? ['', ''];
      const place = said.indexOf(question, seen);
      if (waiting.length === 0 || place < 0) return;
      seen = place + question.length;
      waiting.shift();
      terminal.stdin.write(answer);
    });
    const { exitCode } = await terminal;
    return { exitCode, said, commands: server.commands };
  }

  it('does not show the password, nor bring it back', async () => {
    const { exitCode, said, commands } = await type(
      ['--quiet'],
      [
        ['choice: ', '3\r'],
        ['Address: ', 'bob@example.com\r'],
        ['Password (it is not shown): ', 'sesame\r'],
        ['choice: ', '\x1B[A\x1B[A\x1B[A\x15q\r'], // Three times arrow up, and clear the line.
        ['choice: ', '4\r'],
      ],
    );
    expect(exitCode).toBe(0);
    expect(commands).toContain('PASS sesame');
    expect(said).not.toContain('sesame');
    expect(said).toMatch(/Goodbye\.\s*$/);
  });

  it('asks for the password, and shows control characters of a message', async () => {
    const { exitCode, said, commands } = await type(
      ['--read', '1', '--quiet', ...BOB],
      [['Password (it is not shown): ', 'sesame\r']],
    );
    expect(exitCode).toBe(0);
    expect(commands).toContain('PASS sesame');
    expect(said).toContain('\\x1B[2Jhi');
    expect(said).not.toContain('sesame');
  });
});

describe('the client with the server of stage 3', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'stagepost-client-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('sends, lists, reads what is in the file, and deletes it', async () => {
    const server = execa(
      process.execPath,
      ['--import', 'tsx', 'v3-pop3/server.ts', '0', '--pop3', '0', '--mailboxes', folder],
      { cwd: ROOT, reject: false },
    );
    try {
      const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
      const port = async () => /:(\d+)$/.exec((await lines.next()).value as string)![1]!;
      const smtp = await port();
      const pop3 = await port();
      const letter = ['--from', 'alice@example.com', '--to', 'bob@example.com'];
      const text = '.one dot\nFrom here\né\n.\n';
      const sent = await client([smtp, ...letter, '--subject', 'Été', '--body', text]);
      expect([sent.exitCode, sent.stderr]).toEqual([0, '']);

      const reading = ['--quiet', '--pop3', pop3, ...SECRET];
      const list = await client([...reading, '--list']);
      expect(list.lines[2]).toMatch(/^ {4}1 +\d+ {2}alice@example\.com +Été$/);
      const read = await client([...reading, '--read', '1']);
      expect(read.stdout).toMatch(/\r\n\r\n\.one dot\r\nFrom here\r\né\r\n\.$/);
      const reception = path.join(folder, 'bob@example.com', 'reception');
      const [file] = await readdir(reception);
      expect(await readFile(path.join(reception, file!))).toEqual(read.octets);

      const typed = keys('3', '', 'd 1', 'q', '3', '', '4');
      const deleted = await client(['--quiet', '--pop3', pop3, ...SECRET], typed);
      expect([deleted.exitCode, deleted.stderr]).toEqual([0, '']);
      expect(deleted.stdout).toMatch(/Deleted: 1\.\n[^]*No messages\.\n/);
      expect(await readdir(reception)).toEqual([]);
    } finally {
      server.kill();
      await server;
    }
  });
});
