/** What mutt and neomutt show of a mailbox, to a person who opens all its messages. */
import { readFile } from 'node:fs/promises';
import type { Home } from './home.ts';

/**
 * The messages of a mailbox as mutt prints them: decoded, lines ended by LF.
 * @param mailbox  a file, a folder, or `pops://…`
 * @param settings lines of its configuration
 */
export async function readWithMutt(
  program: 'mutt' | 'neomutt',
  home: Home,
  mailbox: string,
  settings: string[] = [],
): Promise<string[]> {
  const out = home.file('seen');
  const print = `cat >> ${out}; echo =end= >> ${out}`;
  const keys = `<tag-pattern>~A<enter><tag-prefix><pipe-message>${print}<enter><quit>`;
  const rc = await home.writeSecret('muttrc', [
    'set pipe_split pipe_decode wait_key=no sleep_time=0 check_new=no',
    `set folder=${home.file('.')}`,
    ...settings,
    `push '${keys}'`,
  ]);
  const { all } = await home.runOnTerminal(program, ['-n', '-F', rc, '-f', mailbox]);
  const seen = await readFile(out, 'utf8').catch(() => {
    throw new Error(`${program} has shown no message:\n${all}`);
  });
  return seen.split('=end=\n').slice(0, -1);
}
