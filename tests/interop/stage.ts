/**
 * Starts a reference server as a student would, on a port that the system chooses, with its mailboxes
 * in a fresh folder; and reads what arrived there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { readMbox, type MboxMessage } from './mbox.ts';

export type StageName = 'v1-smtp' | 'v2-helo';

export interface Stage {
  /** Where it serves SMTP, on 127.0.0.1. */
  port: number;
  /** The folder of mailboxes. */
  mailboxes: string;
  /** What the server printed so far, both streams. */
  log(): string;
  /** The messages of a recipient, oldest first; none if there is no such mailbox. */
  mailbox(recipient: string): Promise<MboxMessage[]>;
  /** `kill -9`: the server gets no chance to finish anything. Leaves the mailboxes. */
  kill(): Promise<void>;
  /** Asks the server to stop, waits until it has, and removes the mailboxes that were made for it. */
  close(): Promise<void>;
}

export const repository = path.resolve(import.meta.dirname, '..', '..');

/** Milliseconds. A busy machine needs a second to load tsx. */
const startLimit = 30_000;
const stopLimit = 15_000;

/**
 * @param options.mailboxes a folder of the caller's, which stays; otherwise a fresh one that goes with
 *   the server
 * @param options.args further words of the command line, such as `--strict`
 */
export async function startStage(
  stage: StageName,
  options: { mailboxes?: string; args?: string[] } = {},
): Promise<Stage> {
  const own = options.mailboxes === undefined;
  const mailboxes = options.mailboxes ?? (await mkdtemp(path.join(tmpdir(), 'stagepost-mail-')));
  const words = ['--import', 'tsx', 'server.ts', '0', '--mailboxes', mailboxes];
  const child = spawn(process.execPath, [...words, ...(options.args ?? [])], {
    cwd: path.join(repository, stage),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const port = await new Promise<number>((resolve, reject) => {
    const fail = (how: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`${stage} ${how}\n${log}`));
    };
    const timer = setTimeout(() => fail(`printed no port within ${startLimit} ms`), startLimit);
    child.once('exit', () => {
      clearTimeout(timer);
      fail('ended before it listened');
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      log += `${line}\n`;
      const announced = /^smtp 127\.0\.0\.1:(\d+)$/.exec(line)?.[1];
      if (announced === undefined) return;
      clearTimeout(timer);
      resolve(Number(announced));
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopLimit);
    await ended;
    clearTimeout(timer);
  };
  return {
    port,
    mailboxes,
    log: () => log,
    mailbox: async (recipient) => readMailbox(path.join(mailboxes, `${recipient}.txt`)),
    kill: () => end('SIGKILL'),
    close: async () => {
      await end('SIGTERM');
      if (own) await rm(mailboxes, { recursive: true, force: true });
    },
  };
}

async function readMailbox(file: string): Promise<MboxMessage[]> {
  try {
    return readMbox(await readFile(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
