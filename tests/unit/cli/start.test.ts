import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextSteps } from '../../src/cli/next-steps.ts';
import { portLine, type PortLine } from '../../src/cli/port-line.ts';
import { printed, stagepost, stagepostItself } from './command.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stagepost-start-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('start', () => {
  it('runs a stage where the user stands, says what to try, and talk delivers a message', async () => {
    const started = stagepostItself(['start', 'v1', '0'], { cwd: folder });
    const said = await printed(started.stdout, /Ctrl-C/);
    const port = /^smtp 127\.0\.0\.1:(\d+)$/m.exec(said)?.[1];
    expect(said).toContain(`\n  npx stagepost talk 127.0.0.1 ${port} `);
    expect(said).toContain(`\n  npx stagepost client v1 127.0.0.1 ${port} `);
    expect(said).toContain('\n  npx stagepost check v1 ');
    const lines = ['MAIL FROM:<a@example.com>', 'RCPT TO:<bob@example.com>', 'DATA'];
    const { stdout } = await stagepostItself(['talk', port!], {
      input: [...lines, 'Hello', '.', 'QUIT', ''].join('\n'),
    });
    expect(stdout).toMatch(/^220 .*\n250 .*\n250 .*\n354 .*\n250 .*\n221 .*\n$/);
    const mail = await readFile(path.join(folder, 'mailboxes', 'bob@example.com.txt'), 'utf8');
    expect(mail).toContain('\nHello\n');
    started.kill();
    await started;
  });

  it('runs stage 3, where talk reads what was sent', async () => {
    const started = stagepost(['start', 'v3', '0', '--pop3', '0'], { cwd: folder });
    const said = await printed(started.stdout, /Ctrl-C/);
    const smtp = /^smtp 127\.0\.0\.1:(\d+)$/m.exec(said)![1]!;
    const pop3 = /^pop3 127\.0\.0\.1:(\d+)$/m.exec(said)![1]!;
    expect(said).toContain(`\n  npx stagepost talk 127.0.0.1 ${smtp} `);
    expect(said).toContain(`\n  npx stagepost talk 127.0.0.1 ${pop3} `);
    expect(said).toContain(`\n  npx stagepost client v3 127.0.0.1 ${smtp} --pop3 ${pop3} `);
    const lines = ['MAIL FROM:<a@example.com>', 'RCPT TO:<bob@example.com>', 'DATA'];
    const sent = ['Subject: x', '', '..', '..hello', 'é', '.', 'QUIT', ''];
    await stagepost(['talk', smtp], { input: [...lines, ...sent].join('\n') });
    const { stdout, stderr } = await stagepost(['talk', '127.0.0.1', pop3], {
      input: 'USER bob@example.com\nPASS secret\nSTAT\nLIST\nRETR 1\nDELE 1\nQUIT\n',
    });
    expect(stdout).toMatch(
      /^\+OK .*\n\+OK .*\n\+OK .* 1 message\n\+OK 1 (\d+)\n\+OK .*\n1 \1\n\.\n\+OK \1 octets\nReturn-Path: <a@example\.com>\n/,
    );
    expect(stdout).toMatch(/\nSubject: x\n\n\.\.\n\.\.hello\né\n\.\n\+OK .*\n\+OK .*\n$/);
    expect(stderr).toContain('The server closed the connection.');
    started.kill();
    await started;
  });

  // Windows has no signals: there a program is ended without being asked.
  it.runIf(process.platform !== 'win32')(
    'hands a signal on once, so that clients hear 421, and gives the server’s exit code',
    async () => {
      const started = stagepost(['start', '0'], { cwd: folder });
      const port = /:(\d+)/.exec(await printed(started.stdout, /Ctrl-C/))![1];
      const client = net.connect(Number(port), '127.0.0.1');
      const replies: Buffer[] = [];
      client.on('data', (chunk: Buffer) => replies.push(chunk));
      await once(client, 'data');
      // As npm does: the same signal twice.
      started.kill('SIGINT');
      started.kill('SIGINT');
      await once(client, 'close');
      expect(Buffer.concat(replies).toString()).toMatch(/^220 .*\r\n421 .*\r\n$/);
      expect((await started).exitCode).toBe(0);
    },
  );

  it('gives options to the server as they are, without a stage too', async () => {
    const named = await stagepost(['start', 'v1-smtp/', '--no-such', '--help'], { cwd: folder });
    expect(named.stderr).toContain("'--no-such'");
    expect(named.exitCode).toBe(1);
    const unnamed = await stagepost(['start', '--no-such'], { cwd: folder });
    expect(unnamed.stderr).toContain("'--no-such'");
    expect(unnamed.exitCode).toBe(1);
    const help = await stagepost(['start', 'v1', '--help'], { cwd: folder });
    expect(help.stdout).toMatch(/^Usage: server\.ts/);
    expect(help.exitCode).toBe(0);
  });

  it('passes on why the server cannot run', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as net.AddressInfo;
    const { stdout, stderr, exitCode } = await stagepost(['start', 'v1', String(port)], {
      cwd: folder,
    });
    other.close();
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(exitCode).toBe(1);
  });
});

describe('client', () => {
  it('is the client of the stage, with its own options', async () => {
    const { stdout, exitCode } = await stagepost(['client', 'v1', '--help'], { cwd: folder });
    expect(stdout).toContain('client.ts');
    expect(stdout).toContain('--from');
    expect(exitCode).toBe(0);
  });

  it('passes the exit code on', async () => {
    const { exitCode } = await stagepost(['client', 'v1', '--from', 'a@example.com'], {
      cwd: folder,
    });
    expect(exitCode).toBe(2);
  });
});

describe('what to try next', () => {
  it('names the port only where it is not everybody’s own', () => {
    const smtp = { protocol: 'smtp', host: '127.0.0.1', port: 2525 };
    expect(nextSteps('v1', [smtp], [])).toMatch(/npx stagepost talk {2}/);
    expect(nextSteps('v1', [{ ...smtp, port: 2600 }], [])).toContain('talk 127.0.0.1 2600 ');
    expect(nextSteps('v1', [{ ...smtp, host: '0.0.0.0', port: 1 }], [])).toContain('127.0.0.1 1 ');
    expect(nextSteps('v1', [{ ...smtp, host: '::' }], [])).toContain('client v1 ::1 2525');
  });

  it('says how to read mail, where there is POP3', () => {
    const smtp = { protocol: 'smtp', host: '127.0.0.1', port: 2525 };
    const pop3 = { protocol: 'pop3', host: '127.0.0.1', port: 1110 };
    const steps = (...ports: PortLine[]) => nextSteps('v3', ports, []);
    expect(steps(smtp, pop3)).toMatch(
      /npx stagepost talk {2}.*\n.*npx stagepost talk 127\.0\.0\.1 1110 /,
    );
    expect(steps(smtp, pop3)).toMatch(/npx stagepost client v3 {2}.*read mail/);
    expect(steps(smtp, { ...pop3, port: 1111 })).toContain('client v3 --pop3 1111 ');
    expect(steps(smtp, { ...pop3, host: '0.0.0.0', port: 1 })).toContain('talk 127.0.0.1 1 ');
    const v6 = { host: '::', port: 2600 };
    expect(steps({ ...smtp, ...v6 }, { ...pop3, host: '::' })).toContain('client v3 ::1 2600 ');
    expect(steps({ ...smtp, ...v6 }, { ...pop3, host: '::' })).toContain('talk ::1 1110 ');
    expect(nextSteps('v2', [smtp], [])).not.toContain('RETR');
    for (const line of steps(smtp, pop3).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says how to send mail, where that needs a login', () => {
    const host = '127.0.0.1';
    const ports = Object.entries({ smtp: 2525, submission: 5870, smtps: 4650, pop3: 1110 });
    const text = nextSteps(
      'v4',
      ports.map(([protocol, port]) => ({ protocol, host, port })),
      [],
    );
    expect(text).toMatch(/talk 127\.0\.0\.1 5870 .*STARTTLS/);
    expect(text).toMatch(/talk 127\.0\.0\.1 1110 .*STLS/);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('reads the ports from the lines that say them, and from no other', () => {
    expect(portLine('smtp 127.0.0.1:2525')).toEqual({
      protocol: 'smtp',
      host: '127.0.0.1',
      port: 2525,
    });
    expect(portLine('pop3s ::1:9950\r')).toEqual({ protocol: 'pop3s', host: '::1', port: 9950 });
    expect(portLine('pop3 [::1]:1110')?.host).toBe('::1');
    expect(portLine('connected smtp 127.0.0.1:2525')).toBeUndefined();
  });
});
