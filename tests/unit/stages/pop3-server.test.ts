import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Pop3Client } from '../../crash/pop3-client.ts';
import { Pop3Process } from './pop3-process.ts';
import { connect } from './process.ts';

const MIB = 1024 * 1024;
/** More than the network holds. */
const LARGE = 30 * MIB;

describe('the POP3 server', () => {
  let server: Pop3Process;
  let count = 0;
  let name: string;
  beforeAll(async () => {
    server = await Pop3Process.start();
  });
  afterAll(() => server.stop());
  // A mailbox for each test.
  beforeEach(() => {
    name = `reader${(count += 1)}`;
  });

  it('hands out what came by SMTP, to the octet', async () => {
    await server.send(
      name,
      'Subject: dots',
      '',
      '..',
      '...two',
      '.. x',
      '\xe9\xff\0'.slice(0, 2),
      'a',
    );
    const client = await server.reader(name.toUpperCase());
    const lying = [...server.lying(name).values()][0]!;
    expect(lying).toMatch(/\r\n\r\n\.\r\n\.\.two\r\n\. x\r\n/);
    expect(await client.ask('STAT')).toBe(`+OK 1 ${lying.length}`);
    expect([...(await client.list())]).toEqual([[1, lying.length]]);
    expect(await client.askForLines('RETR 1')).toBe(lying);
    expect(await client.quit()).toMatch(/^\+OK/);
  });

  it('deletes at QUIT what was marked, and what came meanwhile stays', async () => {
    await server.send(name, 'one');
    await server.send(name, 'two');
    const client = await server.reader(name);
    await client.ask('DELE 1');
    await server.send(name, 'three');
    expect(server.lying(name).size).toBe(3);
    expect(await client.ask('STAT')).toMatch(/^\+OK 1 /);
    await client.quit();
    const next = await server.reader(name);
    expect((await next.list()).size).toBe(2);
    expect(await next.askForLines('RETR 1')).toMatch(/\r\ntwo\r\n$/);
    expect(await next.askForLines('RETR 2')).toMatch(/\r\nthree\r\n$/);
    await next.quit();
  });

  it('serves two clients at once, one in each mailbox', async () => {
    await server.send(name, 'mine');
    await server.send(`${name}-b`, 'yours');
    const [one, other] = [await server.reader(name), await server.reader(`${name}-b`)];
    const texts = [one.askForLines('RETR 1'), other.askForLines('RETR 1')];
    expect((await Promise.all(texts)).map((text) => text.split('\r\n').at(-2))).toEqual([
      'mine',
      'yours',
    ]);
    await Promise.all([one.quit(), other.quit()]);
  });

  it('lets nobody else into a mailbox, until QUIT or the end of the connection', async () => {
    const first = await server.reader(name);
    const second = await Pop3Client.connect(server.started.pop3);
    expect(await second.logIn(name)).toMatch(/^-ERR \[IN-USE\] /);
    await first.ask('QUIT');
    expect(await second.logIn(name)).toMatch(/^\+OK/);
    second.socket.destroy();
    const third = await server.nextReader(name);
    third.socket.resetAndDestroy();
    await (await server.nextReader(name)).quit();
  });

  it('is free again as soon as the server has had enough of a client, who may still hold on', async () => {
    const socket = createConnection({
      port: server.started.pop3,
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    let heard = '';
    socket.on('data', (octets) => (heard += octets.toString('latin1')));
    socket.write(`USER ${name}\r\nPASS x\r\n${'wrong\r\n'.repeat(20)}`);
    await once(socket, 'end'); // it says goodbye; our side stays open
    expect(heard).toMatch(/-ERR localhost has seen too many bad commands, goodbye\r\n$/);
    const next = await Pop3Client.connect(server.started.pop3);
    expect(await next.logIn(name)).toMatch(/^\+OK/);
    await next.quit();
    socket.destroy();
  });

  it('never says IN-USE to one who comes back right after goodbye', async () => {
    await server.send(name, 'hello');
    for (let time = 0; time < 100; time += 1) {
      // The next one waits already with its name said.
      const next = await Pop3Client.connect(server.started.pop3);
      await next.ask(`USER ${name}`);
      const client = await server.reader(name);
      if (time % 2 === 0) await client.ask('DELE 1');
      expect(await client.ask('QUIT')).toMatch(/^\+OK/);
      expect(await next.ask('PASS x')).toMatch(/^\+OK/);
      expect(await next.ask('QUIT')).toMatch(/^\+OK/);
    }
  });

  it('is free again when a client is gone in the midst of a message', async () => {
    server.put(name, 'large', 10 * MIB);
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const client = await server.nextReader(name);
      await client.ask('DELE 1');
      await client.ask('RSET');
      client.socket.write('RETR 1\r\n');
      await new Promise((resolve) => client.socket.once('data', resolve));
      client.socket.pause();
      client.socket[leave]();
    }
    const client = await server.nextReader(name);
    expect((await client.askForLines('RETR 1')).length).toBe(10 * MIB + 2);
    await client.quit();
  });

  it('deletes nothing for a client that does not say QUIT', async () => {
    await server.send(name, 'hello');
    const client = await server.reader(name);
    await client.ask('DELE 1');
    client.socket.destroy();
    const next = await server.nextReader(name);
    expect(await next.ask('STAT')).toMatch(/^\+OK 1 /);
    const half = await connect(server.started.pop3);
    await next.quit();
    half.socket.end(`USER ${name}\r\nPASS x\r\nDELE 1\r\nSTAT\r\nQUI`);
    expect(await half.end()).toMatch(/ marked as deleted\r\n\+OK 0 0\r\n$/);
    await (await server.nextReader(name)).quit();
    expect(server.lying(name).size).toBe(1);
  });

  it('answers a client that has said all and closed its side', async () => {
    server.put(name, '1', 200_000);
    server.put(name, '2', 0);
    const client = await connect(server.started.pop3);
    client.socket.end(
      [`USER ${name}`, 'PASS x', 'LIST', 'RETR 1', 'RETR 2', 'DELE 1', 'QUIT', ''].join('\r\n'),
    );
    const statuses = (await client.end()).match(/^\+OK|^-ERR/gm);
    expect(statuses).toEqual(Array(8).fill('+OK'));
    expect([...server.lying(name).keys()]).toEqual(['2.eml']);
  });

  it('answers in order what comes in one packet, as mpop does it', async () => {
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
    for (const number of numbers) server.put(name, String(number).padStart(2, '0'), number * 3000);
    const client = await connect(server.started.pop3);
    const commands = numbers.map((number) => `RETR ${number}\r\nDELE ${number}\r\n`).join('');
    client.socket.write(`USER ${name}\r\nPASS x\r\n${commands}QUIT\r\n`);
    const said = await client.end();
    expect(said.match(/^\+OK [^\r]*/gm)!.slice(3, -1)).toEqual(
      numbers.flatMap((number) => [
        `+OK ${number * 3000} octets`,
        `+OK Message ${number} marked as deleted`,
      ]),
    );
    expect(server.lying(name).size).toBe(0);
  });

  it('lets the last reply reach a client that is still sending', async () => {
    const client = await connect(server.started.pop3);
    client.socket.write('x'.repeat(2_000_000));
    expect(await client.end()).toMatch(/^\+OK .*\r\n-ERR Line too long\r\n$/);
  });

  it('says into the log who reads, but no password', async () => {
    const client = await Pop3Client.connect(server.started.pop3);
    await client.logIn(name, 'hush-hush');
    await client.quit();
    await server.started.printed(new RegExp(`#\\d+ pop3 mailbox ${name}: open, messages: 0\n`));
    expect(server.started.output()).not.toContain('hush');
  });
});

describe('the POP3 server', () => {
  let server: Pop3Process;
  afterEach(() => server.stop());

  it('counts its clients together with those of SMTP', async () => {
    server = await Pop3Process.start('--max-connections', '1');
    const first = await Pop3Client.connect(server.started.pop3);
    expect(await (await connect(server.started.port)).end()).toMatch(/^421 /);
    expect(await (await connect(server.started.pop3)).end()).toMatch(
      /^-ERR .*too many connections/,
    );
    await first.quit();
    await server.started.printed(/#1 pop3 connection closed\n/);
    await (await connect(server.started.port)).hear(220);
  });

  it.runIf(process.platform !== 'win32').each(['SIGINT', 'SIGTERM'] as const)(
    'sends at %s the message in hand to its end, closes the others, and ends with 0',
    async (signal) => {
      server = await Pop3Process.start();
      server.put('bob', 'large', LARGE);
      await server.send('carol', 'hello');
      const idle = await connect(server.started.pop3);
      idle.say('USER carol', 'PASS x', 'DELE 1');
      await idle.hear('marked');
      const busy = await connect(server.started.pop3);
      busy.say('USER bob', 'PASS x', 'RETR 1', 'NOOP');
      await busy.hear('octets');
      busy.socket.pause();
      server.started.kill(signal);
      expect(await idle.end()).toMatch(/\r\n-ERR localhost is stopping, goodbye\r\n$/);
      busy.socket.resume();
      const said = await busy.end();
      const begin = said.indexOf(' octets\r\n') + ' octets\r\n'.length;
      expect(said.slice(begin).replace(/^\0+/, '')).toBe(
        '\r\n.\r\n-ERR localhost is stopping, goodbye\r\n',
      );
      expect(said.slice(begin).lastIndexOf('\0')).toBe(LARGE - 1);
      expect(await server.started.ended).toBe(0);
      expect(server.lying('carol').size).toBe(1);
    },
  );
});
