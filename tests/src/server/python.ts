/** What `{python}` stands for: the Python 3 of this machine, by whichever name it goes. */
import { execFileSync } from 'node:child_process';

const NAMES = process.platform === 'win32' ? ['python', 'py', 'python3'] : ['python3', 'python'];
let found: { path: string | undefined } | undefined;

/**
 * Path of the Python 3 interpreter, undefined if there is none. It is asked for its own path: so a
 * launcher (pyenv, `py`, the Windows store's stub) is run once and not at every start of a server.
 */
export function findPython(): string | undefined {
  found ??= { path: NAMES.map((name) => askForPath(name)).find((answer) => answer !== undefined) };
  return found.path;
}

function askForPath(name: string): string | undefined {
  const question = 'import sys; print(sys.executable if sys.version_info[0] == 3 else "")';
  try {
    const answer = execFileSync(name, ['-c', question], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
      timeout: 10_000,
    }).trim();
    return answer === '' ? undefined : answer;
  } catch {
    return undefined;
  }
}
