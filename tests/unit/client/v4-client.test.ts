/** The client of stage 4 as a person or a script starts it: login and TLS, by flags and by its menu. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, keys, ROOT } from './run-client.ts';
import type { Script, Tls } from './sample-server.ts';
import { LOGIN, on, pop3Server, SECRET, smtpServer } from './v4-servers.ts';

const USER = ['--user', LOGIN.user];
const WHO = [...USER, '--password', LOGIN.password];
const TO = ['--to', 'bob@example.com', '--body', 'Hello'];

/** Runs the client against a sample server of SMTP. */
async function send(args: readonly string[], input?: string, script?: Script, tls?: Tls) {
  await using server = await smtpServer(script, tls);
  const result = await clientOf('v4-advanced', [String(server.port), ...args], input);
  await server.allClosed();
  return { ...result, server };
}

/** Runs the client against a sample server of POP3. */
async function read(args: readonly string[], input?: string, script?: Script) {
  await using server = await pop3Server(script);
  const result = await clientOf('v4-advanced', ['--pop3', String(server.port), ...args], input);
  await server.allClosed();
  return { ...result, server };
}

const TABLE = [
  '2 messages, 200,052 octets:',
  '  No.     Octets  From                        Subject',
  '    1         52  alice                       Café',
  '    2    200,000                              long',
];

describe('the client of stage 4 that sends by flags', () => {
  it('logs in under TLS, and shows the dialogue without the password', async () => {
    const { exitCode, stderr, stdout, lines, server } = await send([...WHO, ...TO]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(server.commands).toContain(`AUTH PLAIN ${SECRET}`);
    expect(server.commands).toContainEqual(
      expect.stringMatching(/^MAIL FROM:<alice@example\.com> SIZE=\d+$/),
    );
    expect(lines).toContain('C: AUTH PLAIN ********');
    expect(lines).toContain('--- TLS 1.3 from here on');
    expect(lines.at(-1)).toBe('Sent to bob@example.com.');
    expect(stdout).not.toContain(LOGIN.password);
    expect(stdout).not.toContain(SECRET);
    for (const line of lines.filter((each) => each.startsWith('---'))) {
      expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it('takes the password from the first line of standard input, and the text from the others', async () => {
    const { exitCode, stdout, server } = await send(
      [...USER, ...TO.slice(0, 2), '--quiet'],
      'wonderland\r\nline one\nline é\n',
    );
    expect([exitCode, stdout]).toEqual([0, 'Sent to bob@example.com.']);
    expect(server.texts[0]).toMatch(/\r\n\r\nline one\r\nline é\r\n$/);
  });

  it('shows the dialogue on standard error when told so, and nothing else there', async () => {
    const { exitCode, stdout, stderr } = await send([...WHO, ...TO, '--quiet', '--dialogue']);
    expect([exitCode, stdout]).toEqual([0, 'Sent to bob@example.com.']);
    expect(stderr).toMatch(/^Connecting to 127\.0\.0\.1:\d+\r?\nS: 220 ready\r?\n/);
    expect(stderr).toMatch(/\nS: 221 bye$/);
    expect(stderr).not.toContain(SECRET);
  });

  it('sends a test message as whoever logs in', async () => {
    const { exitCode, server } = await send(['--test', '--user', 'alice', '--quiet'], 'wonderland');
    expect(exitCode).toBe(0);
    expect(server.commands).toContainEqual(
      expect.stringMatching(/^MAIL FROM:<alice@example\.com>/),
    );
  });

  it('ends with 1 and one line when the password is wrong, or would not be safe', async () => {
    const wrong = await send(
      [...WHO, ...TO, '--quiet'],
      '',
      on(`AUTH PLAIN ${SECRET}`, '535 no\r\n'),
    );
    expect([wrong.exitCode, wrong.stdout, wrong.stderr]).toEqual([
      ...[1, '', 'The server refused the login of alice: 535 no'],
    ]);
    const unsafe = await send(
      [...WHO, ...TO, '--quiet', '--no-tls'],
      '',
      on('AUTH PLAIN', '538 no\r\n'),
    );
    expect([unsafe.exitCode, unsafe.stdout, unsafe.stderr]).toEqual([
      ...[1, '', 'The server refused the login of alice: 538 no'],
    ]);
  });

  it('ends with 2 when there is no password', async () => {
    const { exitCode, stderr, server } = await send([...USER, ...TO]);
    expect([exitCode, stderr]).toEqual([2, 'A password is missing.']);
    expect(server.commands).toEqual([]);
  });
});

describe('the client of stage 4 that reads by flags', () => {
  it('lists by TOP, under TLS, with the dialogue above', async () => {
    const { exitCode, stderr, stdout, lines } = await read(['--list', ...WHO]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(lines).toContain('C: TOP 1 0');
    expect(lines.slice(-6)).toEqual(['C: QUIT', 'S: +OK', ...TABLE]);
    expect(stdout).not.toContain(SECRET);
  });

  it('prints a message to the octet, and deletes it', async () => {
    const { exitCode, stderr, octets, server } = await read(
      ['--read', '1', '--delete', '1', '--quiet', ...USER],
      'wonderland\n',
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(octets.toString()).toBe('From: alice\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n\r\n.é\r\n');
    expect(server.commands.slice(-3)).toEqual(['RETR 1', 'DELE 1', 'QUIT']);
  });
});

describe('the client of stage 4 with its menu, by a pipe', () => {
  const letter = ['1', '', 'bob@example.com', 'Hi', 'text', 'FIN'];

  it('sends as whoever logs in, and as nobody after that', async () => {
    const { exitCode, stderr, stdout, server } = await send(
      ['--quiet'],
      keys('4', 'alice', 'wonderland', ...letter, '2', '4', '2', '5'),
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(server.texts).toHaveLength(3);
    const logins = server.commands.filter((command) => command.startsWith('AUTH'));
    expect(logins).toHaveLength(2);
    expect(stdout).toContain(
      `Mail client for the server 127.0.0.1:${server.port}, nobody is logged in`,
    );
    expect(stdout).toContain(`Mail client for the server 127.0.0.1:${server.port}, as alice`);
    expect(stdout).toContain('From: [alice@example.com] ');
    expect(stdout).not.toContain('wonderland');
    expect(stdout).toMatch(/Goodbye\.$/);
  });

  it('logs in to read, asks for the password once, and for each head once', async () => {
    const { exitCode, stderr, stdout, server } = await read(
      ['--quiet'],
      keys('3', 'alice', 'wonderland', '1', 'q', '3', 'd 2', 'q', '5'),
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`\n${TABLE.join('\n')}\n`);
    expect(stdout).toContain('Deleted: 2.\n');
    expect(server.commands.filter((command) => command.startsWith('TOP'))).toHaveLength(2);
    expect(server.commands.filter((command) => command.startsWith('AUTH'))).toHaveLength(2);
  });

  it('asks again for a password that was refused, to send and to read', async () => {
    for (const [run, job] of [
      [send, '2'],
      [read, '3'],
    ] as const) {
      const { stderr, stdout, server } = await run(
        ['--quiet', ...USER, '--password', 'rabbit'],
        keys(job, job, 'wonderland', ...(job === '3' ? ['q'] : []), '5'),
        (heard) => {
          if (!heard.startsWith('AUTH PLAIN ') || heard.endsWith(SECRET)) return undefined;
          return job === '2' ? '535 no\r\n' : '-ERR no\r\n';
        },
      );
      expect(stderr).toMatch(/^The server refused the login of alice: (535|-ERR) no$/);
      expect(stdout).toContain('Password of alice (it is not shown): ');
      expect(server.commands).toContain(`AUTH PLAIN ${SECRET}`);
      expect(stdout).toMatch(/Goodbye\.$/);
    }
  });
});

// `script` of util-linux lends a terminal to a program.
const lendsTerminal = process.platform === 'linux' && existsSync('/usr/bin/script');

describe.skipIf(!lendsTerminal)('the client of stage 4 on a terminal', () => {
  it('asks for the password without showing it, and then for the text', async () => {
    await using server = await smtpServer();
    const line = ['v4-advanced/client.ts', String(server.port), ...USER, '--to', 'bob'].join(' ');
    const command = `"${process.execPath}" --import tsx ${line}`;
    const terminal = execa('script', ['-qec', command, '/dev/null'], { cwd: ROOT, reject: false });
    const dialogue = [
      ['Password (it is not shown): ', 'wonderland\r'],
      ['Type the text.', 'a line\r\x04'],
    ];
    let said = '';
    terminal.stdout.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
      if (dialogue.length > 0 && said.includes(dialogue[0]![0]!)) {
        terminal.stdin.write(dialogue.shift()![1]!);
      }
    });
    expect((await terminal).exitCode).toBe(0);
    expect(said).toContain('Sent to bob.');
    expect(said).not.toContain('wonderland');
    expect(server.texts[0]).toMatch(/\r\n\r\na line\r\n$/);
  });
});

describe('the client with the server of stage 4', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'stagepost-client-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('sends as alice, reads as bob, and believes the certificate that it was given', async () => {
    const services = ['smtp', 'submission', 'smtps', 'pop3', 'pop3s'];
    const args = services.flatMap((name) => [`--${name}`, '0']);
    const folders = ['--mailboxes', path.join(folder, 'mail'), '--data', path.join(folder, 'data')];
    const server = execa(
      process.execPath,
      ['--import', 'tsx', 'v4-advanced/server.ts', ...args, ...folders],
      { cwd: ROOT, reject: false },
    );
    try {
      const ports = new Map<string, string>();
      for await (const line of createInterface(server.stdout)) {
        const [, name, port] = /^(\w+) 127\.0\.0\.1:(\d+)$/.exec(line) ?? [];
        if (name) ports.set(name, port!);
        if (ports.size === services.length) break;
      }
      const client = (...given: string[]) => clientOf('v4-advanced', given);
      const ca = ['--ca', path.join(folder, 'data', 'cert.pem')];
      const text = ['--subject', 'Été', '--body', '.one dot\né\n'];
      const bob = ['--user', 'bob', '--password', 'can-we-fix-it', '--quiet'];
      const first = await client(ports.get('submission')!, ...WHO, ...TO.slice(0, 2), ...text);
      expect([first.exitCode, first.stderr]).toEqual([0, '']);
      const tls = [...WHO, ...TO, '--tls', '--quiet', ...ca];
      const second = await client(ports.get('smtps')!, ...tls);
      expect([second.exitCode, second.stderr]).toEqual([0, '']);
      const refused = await client(ports.get('submission')!, '--no-tls', '--quiet', ...WHO, ...TO);
      expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringMatching(/: 538 /)]);

      const list = await client('--pop3', ports.get('pop3')!, '--list', ...bob);
      expect(list.lines[0]).toMatch(/^2 messages, /);
      expect(list.lines[2]).toMatch(/^ {4}1 +\d+ {2}alice@example\.com +Été$/);
      const read = ['--pop3', ports.get('pop3s')!, '--tls', '--read', '1', '--delete', '1'];
      const letter = await client(...read, ...bob, ...ca);
      expect([letter.exitCode, letter.stderr]).toEqual([0, '']);
      expect(letter.octets.toString()).toMatch(/\r\n\r\n\.one dot\r\né\r\n$/);
      const rest = await client('--pop3', ports.get('pop3')!, '--list', ...bob);
      expect(rest.lines[0]).toMatch(/^1 message, /);
    } finally {
      server.kill();
      await server;
    }
  });
});
