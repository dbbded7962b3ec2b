import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, symlink } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openConnection } from '../../src/server/connection.ts';
import { toManifest } from '../../src/server/manifest.ts';
import type { ServerUnderTest } from '../../src/server/model.ts';
import { isAlive as isAliveOnLinux } from '../../src/server/proc.ts';
import { buildSubmission, startServer } from '../../src/server/start-server.ts';
import type { StartServerOptions } from '../../src/server/start-server.ts';
import { lineServer, submission } from './submission.ts';

const onLinux = process.platform === 'linux';
const onPosix = process.platform !== 'win32';
const running: ServerUnderTest[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function start(
  files: Record<string, string>,
  manifest: object,
  options: Partial<StartServerOptions> = {},
): Promise<ServerUnderTest> {
  const dir = await submission(files);
  const server = await startServer(toManifest(manifest, 'stagepost.json'), dir, {
    stage: 'v1',
    ...options,
  });
  running.push(server);
  return server;
}

const greeter = { 'server.mjs': lineServer('line') };
const plain = { start: '{node} server.mjs {smtp}' };

async function firstOctets(connection: NodeJS.ReadableStream): Promise<string> {
  const [octets] = (await once(connection, 'data')) as [Buffer];
  return octets.toString();
}

/** A process that is there and not only a zombie: those last where nobody buries orphans. */
function isAlive(pid: number): boolean {
  if (onLinux) return isAliveOnLinux(pid);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('starting a server', () => {
  it('connects to the port that it was given', async () => {
    const server = await start(greeter, plain);
    const connection = await server.connect('smtp');
    expect(await firstOctets(connection)).toBe('220 ready\r\n');
    connection.destroy();
  });

  it('runs it in a fresh copy of the folder, without the mail of the day before', async () => {
    const server = await start(
      { ...greeter, 'mailboxes/bob.txt': 'old', '.git/HEAD': 'x', 'Code/names.txt': 'bob' },
      plain,
    );
    expect(await readdir(path.join(server.folder, 'mailboxes'))).toEqual([]);
    expect(await readdir(path.join(server.folder, 'Code'))).toEqual(['names.txt']);
    expect(existsSync(path.join(server.folder, '.git'))).toBe(false);
    expect(server.stores).toEqual([server.folder]);
  });

  it.runIf(onPosix)('also where the folder is a link to one', async () => {
    const dir = await submission(greeter);
    const link = path.join(await submission({}), 'link');
    await symlink(dir, link);
    const server = await startServer(toManifest(plain, 'stagepost.json'), link, { stage: 'v1' });
    running.push(server);
    expect(await readdir(server.folder)).toContain('mailboxes');
    expect(await readdir(dir)).toEqual(['server.mjs']);
  });

  it('removes everything afterwards: processes, those they started, and the folder', async () => {
    const family = `
      import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      const idle = ['-e', 'setInterval(() => {}, 1000)'];
      const child = spawn(process.execPath, idle, { stdio: 'ignore' });
      const daemon = spawn(process.execPath, idle, { stdio: 'ignore', detached: ${String(onLinux)} });
      daemon.unref();
      process.on('SIGTERM', () => {});
      writeFileSync('pids', [process.pid, child.pid, daemon.pid].join(' '));
      ${lineServer('line').replace("import net from 'node:net';", "const net = await import('node:net');")}
    `;
    const server = await start({ 'server.mjs': family }, plain);
    const pids = (await readFile(path.join(server.folder, 'pids'), 'utf8')).split(' ').map(Number);
    expect(pids.filter(isAlive)).toHaveLength(3);
    await server.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(path.dirname(server.folder))).toBe(false);
  });

  it('tells the ports by the environment too, and hides what is for this program only', async () => {
    const script = lineServer('process.env[line] ?? "none"', 'Number(process.env.SMTP_PORT)');
    process.env.npm_config_test_noise = 'noise';
    const server = await start(
      { 'server.mjs': script },
      { start: '{node} server.mjs', env: { MAILDIR: '{mailboxes}/x' } },
    );
    delete process.env.npm_config_test_noise;
    const connection = await server.connect('smtp');
    let seen = '';
    connection.on('data', (octets: Buffer) => (seen += octets.toString()));
    connection.write('MAILBOXES\r\nPYTHONUNBUFFERED\r\nnpm_config_test_noise\r\nMAILDIR\r\n');
    while (seen.split('\r\n').length < 6) await once(connection, 'data');
    const mailboxes = path.join(server.folder, 'mailboxes');
    expect(seen.split('\r\n').slice(1, 5)).toEqual([mailboxes, '1', 'none', `${mailboxes}/x`]);
    connection.destroy();
  });

  it('types to a server that wants to be told, and leaves its input open', async () => {
    const script = `
      process.stdin.once('data', (data) => { if (data.toString() === '1\\n') void listen(); });
      process.stdin.on('end', () => process.exit(3));
      async function listen() {
        ${lineServer('line').replace("import net from 'node:net';", "const net = (await import('node:net')).default;")}
      }
    `;
    const server = await start(
      { 'Code/server.mjs': script },
      { start: { command: '{node} server.mjs {smtp}', cwd: 'Code', stdin: '1\n' } },
    );
    expect(server.ended()).toBeUndefined();
  });

  it('writes the users file of a variant', async () => {
    const script = `
      import { readFileSync } from 'node:fs';
      const users = readFileSync(process.argv[3], 'utf8');
      ${lineServer('users.trim().replaceAll("\\n", ",")')}
    `;
    const server = await start(
      { 'server.mjs': script },
      { start: 'nobody', variants: { users: { start: '{node} server.mjs {smtp} {users}' } } },
      { variant: 'users' },
    );
    const connection = await server.connect('smtp');
    await firstOctets(connection);
    connection.write('WHO\r\n');
    expect(await firstOctets(connection)).toBe('alice,bob,carol\r\n');
    connection.destroy();
  });

  it('runs setup before it, and build once for many starts', async () => {
    const dir = await submission({
      'build.mjs': `import fs from 'node:fs'; fs.appendFileSync('built', 'x');`,
      'setup.mjs': `import fs from 'node:fs'; fs.writeFileSync('who', process.argv[2]);`,
      ...greeter,
    });
    const manifest = toManifest(
      { build: '{node} build.mjs', setup: '{node} setup.mjs {smtp}', ...plain },
      'stagepost.json',
    );
    const built = await buildSubmission(manifest, dir);
    for (let n = 0; n < 2; n++) {
      const server = await startServer(manifest, built.server, { stage: 'v1', built: true });
      running.push(server);
      expect(await readFile(path.join(server.folder, 'built'), 'utf8')).toBe('x');
      expect(await readFile(path.join(server.folder, 'who'), 'utf8')).toBe(
        String(server.ports.smtp),
      );
    }
    await built.remove();
  });

  it.runIf(onLinux)('does not spend the only connection that a server serves', async () => {
    const script = `
      import net from 'node:net';
      const listener = net.createServer((socket) => {
        socket.write('220 only one\\r\\n');
        listener.close();
      }).listen(Number(process.argv[2]), '127.0.0.1');
    `;
    const server = await start({ 'server.mjs': script }, plain);
    const connection = await server.connect('smtp');
    expect(await firstOctets(connection)).toBe('220 only one\r\n');
    connection.destroy();
  });

  it.runIf(onLinux)('knows whether the server has read what was sent', async () => {
    const script = `
      import net from 'node:net';
      net.createServer({ pauseOnConnect: true }, (socket) => {
        process.on('SIGUSR2', () => socket.resume());
      }).listen(Number(process.argv[2]), '127.0.0.1', () => console.log(process.pid));
    `;
    const server = await start({ 'server.mjs': script }, plain);
    const connection = await server.connect('smtp');
    connection.write('HELO x\r\n');
    await server.hasRead(connection, 30);
    expect(await server.isBusy()).toBe(true);
    process.kill(Number(server.output()), 'SIGUSR2');
    await server.hasRead(connection, 5_000);
    while (await server.isBusy());
    connection.destroy();
  });

  it.runIf(onLinux)('knows that a server is at work on what it has read', async () => {
    const script = lineServer(
      '(() => { for (const end = Date.now() + 300; Date.now() < end; ); })()',
    );
    const server = await start({ 'server.mjs': script }, plain);
    const connection = await server.connect('smtp');
    await firstOctets(connection);
    connection.write('WORK\r\n');
    await server.hasRead(connection, 5_000);
    expect(await server.isBusy()).toBe(true);
    connection.destroy();
  });
});

describe('a server that does not start', () => {
  const refusal = (files: Record<string, string>, manifest: object, readyLimit = 400) =>
    expect(start(files, manifest, { readyLimit })).rejects;

  it('is told with its last lines when it ends', async () => {
    const script = 'console.log("one"); console.error("two"); process.exitCode = 3;';
    await refusal({ 'server.mjs': script }, plain, 5_000).toMatchObject({
      key: 'startEnded',
      values: { how: 'exited with code 3' },
      output: ['one', 'two'],
    });
  });

  it('is told when the program is not there', async () => {
    await refusal({}, { start: 'no-such-program-anywhere {smtp}' }).toMatchObject({
      key: 'startNoProgram',
    });
  });

  it('is told when it does not listen at all', async () => {
    await refusal({ 'server.mjs': 'setInterval(() => {}, 1000)' }, plain).toMatchObject({
      key: 'startNotListening',
    });
  });

  it.runIf(onLinux)('is told where it listens instead', async () => {
    const script = lineServer('line', '0').replace(/\);\s*$/, ', () => {});');
    await refusal({ 'server.mjs': script }, plain, 9_000).toMatchObject({
      key: 'startListensElsewhere',
      values: { others: expect.stringMatching(/^\d+$/) as string },
    });
  });

  // Nobody holds the TCP port meanwhile, so another test's server may be given it: hence once more.
  it.runIf(onLinux)('is told that UDP is not TCP', { retry: 2 }, async () => {
    const script = `
      import dgram from 'node:dgram';
      dgram.createSocket('udp4').bind(Number(process.argv[2]), '127.0.0.1');
    `;
    await refusal({ 'server.mjs': script }, plain, 9_000).toMatchObject({
      key: 'startListensByUdp',
    });
  });

  it('is not even started when its fixed port is taken', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as net.AddressInfo;
    await refusal(greeter, { ...plain, ports: { smtp: port } }).toMatchObject({
      key: 'startFixedPortTaken',
      values: { port, name: 'smtp' },
    });
    other.close();
  });

  it('is tried again with another port when somebody else was quicker', async () => {
    const script = `
      import { existsSync, writeFileSync } from 'node:fs';
      const flag = process.argv[3];
      if (existsSync(flag)) { ${lineServer('line').replace("import net from 'node:net';", "const net = (await import('node:net')).default;")} }
      else { writeFileSync(flag, ''); console.error('EADDRINUSE'); process.exit(1); }
    `;
    const dir = await submission({ x: '' });
    const server = await start(
      { 'server.mjs': script },
      { start: `{node} server.mjs {smtp} "${path.join(dir, 'flag')}"` },
    );
    expect(server.ended()).toBeUndefined();
  });

  it('is told what a failed build printed', async () => {
    await refusal(greeter, {
      build: '{node} -e "console.log(1);process.exit(2)"',
      ...plain,
    }).toMatchObject({
      key: 'startStepFailed',
      values: { step: 'build', how: 'exited with code 2' },
      output: ['1'],
    });
  });

  it('leaves no folder behind', async () => {
    const folder = /"(?<at>[^"]+)"/;
    const script = 'console.log(JSON.stringify(process.cwd())); process.exit(1)';
    const failure = await start({ 'server.mjs': script }, plain).catch((error: unknown) => error);
    const { output } = failure as { output: string[] };
    expect(existsSync(folder.exec(output[0]!)!.groups!.at!)).toBe(false);
  });
});

describe('when this program ends first', () => {
  it.runIf(onPosix)('a signal takes the server with it', async () => {
    const dir = await submission({
      'server.mjs': `console.log(process.pid); ${lineServer('line').replace("import net from 'node:net';", "const net = (await import('node:net')).default;")}`,
    });
    const startModule = fileURLToPath(new URL('../../src/server/start-server.ts', import.meta.url));
    const manifestModule = fileURLToPath(new URL('../../src/server/manifest.ts', import.meta.url));
    const script = `
      import { startServer } from ${JSON.stringify(startModule)};
      import { toManifest } from ${JSON.stringify(manifestModule)};
      const manifest = toManifest({ start: '{node} server.mjs {smtp}' }, 'x');
      const server = await startServer(manifest, ${JSON.stringify(dir)}, { stage: 'v1' });
      // It listens; what it has printed may still be on its way.
      while (!server.output().includes('\\n')) await new Promise(setImmediate);
      console.log(JSON.stringify([Number(server.output()), server.ports.smtp, server.folder]));
      setInterval(() => {}, 1000);
    `;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [pid, port, folder] = JSON.parse(line.toString()) as [number, number, string];
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGINT');
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGINT');
    // It was sent SIGKILL before this program ended, and is gone when the system has come to it.
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
    await expect(openConnection(port)).rejects.toThrow();
    expect(existsSync(folder)).toBe(false);
  });
});
