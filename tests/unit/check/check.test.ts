import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { runCheck } from '../../src/check/check.ts';
import type { CheckOptions } from '../../src/check/check.ts';
import type { Scenario } from '../../src/notation/model.ts';
import type { PlayResult } from '../../src/player/model.ts';
import type { RunningServer, ServerUnderTest } from '../../src/server/model.ts';
import { toManifest } from '../../src/server/manifest.ts';
import { lineServer, submission } from '../server/submission.ts';
import { scenario } from './make.ts';

const greeter = { 'server.mjs': lineServer('line') };
const start = '{node} server.mjs {smtp}';
const folders = new Set<string>();

afterEach(() => {
  // Whatever a check did, its servers have gone with their folders.
  expect([...folders].filter((folder) => existsSync(folder))).toEqual([]);
  folders.clear();
});

/** A play whose end a test decides. `servers` counts on how many servers was played. */
function makePlay(
  decide: (scenario: Scenario, server: RunningServer, opening: string[]) => Partial<PlayResult>,
) {
  const servers: string[] = [];
  const play: NonNullable<CheckOptions['play']> = (one, server, { opening }) => {
    const { folder } = server as ServerUnderTest;
    folders.add(folder);
    if (!servers.includes(folder)) servers.push(folder);
    const result = decide(one, server, opening);
    return Promise.resolve({
      ok: true,
      steps: [],
      restart: false,
      delivery: 'line',
      durationMs: 1,
      ...result,
    });
  };
  return { play, servers };
}

const failed: Partial<PlayResult> = {
  ok: false,
  finding: { key: 'noGreeting', values: { seconds: 1 } },
  steps: [{ connection: 'smtp', from: 'S', text: '500', ok: false }],
};

async function check(
  scenarios: Scenario[],
  files: Record<string, string>,
  manifest: object,
  options: Partial<CheckOptions> = {},
) {
  const dir = await submission(files);
  const result = await runCheck({
    stage: 'v1',
    scenarios,
    dir,
    manifest: toManifest(manifest, 'stagepost.json'),
    submission: 'team',
    ...options,
  });
  return { ...result, by: Object.fromEntries(result.scenarios.map((one) => [one.id, one])) };
}

describe('a check', () => {
  const three = [
    scenario('v1/a', { step: 1, points: 3 }),
    scenario('v1/b', { step: 2, needs: 'v1/a', kind: 'extra' }),
    scenario('v1/c', { step: 3 }),
  ];

  it('serves all scenarios with one server, and adds up', async () => {
    const { play, servers } = makePlay(() => ({}));
    const seen: string[] = [];
    const result = await check(
      three,
      greeter,
      { start },
      { play, onResult: ({ id }) => seen.push(id) },
    );
    expect(result).toMatchObject({ passed: true, score: 5, maxScore: 5, submission: 'team' });
    expect(seen).toEqual(['v1/a', 'v1/c', 'v1/b']);
    expect(result.scenarios.map(({ id }) => id)).toEqual(['v1/a', 'v1/b', 'v1/c']);
    expect(servers).toHaveLength(1);
  });

  it('skips what needs a scenario that failed, and goes on with the rest', async () => {
    const { play } = makePlay(({ id }) => (id === 'v1/a' ? failed : {}));
    const { by, score } = await check(three, greeter, { start }, { play });
    expect(by['v1/a']).toMatchObject({ status: 'failed', message: expect.any(String) as string });
    expect(by['v1/b']).toMatchObject({ status: 'skipped', because: 'v1/a', steps: [] });
    expect(by['v1/c']).toMatchObject({ status: 'passed' });
    expect(score).toBe(1);
  });

  it('starts the server again when the player asks for it', async () => {
    const { play, servers } = makePlay(({ id }) =>
      id === 'v1/a' ? { ...failed, restart: true } : {},
    );
    await check(three, greeter, { start }, { play });
    expect(servers).toHaveLength(2);
  });

  it('does not charge a scenario with a server that was gone before it', async () => {
    const silent = { ...failed, steps: [] };
    let seen = '';
    const { play, servers } = makePlay((one, server) => {
      const { folder } = server as ServerUnderTest;
      const gone = one.id === 'v1/c' && folder === seen;
      seen = folder;
      return gone ? silent : {};
    });
    const { by } = await check(three, greeter, { start }, { play });
    expect(by['v1/c']?.status).toBe('passed');
    expect(servers).toHaveLength(2);
  });

  it('plays the variants that are declared, each on a server of its own', async () => {
    const scenarios = [
      ...three,
      scenario('v1/strict', { step: 5, variant: 'strict' }),
      scenario('v1/users', { step: 6, variant: 'users' }),
    ];
    const { play, servers } = makePlay(() => ({}));
    const variants = { strict: { env: { STRICT: 'yes' } } };
    const { by } = await check(scenarios, greeter, { start, variants }, { play, parallel: 2 });
    expect(Object.keys(by)).toEqual(['v1/a', 'v1/b', 'v1/c', 'v1/strict']);
    expect(servers).toHaveLength(2);
  });

  it('tells a server that does not start, and tries it twice at most', async () => {
    const { play, servers } = makePlay(() => ({}));
    const many = ['a', 'b', 'c', 'd'].map((name, step) => scenario(`v1/${name}`, { step }));
    const files = { 'server.mjs': 'console.log("oh\\u001b[31m no"); process.exitCode = 4;' };
    const { by, passed } = await check(many, files, { start }, { play });
    expect(passed).toBe(false);
    expect(servers).toHaveLength(0);
    for (const one of Object.values(by)) {
      expect(one).toMatchObject({ status: 'error', score: 0 });
      expect(one.message).toMatch(/exited with code 4[^]*\noh\\x1b\[31m no$/);
    }
  });

  it('tells a build that fails once, for all', async () => {
    const { by } = await check(three, greeter, { build: '{node} -e "process.exit(1)"', start });
    expect(by['v1/a']?.message).toContain('build');
    expect(by['v1/b']?.status).toBe('skipped');
  });

  it('is not made where it is not the server that is at fault', async () => {
    const run = check(three, greeter, { start, ports: {} }, { only: ['v1/nothing'] });
    await expect(run).rejects.toMatchObject({ key: 'checkUnknownScenario' });
  });

  it('tells a fault of the kit as such, and goes on', async () => {
    const { play } = makePlay(({ id }) => {
      if (id === 'v1/a') throw new Error('a hole in the player');
      return {};
    });
    const { by } = await check(three, greeter, { start }, { play });
    expect(by['v1/a']).toMatchObject({ status: 'error' });
    expect(by['v1/a']?.message).toContain('a hole in the player');
    expect(by['v1/c']?.status).toBe('passed');
  });
});

describe('the opening', () => {
  const mail = [
    scenario('v1/one', { step: 1 }, '```smtp\nC: MAIL FROM:<alice@example.com>\nS: 250\n```'),
    scenario('v1/two', { step: 2 }, '```smtp\nC: MAIL FROM:<bob@example.com>\nS: 250\n```'),
  ];
  /** Accepts MAIL only after the verb. */
  const wanting = (verb: string) => ({
    'server.mjs': lineServer(
      `line.startsWith('${verb}') ? (socket.greeted = true, '250 hello') : ` +
        `line.startsWith('MAIL') ? (socket.greeted ? '250 ok' : '503 who are you?') : '502 no'`,
    ),
  });

  it.each(['HELO', 'EHLO'])('of a stage 1 server that wants %s is said, and told', async (verb) => {
    const result = await check(mail, wanting(verb), { start });
    expect(result.scenarios.map(({ status }) => status)).toEqual(['passed', 'passed']);
    expect(result.notes).toEqual([expect.stringContaining(`wants ${verb} before MAIL`)]);
  });

  it('is left out for a stage 2 server that has no HELO: only what is about HELO fails', async () => {
    const noHelo = { 'server.mjs': lineServer(`line.startsWith('MAIL') ? '250 ok' : '502 no'`) };
    const about = scenario('v2/helo', { step: 9 }, '```smtp\nC: HELO client\nS: 250\n```');
    const result = await check([...mail, about], noHelo, { start }, { stage: 'v2' });
    expect(result.by).toMatchObject({
      'v1/one': { status: 'passed' },
      'v1/two': { status: 'passed' },
      'v2/helo': { status: 'failed' },
    });
    expect(result.notes).toEqual([]);
  });

  it('is not looked for where MAIL is refused for another reason', async () => {
    const refusing = { 'server.mjs': lineServer(`'550 never'`) };
    const result = await check(mail, refusing, { start });
    expect(result.scenarios.map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(result.notes).toEqual([]);
  });
});

describe('a server for one connection', () => {
  it('is started again each time, and told so once', async () => {
    const quits = Array.from({ length: 6 }, (_, n) => scenario(`v1/q${n}`, { step: n }));
    const once = `
      import net from 'node:net';
      net.createServer((socket) => {
        socket.write('220 for you alone\\r\\n');
        socket.on('data', () => socket.end('221 bye\\r\\n', () => process.exit(0)));
      }).listen(Number(process.argv[2]), '127.0.0.1');
    `;
    const result = await check(quits, { 'server.mjs': once }, { start });
    expect(result.scenarios.map(({ status }) => status)).toEqual(quits.map(() => 'passed'));
    expect(result.notes).toEqual([expect.stringContaining('ends after its first connection')]);
  });
});
