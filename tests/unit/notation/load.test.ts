import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScenarios, scenariosFor } from '../../src/notation/load.ts';
import { scenarioText } from './sample.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'stagepost-load-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function write(id: string, step: number, ...head: string[]): Promise<void> {
  await writeBody('```smtp\nC: QUIT\n```\n', id, step, ...head);
}

/** The first line of the body is line 7 of the file, and one more for each line of `head`. */
async function writeBody(body: string, id: string, step: number, ...head: string[]): Promise<void> {
  const file = path.join(root, ...`${id}.md`.split('/'));
  await mkdir(path.dirname(file), { recursive: true });
  const keys = [`title: ${id}`, `step: ${step}`, 'points: 1', 'kind: core', ...head];
  await writeFile(file, scenarioText(body, keys));
}

async function load(): Promise<string[]> {
  return (await loadScenarios(root)).map(({ id }) => id);
}

describe('loading', () => {
  it('reads the scenarios of the kit', async () => {
    const golden = fileURLToPath(new URL('../../golden', import.meta.url));
    expect((await loadScenarios(golden)).length).toBeGreaterThan(0);
  });

  it('sorts the scenarios of all stages by step', async () => {
    await write('v2/b', 15);
    await write('v1/c', 20);
    await write('v1/a', 10, 'needs: []');
    expect(await load()).toEqual(['v1/a', 'v2/b', 'v1/c']);
  });

  it('finds nothing in an empty folder', async () => {
    expect(await load()).toEqual([]);
  });

  it('names the file and line of a scenario that cannot be read', async () => {
    await write('v1/a', 1, 'hostile: maybe');
    await expect(load()).rejects.toThrow(`${path.join(root, 'v1', 'a.md')}:6: `);
  });

  it('refuses two scenarios with one step', async () => {
    await write('v1/a', 10);
    await write('v2/b', 10);
    await expect(load()).rejects.toThrow(/b\.md:3: v1\/a has the step 10 too/);
  });

  it('refuses to need what is not there', async () => {
    await write('v1/a', 10, 'needs: v1/z');
    await expect(load()).rejects.toThrow(/a\.md:6: there is no scenario v1\/z/);
  });

  it('refuses to need what comes later, and so every circle', async () => {
    await write('v1/a', 10, 'needs: v1/c');
    await write('v1/b', 20, 'needs: v1/a');
    await write('v1/c', 30, 'needs: v1/b');
    await expect(load()).rejects.toThrow(/a\.md:6: v1\/c is needed, but comes later/);
  });

  it('refuses a core scenario that needs an extra, since that is played later', async () => {
    await write('v1/a', 10);
    const file = path.join(root, 'v1', 'a.md');
    await writeFile(file, (await readFile(file, 'utf8')).replace('kind: core', 'kind: extra'));
    await write('v1/b', 20, 'needs: v1/a');
    await expect(load()).rejects.toThrow(/b\.md:6: v1\/a is needed, but is an extra/);
  });

  it('refuses a scenario that needs itself', async () => {
    await write('v1/a', 10, 'needs: v1/a');
    await expect(load()).rejects.toThrow(/a\.md:6: /);
  });

  it('refuses to need what is not played where it is needed', async () => {
    await write('v1/a', 10, 'until: v2');
    await write('v1/b', 20, 'needs: v1/a');
    await expect(load()).rejects.toThrow(/b\.md:6: v1\/a is needed, but is not played in v3/);
    await write('v1/b', 20, 'needs: v1/a', 'until: v2');
    expect(await load()).toHaveLength(2);
  });

  it('refuses to need a scenario of a variant', async () => {
    await write('v1/a', 10, 'variant: strict');
    await write('v1/b', 20, 'needs: v1/a');
    await expect(load()).rejects.toThrow(/only with the variant strict/);
    await write('v1/b', 20, 'needs: v1/a', 'variant: strict');
    expect(await load()).toHaveLength(2);
  });

  it('refuses files that are no scenarios, and text that is not UTF-8', async () => {
    await write('v1/a', 10);
    await writeFile(path.join(root, 'v1', 'notes.txt'), '');
    await expect(load()).rejects.toThrow(/notes\.txt:1: only scenarios/);
    await rm(path.join(root, 'v1', 'notes.txt'));
    await writeFile(path.join(root, 'v1', 'b.md'), Buffer.from([0xe9]));
    await expect(load()).rejects.toThrow(/b\.md:1: the file is not UTF-8/);
  });
});

describe('a scenario with POP3', () => {
  const LOGIN = '```pop3\nS: +OK\nC: USER {user.bob}\nS: +OK\n```';

  it('is refused in a stage whose servers have none', async () => {
    const body = '```mail bob\n{token}\n```\n```pop3 bob@example.com\nC: STAT\nS: +OK\n```';
    await writeBody(body, 'v3/a', 10);
    expect(await load()).toEqual(['v3/a']);
    await writeBody(body, 'v2/b', 20);
    await expect(load()).rejects.toThrow(/b\.md:10: the servers of v2 have no POP3; .*v3/);
  });

  it('declares that it is about USER and PASS', async () => {
    await writeBody(LOGIN, 'v3/a', 10, 'login: user-pass');
    expect(await load()).toEqual(['v3/a']);
    await writeBody(LOGIN, 'v3/a', 10);
    await expect(load()).rejects.toThrow(/a\.md:9: .*USER or PASS itself.*`login: user-pass`/);
    const repeated = '```pop3\nrepeat 2\nC: NOOP\nC raw: pass x\\r\\n\nend\n```';
    await writeBody(repeated, 'v3/a', 10);
    await expect(load()).rejects.toThrow(/a\.md:10: /);
  });

  it('may say them where the player has logged in, and other words before', async () => {
    await writeBody('```pop3 bob@example.com\nC: USER bob\nS: -ERR\n```', 'v3/a', 10);
    await writeBody('```pop3\nC: USERS\nS: -ERR\n```', 'v3/b', 20);
    await writeBody('```pop3\nC: STAT\nS: -ERR\n```', 'v3/c', 30, 'login: user-pass');
    expect(await load()).toHaveLength(3);
  });

  it('does not declare it for nothing', async () => {
    const body = '```pop3 bob@example.com\nC: STAT\nS: +OK\n```';
    await writeBody(body, 'v3/a', 10, 'login: user-pass');
    await expect(load()).rejects.toThrow(/a\.md:6: no dialogue begins before the login/);
    await write('v3/a', 10, 'login: user-pass');
    await expect(load()).rejects.toThrow(/a\.md:6: /);
  });
});

describe('a stage', () => {
  it('is graded on the scenarios of all stages up to it, until aside', async () => {
    await write('v1/a', 10);
    await write('v1/b', 20, 'until: v1');
    await write('v2/c', 30, 'until: v3');
    await write('v3/d', 40);
    const all = await loadScenarios(root);
    const ids = (['v1', 'v2', 'v3', 'v4'] as const).map((stage) =>
      scenariosFor(stage, all).map(({ id }) => id),
    );
    expect(ids).toEqual([
      ['v1/a', 'v1/b'],
      ['v1/a', 'v2/c'],
      ['v1/a', 'v2/c', 'v3/d'],
      ['v1/a', 'v3/d'],
    ]);
  });
});

describe('what came with stage 4', () => {
  it.each([
    ['```submission\nC: QUIT\n```\n', 7, 'the servers of v3 have no port submission'],
    ['```smtp\nC: x\nS: 220\ntls\n```\n', 10, 'the servers of v3 have no TLS'],
    ['```smtp over tls\nC: x\n```\n', 7, 'the servers of v3 have no TLS'],
    ['```smtp alice@example.com\nC: x\n```\n', 7, 'the servers of v3 have no login in SMTP'],
    ['```pop3s bob@example.com\nC: x\n```\n', 7, 'the servers of v3 have no port pop3s'],
  ])('is refused in a scenario of stage 3: %j', async (body, line, words) => {
    await writeBody(body, 'v3/a', 1);
    const place = `${path.join(root, 'v3', 'a.md')}:${line}: `;
    await expect(load()).rejects.toThrow(`${place}${words}; move the file to the folder v4`);
    await rm(path.join(root, 'v3', 'a.md'));
    await writeBody(body, 'v4/a', 1);
    expect(await load()).toEqual(['v4/a']);
  });
});
