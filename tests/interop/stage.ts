/**
 * Starts a reference server as a student would, on a port that the system chooses, with its mailboxes
 * in a fresh folder; and reads what arrived there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { bundledProgram } from '../bundled.ts';
import { readLetter, type Letter } from './letter.ts';
import { readMbox } from './mbox.ts';

export type StageName = 'v1-smtp' | 'v2-helo' | 'v3-pop3' | 'v4-advanced';

export interface Stage {
  /** Where it serves SMTP, on 127.0.0.1. */
  port: number;
  /** Where it serves POP3, from stage 3 on; 0 before. */
  pop3Port: number;
  /** All ports, by the names that the server prints: `smtp`, `submission`, `pop3s`. */
  ports: Record<string, number>;
  /** The folder of mailboxes. */
  mailboxes: string;
  /** From stage 4 on, the folder of the accounts, the certificate and the journal. */
  data: string;
  /** What the server printed so far, both streams. */
  log(): string;
  /** The messages of a recipient, oldest first; none if there is no such mailbox. */
  mailbox(recipient: string): Promise<Letter[]>;
  /** `kill -9`: the server gets no chance to finish anything. Leaves the mailboxes. */
  kill(): Promise<void>;
  /** Asks the server to stop, waits until it has, and removes the mailboxes that were made for it. */
  close(): Promise<void>;
}

/** What each stage announces on standard output, a line a port. */
const protocols: Record<StageName, string[]> = {
  'v1-smtp': ['smtp'],
  'v2-helo': ['smtp'],
  'v3-pop3': ['smtp', 'pop3'],
  'v4-advanced': ['smtp', 'submission', 'smtps', 'pop3', 'pop3s'],
};

export const repository = path.resolve(import.meta.dirname, '..', '..');

/** Milliseconds. A busy machine needs a second to load tsx. */
const startLimit = 30_000;
const stopLimit = 15_000;

/**
 * @param options.mailboxes a folder of the caller's, which stays; otherwise a fresh one that goes with
 *   the server
 * @param options.args further words of the command line, such as `--strict`
 * @param options.bundled not by tsx, as a student would, but in one file, which starts quickly
 */
export async function startStage(
  stage: StageName,
  options: { mailboxes?: string; args?: string[]; bundled?: boolean } = {},
): Promise<Stage> {
  const own = options.mailboxes === undefined;
  const mailboxes = options.mailboxes ?? (await mkdtemp(path.join(tmpdir(), 'stagepost-mail-')));
  const data = path.join(mailboxes, '..', `${path.basename(mailboxes)}-data`);
  const ports = protocols[stage].flatMap((protocol) => [`--${protocol}`, '0']);
  if (stage === 'v4-advanced') ports.push('--data', data);
  const program =
    options.bundled === true
      ? await bundledProgram(path.join(repository, stage), 'server.ts')
      : ['--import', 'tsx', 'server.ts'];
  const words = [...program, ...ports, '--mailboxes', mailboxes];
  const child = spawn(process.execPath, [...words, ...(options.args ?? [])], {
    cwd: path.join(repository, stage),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const announced = await new Promise<Map<string, number>>((resolve, reject) => {
    const seen = new Map<string, number>();
    const fail = (how: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`${stage} ${how}\n${log}`));
    };
    const timer = setTimeout(
      () => fail(`did not print its ports within ${startLimit} ms`),
      startLimit,
    );
    child.once('exit', () => {
      clearTimeout(timer);
      fail('ended before it listened');
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      log += `${line}\n`;
      const [, protocol, port] = /^(\w+) 127\.0\.0\.1:(\d+)$/.exec(line) ?? [];
      if (protocol === undefined || seen.has(protocol)) return;
      seen.set(protocol, Number(port));
      if (!protocols[stage].every((each) => seen.has(each))) return;
      clearTimeout(timer);
      resolve(seen);
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopLimit);
    await ended;
    clearTimeout(timer);
  };
  return {
    port: announced.get('smtp')!,
    pop3Port: announced.get('pop3') ?? 0,
    ports: Object.fromEntries(announced),
    mailboxes,
    data,
    log: () => log,
    mailbox: (recipient) => stores[stage](mailboxes, recipient),
    kill: () => end('SIGKILL'),
    close: async () => {
      await end('SIGTERM');
      if (!own) return;
      await rm(mailboxes, { recursive: true, force: true });
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** The messages of a recipient in a folder of mailboxes. */
const stores: Record<StageName, (mailboxes: string, recipient: string) => Promise<Letter[]>> = {
  'v1-smtp': readMailboxFile,
  'v2-helo': readMailboxFile,
  'v3-pop3': (mailboxes, recipient) => readFolders(path.join(mailboxes, recipient, 'reception')),
  'v4-advanced': (mailboxes, recipient) => {
    const maildir = path.join(mailboxes, recipient.replace(/@.*/, ''));
    return readFolders(path.join(maildir, 'new'), path.join(maildir, 'cur'));
  },
};

/** Stages 1 and 2: a mailbox is a file. */
async function readMailboxFile(mailboxes: string, recipient: string): Promise<Letter[]> {
  const octets = await ifThere(readFile(path.join(mailboxes, `${recipient}.txt`)));
  return octets ? readMbox(octets) : [];
}

/** From stage 3 on: a message is a file, with the octets of the wire; its name says when it came. */
async function readFolders(...folders: string[]): Promise<Letter[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = (await ifThere(readdir(folder))) ?? [];
      return names.map((name) => ({ name, file: path.join(folder, name) }));
    }),
  );
  const inOrder = found.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = inOrder.map(({ file }) => readFile(file, 'utf8'));
  return (await Promise.all(files)).map((whole) => {
    if (/(?<!\r)\n|\r(?!\n)/.test(whole)) throw new Error(`Not all lines end in CR LF:\n${whole}`);
    return readLetter(whole.replaceAll('\r\n', '\n'));
  });
}

async function ifThere<Content>(reading: Promise<Content>): Promise<Content | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
