/** Starts a server as a program of its own, and ends it. Whatever ends the bench ends it too. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { atExit } from '../src/server/at-exit.ts';
import { openConnection } from '../src/server/connection.ts';

/** How a server is started. */
export interface Command {
  /** The words of the command line, the program first. */
  words: readonly string[];
  cwd?: string;
  /** Where it will listen, if it was told; other servers say so: `smtp 127.0.0.1:2525`. */
  port?: number;
}

export interface ServerProcess {
  port: number;
  /** Asks the server to end, and waits until it has. */
  stop(): Promise<void>;
  /** The last of what it printed. */
  lastWords(): string;
}

/** Milliseconds. A busy machine needs seconds to load tsx. */
const START_LIMIT = 30_000;
const STOP_LIMIT = 5_000;
/** Milliseconds between looks at a port whose server does not say when it listens. */
const LOOK = 20;
/** Characters of output that are kept for the case of an error. */
const KEPT = 1_000;

/** Starts a server; resolves when it listens. Rejects if it does not, with what it printed. */
export async function startServer(command: Command): Promise<ServerProcess> {
  const [program, ...args] = command.words;
  const child = spawn(program!, args, { cwd: command.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const forget = atExit(() => child.kill('SIGKILL'));
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  failed.catch(() => undefined);
  let output = '';
  let port = command.port;
  // What a server prints is taken from it at once: a full pipe would make it wait.
  const listens = new Promise<void>((resolve) => {
    const keep = (octets: Buffer): void => {
      output = (output + octets.toString('latin1')).slice(-KEPT);
    };
    child.stderr.on('data', keep);
    child.stdout.on('data', (octets: Buffer) => {
      keep(octets);
      if (port !== undefined) return;
      const announced = /^smtp 127\.0\.0\.1:(\d+)\r?$/m.exec(output)?.[1];
      if (announced === undefined) return;
      port = Number(announced);
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
    if (child.pid !== undefined) await ended;
    clearTimeout(timer);
    forget();
  };
  const over = new AbortController();
  try {
    await Promise.race([
      port === undefined ? listens : answers(port, over.signal),
      failed,
      ended.then(() => fail('it ended at once')),
      pause(START_LIMIT, undefined, over).then(() => fail('it does not listen')),
    ]);
  } catch (error) {
    await stop();
    const why = `${(error as Error).message} ${output.trim()}`.trim();
    throw new Error(`cannot start ${path.basename(program!)}: ${why}`, { cause: error });
  } finally {
    over.abort();
  }
  return { port: port!, stop, lastWords: () => output.trim() };
}

function fail(what: string): never {
  throw new Error(what);
}

/** Resolves when somebody listens. */
async function answers(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      (await openConnection(port)).destroy();
      return;
    } catch {
      await pause(LOOK, undefined, { signal });
    }
  }
}
