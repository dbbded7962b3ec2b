/** What mutt and neomutt show of a mailbox, to a person who opens all its messages. */
import { readFile } from 'node:fs/promises';
import type { Home } from './home.ts';

/**
 * Opens a mailbox with mutt and types keys.
 * @param mailbox  a file, a folder, or `pops://…`
 * @param keys     as mutt writes them: `<delete-message><quit>`
 * @param settings lines of its configuration
 * @returns what the terminal got
 */
export async function openWithMutt(
  program: 'mutt' | 'neomutt',
  home: Home,
  mailbox: string,
  keys: string,
  settings: string[] = [],
): Promise<string> {
  const rc = await home.writeSecret('muttrc', [
    'set pipe_split pipe_decode wait_key=no sleep_time=0 check_new=no delete=yes',
    // Without a folder it would ask whether to make one, and take the keys for the answer.
    `set folder=${home.file('.')}`,
    ...settings,
    `push '${keys}'`,
  ]);
  return (await home.runOnTerminal(program, ['-n', '-F', rc, '-f', mailbox])).all;
}

/** The messages of a mailbox as mutt prints them: decoded, lines ended by LF. */
export async function readWithMutt(
  program: 'mutt' | 'neomutt',
  home: Home,
  mailbox: string,
  settings: string[] = [],
): Promise<string[]> {
  const out = home.file('seen');
  const print = `cat >> ${out}; echo =end= >> ${out}`;
  const keys = `<tag-pattern>~A<enter><tag-prefix><pipe-message>${print}<enter><quit>`;
  const terminal = await openWithMutt(program, home, mailbox, keys, settings);
  const seen = await readFile(out, 'utf8').catch(() => {
    throw new Error(`${program} has shown no message:\n${terminal}`);
  });
  return seen.split('=end=\n').slice(0, -1);
}
