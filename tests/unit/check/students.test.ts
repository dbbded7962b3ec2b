import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FULL } from '../../full.ts';
import { KIT } from '../../src/check/places.ts';
import { resultSchema } from '../../src/check/result.ts';
import { findPython } from '../../src/server/python.ts';
import { submission } from '../server/submission.ts';

/** Runs the command as a student does, in the kit's folder, and not on a terminal. */
async function stagepost(...args: string[]): Promise<{ code: number | null; out: string }> {
  const bin = path.join(KIT, 'tests', 'bin', 'stagepost.js');
  const env = { ...process.env, NO_COLOR: '1' };
  const child = spawn(process.execPath, [bin, ...args], { cwd: KIT, env });
  let out = '';
  child.stdout.on('data', (octets: Buffer) => (out += octets.toString()));
  child.stderr.on('data', (octets: Buffer) => (out += octets.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out };
}

const golden = (name: string) => path.join(KIT, 'tests', 'reports', 'students', `${name}.txt`);

// Without Python 3 there is nothing to check here: `npx stagepost check` says so to students, too.
describe.runIf(findPython() !== undefined)('a student server of forty lines of Python', () => {
  it.runIf(FULL)('that is right passes whole', async () => {
    const { code, out } = await stagepost('check', 'v1', 'tests/students/right-v1');
    await expect(out).toMatchFileSnapshot(golden('right-v1'));
    expect(code).toBe(0);
  });

  it('with three mistakes is told these three, the first in full, and nothing else', async () => {
    const json = path.join(await submission({}), 'result.json');
    const args = ['check', 'v1', 'tests/students/three-mistakes', '--json', json];
    const { code, out } = await stagepost(...args);
    await expect(out).toMatchFileSnapshot(golden('three-mistakes'));
    expect(code).toBe(1);
    const result = resultSchema.parse(JSON.parse(await readFile(json, 'utf8')));
    const failed = result.scenarios.filter(({ status }) => status === 'failed');
    expect(failed.map(({ id }) => id)).toEqual([
      'v1/several-recipients',
      'v1/dot-stuffing',
      'v1/text-in-one-packet',
    ]);
  });
});

// Two protocols, and the scenarios of three stages.
const LIMIT = 120_000;

describe.runIf(FULL && findPython() !== undefined)('a student server of stage 3', () => {
  it(
    'that is small and right passes, though one mailbox can be opened twice at a time',
    async () => {
      const { code, out } = await stagepost('check', 'v3', 'tests/students/right-v3');
      await expect(out).toMatchFileSnapshot(golden('right-v3'));
      expect(code).toBe(0);
    },
    LIMIT,
  );

  it(
    'with three mistakes in POP3 is told these three, the first in full, and nothing else',
    async () => {
      const json = path.join(await submission({}), 'result.json');
      const args = ['check', 'v3', 'tests/students/pop3-mistakes', '--json', json];
      const { code, out } = await stagepost(...args);
      await expect(out).toMatchFileSnapshot(golden('pop3-mistakes'));
      expect(code).toBe(0);
      const result = resultSchema.parse(JSON.parse(await readFile(json, 'utf8')));
      const failed = result.scenarios.filter(({ status }) => status === 'failed');
      expect(failed.map(({ id }) => id)).toEqual([
        'v3/retr-stuffed',
        'v3/list-size',
        'v3/retr-not-a-number',
      ]);
    },
    LIMIT,
  );
});

describe.runIf(FULL && findPython() !== undefined)('a student server of stage 4', () => {
  it(
    'that is right passes, though it offers neither SMTPUTF8 nor enhanced codes nor chunks',
    async () => {
      const { code, out } = await stagepost('check', 'v4', 'tests/students/right-v4');
      await expect(out).toMatchFileSnapshot(golden('right-v4'));
      expect(code).toBe(0);
    },
    LIMIT,
  );

  it(
    'with three mistakes is told that it takes passwords in clear, and of the others when it no longer does',
    async () => {
      const json = path.join(await submission({}), 'result.json');
      const args = ['check', 'v4', 'tests/students/tls-mistakes', '--json', json];
      const { code, out } = await stagepost(...args);
      await expect(out).toMatchFileSnapshot(golden('tls-mistakes'));
      expect(code).toBe(1);
      const result = resultSchema.parse(JSON.parse(await readFile(json, 'utf8')));
      const failed = result.scenarios.filter(({ status }) => status === 'failed');
      expect(failed.map(({ id }) => id)).toEqual([
        // It logs in who says a password in clear, and asks for it.
        'v4/auth-in-clear',
        'v4/auth-not-offered-in-clear',
        // What the right one does not offer either.
        'v4/further-extensions',
        'v4/smtputf8',
        'v4/enhanced-codes',
        'v4/bdat',
        // It keeps what came along with STARTTLS and STLS, and obeys it under TLS.
        'v4/starttls-injection',
        'v4/stls-injected',
        'v4/stls-half-a-line',
        // The names that UIDL gives are the numbers of the messages.
        'v4/uidl-others-stay',
        'v4/uidl-never-again',
      ]);
    },
    LIMIT,
  );
});

describe('the job check', () => {
  it('ends with 2 where it cannot run, and says how to go on', async () => {
    const { code, out } = await stagepost('check', 'v1', 'tests/students');
    expect(code).toBe(2);
    expect(out).toContain(`There is no ${path.join('tests', 'students', 'stagepost.json')}.`);
    expect(out).toContain('"start": "{python} server.py {smtp}"');
  });

  it('ends with 2 for a scenario that there is not, and names the one that was meant', async () => {
    const { code, out } = await stagepost('check', 'v1', '--only', 'v1/qiut');
    expect(code).toBe(2);
    expect(out).toContain('Is it v1/quit?');
  });

  it('lists the scenarios', async () => {
    const { code, out } = await stagepost('check', 'v1', '--list');
    expect(code).toBe(0);
    expect(out).toMatch(/^v1\/greeting +core +\d+ {2}The server speaks first/);
  });
});
