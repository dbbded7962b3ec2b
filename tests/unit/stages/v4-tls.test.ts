import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, V4Process } from './v4-process.ts';

const hasSignals = process.platform !== 'win32';
/** How a handshake begins: a record of type 22, and the length of what follows. */
const HALF_A_HANDSHAKE = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03';

/** The four ways to TLS: service, and the word that begins it in the clear. */
const WAYS = [
  ['smtp', 'STARTTLS'],
  ['submission', 'STARTTLS'],
  ['pop3', 'STLS'],
  ['smtps', undefined],
  ['pop3s', undefined],
] as const;

let server: V4Process;
beforeAll(async () => {
  server = await V4Process.start();
});
afterAll(() => server.stop());

/** A connection on which the server waits for a handshake. */
async function beforeTheHandshake(from: V4Process, service: string, word?: string) {
  const { ports } = from.started;
  const socket = createConnection({ port: ports[service]!, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (word === undefined) return socket;
  await once(socket, 'data');
  socket.write(`${word}\r\n`);
  const [reply] = (await once(socket, 'data')) as [Buffer];
  expect(reply.toString()).toMatch(/^(?:220|\+OK) .*\r\n$/);
  return socket;
}

describe('a handshake', () => {
  it.each(WAYS)('begins on %s (%s), and the server says first what its protocol says', async (service, word) => {
    const client = await server.client(service);
    if (word !== undefined) {
      await client.reply();
      expect(await client.ask(word)).toMatch(/^(?:220 2\.0\.0|\+OK) Begin TLS now\r\n$/);
      await client.beginTls(server.certificate);
      // No second greeting: what is said first is the reply to this.
      expect(await client.ask('NOOP')).toMatch(/^(?:250 2\.0\.0 OK|-ERR Log in first.*)\r\n$/);
    } else {
      expect(await client.reply()).toMatch(/^(?:220|\+OK) localhost .*\r\n$/);
    }
    expect((client.socket as unknown as TLSSocket).getProtocol()).toBe('TLSv1.3');
    client.say('QUIT');
    expect(await client.end()).toMatch(/^(?:221|\+OK) .*\r\n$/);
  }); // prettier-ignore

  it.each(WAYS)('on %s (%s) may come octet by octet', async (service, word) => {
    const socket = await beforeTheHandshake(server, service, word);
    const dribbling = new Duplex({
      read: () => {},
      write(octets: Buffer, _, done) {
        for (const octet of octets) socket.write(Buffer.of(octet));
        done();
      },
      final: (done) => void socket.end(done),
    });
    socket.on('data', (octets) => dribbling.push(octets));
    socket.on('end', () => dribbling.push(null));
    const secure = connectTls({ socket: dribbling, ca: server.certificate, servername: 'localhost' });
    await once(secure, 'secureConnect');
    secure.write('QUIT\r\n');
    let heard = '';
    secure.on('data', (octets: Buffer) => (heard += octets.toString()));
    await once(secure, 'end');
    expect(heard).toMatch(/(?:221|\+OK) .*goodbye\r\n$/);
    socket.destroy();
  }); // prettier-ignore

  it.each(WAYS)('on %s (%s) that is none is the end, nothing is said in the clear, and the operator is told', async (service, word) => {
    const socket = await beforeTheHandshake(server, service, word);
    let heard = Buffer.alloc(0);
    socket.on('data', (octets: Buffer) => (heard = Buffer.concat([heard, octets])));
    socket.write('EHLO pc\r\nCAPA\r\nQUIT\r\nMAIL FROM:<evil>\r\n');
    await once(socket, 'close');
    // At most an alert of TLS.
    expect(heard.toString('latin1')).toMatch(/^(?:\x15.*)?$/s);
    expect(heard.length).toBeLessThan(20);
    const line = `WARN +#\\d+ ${service} +the TLS handshake failed: [\\x20-\\x7e]+\\n`;
    await server.started.printed(new RegExp(line));
  }); // prettier-ignore

  it('may be given more time than a timer of Node can hold', async () => {
    const patient = await V4Process.start(['--tls-timeout', '3000000']);
    const socket = await beforeTheHandshake(patient, 'smtp', 'STARTTLS');
    await pause(20); // a timer that overflows ends after one millisecond
    const secure = connectTls({ socket, ca: patient.certificate, servername: 'localhost' });
    await once(secure, 'secureConnect');
    secure.destroy();
    await patient.stop();
  });

  it('of TLS 1.1 is refused', async () => {
    const socket = await beforeTheHandshake(server, 'pop3', 'STLS');
    const secure = connectTls({
      socket, ca: server.certificate, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0',
    }); // prettier-ignore
    await expect(once(secure, 'secureConnect')).rejects.toThrow();
    socket.destroy();
  });

  it('may be followed by data in the same packet as its end', async () => {
    // TLS 1.3: the client's last message of the handshake and its first command go out together.
    const socket = await beforeTheHandshake(server, 'smtp', 'STARTTLS');
    socket.setNoDelay(false);
    const secure = connectTls({ socket, ca: server.certificate, servername: 'localhost' });
    secure.write('EHLO pc\r\nNOOP\r\nQUIT\r\n');
    let heard = '';
    secure.on('data', (octets: Buffer) => (heard += octets.toString()));
    await once(secure, 'end');
    expect(heard).toMatch(/^250-[^]*250 AUTH PLAIN LOGIN\r\n250 2\.0\.0 OK\r\n221 .*\r\n$/);
  });
});

/** Whoever comes next is served, and only one at a time: so nobody else is counted any more. */
async function isServedAgain(from: V4Process): Promise<void> {
  for (;;) {
    const client = await from.client('smtp');
    const greeting = await client.reply().catch(() => '');
    if (!greeting.startsWith('220')) continue;
    client.say('QUIT');
    await client.end();
    break;
  }
  // That one must be gone, too, before the next comes.
  const count = (words: RegExp) => (from.started.output().match(words) ?? []).length;
  while (count(/connection from/g) > count(/connection closed/g)) await pause(5);
}

describe('connections with TLS are counted out again', () => {
  let single: V4Process;
  beforeAll(async () => {
    single = await V4Process.start([
      ...['--max-connections', '1', '--tls-timeout', '1', '--command-timeout', '2', '--pop3-timeout', '2'],
    ]); // prettier-ignore
  });
  afterAll(() => single.stop());
  beforeEach(() => isServedAgain(single));
  afterEach(() => isServedAgain(single));

  const secure = async (service: string): Promise<Client> => {
    const client = await single.client(service);
    await client.reply();
    if (service === 'smtp' || service === 'pop3') {
      await client.ask(service === 'pop3' ? 'STLS' : 'STARTTLS');
      await client.beginTls(single.certificate);
    }
    return client;
  };

  describe.each(['smtp', 'smtps', 'pop3', 'pop3s'])('on %s', (service) => {
    it('after QUIT', async () => {
      const client = await secure(service);
      client.say('QUIT');
      await client.end();
    });

    it('after a clean end by the client', async () => {
      const client = await secure(service);
      client.socket.end();
      await client.gone();
    });

    it('after a connection that was cut', async () => {
      const client = await secure(service);
      client.socket.destroy();
    });

    it('after a silence', async () => {
      const client = await secure(service);
      await client.gone();
    });

    it('after octets that are no TLS', async () => {
      const client = await secure(service);
      // They go out below the layer of TLS.
      const below = (client.socket as unknown as { _parent: Client['socket'] })._parent;
      expect(below).toBeDefined();
      below.write('this is no record of TLS\r\n'.repeat(10));
      await client.gone();
    });
  });

  it.each([
    ['smtp', 'STARTTLS'],
    ['pop3', 'STLS'],
    ['smtps', undefined],
    ['pop3s', undefined],
  ] as const)('on %s (%s): in the handshake, after every way to end it', async (service, word) => {
    const half = Buffer.from(HALF_A_HANDSHAKE, 'latin1');
    const ways: ((socket: Socket) => void)[] = [
      (socket) => socket.destroy(),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end(),
      (socket) => socket.write('no handshake\r\n'),
      (socket) => socket.end(half),
      // Silence, whole and by halves: the deadline for the handshake is short here.
      () => {},
      (socket) => socket.write(half),
    ];
    for (const end of ways) {
      const told = single.started.output().length;
      const socket = await beforeTheHandshake(single, service, word);
      end(socket);
      if (!socket.destroyed) await once(socket, 'close');
      await isServedAgain(single);
      const since = single.started.output().slice(told);
      expect(since).toContain('the TLS handshake failed: ');
      if (ways.indexOf(end) >= 5) expect(since).toContain('failed: it took too long');
    }
  });
});

describe.runIf(hasSignals)('at SIGTERM', () => {
  it('amid handshakes of all kinds the server ends with 0, at once', async () => {
    const stopped = await V4Process.start();
    const sockets = [];
    for (const [service, word] of WAYS) {
      const silent = await beforeTheHandshake(stopped, service, word);
      const half = await beforeTheHandshake(stopped, service, word);
      half.write(Buffer.from(HALF_A_HANDSHAKE, 'latin1'));
      sockets.push(silent, half);
    }
    stopped.started.kill('SIGTERM');
    expect(await stopped.started.ended).toBe(0);
    for (const socket of sockets) {
      if (!socket.destroyed) await once(socket, 'close');
    }
    await stopped.stop();
  });
});
