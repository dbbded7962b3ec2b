/**
 * Starts a program in a process group of its own and ends the whole of it: the program, what it
 * started, and on Linux even what tried to get away (daemons). Also when this process ends first.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { atExit } from './at-exit.ts';
import { isAlive, isGroupAlive, processesWithVariable, treeOf } from './proc.ts';

/** Milliseconds that a program gets to end by itself after SIGTERM. */
const GRACE = 1_000;
/** Milliseconds to wait for a killed program; only a broken disk keeps one longer. */
const KILL_LIMIT = 3_000;
/** Milliseconds to wait for the last output of a program that has ended. */
const DRAIN_LIMIT = 100;
/** Set in the environment of everything that is started here, so that it can be found again. */
const MARK = 'STAGEPOST_RUN';

export interface ProcessGroup {
  /** The process that was started; 0 if it could not be. */
  pid: number;
  /** How it ended: `exited with code 1`, `was killed by SIGSEGV`; undefined while it runs. */
  ended(): string | undefined;
  /** Resolves with that when it ends. */
  whenEnded: Promise<string>;
  /** Resolves once all that an ended program printed has arrived, or soon after if others hold its output. */
  drained(): Promise<void>;
  /** The processes of the group and their descendants that still live (Linux; elsewhere the one). */
  members(): number[];
  /** Is any process of the group still there, the first one or one that it left behind? */
  isAlive(): boolean;
  /** Ends the group: politely, then not. Resolves when nothing of it is left. */
  stop(grace?: number): Promise<void>;
}

export interface StartOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Typed to the program at once. Its input stays open, as that of a program in a terminal does. */
  stdin?: string | undefined;
  onOutput: (octets: Buffer) => void;
}

/** Starts a program by its words, without a shell. */
export function startProgram(words: readonly string[], options: StartOptions): ProcessGroup {
  return start(words[0]!, words.slice(1), false, options);
}

/** Gives a line to the system's shell. */
export function startShell(line: string, options: StartOptions): ProcessGroup {
  return start(line, [], true, options);
}

function start(
  program: string,
  args: readonly string[],
  shell: boolean,
  { cwd, env, stdin, onOutput }: StartOptions,
): ProcessGroup {
  const mark = `${MARK}=${randomUUID()}`;
  const child = spawn(program, args, {
    cwd,
    env: { ...env, [MARK]: mark.slice(MARK.length + 1) },
    shell,
    stdio: 'pipe',
    windowsHide: true,
    // A process group of its own on POSIX. On Windows this would open a window; taskkill /T serves there.
    detached: process.platform !== 'win32',
  });
  child.stdout.on('data', onOutput);
  child.stderr.on('data', onOutput);
  // A program that never reads its input ends with it unread: that is its right.
  child.stdin.on('error', () => undefined);
  if (stdin !== undefined) child.stdin.write(stdin);

  let how: string | undefined;
  const whenEnded = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      how ??= error.code === 'ENOENT' ? `could not be found (${program})` : error.message;
      resolve(how);
    });
    child.once('exit', (code, signal) => {
      how ??= signal === null ? `exited with code ${code ?? 0}` : `was killed by ${signal}`;
      resolve(how);
    });
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const pid = child.pid ?? 0;
  const forget = atExit(() => kill(child, mark, 'SIGKILL'));
  return {
    pid,
    ended: () => how,
    whenEnded,
    drained: () => Promise.race([closed, delay(DRAIN_LIMIT)]),
    members: () => (pid === 0 ? [] : process.platform === 'linux' ? treeOf([pid]) : [pid]),
    isAlive: () => groupIsAlive(child),
    async stop(grace = GRACE) {
      if (groupIsAlive(child)) {
        kill(child, undefined, 'SIGTERM');
        await waitUntil(() => !groupIsAlive(child), grace);
      }
      const strays = kill(child, mark, 'SIGKILL');
      await waitUntil(() => !groupIsAlive(child) && !strays.some(isAlive), KILL_LIMIT);
      if (pid !== 0) await Promise.race([whenEnded, delay(KILL_LIMIT, '', { ref: false })]);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      forget();
    },
  };
}

/**
 * Signals the whole group; with `mark`, also what left the group, which is returned. Never throws:
 * all of it may be gone.
 */
function kill(child: ChildProcess, mark: string | undefined, signal: NodeJS.Signals): number[] {
  if (child.pid === undefined) return [];
  if (process.platform === 'win32') {
    // Windows has no polite way to end a program without a window.
    spawnSync('taskkill', ['/PID', String(child.pid), '/T', '/F'], { windowsHide: true });
    return [];
  }
  const strays =
    mark === undefined || process.platform !== 'linux' ? [] : processesWithVariable(mark);
  for (const target of [-child.pid, ...strays]) trySignal(target, signal);
  return strays;
}

function trySignal(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // EPERM: it is there but somebody else's (sudo). All else: there is nothing to signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function groupIsAlive(child: ChildProcess): boolean {
  const { pid } = child;
  if (pid === undefined) return false;
  const ended = child.exitCode !== null || child.signalCode !== null;
  if (process.platform === 'win32') return !ended;
  if (!trySignal(-pid, 0)) return false;
  if (process.platform !== 'linux') return true;
  // A group of zombies answers signals too, for ever where nobody buries orphans (containers).
  return isGroupAlive(pid);
}

async function waitUntil(condition: () => boolean, limit: number): Promise<void> {
  const deadline = performance.now() + limit;
  for (
    let pause = 1;
    !condition() && performance.now() < deadline;
    pause = Math.min(20, pause * 2)
  ) {
    await delay(pause);
  }
}
