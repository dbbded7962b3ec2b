/** A home folder for the programs of one test: what their user has set elsewhere does not matter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { onTerminal } from './programs.ts';

export interface Home {
  /** The absolute path of a file in it. */
  file(name: string): string;
  /** Writes a file that holds a password: the programs insist that nobody else may read it. */
  writeSecret(name: string, lines: string[]): Promise<string>;
  /** Runs a program that is at home here, whatever its exit code. What it prints is an octet a character. */
  run(program: string, args: string[], input?: string | Uint8Array): ReturnType<typeof runIn>;
  /** The same for a program that wants a terminal, such as mutt; it needs python3. */
  runOnTerminal(program: string, args: string[]): ReturnType<typeof runIn>;
  remove(): Promise<void>;
}

export async function makeHome(): Promise<Home> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stagepost-home-'));
  const run: Home['run'] = (program, args, input = '') => runIn(folder, program, args, input);
  return {
    file: (name) => path.join(folder, name),
    writeSecret: async (name, lines) => {
      const file = path.join(folder, name);
      await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
      return file;
    },
    run,
    runOnTerminal: (program, args) => run('python3', [...onTerminal, program, ...args]),
    remove: () => rm(folder, { recursive: true }),
  };
}

function runIn(folder: string, program: string, args: string[], input: string | Uint8Array) {
  return execa(program, args, {
    cwd: folder,
    env: { HOME: folder, FETCHMAILHOME: folder, TERM: 'vt100', LC_ALL: 'C.UTF-8' },
    encoding: 'latin1', // one character an octet
    stripFinalNewline: false,
    all: true,
    input,
    timeout: 30_000,
    reject: false,
  });
}
