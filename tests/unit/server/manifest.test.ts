import { describe, expect, it } from 'vitest';
import { launchOf, parseManifest, readManifest } from '../../src/server/manifest.ts';
import { Trouble } from '../../src/server/trouble.ts';
import { submission } from './submission.ts';

const parse = (value: unknown) => parseManifest(JSON.stringify(value), 'stagepost.json');

function troubleOf(value: unknown): { key: string; values: Record<string, unknown> } {
  try {
    parse(value);
  } catch (error) {
    if (error instanceof Trouble) return { key: error.key, values: error.values };
  }
  throw new Error('no Trouble');
}

describe('a manifest', () => {
  it('needs nothing but how to start the server', () => {
    expect(parse({ start: 'run {smtp}' })).toMatchObject({
      starts: [{ command: 'run {smtp}', cwd: undefined, stdin: undefined }],
      store: [],
      accounts: [
        { address: 'alice@example.com', user: 'alice' },
        { user: 'bob' },
        { user: 'carol' },
      ],
      login: ['USER {address}', 'PASS {password}'],
    });
  });

  it('may say everything that the contract names', () => {
    const manifest = parse({
      stage: 'v3',
      build: 'make',
      start: ['{python} smtp.py {smtp}', { command: '{python} pop.py', cwd: 'Code', stdin: '1\n' }],
      client: '{python} client.py {host} {smtp}',
      clientInput: ['1', 'FIN'],
      ports: { smtp: 2525 },
      env: { LEVEL: 3 },
      setup: ['{python} adduser.py {data}'],
      store: ['mailboxes'],
      accounts: [{ address: 'bob@example.com', password: 'x' }],
      login: [],
      variants: { strict: { start: '{python} smtp.py --strict' } },
    });
    expect(manifest.starts[1]).toEqual({ command: '{python} pop.py', cwd: 'Code', stdin: '1\n' });
    expect(manifest.env).toEqual({ LEVEL: '3' });
    expect(manifest.accounts).toEqual([{ address: 'bob@example.com', user: 'bob', password: 'x' }]);
    expect(manifest.login).toEqual([]);
  });

  it('lends a variant what the variant does not say itself', () => {
    const manifest = parse({
      start: 'run',
      env: { A: '1', B: '2' },
      store: 'mail',
      variants: { users: { env: { B: '3' } } },
    });
    expect(launchOf(manifest, 'users')).toMatchObject({
      starts: [{ command: 'run' }],
      env: { A: '1', B: '3' },
      store: ['mail'],
    });
    expect(launchOf(manifest, 'strict')).toBeUndefined();
  });

  it.each([
    [{ strat: 'x' }, 'manifestNearKey', { key: 'strat', near: 'start' }],
    [{ start: 'x', zzz: 1 }, 'manifestUnknownKey', { key: 'zzz' }],
    [{ start: ['a', { command: 'x', cdw: '' }] }, 'manifestNearKey', { key: 'start[1].cdw' }],
    [{ start: 'x', ports: { stmp: 25 } }, 'manifestNearKey', { near: 'smtp' }],
    [{ start: 'x', variants: { s: { sotre: '' } } }, 'manifestNearKey', { near: 'store' }],
    [{}, 'manifestMissingKey', { key: 'start' }],
    [
      { start: 'x', accounts: [{ user: 'x' }] },
      'manifestMissingKey',
      { key: 'accounts[0].address' },
    ],
    [{ start: 5 }, 'manifestExpectsStart', { found: '5' }],
    [{ start: 'x', stage: 'v9' }, 'manifestExpectsStage', { found: '"v9"' }],
    [{ start: 'x', ports: { smtp: '25' } }, 'manifestExpectsPort', { key: 'ports.smtp' }],
    [{ start: 'x', variants: { 'A B': {} } }, 'manifestExpectsVariant', {}],
    [[], 'manifestNotObject', {}],
    [{ start: 'x {smpt}' }, 'commandNearPlaceholder', { near: '{smtp}' }],
    [
      { start: 'x', login: ['USER {name}'] },
      'manifestUnknownWord',
      { key: 'login', word: '{name}' },
    ],
  ])('is refused with what to repair: %j', (value, key, values) => {
    const found = troubleOf(value);
    expect(found.key).toBe(key);
    expect(found.values).toMatchObject(values);
  });

  it('is read from a file, and missed by name', async () => {
    const dir = await submission({ 'stagepost.json': '\uFEFF{"start":"x"}', 'other.json': '{' });
    expect((await readManifest(dir)).starts).toHaveLength(1);
    await expect(readManifest(dir, `${dir}/other.json`)).rejects.toMatchObject({
      key: 'manifestNotJson',
    });
    await expect(readManifest(`${dir}/x`)).rejects.toMatchObject({ key: 'manifestMissing' });
  });
});
