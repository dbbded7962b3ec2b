/** The client as a person or a script starts it: a process of its own. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, keys, ROOT } from './run-client.ts';
import { FULL } from '../../full.ts';
import { sampleServer, type SampleServer, type Script } from './sample-server.ts';

const message = ['--from', 'alice@example.com', '--to', 'bob@example.com'];

/** Stages whose client differs from that of the stage before in more than the dialogue. */
const STAGES = FULL ? ['v1-smtp', 'v3-pop3', 'v4-advanced'] : ['v4-advanced'];

/** Gives a function that runs the client of a stage against a sample server. */
function talking(stage: string) {
  return async (args: readonly string[], input?: string | Uint8Array, script?: Script) => {
    await using server = await sampleServer(script);
    const result = await clientOf(stage, [String(server.port), ...args], input);
    await server.allClosed();
    return { ...result, server, text: body(server) };
  };
}

/** The text of the last message, without headers and stuffed dots. */
function body(server: SampleServer): string | undefined {
  const text = server.texts.at(-1);
  return text?.slice(text.indexOf('\r\n\r\n') + 4).replaceAll(/^\./gm, '');
}

describe.each(STAGES)('the client of %s with flags', (stage) => {
  const talk = talking(stage);

  it('sends a message, shows the dialogue and ends with 0', async () => {
    const { exitCode, lines, stderr, text, server } = await talk([
      ...[...message, '--to', 'carol', '--subject', 'Été', '--body', '.\n.. é\n'],
    ]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(text).toBe('.\r\n.. é\r\n');
    expect(lines.slice(0, 2)).toEqual([`Connecting to 127.0.0.1:${server.port}`, 'S: 220 ready']);
    expect(lines).toContain('C: RCPT TO:<carol>');
    expect(lines).toContain('C: Subject: =?utf-8?Q?=C3=89t=C3=A9?=');
    expect(lines).toContain('C:');
    expect(lines.slice(-7)).toEqual([
      'C: ..',
      'C: ... é',
      'C: .',
      'S: 250 ok',
      'C: QUIT',
      'S: 221 bye',
      'Sent to bob@example.com, carol.',
    ]);
  });

  it('reads the text from standard input, lone dots and FIN included', async () => {
    const { exitCode, stdout, text } = await talk([...message, '--quiet'], 'a\n.\nFIN\n...\nb');
    expect(exitCode).toBe(0);
    expect(stdout).toBe('Sent to bob@example.com.');
    expect(text).toBe('a\r\n.\r\nFIN\r\n...\r\nb\r\n');
  });

  it('refuses a text that is not UTF-8', async () => {
    const { exitCode, stderr, server } = await talk(message, Uint8Array.of(0xe9, 0x0a));
    expect([exitCode, stderr]).toEqual([
      2,
      'The text is not UTF-8: save it as UTF-8 and send it again.',
    ]);
    expect(server.commands).toEqual([]);
  });

  it('sends a test message', async () => {
    const { exitCode, server, text } = await talk(['--test', '--to', 'carol']);
    expect(exitCode).toBe(0);
    expect(server.commands).toContain('MAIL FROM:<alice@example.com>');
    expect(server.commands).toContain('RCPT TO:<carol>');
    expect(text).toMatch(/^\.This line begins with a dot/m);
  });

  it('ends with 1 and says whom the message did not reach', async () => {
    const { exitCode, stdout, stderr } = await talk(
      [...message, '--to', 'carol', '--body', 'a'],
      '',
      (command) => (command === 'RCPT TO:<carol>' ? '550 Address \x1B[2Junknown\r\n' : undefined),
    );
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Sent to bob@example.com\.$/m);
    expect(stderr).toBe('Not sent to carol: 550 Address \\x1B[2Junknown');
    expect(stdout + stderr).not.toContain('\x1B');
  });

  it('ends with 1 and one line when the server refuses', async () => {
    const { exitCode, stderr } = await talk([...message, '--body', 'a'], '', (command) =>
      command === 'DATA' ? '452 full\r\n' : undefined,
    );
    expect([exitCode, stderr]).toEqual([1, 'Not sent: the server refused DATA: 452 full']);
  });

  it('ends with 1 and one line when the server is silent', async () => {
    const { exitCode, stderr } = await talk(['--test', '--timeout', '1'], '', () => null);
    expect(exitCode).toBe(1);
    const hint =
      stage === 'v4-advanced' ? ' (If it wants TLS from the first octet, say --tls.)' : '';
    expect(stderr).toBe(`The server was silent for 1 s instead of sending its greeting.${hint}`);
  });

  it('ends with 1 and what to do when nobody listens', async () => {
    const { port } = await gone();
    const { exitCode, stdout, stderr } = await clientOf(stage, [
      '127.0.0.1',
      String(port),
      '--test',
    ]);
    expect([exitCode, stdout]).toEqual([1, `Connecting to 127.0.0.1:${port}`]);
    expect(stderr).toBe(
      `Nobody listens on 127.0.0.1:${port}. Is the server running? Start it: npx tsx server.ts ${port}`,
    );
  });

  it('ends with 2 and one line when the command line is wrong', async () => {
    const { exitCode, stdout, stderr } = await clientOf(stage, ['--form', 'alice']);
    expect([exitCode, stdout, stderr]).toEqual([2, '', "Unknown option '--form'. Try --help."]);
  });

  it('has a help page 80 columns wide', async () => {
    const { exitCode, lines } = await clientOf(stage, ['--help']);
    expect(exitCode).toBe(0);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe.each(STAGES)('the client of %s with its menu, by a pipe', (stage) => {
  const talk = talking(stage);
  const quit = { 'v1-smtp': '3', 'v3-pop3': '4' }[stage] ?? '5';
  const letter = ['1', 'alice@example.com', 'bob@example.com', 'Hi'];

  it.each(['.', 'FIN'])('sends a message that ends with %j, then quits', async (end) => {
    const { exitCode, stdout, text } = await talk([], keys(...letter, 'fin', '..', 'é', end, quit));
    expect(exitCode).toBe(0);
    expect(text).toBe('fin\r\n..\r\né\r\n');
    expect(stdout).toContain('Your choice: 1\n');
    expect(stdout).toMatch(/Sent to bob@example\.com\.\n[^]*Goodbye\.$/);
  });

  it('offers again what was typed before, and sends a test message', async () => {
    const { server, stdout } = await talk(
      [],
      keys(...letter, 'a', '.', '1', '', '', 'Two', 'b', '.', '2'),
    );
    expect(server.texts).toHaveLength(3);
    expect(stdout).toContain('From: [alice@example.com] ');
    expect(server.commands.filter((each) => each === 'RCPT TO:<bob@example.com>')).toHaveLength(3);
  });

  it('loses no line of a long text', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`);
    const { text } = await talk(['--quiet'], keys(...letter, ...lines, '.', quit));
    expect(text).toBe(lines.map((line) => `${line}\r\n`).join(''));
  });

  it('leaves politely when the input ends, even in the midst of a message', async () => {
    for (const input of ['', '1\nalice\nbob\nHi\ntext\n', '1\nali']) {
      const { exitCode, stdout, stderr, server } = await talk([], input);
      expect([exitCode, stderr, server.commands]).toEqual([0, '', []]);
      expect(stdout).toMatch(/Goodbye\.$/);
    }
  });

  it('asks again after an answer that will not do', async () => {
    const { stderr, text } = await talk(
      [],
      keys('7', '1', '', 'alice', 'b c', 'bob', 'Hi', 'x'.repeat(999), 'y', '.', quit),
    );
    expect(stderr.split(/\r?\n/)).toEqual([
      'An address is missing.',
      '"b c" is no address: write it like alice@example.com.',
      'Line 1 of the text has 999 octets; 998 is the most: break it in two.',
    ]);
    expect(text).toBe('y\r\n');
  });

  it('goes back to the menu after an error, and keeps the text that was not sent', async () => {
    let tries = 0;
    const { exitCode, stderr, stdout, text, server } = await talk(
      [],
      keys(...letter, 'a', '.', '1', '', '', '', '.', quit),
      (command) => (command === 'DATA' && ++tries === 1 ? '451 later\r\n' : undefined),
    );
    expect([exitCode, stderr]).toEqual([0, 'Not sent: the server refused DATA: 451 later']);
    expect(stdout).toContain('Subject: [Hi] ');
    expect(text).toBe('a\r\n');
    expect(server.texts).toHaveLength(1);
  });
});

// Stage 2's client differs in delivery.ts alone, so here it is enough to see it work. (How stage 3
// stores what it got, and gives it back, is a promise of its own.)
describe.each(['v1-smtp', 'v2-helo'])('the client with the server of %s', (stage) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'stagepost-client-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('lands its message in the mailbox of each recipient, by flags and by menu', async () => {
    const server = execa(
      process.execPath,
      ['--import', 'tsx', path.join(stage, 'server.ts'), '0', '--mailboxes', folder],
      { cwd: ROOT, reject: false },
    );
    try {
      const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
      const port = /^smtp 127\.0\.0\.1:(\d+)$/.exec(line)![1]!;
      const text = '.one dot\nFrom here\né\n';
      const args = [...message, '--to', 'carol@example.com', '--subject', 'Hi', '--body', text];
      expect(await clientOf(stage, [port, ...args])).toMatchObject({ exitCode: 0, stderr: '' });
      const letter = ['1', 'alice@example.com', 'dave@example.com', 'Hi', ...text.split('\n')];
      const typed = keys(...letter.slice(0, -1), 'FIN', '3');
      expect(await clientOf(stage, [port], typed)).toMatchObject({ exitCode: 0, stderr: '' });
      for (const name of ['bob', 'carol', 'dave']) {
        const mailbox = await readFile(path.join(folder, `${name}@example.com.txt`), 'utf8');
        expect(mailbox).toContain('\nSubject: Hi\n');
        expect(mailbox).toContain('\n\n.one dot\n>From here\né\n');
      }
    } finally {
      server.kill();
      await server;
    }
  });
});

/** A port on which nobody listens any more. */
async function gone(): Promise<{ port: number }> {
  await using server = await sampleServer();
  return { port: server.port };
}
