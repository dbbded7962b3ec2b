/** Faults that a review of stage 4 found, each with a test, so that it does not come back. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { Directory } from '../../../v4-advanced/src/directory.ts';
import { trace } from '../../../v4-advanced/src/trace.ts';
import { accountsText, STAGE, V4Process } from './v4-process.ts';
import { latin1, pop3Session, smtpSession } from './v4-sessions.ts';

describe('A line of a login as long as the operator allows', () => {
  // A call with an argument for each octet overflows the stack, and the server ends.
  const limits = { commandLine: 1_000_000 };
  const answer = latin1(`${'A'.repeat(900_000)}!\r\n`);

  it('is an answer like any other, in SMTP', () => {
    const session = smtpSession({ limits, isSecure: true });
    session.receive(latin1('EHLO x\r\nAUTH PLAIN\r\n'), 0);
    expect(session.receive(answer, 0)).toEqual([
      { type: 'send', text: expect.stringMatching(/^501 5\.5\.2 /) as string },
    ]);
  });

  it('is an answer like any other, in POP3', () => {
    const session = pop3Session({ limits });
    session.receive(latin1('AUTH PLAIN\r\n'), 0);
    expect(session.receive(answer, 0)).toEqual([
      { type: 'send', text: expect.stringMatching(/^-ERR /) as string },
    ]);
  });
});

describe('What a client calls itself', () => {
  const receivedFrom = (helo: string) => {
    const message = {
      client: { isSubmitting: false, isSecure: false, helo, isExtended: true, account: undefined },
      reversePath: 'a@example.com',
      isUtf8: false,
      recipients: [{ address: 'bob', mailbox: 'bob' }],
      text: latin1('Subject: x\r\n\r\n'),
      receivedAt: 0,
    };
    return trace(message, message.recipients[0]!, 'id', '192.0.2.1').split('\r\n')[2];
  };

  it.each([
    'mail.example.com',
    '[192.0.2.7]',
    '[IPv6:2001:db8::1]',
    'my_laptop',
    'xn--bcher-kva.example',
  ])('%j stands in the trace as it was said', (helo) => {
    expect(receivedFrom(helo)).toBe(`Received: from ${helo} ([192.0.2.1])`);
  });

  it.each([
    ['trusted.example.com([192.0.2.7])by(', 'trusted.example.com?[192.0.2.7]?by?'],
    ['x;Mon,1Jan2001', 'x?Mon?1Jan2001'],
    ['a\\', 'a?'],
    ['"a', '?a'],
    ['b\u00fccher.example', 'b?cher.example'],
    ['\u{1F4EF}', '?'],
  ])('%j hides nothing behind it', (helo, shown) => {
    expect(receivedFrom(helo)).toBe(`Received: from ${shown} ([192.0.2.1])`);
  });
});

describe('A domain in letters of any language', () => {
  const names = new Set(['bob']);

  it.each([
    ['b\u00fccher.example', 'bob@xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'bob@B\u00dcCHER.example'],
    ['b\u00fccher.example', 'bob@bu\u0308cher.example'],
    ['B\u00fccher.example', 'bob@XN--BCHER-KVA.example'],
  ])('%j is ours, so %j is', (domain, address) => {
    expect(new Directory(() => names, [domain]).accountOf(address)).toBe('bob');
  });

  it.each([
    'bob@bucher.example',
    'bob@xn--bcher-kva.example.org',
    'bob@b\u00fccher.example/x',
    'bob@b\u00fccher.example#x',
    'bob@b\u00fccher.example?x',
    'bob@x@b\u00fccher.example:25',
    'bob@\u00fc',
    'bob@[\u00fc]',
  ])('%j is not in it', (address) => {
    expect(new Directory(() => names, ['b\u00fccher.example']).accountOf(address)).toBeUndefined();
  });
});

// `script` gives a program a terminal of its own; that of macOS has other options.
const canHaveTerminal = process.platform === 'linux' && existsSync('/usr/bin/script');

describe.skipIf(!canHaveTerminal)('A server whose terminal is closed', () => {
  it('takes leave of its clients, and ends', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-v4-'));
    mkdirSync(path.join(folder, 'data'));
    writeFileSync(path.join(folder, 'data', 'accounts'), await accountsText());
    const ports = ['smtp', 'submission', 'smtps', 'pop3', 'pop3s']
      .map((name) => `--${name} 0`)
      .join(' ');
    const server = `exec ${process.execPath} --import tsx server.ts ${ports} --data ${folder}/data --mailboxes ${folder}/m`;
    const terminal = spawn('/usr/bin/script', ['-qfc', `echo pid $$; ${server}`, '/dev/null'], {
      cwd: STAGE,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let pid: number | undefined;
    try {
      let port: number | undefined;
      for await (const line of createInterface({ input: terminal.stdout })) {
        pid ??= Number(/^pid (\d+)/.exec(line)?.[1]);
        port ??= Number(/^smtp 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? NaN) || undefined;
        if (line.startsWith('pop3s ')) break;
      }
      const client = createConnection({ port: port!, host: '127.0.0.1' });
      await once(client, 'data');
      terminal.kill('SIGKILL');
      expect(await text(client)).toMatch(/^421 /);
    } finally {
      terminal.kill('SIGKILL');
      if (pid !== undefined) endIfThere(pid);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, as it should.
  }
}

describe('A connection that breaks below TLS, later than in the handshake', () => {
  it('is told of in the log, with the reason', async () => {
    const server = await V4Process.start();
    try {
      const socket = createConnection({ port: server.started.ports.smtps!, host: '127.0.0.1' });
      const secure = connectTls({ socket, rejectUnauthorized: false });
      secure.on('error', () => {}); // the alert
      await once(secure, 'data');
      socket.write(Buffer.from('1703030010'.padEnd(42, '0'), 'hex')); // a record that nobody has encrypted
      await new Promise((resolve) => secure.once('close', resolve));
      await server.started.printed(/#1 smtps .*connection lost: /);
    } finally {
      await server.stop();
    }
  });
});
