import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { printed, stagepost } from './command.ts';
import { selfSigned } from './self-signed.ts';

let server: net.Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

async function portOf(listening: net.Server): Promise<string> {
  server = listening.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return String((server.address() as net.AddressInfo).port);
}

/** A server that greets, keeps what it hears, and answers it all when it has heard QUIT. */
function quitServer(heard: Buffer[]): (socket: net.Socket) => void {
  return (socket) => {
    socket.write('220 here\r\n');
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk);
      if (Buffer.concat(heard).includes('QUIT\r\n')) socket.end('221 bye\x07\n\r\n');
    });
    socket.on('error', () => undefined);
  };
}

describe('talk', () => {
  it('sends lines with CR LF, the last one too, and shows control octets', async () => {
    const heard: Buffer[] = [];
    const port = await portOf(net.createServer(quitServer(heard)));
    const { stdout, stderr, exitCode } = await stagepost(['talk', '127.0.0.1', port], {
      input: 'HELO é\n\nalready\r\nQUIT',
    });
    expect(Buffer.concat(heard).toString()).toBe('HELO é\r\n\r\nalready\r\nQUIT\r\n');
    expect(stdout).toBe('220 here\n221 bye\\x07\\n\n\n');
    expect(stderr).toBe(
      `Connected to 127.0.0.1, port ${port}.\nThe server closed the connection.\n`,
    );
    expect(exitCode).toBe(0);
  });

  it('takes a number alone for the port', async () => {
    const port = await portOf(net.createServer(quitServer([])));
    const { exitCode } = await stagepost(['talk', port], { input: 'QUIT\n' });
    expect(exitCode).toBe(0);
  });

  it('shows what the server says as it comes, in the middle of a line', async () => {
    const port = await portOf(
      net.createServer((socket) => {
        socket.write('no line end');
        socket.once('data', () => socket.end());
      }),
    );
    const talk = stagepost(['talk', port], { stdin: 'pipe' });
    await printed(talk.stdout, /^no line end$/);
    talk.stdin!.write('go on\n');
    expect((await talk).exitCode).toBe(0);
  });

  it('waits for the last words when its input has ended, and leaves a server that has none', async () => {
    const closed: Promise<unknown>[] = [];
    const port = await portOf(
      net.createServer((socket) => {
        closed.push(once(socket, 'close'));
        socket.once('data', () => socket.write('250 slow\r\n'));
      }),
    );
    const { stdout, stderr, exitCode } = await stagepost(['talk', port], { input: 'NOOP\n' });
    expect(stdout).toBe('250 slow\n');
    expect(stderr).not.toContain('The server closed');
    expect(exitCode).toBe(0);
    await Promise.all(closed);
  });

  it('ends when the server does, with its input still open', async () => {
    const port = await portOf(net.createServer((socket) => socket.end('421 away\r\n')));
    const { stdout, exitCode } = await stagepost(['talk', port], { stdin: 'pipe' });
    expect(stdout).toBe('421 away\n');
    expect(exitCode).toBe(0);
  });

  it('says in a line that nobody listens', async () => {
    const port = await portOf(net.createServer());
    server!.close();
    await once(server!, 'close');
    const { stdout, stderr, exitCode } = await stagepost(['talk', port], { input: '' });
    expect(stdout).toBe('');
    expect(stderr).toBe(
      `stagepost: Nobody listens on 127.0.0.1, port ${port}. Is the server running? (npx stagepost start)\n`,
    );
    expect(exitCode).toBe(1);
  });

  it('says in a line that the connection broke', async () => {
    const port = await portOf(
      net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    );
    const { stderr, exitCode } = await stagepost(['talk', port], { input: 'NOOP\n' });
    expect(stderr).toMatch(/^stagepost: The connection is lost: the server broke it off\.\n/m);
    expect(exitCode).toBe(1);
  });

  it('speaks TLS, and says that it checks no certificate', async () => {
    const heard: Buffer[] = [];
    const port = await portOf(tls.createServer(selfSigned(), quitServer(heard)));
    const { stdout, stderr, exitCode } = await stagepost(['talk', port, '--tls'], {
      input: 'QUIT\n',
    });
    expect(Buffer.concat(heard).toString()).toBe('QUIT\r\n');
    expect(stdout).toContain('220 here\n');
    expect(stderr).toContain('whose certificate it is was not checked');
    expect(exitCode).toBe(0);
  });

  it.each([
    ['STARTTLS', '220 ready\r\n', '220 go on\r\n'],
    ['stls', '+OK ready\r\n', '+OK go on\r\n'],
  ])('begins TLS by itself after %s', async (command, greeting, permission) => {
    const heard: string[] = [];
    const port = await portOf(
      net.createServer((socket) => {
        socket.write(greeting);
        socket.on('data', (chunk: Buffer) => {
          heard.push(chunk.toString());
          if (!heard.join('').endsWith(`${command}\r\n`)) return void socket.write('250 ok\r\n');
          socket.removeAllListeners('data');
          socket.write(permission);
          const { key, cert } = selfSigned();
          const secure = new tls.TLSSocket(socket, { isServer: true, key, cert });
          secure.on('data', (words: Buffer) => {
            heard.push(`TLS ${words.toString()}`);
            if (heard.join('').includes('QUIT')) secure.end('221 bye\r\n');
          });
        });
      }),
    );
    const input = `EHLO me\n${command}\nEHLO me\nQUIT\n`;
    const { stdout, stderr, exitCode } = await stagepost(['talk', port], { input });
    expect(heard.join('')).toMatch(
      new RegExp(`^EHLO me\\r\\n${command}\\r\\nTLS EHLO me\\r\\n(?:TLS )?QUIT\\r\\n$`),
    );
    expect(stdout).toMatch(/221 bye\n$/);
    expect(stderr).toContain('TLS begins: all that follows is encrypted.');
    expect(exitCode).toBe(0);
  });

  it('goes on in clear where STARTTLS is refused, and where it is said in a text', async () => {
    const heard: Buffer[] = [];
    const port = await portOf(
      net.createServer((socket) => {
        socket.write('220 here\r\n');
        socket.on('data', (chunk: Buffer) => {
          heard.push(chunk);
          if (chunk.includes('QUIT')) socket.end('221 bye\r\n');
          else if (chunk.includes('STARTTLS') && heard.length === 1) socket.write('502 no\r\n');
        });
      }),
    );
    const input = 'STARTTLS\nDATA\nstarttls\nQUIT\n';
    const { stderr, exitCode } = await stagepost(['talk', port], { input });
    expect(Buffer.concat(heard).toString()).toBe('STARTTLS\r\nDATA\r\nstarttls\r\nQUIT\r\n');
    expect(stderr).not.toContain('TLS begins');
    expect(exitCode).toBe(0);
  });

  it('says in a line that there is no TLS after STARTTLS', async () => {
    const port = await portOf(
      net.createServer((socket) => {
        socket.write('220 here\r\n');
        socket.on('data', () => socket.write('220 go on\r\n'));
        socket.on('error', () => undefined);
      }),
    );
    const { stderr, exitCode } = await stagepost(['talk', port], { input: 'STARTTLS\nNOOP\n' });
    expect(stderr).toMatch(/^stagepost: The handshake of TLS failed: .*\n$/m);
    expect(exitCode).toBe(1);
  });

  it('says in a line that there is no TLS', async () => {
    const port = await portOf(net.createServer(quitServer([])));
    const { stderr, exitCode } = await stagepost(['talk', port, '--tls'], { input: '' });
    expect(stderr).toBe(
      `stagepost: There is no TLS on 127.0.0.1, port ${port}: try it without --tls.\n`,
    );
    expect(exitCode).toBe(1);
  });
});
