/**
 * Tests with programs that may not be there. On a developer's machine such a test is skipped and says
 * why; where CI=true it fails, so that a missing program cannot pass for a green run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

/** The absolute path of a program on PATH, if it is there. */
export function findProgram(name: string): string | undefined {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const ending of endings) {
      const file = path.join(folder, name + ending);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
}

/** @param name a program, or a module of Perl: `Net::SSLeay` */
export function isInstalled(name: string): boolean {
  if (!name.includes('::')) return findProgram(name) !== undefined;
  return spawnSync('perl', [`-M${name}`, '-e', '1'], { stdio: 'ignore' }).status === 0;
}

/**
 * A test that needs programs.
 * @param programs what must be on PATH; or `Net::SSLeay`, the module by which swaks knows TLS
 */
export function testWith(programs: string[], promise: string, body: () => Promise<void>): void {
  test(promise, async ({ skip }) => {
    const missing = programs.find((each) => !isInstalled(each));
    if (missing !== undefined) {
      const reason = `${missing} is not installed (Debian: apt-get install ${packages[missing] ?? missing})`;
      if (process.env.CI === 'true') expect.fail(reason);
      skip(reason);
    }
    await body();
  });
}

const packages: Record<string, string> = {
  nc: 'netcat-openbsd',
  getmail: 'getmail6',
  doveadm: 'dovecot-imapd',
  'Net::SSLeay': 'libnet-ssleay-perl',
};

/**
 * What python3 is told before the words of a program that wants a terminal, such as mutt: every system
 * with Python has its pty module.
 */
export const onTerminal = ['-c', 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'];

/**
 * Types a dialogue into a program that only carries lines to a server and back, such as telnet: waits
 * for every `S:` line to appear in its output before it types the next `C:` line, as a person does.
 * @returns all that the program printed
 */
export async function typeDialogue(
  program: string,
  args: string[],
  dialogue: string,
): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let printed = '';
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  child.stdin.on('error', () => undefined); // a program that ended early shows in what it printed
  try {
    for (const line of dialogue.trim().split('\n')) {
      if (line.startsWith('C:')) {
        child.stdin.write(`${line.slice(3)}\n`);
        continue;
      }
      const expected = line.slice(3);
      for (;;) {
        const next = await lines.next();
        if (next.done)
          throw new Error(`${program} ended before it showed "${expected}":\n${printed}`);
        printed += `${next.value}\n`;
        if (next.value.startsWith(expected)) break;
      }
    }
    child.stdin.end();
    for (let next = await lines.next(); !next.done; next = await lines.next()) {
      printed += `${next.value}\n`;
    }
    return printed;
  } finally {
    clearTimeout(timer);
    child.kill();
  }
}
