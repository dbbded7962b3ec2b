/** Runs the command `stagepost` for the tests, in a process of its own. */
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa, type Options } from 'execa';
import { bundledCommand } from '../../bundled.ts';

const BIN = fileURLToPath(new URL('../../bin/stagepost.js', import.meta.url));

/** The environment without what npm and the user's settings put there. */
export function plainEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^npm_|^(?:SMTP_PORT|MAILBOXES|FORCE_COLOR)$/i.test(name),
  );
  return { ...Object.fromEntries(own), NO_COLOR: '1', ...more };
}

const BUNDLE = await bundledCommand();

/** Starts `stagepost` with these arguments. A code other than 0 is no error here. */
export function stagepost(args: readonly string[], options: Options = {}) {
  return run([...BUNDLE, ...args], options);
}

/** The same as its users start it, without a bundle: slower. */
export function stagepostItself(args: readonly string[], options: Options = {}) {
  return run([BIN, ...args], options);
}

function run(words: readonly string[], options: Options) {
  return execa(process.execPath, words, {
    reject: false,
    env: plainEnvironment(),
    extendEnv: false,
    stripFinalNewline: false,
    ...options,
  });
}

/** Resolves with what the program has printed once the pattern is in it. */
export async function printed(output: Readable | null, pattern: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of output!.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (pattern.test(text)) return text;
  }
  throw new Error(`It ended without printing ${String(pattern)}, but:\n${text}`);
}
