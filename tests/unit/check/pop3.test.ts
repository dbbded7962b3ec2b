/** Servers that speak POP3, in programs of their own: how they are started, emptied, and given up. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCheck } from '../../src/check/check.ts';
import type { CheckOptions } from '../../src/check/check.ts';
import type { Scenario } from '../../src/notation/model.ts';
import { toManifest } from '../../src/server/manifest.ts';
import { lineServer, submission } from '../server/submission.ts';
import { scenario } from './make.ts';

const SMTP = lineServer(
  `line === '.' ? (socket.text = false, '250 stored') : socket.text ? '' :
   line === 'DATA' ? (socket.text = true, '354 go on') :
   line === 'QUIT' ? (socket.end('221 bye\\r\\n'), '') : '250 ok'`,
);

/**
 * A POP3 server with one message at its start. Every connection is written to `connections`; `changes`
 * are statements with `line`, `say`, `state` and `socket`, that may `return`.
 */
const pop3Server = (changes = '', onEnd = '') => `
  import fs from 'node:fs';
  import net from 'node:net';
  const state = { messages: 1 };
  net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('close', () => { ${onEnd} });
    fs.appendFileSync(process.env.COUNT, 'c');
    const say = (text) => socket.write(text + '\\r\\n');
    say('+OK ready');
    let deleted = 0;
    socket.on('data', (data) => {
      for (const line of data.toString().split('\\r\\n').slice(0, -1)) {
        (() => {
          ${changes}
          if (line === 'STAT') return say('+OK ' + (state.messages - deleted) + ' 0');
          if (line.startsWith('DELE')) deleted += 1;
          if (line === 'QUIT') {
            state.messages -= deleted;
            return socket.end('+OK bye\\r\\n');
          }
          say('+OK');
        })();
      }
    });
  }).listen(Number(process.argv[2]), '127.0.0.1');
`;

const both = ['{node} smtp.mjs {smtp}', '{node} pop3.mjs {pop3}'];
const fence = (protocol: string, ...lines: string[]) =>
  ['```' + protocol, ...lines, '```'].join('\n');
const BOB = 'pop3 bob@example.com';
const smtpOnly = (name: string, step: number) =>
  scenario(`v1/${name}`, { step }, fence('smtp', 'C: NOOP', 'S: 250'));
const stat = (name: string, step: number, words: string) =>
  scenario(`v3/${name}`, { step }, fence(BOB, 'C: STAT', `S: +OK ${words}`));

async function check(
  scenarios: Scenario[],
  files: Record<string, string>,
  manifest: Record<string, unknown>,
  options: Partial<CheckOptions> = {},
) {
  const dir = await submission({ 'smtp.mjs': SMTP, ...files });
  const count = path.join(dir, 'connections.txt');
  const env = { COUNT: count, ...(manifest.env as object | undefined) };
  const result = await runCheck({
    stage: 'v3',
    scenarios,
    dir,
    manifest: toManifest({ ...manifest, env }, 'stagepost.json'),
    replyTimeout: 300,
    ...options,
  });
  const told = result.scenarios.map(({ status, message }) =>
    message === undefined ? status : message.replace(/(?<=\.) .*/s, ''),
  );
  return { ...result, told };
}

describe('a server of two programs', () => {
  it('begins every scenario with empty mailboxes, emptied or new', async () => {
    const scenarios = [stat('new', 1, '1 0'), smtpOnly('a', 2), stat('emptied', 3, '0 0')];
    const { told } = await check(scenarios, { 'pop3.mjs': pop3Server() }, { start: both });
    expect(told).toEqual(['passed', 'passed', 'passed']);
  });

  it('is started again where it cannot delete', async () => {
    const pop3 = pop3Server(`if (line.startsWith('DELE')) return say('-ERR what?');`);
    const scenarios = ['a', 'b', 'c', 'd', 'e'].map((name, step) => stat(name, step, '1 0'));
    const { told } = await check(scenarios, { 'pop3.mjs': pop3 }, { start: both });
    expect(told).toEqual(scenarios.map(() => 'passed'));
  });

  it('is played on when its POP3 side has died, and its SMTP side is not blamed', async () => {
    const pop3 = pop3Server(`if (line === 'RETR abc') throw new Error('abc is no number');`);
    const scenarios = [
      smtpOnly('a', 1),
      scenario('v3/retr', { step: 2 }, fence(BOB, 'C: RETR abc', 'S: -ERR')),
      smtpOnly('b', 3),
      stat('c', 4, '0 0'),
    ];
    const { told, scenarios: results } = await check(
      scenarios,
      { 'pop3.mjs': pop3 },
      { start: both },
    );
    expect(told).toEqual([
      'passed',
      'The server exited with code 1 when it got RETR abc.',
      'passed',
      'passed',
    ]);
    expect(results[1]?.message).toContain('Error: abc is no number');
  });

  it('may serve one connection each, and end: each scenario has a new one', async () => {
    const pop3 = pop3Server('', 'process.exit(0);');
    const scenarios = ['a', 'b', 'c', 'd'].map((name, step) => stat(name, step, '1 0'));
    const { told, notes } = await check(scenarios, { 'pop3.mjs': pop3 }, { start: both });
    expect(told).toEqual(scenarios.map(() => 'passed'));
    expect(notes).toEqual([expect.stringContaining('ends after its first connection')]);
  });
});

describe('a server that hangs up at QUIT without a word', () => {
  const quit = scenario(
    'v3/quit',
    { step: 1 },
    fence('pop3', 'S: +OK', 'C: QUIT', 'S: +OK', 'closes'),
  );
  const others = ['a', 'b'].map((name, index) => {
    const lines = ['C: NOOP', 'S: +OK', 'C: QUIT', 'S: +OK'];
    return scenario(`v3/${name}`, { step: 2 + index, needs: ['v3/quit'] }, fence(BOB, ...lines));
  });
  const silent = `if (line === 'QUIT') return socket.end();`;

  it('is told so once, and the rest is played', async () => {
    const files = { 'pop3.mjs': pop3Server(silent) };
    const { told } = await check([quit, ...others], files, { start: both });
    expect(told).toEqual([
      'The server closed the connection instead of answering QUIT.',
      'passed',
      'passed',
    ]);
  });

  it('only after something else, is told so where it does', async () => {
    const late = `if (line === 'NOOP') state.late = true; if (state.late) { ${silent} }`;
    const files = { 'pop3.mjs': pop3Server(late) };
    const { told } = await check([quit, ...others], files, { start: both });
    expect(told).toEqual([
      'passed',
      'The server closed the connection instead of answering QUIT.',
      'The server closed the connection instead of answering QUIT.',
    ]);
  });

  it('in a word that is no reply, or wrong, is no such server', async () => {
    const files = { 'pop3.mjs': pop3Server(`if (line === 'QUIT') return say('-ERR no');`) };
    const { told } = await check([quit, ...others], files, { start: both });
    expect(told).toEqual([
      'QUIT should be answered with +OK, but the server said -ERR no.',
      'Not played, since v3/quit failed.',
      'Not played, since v3/quit failed.',
    ]);
  });
});

describe('a server that answers STAT twice', () => {
  it('is told so, though its mailboxes cannot be emptied', async () => {
    const twice = `
      const more = () => { if (state.due) say('-ERR what?'); state.due = false; };
      more();
      if (line === 'STAT') { state.due = true; setTimeout(more, 20); return say('+OK 1 0'); }`;
    const { scenarios: results } = await check(
      [scenario('v3/stat', { step: 1 }, fence(BOB, 'C: STAT', 'S: +OK 1', 'C: NOOP', 'S: +OK'))],
      { 'pop3.mjs': pop3Server(twice) },
      { start: both },
    );
    expect(results[0]?.message).toBe(
      'The server answered STAT more than once: after +OK 1 0 it also said -ERR what?. Every command gets exactly one reply.',
    );
  });
});

describe('a server that refuses who has had no mail yet', () => {
  it('is told so where it is started anew for that', async () => {
    const pop3 = pop3Server(`if (line === 'PASS secret' && !state.seen) return say('-ERR who?');
      if (line === 'PASS') state.seen = true;`);
    const opens = scenario('v3/opens', { step: 1 }, fence('pop3', 'S: +OK', 'C: PASS', 'S: +OK'));
    const again = stat('again', 2, '0 0');
    const fresh = scenario(
      'v3/fresh',
      { step: 3, fresh: true },
      fence(BOB, 'C: STAT', 'S: +OK 1 0'),
    );
    const { told } = await check([opens, again, fresh], { 'pop3.mjs': pop3 }, { start: both });
    expect(told).toEqual([
      'passed',
      'passed',
      'PASS secret should be answered with +OK, but the server said -ERR who?.',
    ]);
  });
});

describe('a server without POP3', () => {
  const scenarios = [
    smtpOnly('a', 1),
    stat('b', 2, '0 0'),
    smtpOnly('c', 3),
    stat('d', 4, '0 0'),
    stat('e', 5, '0 0'),
  ];

  it('is graded by SMTP, and told how POP3 is declared', async () => {
    const counted = await submission({});
    const starts = path.join(counted, 'starts.txt');
    const setup = `{node} -e "fs.appendFileSync(process.env.STARTS, 'x')"`;
    const manifest = { start: both[0], setup, env: { STARTS: starts } };
    const { told, scenarios: results } = await check(scenarios, {}, manifest);
    const nobody = 'Nobody accepts a connection on the POP3 port.';
    expect(told).toEqual(['passed', nobody, 'passed', nobody, nobody]);
    expect(results[1]?.message).toContain('({pop3} in its command line)');
    expect(results[1]?.message).toContain('"ports": { "pop3": 1110 }');
    // It is started again once, to see whether it is better then, and no more.
    expect((await readFile(starts, 'utf8')).length).toBe(2);
  });

  it('although it was told of the port, is told that nobody is there', async () => {
    const start = `${both[0]} {pop3}`;
    const { told } = await check(scenarios.slice(0, 2), {}, { start });
    expect(told).toEqual(['passed', 'Nobody accepts a connection on the POP3 port of the server.']);
  });
});

describe('a server that finds its port in the environment', () => {
  // Whether it is at work is looked at from outside: on a machine that has much to do it may just be waiting.
  it('is awaited as long as it is at work', { retry: 2 }, async () => {
    const late = `
      const until = Date.now() + 150;
      while (Date.now() < until);
      process.argv[2] = process.env.POP3_PORT;
      await import('./pop3.mjs');
    `;
    const files = { 'pop3.mjs': pop3Server(), 'late.mjs': late };
    const start = [both[0], '{node} late.mjs'];
    expect((await check([stat('a', 1, '1 0')], files, { start })).told).toEqual(['passed']);
  });
});

describe('the manifest’s login', () => {
  const files = { 'pop3.mjs': pop3Server(`if (line === 'PASS') return say('-ERR');`) };
  const userPass = scenario(
    'v3/user-pass',
    { step: 2, login: 'user-pass' },
    fence('pop3', 'S: +OK', 'C: USER {user.bob}', 'S: +OK'),
  );

  it('opens each mailbox, and may be empty', async () => {
    const start = both;
    const scenarios = [stat('a', 1, '1 0'), stat('b', 3, '0 0')];
    const { told } = await check(scenarios, files, { start, login: [] });
    expect(told).toEqual(['passed', 'passed']);
    const refused = await check(scenarios.slice(0, 1), files, { start, login: ['PASS'] });
    expect(refused.told).toEqual(['PASS should be answered with +OK, but the server said -ERR.']);
  });

  it('leaves out what is about USER and PASS, if it has others', async () => {
    const scenarios = [stat('a', 1, '1 0'), userPass];
    const ids = async (login: string[] | undefined) => {
      const { scenarios: results } = await check(scenarios, files, { start: both, login });
      return results.map(({ id }) => id);
    };
    expect(await ids(undefined)).toEqual(['v3/a', 'v3/user-pass']);
    expect(await ids(['user {user}', 'pass {password}'])).toEqual(['v3/a', 'v3/user-pass']);
    expect(await ids([])).toEqual(['v3/a']);
    expect(await ids(['USER {user}'])).toEqual(['v3/a']);
    const chosen = check([userPass], files, { start: both, login: [] }, { only: ['v3/user-pass'] });
    await expect(chosen).rejects.toMatchObject({ key: 'checkLoginUndeclared' });
  });

  it('leaves out what is about two mailboxes, if it does not say whose is opened', async () => {
    const alice = fence('pop3 alice@example.com', 'C: STAT', 'S: +OK 1 0');
    const bob = fence(BOB, 'C: STAT', 'S: +OK 1 0');
    const twoReaders = scenario('v3/both', { step: 2 }, `${bob}\n${alice}`);
    const ids = async (login: string[]) => {
      const { scenarios: results } = await check([stat('a', 1, '1 0'), twoReaders], files, {
        start: both,
        login,
      });
      return results.map(({ id }) => id);
    };
    expect(await ids(['USER {user}'])).toEqual(['v3/a', 'v3/both']);
    expect(await ids([])).toEqual(['v3/a']);
    const chosen = check([twoReaders], files, { start: both, login: [] }, { only: ['v3/both'] });
    await expect(chosen).rejects.toMatchObject({ key: 'checkLoginOfNobody' });
  });
});
