import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOptions } from '../../../v3-pop3/src/options.ts';
import { connect, runServer, startServer } from './process.ts';
import { inAFolder, ROOT, serves } from './server-promises.ts';

serves('v3-pop3', inAFolder, ['--pop3', '0']);

describe('the server of v3-pop3', () => {
  const folder = path.join(ROOT, 'v3-pop3');
  let temporary: string;
  beforeAll(async () => {
    temporary = await mkdtemp(path.join(os.tmpdir(), 'stagepost-v3-'));
  });
  afterAll(() => rm(temporary, { recursive: true, force: true }));

  const inTemporary = (name: string) => ['--mailboxes', path.join(temporary, name)];

  it('says its ports, SMTP first, when both of them listen', async () => {
    const server = await startServer(folder, inTemporary('ports'));
    const [smtp, pop3] = [await connect(server.port), await connect(server.pop3)];
    expect(await smtp.hear('\r\n')).toMatch(/^220 .*\r\n$/);
    expect(await pop3.hear('\r\n')).toMatch(/^\+OK .*\r\n$/);
    expect(server.output()).toMatch(/^smtp 127\.0\.0\.1:\d+\npop3 127\.0\.0\.1:\d+\n/);
    server.kill('SIGKILL');
    await server.ended;
  });

  it('gives up both ports if the second is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    // It can only come to an end if it listens nowhere any more.
    const { code, output } = await runServer(folder, [
      ...['0', '--pop3', String(port)],
      ...inTemporary('taken'),
    ]);
    other.close();
    expect(output).toMatch(new RegExp(`^Port ${port} is taken\\. .*\n$`));
    expect(code).toBe(1);
  });

  it('gives up its ports if it cannot look into the mailboxes', async () => {
    await mkdir(path.join(temporary, 'strange', 'bob'), { recursive: true });
    await writeFile(path.join(temporary, 'strange', 'bob', 'tmp'), 'a file');
    const { code, output } = await runServer(folder, [
      ...['0', '--pop3', '0'],
      ...inTemporary('strange'),
    ]);
    expect(output).toMatch(/tmp cannot be used \(ENOTDIR\).*\n$/);
    expect(code).toBe(1);
  });

  it.concurrent.each([
    [['--file-by', 'sender'], /^Unknown option '--file-by'\. See server\.ts --help\.\n$/],
    [['--smtp', '2600', '--pop3', '2600'], /^SMTP and POP3 need a port each, .* 2600\.\n$/],
    [['--users', path.join('no', 'such', 'file')], /file cannot be used \(ENOENT\).*\n$/],
  ])('refuses %j in one line', async (args, message) => {
    const ports = args.includes('--smtp') ? [] : ['--smtp', '0', '--pop3', '0'];
    const { code, output } = await runServer(folder, [
      ...ports,
      ...inTemporary('refused'),
      ...args,
    ]);
    expect(output).toMatch(message);
    expect(output.trimEnd()).not.toContain('\n');
    expect(code).toBe(1);
  });

  it('makes the mailboxes of a closed list at start', async () => {
    await writeFile(path.join(temporary, 'users'), 'Alice\nbob:secret\n');
    const server = await startServer(folder, [
      ...['--users', path.join(temporary, 'users')],
      ...inTemporary('closed'),
    ]);
    expect((await readdir(path.join(temporary, 'closed'), { recursive: true })).sort()).toEqual(
      ['alice', 'bob'].flatMap((name) => [
        name,
        path.join(name, 'reception'),
        path.join(name, 'tmp'),
      ]),
    );
    server.kill('SIGKILL');
    await server.ended;
  });

  it('says in one line what is wrong with a users file, and keeps a password to itself', async () => {
    await writeFile(path.join(temporary, 'wrong'), 'alice\nb@b:hush\n');
    const { code, output } = await runServer(folder, [
      ...['--users', path.join(temporary, 'wrong')],
      ...inTemporary('refused'),
    ]);
    expect(output).toMatch(/wrong: line 2 must be .*\n$/);
    expect(output.trimEnd()).not.toContain('\n');
    expect(output).not.toContain('hush');
    expect(code).toBe(1);
  });
});

describe('the options of v3-pop3', () => {
  const ports = (args: string[], env: NodeJS.ProcessEnv = {}) => {
    const options = readOptions(args, env);
    return options === 'help' ? options : options.ports;
  };

  it('take a port each: from the command line, the environment, or as ever', () => {
    expect(ports([])).toEqual({ smtp: 2525, pop3: 1110 });
    expect(ports(['2600'])).toEqual({ smtp: 2600, pop3: 1110 });
    expect(ports(['--pop3', '1111'])).toEqual({ smtp: 2525, pop3: 1111 });
    const env = { SMTP_PORT: '2700', POP3_PORT: '2701' };
    expect(ports([], env)).toEqual({ smtp: 2700, pop3: 2701 });
    expect(ports(['0', '--pop3', '0'], env)).toEqual({ smtp: 0, pop3: 0 });
  });

  it.each<[string[], NodeJS.ProcessEnv, string]>([
    [['--pop3', 'x'], {}, 'The pop3 port must be a whole number from 0 to 65535, not "x".'],
    [['2525', '1110'], {}, 'One port is enough, that of SMTP: say 2525 --pop3 PORT.'],
    [['--pop3', '65536'], {}, 'The pop3 port must be'],
    [[], { POP3_PORT: '-1' }, 'The pop3 port must be'],
    [['1110'], {}, 'SMTP and POP3 need a port each, and both were given 1110.'],
    [['--pop3', '2525'], {}, 'SMTP and POP3 need a port each, and both were given 2525.'],
    [[], { SMTP_PORT: '25', POP3_PORT: '25' }, 'SMTP and POP3 need a port each'],
    [['--pop3-timeout', '0'], {}, '--pop3-timeout must be'],
  ])('refuse %j with %j', (args, env, message) => {
    expect(() => readOptions(args, env)).toThrow(message);
  });

  it('take how long a reader of mail may be silent', () => {
    const options = readOptions(['--pop3-timeout', '7'], {});
    expect(options).toMatchObject({ settings: { limits: { pop3Seconds: 7 } } });
    expect(readOptions([], {})).toMatchObject({ settings: { limits: { pop3Seconds: 600 } } });
  });
});
