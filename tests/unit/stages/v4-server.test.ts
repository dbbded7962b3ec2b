import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundledProgram } from '../../bundled.ts';
import { runServer } from './process.ts';
import { STAGE, V4Process } from './v4-process.ts';

const hasSignals = process.platform !== 'win32';
const ENVELOPE = ['MAIL FROM:<alice@example.com>', 'RCPT TO:<bob@example.com>', 'DATA'];
const SERVICES = ['smtp', 'submission', 'smtps', 'pop3', 'pop3s'];
const FREE = SERVICES.flatMap((name) => [`--${name}`, '0']);
const codesOf = (said: string) => said.match(/^\d{3}(?= )/gm)?.map(Number);

let temporary: string;
beforeAll(() => {
  temporary = mkdtempSync(path.join(os.tmpdir(), 'stagepost-v4-'));
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const servers: V4Process[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});
async function start(...args: string[]): Promise<V4Process> {
  const server = await V4Process.start(args);
  servers.push(server);
  return server;
}
async function startIn(folder: string, ...args: string[]): Promise<V4Process> {
  const server = await V4Process.startIn(folder, args);
  servers.push(server);
  return server;
}

describe('the server of v4-advanced, when it starts', () => {
  it('needs no configuration: it makes what it needs, and says the demo accounts and its ports', async () => {
    // Here as its users start it, without a bundle.
    const folder = path.join(temporary, 'fresh');
    const server = await V4Process.startIn(folder, [], 'by tsx');
    servers.push(server);
    expect(server.started.output()).toMatch(
      new RegExp(
        '^demo account alice, password wonderland\n' +
          'demo account bob, password can-we-fix-it\n' +
          SERVICES.map((name) => `${name} 127\\.0\\.0\\.1:\\d+\n`).join(''),
        'm',
      ),
    );
    for (const name of ['mailboxes', 'data/accounts', 'data/cert.pem', 'data/key.pem']) {
      expect(existsSync(path.join(folder, name))).toBe(true);
    }
    const client = await server.secureClient('submission');
    expect(await client.logIn('alice', 'wonderland')).toMatch(/^235 /);
    expect(await client.deliver('alice@example.com', 'hello')).toMatch(/250 2\.0\.0 Message stored/);
    const reader = await server.secureClient('pop3');
    await reader.ask('USER bob@example.com');
    expect(await reader.ask('PASS can-we-fix-it')).toMatch(/^\+OK Welcome, you have 1 message\r\n/);
  }); // prettier-ignore

  it('does not say demo accounts that are no longer what everybody knows', async () => {
    const server = await start();
    expect(server.started.output()).not.toContain('demo');
  });

  it.each(['0.0.0.0', '::', '192.0.2.1'])('lets nobody in at %s with passwords that everybody knows', async (host) => {
    const folder = path.join(temporary, `demo ${host.replaceAll(':', '_')}`);
    const { code, output } = await runServer(STAGE, [...FREE, '--host', host, '--data', folder, '--mailboxes', path.join(folder, 'm')]);
    expect(output).toMatch(/^The server could not start: everybody knows the passwords of the demo accounts \(alice, bob\)\. .*\n$/);
    expect(code).toBe(1);
  }); // prettier-ignore

  it('listens anywhere without them', async () => {
    const server = await start('--host', '0.0.0.0');
    expect(server.started.output()).toMatch(/^smtp 0\.0\.0\.0:\d+$/m);
  });

  it('gives up all ports if the last one is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const folder = path.join(temporary, 'taken');
    // It can only come to an end if it listens nowhere any more.
    const { code, output } = await runServer(STAGE, [...FREE.slice(0, -1), String(port), '--data', folder, '--mailboxes', folder]);
    other.close();
    expect(output).toMatch(new RegExp(`^Port ${port} is taken\\. .*$`, 'm'));
    expect(code).toBe(1);
  }); // prettier-ignore

  it('prints its help', async () => {
    const { code, output } = await runServer(STAGE, ['--help']);
    expect(output).toMatch(/^Usage: server\.ts \[port\] \[options\]\n/);
    expect(code).toBe(0);
  });

  it.concurrent.each([
    [['--nonsense'], /^Unknown option '--nonsense'\. See server\.ts --help\.$/],
    [['70000'], /^--smtp must be a whole number from 0 to 65535, not "70000"\.$/],
    [['--smtp', '2600', '--pop3', '2600'], /^smtp and pop3 need a port each, .* 2600\.$/],
    [['--host', '192.0.2.1', '--users', 'SOME'], /^This machine does not have the address 192\.0\.2\.1/],
    [['--users', 'BROKEN'], /BROKEN.*line 2/],
    [['--cert', 'SOME'], /--key|key/],
    [['--cert', 'SOME', '--key', 'SOME'], /SOME/],
    [['--log', path.join('no', 'such', 'folder', 'log')], /log/],
    [['--mailboxes', path.join('server.ts', 'x')], /server\.ts/],
    [['--data', path.join('server.ts', 'x')], /server\.ts/],
  ])('refuses %j in one line, with exit code 1', async (args, message) => {
    const folder = mkdtempSync(path.join(temporary, 'refused-'));
    for (const [name, text] of [['SOME', '# nobody\n'], ['BROKEN', '# nobody\nbob:hush\n']] as const) {
      writeFileSync(path.join(folder, name), text);
    }
    const given = args.map((word) => (/^(?:SOME|BROKEN)$/.test(word) ? path.join(folder, word) : word));
    const { code, output } = await runServer(STAGE, [
      ...(args.includes('--smtp') || args[0] === '70000' ? [] : FREE),
      ...(args.includes('--data') ? [] : ['--data', folder]),
      ...(args.includes('--mailboxes') ? [] : ['--mailboxes', path.join(folder, 'm')]),
      ...given,
    ]);
    expect(output.trimEnd()).toMatch(message);
    expect(output.trimEnd()).not.toContain('\n');
    expect(output).not.toContain('hush');
    expect(code).toBe(1);
  }); // prettier-ignore

  it('says which mailboxes of stage 3 nobody reads here', async () => {
    const folder = path.join(temporary, 'old');
    mkdirSync(path.join(folder, 'mailboxes', 'bob@example.com', 'reception'), { recursive: true });
    const server = await startIn(folder);
    expect(server.started.output()).toMatch(/WARN .*bob@example\.com.* See migrate\.ts --help/);
  });

  it('can be started again at once', async () => {
    const server = await start();
    const client = await server.client('smtp');
    await client.reply();
    server.started.kill('SIGKILL');
    await server.started.ended;
    const again = await startIn(server.folder, '--smtp', String(server.started.port));
    expect(await (await again.client('smtp')).reply()).toMatch(/^220 /);
  });
});

describe('the server of v4-advanced', () => {
  let server: V4Process;
  beforeAll(async () => {
    server = await V4Process.start();
  });
  afterAll(() => server.stop());

  it('takes mail from anybody, hands it out under TLS, and writes down what happens', async () => {
    const client = await server.client('smtp');
    await client.reply();
    expect(await client.deliver('stranger@example.org', 'Subject: x', '', '..dot')).toContain('Message stored');
    const reader = await server.secureClient('pop3s');
    expect(await reader.logIn()).toContain('you have 1 message');
    const said = (reader.say('RETR 1'), await reader.hear(/\r\n\.\r\n$/));
    expect(said).toMatch(/\r\nDelivered-To: bob\r\n(?:.*\r\n)*Subject: x\r\n\r\n\.\.dot\r\n\.\r\n$/);
    reader.say('DELE 1', 'QUIT');
    expect(await reader.end()).toMatch(/goodbye\r\n$/);
    expect(server.lying('bob')).toEqual([]);
    const story = server.journal.map(({ event, mailbox, account, session }) => [event, mailbox, account, session.split(' ')[1]]);
    expect(story).toEqual([
      ['received', undefined, undefined, 'smtp'],
      ['delivered', 'bob', undefined, 'smtp'],
      ['listed', 'bob', 'bob', 'pop3s'],
      ['read', 'bob', 'bob', 'pop3s'],
      ['deleted', 'bob', 'bob', 'pop3s'],
    ]);
    expect(new Set(server.journal.map(({ message }) => message)).size).toBe(1);
    expect(server.started.output()).toMatch(/INFO +#\d+ smtp +message from <stranger@example\.org> for <bob>, 20 octets: stored\n/);
    expect(server.started.output()).toMatch(/INFO +#\d+ pop3s +mailbox bob: open, messages: 1\n/);
  }); // prettier-ignore

  it('keeps nothing of a message whose client leaves', async () => {
    for (const service of ['smtp', 'submission'] as const) {
      const client = await server.secureClient(service);
      await client.logIn();
      for (const line of ['MAIL FROM:<bob>', 'RCPT TO:<carol>', 'DATA']) await client.ask(line);
      client.say('half a message');
      client.socket.destroy();
    }
    const chunky = await server.client('smtp');
    await chunky.reply();
    chunky.say('EHLO pc', 'MAIL FROM:<>', 'RCPT TO:<carol>', 'BDAT 5', 'abcBDAT 5 LAST', 'ab');
    chunky.socket.destroy();
    const next = await server.client('smtp');
    await next.reply();
    await next.ask('NOOP');
    expect(server.lying('carol')).toEqual([]);
  });

  it.each(['smtp', 'smtps', 'submission'])('answers on %s a client that has said all and closed its side', async (service) => {
    const client = await server.secureClient(service);
    await client.logIn('carol');
    const letter = ['MAIL FROM:<carol>', 'RCPT TO:<alice>', 'DATA', 'hello', '.'];
    client.socket.end([...letter, ...letter, 'MAIL FROM:<>', ''].join('\r\n'));
    expect(codesOf(await client.end())).toEqual([250, 250, 354, 250, 250, 250, 354, 250, 250]);
  }); // prettier-ignore

  it('answers on pop3s a client that has said all and closed its side', async () => {
    const sender = await server.client('smtp');
    await sender.reply();
    sender.say('MAIL FROM:<>', 'RCPT TO:<carol>', 'DATA', 'hello', '.', 'QUIT');
    await sender.end();
    const client = await server.secureClient('pop3s');
    await client.logIn('carol');
    client.socket.end('LIST\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n');
    expect((await client.end()).match(/^\+OK|^-ERR/gm)).toEqual(Array(4).fill('+OK'));
    expect(server.lying('carol')).toEqual([]);
  });

  it('serves many clients at once, under TLS too', async () => {
    const clients = await Promise.all(
      Array.from({ length: 30 }, (_, index) => server.secureClient(index % 2 ? 'smtps' : 'smtp')),
    );
    for (const client of clients) expect(await client.logIn('alice')).toMatch(/^235/);
    clients.forEach((client, index) =>
      client.say('MAIL FROM:<alice>', 'RCPT TO:<bob>', 'DATA', `letter ${index}.`, '.', 'QUIT'),
    );
    for (const client of clients) expect(await client.end()).toMatch(/\r\n221 .*\r\n$/);
    const all = server.lying('bob').join('');
    for (const index of clients.keys()) expect(all.split(`letter ${index}.\r\n`)).toHaveLength(2);
  });

  it.each(['smtp', 'smtps', 'pop3', 'pop3s'])('lets the last reply on %s reach a client that is still sending', async (service) => {
    const client = await server.client(service);
    client.write('x'.repeat(2_000_000));
    expect(await client.end()).toMatch(/^(?:220|\+OK) .*\r\n(?:500|-ERR) .*[Ll]ine too long\r\n$/);
  }); // prettier-ignore

  it('knows an account within seconds that accounts.ts has added, and no longer one it has removed', async () => {
    const change = async (...args: string[]) => {
      const users = path.join(server.folder, 'data', 'accounts');
      const words = await bundledProgram(STAGE, 'accounts.ts');
      const child = spawn(process.execPath, [...words, ...args, '--users', users, '--cost', '1'], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      child.stdin.end('open sesame\n');
      expect(await once(child, 'exit')).toEqual([0, null]);
    };
    const client = await server.secureClient('smtp');
    const until = async (code: number) => {
      // It looks once a second; asking costs next to nothing.
      const isThere = async () => {
        await client.ask('RSET');
        await client.ask('MAIL FROM:<>');
        return Number((await client.ask('RCPT TO:<dora>')).slice(0, 3)) === code;
      };
      while (!(await isThere()));
      await client.ask('RSET');
    };
    expect(await client.ask('MAIL FROM:<>')).toMatch(/^250/);
    expect(await client.ask('RCPT TO:<dora>')).toMatch(/^550/);
    await change('add', 'dora');
    await until(250);
    expect(await client.logIn('dora', 'open sesame')).toMatch(/^235/);
    await change('remove', 'dora', '--yes');
    await until(550);
    const other = await server.secureClient('pop3s');
    expect(await other.logIn('dora', 'open sesame')).toMatch(/^-ERR \[AUTH\]/);
  });
});

describe('the clients of v4-advanced', () => {
  it('that are too many hear so, whatever they speak, and under TLS nothing', async () => {
    const server = await start('--max-connections', '1');
    const first = await server.client('smtp');
    await first.reply();
    for (const service of ['smtp', 'submission']) {
      expect(await (await server.client(service)).end()).toMatch(/^421 4\.7\.0 /);
    }
    expect(await (await server.client('pop3')).end()).toMatch(/^-ERR .*too many connections/);
    for (const service of ['smtps', 'pop3s'] as const) {
      await expect(server.client(service)).rejects.toThrow();
    }
    await server.started.printed(/WARN +#\d+ pop3s +refused 127\.0\.0\.1: too many connections\n/);
    first.say('QUIT');
    await first.end();
    await server.started.printed(/#1 smtp +connection closed\n/);
    expect(await (await server.client('smtp')).reply()).toMatch(/^220 /);
  }); // prettier-ignore

  it('that say nothing are sent away: in the clear, under TLS, and amid a login', async () => {
    const server = await start('--command-timeout', '1', '--pop3-timeout', '1');
    const login = await server.secureClient('smtps');
    await login.ask('AUTH LOGIN');
    const [smtp, smtps, pop3, pop3s] = await Promise.all(
      ['smtp', 'smtps', 'pop3', 'pop3s'].map((service) => server.client(service)),
    );
    expect(await login.end()).toMatch(/^421 4\.4\.2 /);
    expect(await smtp!.end()).toMatch(/^220 .*\r\n421 4\.4\.2 .*\r\n$/);
    expect(await smtps!.end()).toMatch(/^220 .*\r\n421 4\.4\.2 .*\r\n$/);
    // RFC 1939 §3: without a word.
    expect(await pop3!.end()).toMatch(/^\+OK .*\r\n$/);
    expect(await pop3s!.end()).toMatch(/^\+OK .*\r\n$/);
  });
});

describe.runIf(hasSignals)('v4-advanced, when it stops', () => {
  let server: V4Process;
  beforeEach(async () => {
    server = await start();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('at %s finishes what is in hand, sends the others away, and ends with 0', async (signal) => {
    const secure = await server.secureClient('smtps');
    await secure.logIn();
    const clear = await server.client('smtp');
    await clear.reply();
    const chunky = await server.client('smtp');
    await chunky.reply();
    const idle = await server.secureClient('submission');
    const reader = await server.secureClient('pop3s');
    await reader.logIn('carol');
    clear.say(...ENVELOPE);
    await clear.hear('354');
    secure.say('MAIL FROM:<bob>', 'RCPT TO:<bob>', 'DATA');
    await secure.hear('354');
    chunky.say('EHLO pc', 'MAIL FROM:<>', 'RCPT TO:<bob>', 'BDAT 7', 'first');
    await chunky.hear('7 octets');
    server.started.kill(signal);
    expect(await idle.end()).toMatch(/^421 4\.3\.2 .*\r\n$/);
    expect(await reader.end()).toBe('-ERR localhost is stopping, goodbye\r\n');
    clear.say('in the clear', '.');
    secure.say('under TLS', '.');
    chunky.say('BDAT 11 LAST', 'in chunks');
    for (const client of [clear, secure, chunky]) {
      expect(await client.end()).toMatch(/250 2\.0\.0 Message stored\r\n421 4\.3\.2 .*\r\n$/);
    }
    expect(await server.started.ended).toBe(0);
    const lying = server.lying('bob').join('');
    expect(lying).toContain('in the clear');
    expect(lying).toContain('under TLS');
    expect(lying).toContain('first\r\nin chunks\r\n');
  }); // prettier-ignore

  it('waits for nobody amid a handshake', async () => {
    const silent = await server.client('pop3');
    await silent.reply();
    await silent.ask('STLS');
    const other = await server.client('smtp');
    await other.reply();
    await other.ask('STARTTLS');
    other.write('\x16\x03\x01'); // a handshake begins like this
    server.started.kill('SIGTERM');
    expect(await server.started.ended).toBe(0);
    await silent.gone();
    await other.gone();
  });

  it('tells at once whoever waits to hear that a password is wrong', async () => {
    const slow = await start('--login-delay', '600000');
    const client = await slow.secureClient('smtps');
    client.say('AUTH PLAIN AGJvYgB4');
    // The command has come when the next client's has.
    const next = await slow.secureClient('smtps');
    await next.logIn('carol');
    slow.started.kill('SIGTERM');
    expect(await client.end()).toMatch(/^(?:535 .*\r\n|454 .*\r\n)?421 4\.3\.2 .*\r\n$/);
    expect(await slow.started.ended).toBe(0);
  });

  it('finishes the message of a client that has left', async () => {
    const client = await server.client('smtp');
    await client.reply();
    client.say(...ENVELOPE);
    await client.hear('354');
    client.say('hello', '.');
    client.socket.resetAndDestroy();
    const next = await server.client('smtp');
    await next.reply();
    server.started.kill('SIGTERM');
    expect(await server.started.ended).toBe(0);
    // Whether the dot came before the reset, nobody knows; but what lies there is whole.
    for (const text of server.lying('bob')) expect(text).toMatch(/\r\nhello\r\n$/);
    expect(server.unfinished('bob')).toEqual([]);
  });
});

describe('v4-advanced', () => {
  it('goes on when nobody reads its log any more', async () => {
    const server = await start();
    server.started.closeOutput();
    for (let count = 0; count < 3; count += 1) {
      const client = await server.client('smtp');
      await client.reply();
      expect(await client.deliver('a', 'hello')).toContain('Message stored');
    }
  });

  it.runIf(hasSignals)('opens certificate, accounts and log anew at SIGHUP, and loses no connection', async () => {
    const folder = mkdtempSync(path.join(temporary, 'hup-'));
    const given = (name: string) => path.join(folder, name);
    const other = await start();
    const place = (server: V4Process) => {
      for (const name of ['cert.pem', 'key.pem']) {
        writeFileSync(given(name), readFileSync(path.join(server.folder, 'data', name)));
      }
    };
    place(other);
    const server = await start('--cert', given('cert.pem'), '--key', given('key.pem'), '--log', given('log'));
    const connect = async (ca: string) => {
      const client = await server.client('smtp');
      await client.reply();
      await client.ask('STARTTLS');
      await client.beginTls(ca);
      return client;
    };
    const [before, after] = [other.certificate, (await start()).certificate];
    const early = await connect(before);
    place(servers.at(-1)!);
    writeFileSync(path.join(server.folder, 'data', 'accounts'), '');
    server.started.kill('SIGHUP');
    await server.started.printed(/SIGHUP/);
    for (;;) {
      const client = await connect(after).catch(() => undefined);
      if (client) break;
    }
    expect(await early.ask('EHLO pc')).toContain('250 AUTH PLAIN LOGIN');
    await early.ask('MAIL FROM:<>');
    while (!(await early.ask('RCPT TO:<bob>')).startsWith('550'));
    expect(readFileSync(given('log'), 'utf8')).toContain('SIGHUP');
  }); // prettier-ignore
});
