/**
 * What the check itself takes: `stagepost check` on the references, wall clock and processor time. Students
 * wait for it after each save.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../src/cli/stages.ts';
import { atExit } from '../src/server/at-exit.ts';

export interface CheckTime {
  wallSeconds: number;
  /** Of the check and of all that it started; `undefined` on Windows, which does not add it up. */
  cpuSeconds: number | undefined;
  /** 0: every core scenario was passed. */
  exitCode: number | null;
}

const STAGEPOST = path.join(ROOT, 'tests', 'bin', 'stagepost.js');

/** Runs the check of a reference once. */
export async function timeCheck(stage: string): Promise<CheckTime> {
  const check = [process.execPath, STAGEPOST, 'check', stage];
  // Only a shell adds up the time of programs that its programs started: POSIX `times`.
  const isPosix = process.platform !== 'win32';
  const words = isPosix
    ? ['sh', '-c', '"$@" >&2; code=$?; times; exit $code', 'sh', ...check]
    : check;
  const start = performance.now();
  const child = spawn(words[0]!, words.slice(1), {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'ignore'],
    // A group of its own, to be ended as a whole.
    detached: isPosix,
  });
  const forget = atExit(() => {
    if (isPosix && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    else child.kill();
  });
  let printed = '';
  child.stdout.on('data', (octets: Buffer) => (printed += octets.toString('latin1')));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  forget();
  const wallSeconds = (performance.now() - start) / 1000;
  return { wallSeconds, cpuSeconds: isPosix ? childrenSeconds(printed) : undefined, exitCode };
}

/** What `times` says in its second line, user and system time of the children: `0m2.34s 0m1.30s`. */
export function childrenSeconds(printed: string): number | undefined {
  const line = printed.trim().split('\n').at(-1) ?? '';
  const times = [...line.matchAll(/(\d+)m(\d+(?:\.\d+)?)s/g)];
  if (times.length !== 2) return undefined;
  return times.reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
}
