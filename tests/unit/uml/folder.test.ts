import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  orphans,
  readIfThere,
  removeFiles,
  rendererHash,
  writeIfNew,
} from '../../src/uml/folder.ts';

const LOCK = JSON.stringify({ packages: { 'node_modules/mermaid': { version: '1.0.0' } } });

describe('the folder of the diagrams', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'stagepost-uml-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is written to only where something is new', async () => {
    expect(await writeIfNew('v1/a.mmd', 'one\n', folder)).toBe(true);
    expect(await writeIfNew('v1/a.mmd', 'one\n', folder)).toBe(false);
    expect(await writeIfNew('v1/a.mmd', 'two\n', folder)).toBe(true);
    expect(await readIfThere('v1/a.mmd', folder)).toBe('two\n');
  });

  it('reads the same whether lines end in LF or CR LF', async () => {
    await writeIfNew('v1/a.mmd', 'one\r\ntwo\r\n', folder);
    expect(await readIfThere('v1/a.mmd', folder)).toBe('one\ntwo\n');
    expect(await readIfThere('v1/b.mmd', folder)).toBeUndefined();
  });

  it('loses what no diagram asks for', async () => {
    for (const name of ['a.mmd', 'a.svg', 'old.mmd']) await writeIfNew(`v1/${name}`, 'x', folder);
    const left = await orphans([{ stage: 'v1', slug: 'a' }], folder);
    expect(left).toEqual(['v1/old.mmd']);
    await removeFiles(left, folder);
    expect(await readdir(path.join(folder, 'v1'))).toEqual(['a.mmd', 'a.svg']);
  });

  it('has another hash with another look or another Mermaid', async () => {
    const hashes = new Set<string>();
    for (const [lock, look] of [
      [LOCK, 'one'],
      [LOCK, 'two'],
      [LOCK.replace('1.0.0', '1.0.1'), 'two'],
    ] as const) {
      await writeIfNew('package-lock.json', lock, folder);
      await writeIfNew('look.mjs', look, folder);
      hashes.add(await rendererHash(folder));
    }
    expect(hashes.size).toBe(3);
  });
});
