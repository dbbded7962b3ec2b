/** The rules of the house for the kit as a whole. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT as KIT } from '../../src/cli/stages.ts';
import { readHandout } from '../handouts/handout.ts';

const FOLDERS = [
  'v1-smtp',
  'v2-helo',
  'v3-pop3',
  'v4-advanced',
  'docs',
  'uml',
  'tests',
  '.ci',
  '.github',
];

/** Without git (a downloaded archive) there is no list of what belongs to the kit. */
const files = existsSync(path.join(KIT, '.git'))
  ? execFileSync('git', ['ls-files'], { cwd: KIT, encoding: 'utf8' }).trim().split('\n')
  : [];

describe('the kit', () => {
  it('has no other top-level folder than those of the house', () => {
    const folders = new Set(
      files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]),
    );
    expect([...folders].filter((folder) => !FOLDERS.includes(folder!))).toEqual([]);
  });

  it('has no file name that Windows refuses', () => {
    expect(files.filter((file) => /[<>:"|?*\\]|[. ]$/.test(file))).toEqual([]);
  });

  it('names no machine and no registry in its lockfiles', () => {
    for (const file of files.filter((name) => name.endsWith('package-lock.json'))) {
      expect(readFileSync(path.join(KIT, file), 'utf8')).not.toMatch(/"resolved": "https?:/);
    }
  });

  it('gives a reason for every dependency', () => {
    const reasons = readFileSync(path.join(KIT, 'docs', 'dependencies.md'), 'utf8');
    const named = [...reasons.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name!);
    const used = new Set(
      files
        .filter((file) => path.basename(file) === 'package.json')
        .flatMap((file) => {
          const manifest = JSON.parse(readFileSync(path.join(KIT, file), 'utf8')) as Record<
            string,
            object
          >;
          return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
        }),
    );
    expect(named.sort()).toEqual([...used].sort());
  });

  it.each(files.filter((file) => /^(?:docs\/|uml\/)?[^/]+\.md$/.test(file)))(
    'has no dead link in %s',
    (file) => {
      expect(
        readHandout(file).links.filter((target) => !existsSync(path.join(KIT, target))),
      ).toEqual([]);
    },
  );
});
