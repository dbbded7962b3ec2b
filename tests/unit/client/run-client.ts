/** The client as a person or a script starts it: a process of its own. */
import path from 'node:path';
import { execa } from 'execa';
import { bundledProgram } from '../../bundled.ts';

export const ROOT = path.join(import.meta.dirname, '..', '..', '..');

/** Runs the client of a stage. `octets` is its standard output as it came. */
export async function clientOf(
  stage: string,
  args: readonly string[],
  input: string | Uint8Array = '',
) {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [...(await bundledProgram(path.join(ROOT, stage), 'client.ts')), ...args],
    { cwd: ROOT, input, reject: false, encoding: 'buffer', stripFinalNewline: false },
  );
  const text = (octets: Uint8Array) =>
    Buffer.from(octets)
      .toString()
      .replace(/\r?\n$/, '');
  return {
    exitCode,
    octets: Buffer.from(stdout),
    stdout: text(stdout),
    stderr: text(stderr),
    lines: text(stdout).split(/\r?\n/),
  };
}

/** What is typed, one line each. */
export const keys = (...lines: string[]) => lines.map((line) => `${line}\n`).join('');
