/**
 * Runs a stage's server or client as a program of its own, where the user stands: what it makes
 * (mailboxes) and what it is told (`--users list.txt`) are seen from there.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

/** A second signal within this time is an echo of the first, in milliseconds. */
const ECHO = 500;

export interface Running {
  /** What the program prints, if that was asked for. */
  output: Readable | null;
  /** The exit code; 128 and the signal's number if a signal ended it, as shells have it. */
  exitCode: Promise<number>;
}

/**
 * Runs a program that serves until it is told to stop. Its output is handed to us; of the signals that
 * reach us it gets each once.
 */
export function runServer(file: string, args: readonly string[]): Running {
  // Ctrl-C in a terminal reaches every process of the group, and npm sends it a second time. The server
  // takes the second for "at once, please". In a group of its own it hears of it only from us. Windows
  // has no such groups, and gives Ctrl-C to the server itself.
  const apart = process.platform !== 'win32';
  const child = spawn(process.execPath, commandLine(file, args), {
    stdio: ['inherit', 'pipe', 'inherit'],
    detached: apart,
  });
  let heard = -ECHO;
  const forward = (signal: NodeJS.Signals): void => {
    if (!apart || performance.now() - heard < ECHO) return;
    heard = performance.now();
    // A terminal that is closed says SIGHUP; the server knows two ways to be asked.
    child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
  // Whatever ends this program, the server must not stay behind and keep the port.
  process.once('exit', () => child.kill('SIGTERM'));
  return running(child);
}

/** Runs a program that talks with the user: it has our terminal. */
export function runDialogue(file: string, args: readonly string[]): Running {
  const child = spawn(process.execPath, commandLine(file, args), { stdio: 'inherit' });
  // What is typed in the terminal, Ctrl-C too, reaches it without us; we only have to outlive it.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return running(child);
}

function commandLine(file: string, args: readonly string[]): string[] {
  // The whole address: the name alone would be looked for from where the user stands.
  return ['--import', import.meta.resolve('tsx'), file, ...args];
}

function running(child: ChildProcess): Running {
  const exitCode = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    // Not `exit`: its last words would be lost.
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  return { output: child.stdout, exitCode };
}
