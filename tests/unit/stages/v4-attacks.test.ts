/**
 * What attackers send, and what goes wrong by itself: a chapter for each kind. What has a test of its own elsewhere is
 * named here, so that nothing is missing in the list.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccountsFile } from '../../../v4-advanced/src/accounts-file.ts';
import { Attempts } from '../../../v4-advanced/src/guards/attempts.ts';
import { Connections } from '../../../v4-advanced/src/guards/connections.ts';
import { defaultLimits } from '../../../v4-advanced/src/guards/limits.ts';
import type { Entry, Journal } from '../../../v4-advanced/src/journal.ts';
import type { Log } from '../../../v4-advanced/src/log.ts';
import { Mailboxes } from '../../../v4-advanced/src/mailboxes.ts';
import { servicesOf } from '../../../v4-advanced/src/services.ts';
import { trace } from '../../../v4-advanced/src/trace.ts';
import { LineReader } from '../../../v4-advanced/src/understand.ts';
import type { Disk } from './disk.ts';
import { ROOT } from './server-promises.ts';
import { accountsText, base64, type Client, plain, V4Process } from './v4-process.ts';
import {
  codes, latin1, lines, Listener, mailbox, messages, play, pop3Session, say, sayPop3, settings, smtpSession, stores,
} from './v4-sessions.ts'; // prettier-ignore

const world = vi.hoisted((): { disk?: Disk; scrypts: unknown[][]; compared: number } => ({
  scrypts: [],
  compared: 0,
}));
vi.mock('node:fs/promises', async (importOriginal) => {
  const { Disk } = await import('./disk.ts');
  world.disk = new Disk(await importOriginal());
  return world.disk.functions;
});
vi.mock('node:crypto', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:crypto')>();
  return {
    ...real,
    scrypt: (...args: Parameters<typeof real.scrypt>) => {
      world.scrypts.push(args.slice(2, 4));
      real.scrypt(...args);
    },
    timingSafeEqual: (...args: Parameters<typeof real.timingSafeEqual>) => {
      world.compared += 1;
      return real.timingSafeEqual(...args);
    },
  };
});

const SECURE = { isSecure: true };
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

let server: V4Process;
beforeAll(async () => {
  server = await V4Process.start(['--login-delay', '1']);
});
afterAll(() => server.stop());

/** Somebody who knows the password, on a service. */
async function loggedIn(service: string, name = 'bob', from = server): Promise<Client> {
  const client = await from.secureClient(service);
  expect(await client.logIn(name)).toMatch(/^(?:235|\+OK)/);
  return client;
}

describe('a line without end', () => {
  it('is kept no further than a line may be long', () => {
    const reader = new LineReader(2048);
    for (let piece = 0; piece < 2000; piece += 1) reader.read(latin1('x'.repeat(1000)));
    expect(reader.tooLong).toBe(true);
    expect(reader.take().length).toBeLessThanOrEqual(2048);
  });

  it.each(['smtp', 'submission', 'smtps', 'pop3', 'pop3s'])('gets one reply on %s, and the connection ends', async (service) => {
    const client = await server.client(service);
    await client.reply();
    client.write('x'.repeat(2_000_000));
    expect(await client.end()).toMatch(/^(?:500 5\.5\.6|-ERR) Line too long\r\n$/);
  }); // prettier-ignore

  it.each(['smtps', 'pop3s'])('is no better for being the answer of a login on %s', async (service) => {
    const client = await server.client(service);
    await client.reply();
    client.say('AUTH PLAIN');
    client.write('A'.repeat(2_000_000));
    expect(await client.end()).toMatch(/(?:500 5\.5\.6|-ERR) Line too long\r\n$/);
  }); // prettier-ignore
});

describe('recipients, errors, unknown verbs, connections', () => {
  it('the recipient after the thousandth gets 452 4.5.3, and the message goes to those before', async () => {
    const client = await server.client('smtp');
    await client.reply();
    client.say('MAIL FROM:<>', ...Array<string>(1001).fill('RCPT TO:<alice>'), 'NOOP', 'QUIT');
    const replies = (await client.end()).trimEnd().split('\r\n');
    expect(replies).toHaveLength(1 + 1001 + 2);
    expect(new Set(replies.slice(1, 1001))).toEqual(new Set(['250 2.1.5 Recipient OK']));
    expect(replies[1001]).toMatch(/^452 4\.5\.3 /);
  });

  it.each(['MAIL FROM:', 'XYZZY'])('the twentieth %s gets 421', async (line) => {
    const client = await server.client('smtp');
    await client.reply();
    client.say(...Array<string>(30).fill(line));
    const said = await client.end();
    expect(codes({ sent: said })).toEqual([...Array<number>(19).fill(line === 'XYZZY' ? 500 : 501), 421]);
  }); // prettier-ignore

  it('the fifty-first connection of an address gets 421, and others do not', () => {
    const it = new Connections(defaultLimits);
    const admitted = Array.from({ length: 51 }, () => it.admit('192.0.2.1'));
    expect(admitted.lastIndexOf(true)).toBe(49);
    expect(it.admit('192.0.2.2')).toBe(true);
    const all = new Connections({ ...defaultLimits, connections: 3 });
    expect(['a', 'b', 'c', 'd'].map((address) => all.admit(address))).toEqual([true, true, true, false]); // prettier-ignore
  });
});

describe('a slow client', () => {
  const MINUTE = 60_000;
  /** One octet every twenty seconds, until the server has had enough: how long that takes. */
  function dribble(session: ReturnType<typeof smtpSession | typeof pop3Session>, opening: string, octet: string): number {
    const listener = new Listener();
    listener.hear(session.open(0));
    listener.hear(session.receive(latin1(opening), 0));
    for (let now = 20_000; now < 10 * 60 * MINUTE; now += 20_000) {
      if (session.deadline <= now) {
        listener.hear(session.expire(now));
        expect(listener.outcome.end).toBe('close');
        return now / MINUTE;
      }
      listener.hear(session.receive(latin1(octet), now));
    }
    throw new Error('it may go on for ever');
  } // prettier-ignore

  it.each([
    ['a command', '', 'x', 5],
    ['the answer of a login', 'AUTH PLAIN\r\n', 'A', 5],
    ['a text', 'MAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\n', 'x', 30],
    ['a chunk', 'MAIL FROM:<>\r\nRCPT TO:<bob>\r\nBDAT 1000000\r\n', 'x', 30],
    ['a chunk that is refused', 'BDAT 1000000\r\n', 'x', 30],
  ])('is sent away though an octet of %s comes every twenty seconds', (_, opening, octet, minutes) => {
    expect(dribble(smtpSession(SECURE), opening, octet)).toBe(minutes);
  }); // prettier-ignore

  it.each([
    ['a command', '', 'x'],
    ['the answer of a login', 'AUTH PLAIN\r\n', 'A'],
  ])('is sent away by POP3 too, amid %s', (_, opening, octet) => {
    expect(dribble(pop3Session(), opening, octet)).toBe(10);
  });

  it('is sent away by POP3 if it does not take what it has asked for', () => {
    const it = pop3Session();
    play(it, [lines('USER bob', 'PASS secret')], mailbox('a\r\n'));
    it.receive(lines('RETR 1'), 0);
    it.resume({ type: 'piece', octets: latin1('a\r\n') }, 1000);
    expect(it.deadline).toBe(181_000);
    expect(it.expire(181_000)).toEqual([{ type: 'close' }]);
  });

  it('has half a minute for a TLS handshake, in silence or by halves (see v4-tls.test.ts)', () => {
    expect(defaultLimits.handshakeSeconds).toBe(30);
    expect(read('v4-tls.test.ts')).toContain('failed: it took too long');
  });
});

const read = (name: string) =>
  readFileSync(path.join(ROOT, 'tests', 'unit', 'stages', name), 'utf8');

describe('STARTTLS', () => {
  const FORMS = [
    ['smtp', 'STARTTLS'],
    ['submission', 'STARTTLS'],
    ['pop3', 'STLS'],
  ] as const;

  async function ready(service: string): Promise<Client> {
    const client = await server.client(service);
    await client.reply();
    return client;
  }

  it.each(FORMS)('on %s: a full line behind %s in the same packet is not obeyed, before TLS or after', async (service, word) => {
    const client = await ready(service);
    client.write(`${word}\r\nNOOP\r\nQUIT\r\n`);
    expect(await client.end()).toMatch(/^(?:220 2\.0\.0|\+OK) Begin TLS now\r\n$/);
  }); // prettier-ignore

  it.each(FORMS)('on %s: a partial line behind %s is not joined to what comes under TLS', async (service, word) => {
    const client = await ready(service);
    client.write(`${word}\r\nVRFY x`);
    expect(await client.end()).toMatch(/^(?:220 2\.0\.0|\+OK) Begin TLS now\r\n$/);
    // And in a packet of its own, which the handshake gets.
    const other = await ready(service);
    await other.ask(word);
    other.write('VRFY x');
    await expect(other.beginTls(server.certificate)).rejects.toThrow();
  }); // prettier-ignore

  it.each(FORMS)('on %s: a handshake in one packet with %s is none', async (service, word) => {
    const client = await ready(service);
    client.write(`${word}\r\n\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\x01'.repeat(400)}`);
    expect(await client.end()).toMatch(/^(?:220 2\.0\.0|\+OK) Begin TLS now\r\n$/);
  }); // prettier-ignore

  it('forgets MAIL and EHLO that were said before it', async () => {
    const client = await ready('smtp');
    for (const line of ['EHLO pc', 'MAIL FROM:<evil@example.org>', 'RCPT TO:<bob>', 'STARTTLS']) {
      expect(await client.ask(line)).toMatch(/^2/);
    }
    await client.beginTls(server.certificate);
    expect(await client.ask('DATA')).toMatch(/^503 /);
    expect(await client.ask('RCPT TO:<bob>')).toMatch(/^503 /);
    expect(await client.ask('MAIL FROM:<a> SIZE=1')).toMatch(/^555 /);
    client.take();
    await client.ask('EHLO other.example');
    expect(await client.deliver('a', 'forgotten?')).toContain('Message stored');
    const stored = server.lying('bob').find((text) => text.includes('forgotten?'));
    expect(stored).toContain('from other.example (');
    expect(stored).toContain('with ESMTPS id ');
    expect(stored).not.toContain('evil');
  });

  it('forgets USER that was tried before it, and the login must be said again', async () => {
    const client = await ready('pop3');
    expect(await client.ask('USER bob')).toMatch(/^-ERR/);
    await client.ask('STLS');
    await client.beginTls(server.certificate);
    expect(await client.ask('PASS secret')).toMatch(/^-ERR Say USER first/);
    expect(await client.ask('STLS')).toMatch(/^-ERR This is TLS already/);
  });
});

describe('AUTH', () => {
  it('gets 538 before TLS, 501 for * and for bad base64, 503 twice and inside a transaction', async () => {
    const clear = await server.client('submission');
    await clear.reply();
    expect(await clear.ask('AUTH PLAIN')).toMatch(/^538 5\.7\.11 /);
    expect(await clear.ask('MAIL FROM:<bob>')).toMatch(/^530 5\.7\.0 /);
    const client = await server.secureClient('submission');
    expect(await client.ask('AUTH PLAIN')).toBe('334 \r\n');
    expect(await client.ask('*')).toMatch(/^501 5\.7\.0 /);
    expect(await client.ask('AUTH PLAIN !')).toMatch(/^501 5\.5\.2 /);
    expect(await client.logIn()).toMatch(/^235 2\.7\.0 /);
    expect(await client.logIn()).toMatch(/^503 5\.5\.1 /);
    expect(await client.ask('MAIL FROM:<bob>')).toMatch(/^250 /);
    expect(await client.logIn()).toMatch(/^503 5\.5\.1 /);
  });

  it('has base64 lines that are never parsed as commands, not even when they are refused', () => {
    const answers = ['QUIT', 'RSET', 'MAIL FROM:<a>', 'STARTTLS', 'DATA', ''];
    for (const answer of answers) {
      const outcome = say(smtpSession(SECURE), 'EHLO pc', 'AUTH PLAIN', answer, 'NOOP');
      expect(codes(outcome)).toEqual([220, 250, 334, 501, 250]);
      expect(sayPop3(pop3Session(), ['AUTH PLAIN', answer, 'CAPA']).end).toBe('open');
    }
  });
});

describe('passwords', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-passwords-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function accounts(logN: number): Promise<AccountsFile> {
    const file = path.join(folder, 'accounts');
    writeFileSync(file, await accountsText(logN));
    return AccountsFile.open(file);
  }

  it('cost one scrypt each, the same for an unknown user, and are compared in constant time', async () => {
    const file = await accounts(5);
    const tries: [string | undefined, string][] = [['bob', 'secret'], ['bob', 'x'], ['zoe', 'x'], [undefined, 'x'], ['__proto__', 'x']];
    const costs = [];
    for (const [name, password] of tries) {
      world.scrypts.length = world.compared = 0;
      expect(await file.verify(name, password)).toBe(password === 'secret');
      costs.push([world.scrypts.length, world.compared, JSON.stringify(world.scrypts)]);
    }
    expect(new Set(costs.map(String)).size).toBe(1);
    expect(costs[0]!.slice(0, 2)).toEqual([1, 1]);
  }); // prettier-ignore

  it('are checked one at a time, whoever asks, by whichever protocol', async () => {
    let running = 0;
    let most = 0;
    let checked = 0;
    const slow = {
      names: () => new Set(['bob']),
      verify: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        checked += 1;
        return false;
      },
    } as unknown as AccountsFile;
    const attempts = new Attempts({ atOnce: 1, waiting: 10, delay: 0, window: 60_000 });
    const services = servicesOf({ settings: settings(), mailboxes: {} as unknown as Mailboxes, accounts: slow, attempts });
    const log = { info() {}, error() {} } as unknown as Log;
    const ask = (index: number) => {
      const service = services[index % services.length]!;
      const visitor = { name: `#${index} ${service.name}`, address: `192.0.2.${index % 7}`, log };
      return service.serve(visitor, true).fulfil({ type: 'authenticate', account: 'bob', password: 'x' } as never);
    };
    const answers = (await Promise.all(Array.from({ length: 1000 }, (_, index) => ask(index)))).map((answer) => JSON.stringify(answer));
    expect(most).toBe(1);
    // Ten wait for each address, and one is being checked: the others cost nothing.
    expect(checked).toBe(7 * 10 + 1);
    expect(answers.filter((answer) => answer.includes('busy'))).toHaveLength(1000 - checked);
  }); // prettier-ignore

  it('that are wrong are held back as long as a timer of Node can be, if the delay is longer', async () => {
    const timer = vi.spyOn(globalThis, 'setTimeout');
    const attempts = new Attempts({ atOnce: 1, waiting: 1, delay: 2 ** 30, window: 60_000 });
    const fail = () => attempts.run('192.0.2.1', () => Promise.resolve(false));
    const held = [fail(), fail()];
    const waits = () => timer.mock.calls.map(([, ms]) => ms ?? 0).filter((ms) => ms > 2 ** 20);
    while (waits().length < 2) await new Promise(setImmediate);
    attempts.close();
    await Promise.all(held);
    expect(waits()).toEqual([2 ** 30, 2 ** 31 - 1]);
    timer.mockRestore();
  });

  it('that are wrong, a thousand of them, end each connection with 421, and others are served meanwhile', async () => {
    const reader = await loggedIn('pop3s', 'carol');
    const wrong = `AUTH PLAIN ${plain('bob', 'hush')}`;
    let refused = 0;
    let isOver = false;
    const attacker = async () => {
      for (let count = 0; count < 25; count += 1) {
        const client = await server.client(count % 2 ? 'smtps' : 'pop3s');
        await client.reply();
        const last = count % 2 ? /^421 4\.7\.0 .*wrong passwords/m : /^-ERR \[AUTH\] .*goodbye/m;
        client.say(...Array<string>(8).fill(wrong));
        const said = await client.end();
        expect(said.trimEnd().split('\r\n').at(-1)).toMatch(last);
        refused += said.match(/^(?:535|421|-ERR \[AUTH\])/gm)!.length;
      }
    };
    const others = async () => {
      let served = 0;
      while (!isOver) {
        expect(await reader.ask('NOOP')).toMatch(/^\+OK/);
        const sender = await server.client('smtp');
        await sender.reply();
        expect(await sender.deliver('a', 'hello')).toContain('Message stored');
        sender.say('QUIT');
        const submitter = await loggedIn('smtps', 'alice');
        submitter.say('QUIT');
        served += 1;
      }
      return served;
    };
    const served = others();
    await Promise.all(Array.from({ length: 8 }, attacker));
    isOver = true;
    expect(refused).toBe(1000);
    expect(await served).toBeGreaterThan(3);
    expect(await reader.ask('STAT')).toMatch(/^\+OK/);
    reader.say('QUIT');
    await reader.end();
  }, 60_000); // prettier-ignore

  it('that are wrong at once are refused, or not even looked at; another address has its turn', async ({ skip }) => {
    const probe = await server.client('smtps', '127.0.0.2').catch(() => undefined);
    if (!probe) return skip('this system has no second loopback address');
    await probe.reply();
    const crowd = await Promise.all(Array.from({ length: 40 }, () => server.client('smtps')));
    for (const client of crowd) await client.reply();
    for (const client of crowd) client.say(`AUTH PLAIN ${plain('bob', 'hush')}`);
    expect(await probe.logIn('alice')).toMatch(/^235 /);
    const said = await Promise.all(crowd.map((client) => client.reply()));
    for (const reply of said) expect(reply).toMatch(/^(?:535 5\.7\.8|454 4\.7\.0) /);
    for (const { socket } of [...crowd, probe]) socket.destroy();
  }); // prettier-ignore
});

describe('control bytes', () => {
  const CONTROLS = [
    '\r',
    '\0',
    '\x1b[31m',
    '\x7f',
    utf8('\u0085'),
    utf8('\u2028'),
    utf8('\u2029'),
    utf8('\u202e'),
  ];

  it.each(CONTROLS)('%j is refused in EHLO, MAIL, RCPT, USER and as a name of AUTH, and goes nowhere', (octets) => {
    const smtp = say(
      smtpSession(SECURE), `EHLO p${octets}c`, `HELO p${octets}c`, `MAIL FROM:<a${octets}X: y@b>`, 'MAIL FROM:<>',
      `RCPT TO:<bob${octets}@x>`, `RCPT TO:<bob@x${octets}>`, 'RCPT TO:<bob>', 'DATA', '.',
    );
    expect(codes(smtp)).toEqual([220, 501, 501, 553, 250, 553, 553, 250, 354, 250]);
    expect(smtp.notes).toEqual([]);
    const [message] = messages(smtp);
    const header = trace(message!, message!.recipients[0]!, 'id', '127.0.0.1');
    expect(header.replace(/\r\n\t?/g, '')).toMatch(/^[\x20-\x7e]*$/);
    const name = Buffer.from(`bob${octets}`, 'latin1').toString();
    const login = say(smtpSession(SECURE), `AUTH PLAIN ${plain(name, 'secret')}`, 'NOOP');
    expect(codes(login)).toEqual([220, octets === '\0' ? 501 : 535, 250]);
    const pop3 = sayPop3(pop3Session(), [`USER bob${octets}`, 'PASS secret']);
    expect(pop3.requests).toEqual([]);
    expect([...pop3.notes, ...login.notes].join('')).not.toContain(name);
  }); // prettier-ignore

  it('are no part of a verb', () => {
    for (const octets of CONTROLS) {
      expect(codes(say(smtpSession(), `NOO${octets}P`, `${octets}NOOP`))).toEqual([220, 500, 500]);
    }
  });
});

describe('path traversal', () => {
  const NAMES = [
    '../../etc/x', '..', '.', '/', '/etc/passwd', '\\', '..\\..\\x', '%2e%2e%2fx', '%2e', 'bob/../alice', 'bob/', './bob', 'con', 'nul',
    'com1.txt', 'bob.', '.bob', 'b'.repeat(300), 'bo\u0308b', 'b\u00f6b', 'bob\u0000', 'tmp', 'new', 'cur', '~', '$HOME',
  ]; // prettier-ignore

  it.each(NAMES)('%j is nobody to RCPT, USER and AUTH', (name) => {
    const raw = utf8(name);
    for (const address of [raw, `${raw}@example.com`, `"${raw.replaceAll('\\', '\\\\')}"`]) {
      const outcome = say(smtpSession(), 'EHLO pc', 'MAIL FROM:<> SMTPUTF8', `RCPT TO:<${address}>`, 'DATA');
      expect([550, 553, 501]).toContain(codes(outcome)[3]);
      expect(codes(outcome).at(-1)).toBe(503);
    }
    expect(say(smtpSession(SECURE), `AUTH PLAIN ${plain(name, 'secret')}`).requests).not.toContainEqual(expect.objectContaining({ account: expect.any(String) as string }));
    expect(sayPop3(pop3Session(), [`USER ${raw}`, 'PASS secret']).requests).not.toContainEqual(expect.objectContaining({ type: 'open' }));
  }); // prettier-ignore

  it('leaves no file anywhere but in the mailboxes of accounts', async () => {
    const client = await server.client('smtp');
    await client.reply();
    await client.ask('EHLO pc');
    client.say('MAIL FROM:<> SMTPUTF8', ...NAMES.filter((name) => name.length < 100).flatMap((name) => [`RCPT TO:<${utf8(name)}>`, `RCPT TO:<"${utf8(name)}"@x>`]).slice(0, 15), 'RCPT TO:<bob>', 'DATA', 'x', '.', 'QUIT');
    await client.end();
    const folders = readdirSync(path.join(server.folder, 'mailboxes'));
    expect(folders.filter((name) => !['alice', 'bob', 'carol'].includes(name))).toEqual([]);
    expect(readdirSync(server.folder).sort()).toEqual(['data', 'mailboxes']);
  }); // prettier-ignore
});

describe('prototype names', () => {
  const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

  it.each(NAMES)('%s is no verb, no account, no mechanism, no parameter', (name) => {
    const outcome = say(
      smtpSession(SECURE), name, `${name} x`, 'EHLO pc', `AUTH ${name}`, `MAIL FROM:<a> ${name}=1`, 'MAIL FROM:<a>',
      `RCPT TO:<${name}>`, `RCPT TO:<${name}@example.com>`,
    );
    const [, first, second, , mechanism, parameter, , one, two] = codes(outcome);
    expect([first, second, mechanism, one, two]).toEqual([500, 500, 504, 550, 550]);
    expect([501, 555]).toContain(parameter);
    const pop3 = sayPop3(pop3Session(), [name, `AUTH ${name}`, `USER ${name}`, 'PASS x', `RETR ${name}`]);
    expect(pop3.sent).toMatch(/\r\n-ERR Unknown command\r\n-ERR Say AUTH .*\r\n\+OK .*\r\n-ERR \[AUTH\] .*\r\n-ERR Log in/);
  }); // prettier-ignore
});

describe('pipelining', () => {
  const COMMANDS = Array.from({ length: 1000 }, (_, index) =>
    index % 2 ? `VRFY reader${index}` : 'NOOP',
  );
  const EXPECTED = COMMANDS.map((line) => (line === 'NOOP' ? 250 : 252));

  it.each(['smtp', 'smtps', 'submission'])('on %s a thousand commands of one packet are answered in order, in one write', async (service) => {
    const client = await server.secureClient(service);
    let pieces = 0;
    client.socket.on('data', () => (pieces += 1));
    client.say(...COMMANDS);
    await client.hear(/(?:.*\r\n){1000}/);
    // A record of TLS holds 16 KiB, a read of the client's 64: many replies in each, not one.
    expect(pieces).toBeLessThan(20);
    client.say(...COMMANDS, 'QUIT');
    expect(codes({ sent: await client.end() })).toEqual([...EXPECTED, 221]);
  }); // prettier-ignore

  it.each(['pop3', 'pop3s'])('on %s too, with lists and messages among them', async (service) => {
    const sender = await server.client('smtp');
    await sender.reply();
    sender.say('MAIL FROM:<>', 'RCPT TO:<carol>', 'DATA', 'hello', '.', 'QUIT');
    await sender.end();
    const client = await loggedIn(service, 'carol');
    const three = ['NOOP', 'UIDL 1', 'RETR 1', 'LIST 99'];
    client.say(...Array.from({ length: 1000 }, (_, index) => three[index % 4]!), 'QUIT');
    const said = (await client.end()).match(/^(?:\+OK|-ERR) \w*/gm)!;
    expect(said).toHaveLength(1001);
    expect(said.slice(0, 4).map((each) => each.slice(0, 5))).toEqual(['+OK O', '+OK 1', said[2]!.slice(0, 5), '-ERR ']);
    expect(said.at(-1)).toBe('+OK localhost');
  }); // prettier-ignore

  it('goes without recursion: a hundred thousand are no deeper than ten', () => {
    const limits = { badCommands: 1e9 };
    const many = lines(...Array<string>(100_000).fill('NOOP'));
    expect(codes(play(smtpSession({ limits }), [many], stores))).toHaveLength(100_001);
    const lists = lines('USER bob', 'PASS secret', ...Array<string>(20_000).fill('LIST'));
    expect(play(pop3Session({ limits }), [lists], mailbox('a\r\n')).sent.match(/^\.\r$/gm)).toHaveLength(20_000);
    const chunks = `MAIL FROM:<>\r\nRCPT TO:<bob>\r\n${'BDAT 1\r\nx'.repeat(20_000)}`;
    expect(codes(play(smtpSession({ limits: { textLine: 1e6 } }), [latin1(chunks)], stores))).toHaveLength(20_003);
  }); // prettier-ignore
});

describe('a disk that is full, an fsync error, Maildir', () => {
  let folder: string;
  let mailboxes: Mailboxes;
  let entries: Entry[];
  beforeEach(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-disk-'));
    mkdirSync(path.join(folder, 'bob'));
    world.disk!.start(folder);
    entries = [];
    const journal: Journal = {
      record: (more) => Promise.resolve(void entries.push(...more)),
      known: () => new Map(),
    };
    mailboxes = await Mailboxes.open(folder, journal, () => {});
  });
  afterEach(async () => {
    await world.disk!.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the client hears to a message, by SMTP as a whole. */
  async function send(): Promise<string> {
    const attempts = new Attempts({ atOnce: 1, waiting: 1, delay: 0, window: 1 });
    const services = servicesOf({
      settings: settings(),
      mailboxes,
      accounts: {} as unknown as AccountsFile,
      attempts,
    });
    const log = { info() {}, error() {} } as unknown as Log;
    const visitor = { name: '#1 smtp', address: '192.0.2.1', log };
    const served = services[0]!.serve(visitor, false);
    const { session } = served;
    const listener = new Listener();
    type Actions = Parameters<typeof listener.hear>[0];
    listener.hear(session.open(0, 'greet') as Actions);
    const letter = lines('MAIL FROM:<>', 'RCPT TO:<bob>', 'DATA', 'x', '.');
    listener.hear(session.receive(letter, 0) as Actions);
    listener.hear(session.resume(await served.fulfil(listener.take()), 0) as Actions);
    return listener.outcome.sent.split('\r\n').at(-2)!;
  }
  const files = () =>
    readdirSync(path.join(folder, 'bob'), { recursive: true }).filter((name) =>
      String(name).includes('.M'),
    );

  it.each([
    ['ENOSPC', /^452 4\.3\.1 /],
    ['EDQUOT', /^452 4\.3\.1 /],
    ['EIO', /^451 4\.3\.0 /],
  ])('whichever step fails with %s: no 250, and nothing is left in tmp or elsewhere', async (code, reply) => {
    await send();
    const before = world.disk!.steps.length;
    await send();
    const steps = world.disk!.steps.length - before;
    expect(steps).toBeGreaterThan(4);
    const kept = files().length;
    entries = [];
    for (let step = 1; step <= steps; step += 1) {
      world.disk!.failAt(step, code);
      expect(await send()).toMatch(reply);
      expect(files()).toHaveLength(kept);
      expect(entries).toEqual([]);
    }
    expect(await send()).toMatch(/^250 /);
  }); // prettier-ignore

  it('250 is said after: whole in tmp, fsync, close, rename to new, fsync of the folder', async () => {
    await send();
    const before = world.disk!.steps.length;
    expect(await send()).toMatch(/^250 /);
    const steps = world.disk!.steps.slice(before).map((step) => step.replace(/\d+\.M\S*/g, 'ID'));
    const each = steps.filter((step, at) => !step.startsWith('mkdir') && step !== steps[at - 1]);
    expect(each).toEqual([
      'open bob/tmp/ID', 'append bob/tmp/ID', 'sync bob/tmp/ID', 'close bob/tmp/ID', 'rename bob/tmp/ID bob/new/ID',
      ...steps.slice(-3),
    ]);
    expect(steps.slice(-3)).toEqual(['open bob/new', 'sync bob/new', 'close bob/new']);
    // A mailbox is locked while it is listed: v4-mailboxes.test.ts.
    expect(read('v4-mailboxes.test.ts')).toContain('wait for each other: a listing can miss a file that is being renamed');
  }); // prettier-ignore
});

describe('a crash', () => {
  it('is tested by kill -9: between any two steps, and under load (see v4-mailboxes.test.ts and tests/crash)', () => {
    expect(read('v4-mailboxes.test.ts')).toContain('whenever the server is killed');
    expect(existsSync(path.join(ROOT, 'tests', 'crash'))).toBe(true);
  });
});

describe('POP3', () => {
  const reader = async () => loggedIn('pop3s', 'alice');
  const send = async (...texts: string[]) => {
    const sender = await server.client('smtp');
    await sender.reply();
    for (const text of texts) sender.say('MAIL FROM:<>', 'RCPT TO:<alice>', 'DATA', ...text.split('\n'), '.');
    sender.say('QUIT');
    await sender.end();
  }; // prettier-ignore
  const many = async (client: Client, line: string) => {
    client.say(line);
    const said = await client.hear(/^(?:-ERR.*|[^]*\r\n\.)\r\n$/);
    return said.split('\r\n').slice(1, -2);
  };

  it('DELE marks, QUIT deletes, a dropped connection deletes nothing; numbers stay; a second login gets IN-USE; UIDs are never used again', async () => {
    let client = await reader();
    for (const { length } of [await many(client, 'LIST')]) {
      for (let number = 1; number <= length; number += 1) await client.ask(`DELE ${number}`);
    }
    client.say('QUIT');
    await client.end();
    await send('one', '..two\nmore', 'three');
    client = await reader();
    const uids = (await many(client, 'UIDL')).map((line) => line.split(' ')[1]!);
    expect(new Set(uids).size).toBe(3);
    const lying = server.lying('alice').map(({ length }) => length).sort();
    expect((await many(client, 'LIST')).map((line) => Number(line.split(' ')[1])).sort()).toEqual(lying);
    expect(await client.ask('DELE 2')).toMatch(/^\+OK/);
    expect((await many(client, 'LIST')).map((line) => line.split(' ')[0])).toEqual(['1', '3']);
    expect((await many(client, 'UIDL')).map((line) => line.split(' ')[1])).toEqual([uids[0], uids[2]]);
    expect(await client.ask('RETR 2')).toMatch(/^-ERR/);
    const second = await server.secureClient('pop3');
    expect(await second.logIn('alice')).toMatch(/^-ERR \[IN-USE\] /);
    client.socket.destroy();
    do client = await server.secureClient('pop3s');
    while (!(await client.logIn('alice')).startsWith('+OK'));
    expect((await many(client, 'UIDL')).map((line) => line.split(' ')[1])).toEqual(uids);
    await client.ask('DELE 1');
    client.say('QUIT');
    await client.end();
    await send('four');
    client = await reader();
    const later = (await many(client, 'UIDL')).map((line) => line.split(' ')[1]!);
    expect(later.slice(0, 2)).toEqual(uids.slice(1));
    expect(uids).not.toContain(later[2]);
    const dotted = await many(client, 'RETR 1');
    expect(dotted.slice(-2)).toEqual(['..two', 'more']);
    client.say('QUIT');
    await client.end();
  }); // prettier-ignore
});

describe('relay', () => {
  it('only local mailboxes, and for submission logged-in senders; source routes are accepted and ignored', async () => {
    const own = await V4Process.start(['--domain', 'example.com']);
    try {
      const stranger = await own.client('smtp');
      await stranger.reply();
      await stranger.ask('EHLO pc');
      await stranger.ask('MAIL FROM:<a@example.org>');
      expect(await stranger.ask('RCPT TO:<bob@example.org>')).toMatch(/^550 5\.7\.1 /);
      expect(await stranger.ask('RCPT TO:<bob%example.org@example.com>')).toMatch(/^550 5\.1\.1 /);
      expect(await stranger.ask('RCPT TO:<@example.com:bob@example.org>')).toMatch(/^550 5\.7\.1 /);
      expect(await stranger.ask('RCPT TO:<@relay.example:bob@example.com>')).toMatch(/^250 /);
      const sender = await own.secureClient('submission');
      expect(await sender.ask('MAIL FROM:<bob@example.com>')).toMatch(/^530 5\.7\.0 /);
      await sender.logIn();
      expect(await sender.ask('MAIL FROM:<alice@example.com>')).toMatch(/^553 5\.7\.1 /);
      expect(await sender.ask('MAIL FROM:<bob@example.com>')).toMatch(/^250 /);
      // Logged in or not: this server sends nothing to others.
      expect(await sender.ask('RCPT TO:<zoe@example.org>')).toMatch(/^550 5\.7\.1 /);
      expect(await sender.ask('RCPT TO:<alice@EXAMPLE.com>')).toMatch(/^250 /);
    } finally {
      await own.stop();
    }
  });
});

describe('the log and the journal', () => {
  it('hold no password in any form, and nothing raw that a client has said; every line parses', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-log-'));
    const file = path.join(folder, 'log.json');
    const logging = await V4Process.start(['--log', file, '--log-level', 'debug', '--login-delay', '1']);
    try {
      const HUSH = 'hush-hush-password';
      const EVIL = ['\x1b[31mred', 'a\rINFO forged', 'a\x00b', utf8('a\u2028b'), utf8('a\u202eb'), utf8('a\u0085b')];
      for (const service of ['smtp', 'submission', 'smtps']) {
        const client = await logging.secureClient(service);
        for (const evil of EVIL) {
          await client.ask(`EHLO ${evil}`);
          await client.ask(`MAIL FROM:<${evil}@x>`);
          await client.ask(`VRFY ${evil}`);
        }
        await client.ask(`AUTH PLAIN ${plain('bob', HUSH)}`);
        await client.ask(`AUTH PLAIN ${plain(`bob${EVIL[0]}`, HUSH)}`);
        await client.ask('AUTH LOGIN');
        await client.ask(base64('bob'));
        await client.ask(base64(HUSH));
        expect(await client.logIn()).toMatch(/^235/);
        await client.ask('RSET');
        if (service === 'smtp') {
          const other = await logging.client('smtp');
          await other.reply();
          await other.ask('EHLO pc');
          other.say(`MAIL FROM:<${utf8('é\u00adv')}@x> SMTPUTF8`, 'RCPT TO:<bob>', 'DATA', `Subject: ${EVIL[0]}`, '', HUSH, '.', 'QUIT');
          expect(await other.end()).toContain('Message stored');
        }
        // In the clear somebody says it all the same.
        const clear = await logging.client('smtp');
        await clear.reply();
        await clear.ask(`AUTH PLAIN ${plain('bob', HUSH)}`);
        await clear.ask(`PASS ${HUSH}`);
        client.say('QUIT');
        await client.end();
      }
      for (const service of ['pop3', 'pop3s']) {
        const client = await logging.secureClient(service);
        for (const evil of EVIL) await client.ask(`USER ${evil}`);
        await client.ask('USER bob');
        await client.ask(`PASS ${HUSH}`);
        await client.ask(`AUTH PLAIN ${plain('bob', HUSH)}`);
        await client.ask('USER bob');
        expect(await client.ask('PASS secret')).toMatch(/^\+OK/);
        client.say('RETR 1', 'QUIT');
        await client.end();
        const clear = await logging.client('pop3');
        await clear.reply();
        await clear.ask('USER bob');
        await clear.ask(`PASS ${HUSH}`);
        await clear.ask(`AUTH PLAIN ${plain('bob', HUSH)}`);
        clear.socket.destroy();
      }
      // What was said last has been written when the process has ended.
      logging.started.kill('SIGTERM');
      await logging.started.ended;
      const json = readFileSync(file, 'utf8');
      const all = { output: logging.started.output(), json, journal: logging.journalText };
      const secrets = [HUSH, 'secret', base64(HUSH), base64('secret'), plain('bob', HUSH), plain('bob', 'secret'), 'scrypt'];
      for (const [where, text] of Object.entries(all)) {
        expect(text.length, where).toBeGreaterThan(100);
        for (const secret of secrets) expect(text, where).not.toContain(secret);
        expect(text.replaceAll('\n', ''), where).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect(text, where).not.toMatch(/^INFO forged/m);
      }
      for (const line of [...json.trimEnd().split('\n'), ...all.journal.trimEnd().split('\n')]) {
        expect(JSON.parse(line)).toBeTypeOf('object');
      }
      for (const line of all.output.trimEnd().split('\n')) {
        expect(line).toMatch(/^(?:\w+ 127\.0\.0\.1:\d+|\d\d:\d\d:\d\d\.\d{3} (?:DEBUG|INFO|WARN|ERROR) .*)$/);
      }
      expect(all.output).toMatch(/ login refused: wrong name or password$/m);
    } finally {
      await logging.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }); // prettier-ignore
});
