import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runServer, startServer } from './process.ts';
import { inOneFile, ROOT, serves } from './server-promises.ts';

serves('v2-helo', inOneFile);

describe('the server of v2-helo', () => {
  const folder = path.join(ROOT, 'v2-helo');

  it.concurrent.each([
    [['--file-by', 'date'], /^--file-by must be recipient or sender, not "date"\.\n$/],
    [['--users', 'x', '--file-by', 'sender'], /^--users .*choose one\.\n$/],
    [
      ['--users', path.join(os.tmpdir(), 'no', 'such', 'file')],
      /file cannot be used \(ENOENT\).*\n$/,
    ],
  ])('refuses %j in one line', async (args, message) => {
    const { code, output } = await runServer(folder, ['0', ...args]);
    expect(output).toMatch(message);
    expect(code).toBe(1);
  });

  it('makes the mailboxes of a closed list at start', async () => {
    const temporary = await mkdtemp(path.join(os.tmpdir(), 'stagepost-users-'));
    await mkdir(path.join(temporary, 'mail'));
    await writeFile(path.join(temporary, 'users'), 'Alice\nbob\n');
    const server = await startServer(folder, [
      '--users', path.join(temporary, 'users'), '--mailboxes', path.join(temporary, 'mail'),
    ]); // prettier-ignore
    expect(await readdir(path.join(temporary, 'mail'))).toEqual(['alice.txt', 'bob.txt']);
    server.kill('SIGKILL');
    await server.ended;
    await rm(temporary, { recursive: true });
  });
});
