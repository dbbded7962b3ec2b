/** `accounts.ts` as people use it: the commands, then the program at the end of a pipe and at a terminal. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decoyOf, isPassword } from '../../../v4-advanced/src/accounts.ts';
import { AccountsFile, accountsIn } from '../../../v4-advanced/src/accounts-file.ts';
import { runAccounts } from '../../../v4-advanced/src/accounts-command.ts';
import { bundledProgram } from '../../bundled.ts';
import { ROOT } from '../../src/cli/stages.ts';

/** As people start it; a terminal is theirs. */
const NODE = [
  process.execPath,
  '--import',
  pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
  path.join(ROOT, 'v4-advanced', 'accounts.ts'),
] as const;

let top: string;
let folder: string;
let file: string;
beforeAll(async () => {
  top = await mkdtemp(path.join(os.tmpdir(), 'stagepost-accounts-'));
});
afterAll(() => rm(top, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(path.join(top, 'run-'));
  file = path.join(folder, 'data', 'accounts');
});

/** What the commands do and say, in this process; hashes cost next to nothing. */
async function accounts(args: string[], password = '', isSure = false) {
  let output = '';
  const print = (text: string) => void (output += `${text}\n`);
  const options = ['--users', file, '--cost', '2'].filter((_, index) => {
    return !args.includes(index < 2 ? '--users' : '--cost'); // said by the test itself
  });
  try {
    await runAccounts([...args, ...options], {
      say: print,
      warn: print,
      password: () => Promise.resolve(password),
      isSure: () => Promise.resolve(isSure),
    });
    return { code: 0, output };
  } catch (error) {
    print((error as Error).message);
    return { code: 1, output };
  }
}

/** The program itself, in a folder of its own. */
async function program(args: string[], input: string | Buffer = '') {
  const words = await bundledProgram(path.join(ROOT, 'v4-advanced'), 'accounts.ts');
  const child = spawn(process.execPath, [...words, ...args], { cwd: folder });
  let output = '';
  child.stdout.on('data', (text) => (output += String(text)));
  child.stderr.on('data', (text) => (output += String(text)));
  child.stdin.on('error', () => {}); // it may have ended without reading
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

const add = (name: string, password: string) => accounts(['add', name], password);
const names = async () => [...(await accountsIn(file)).keys()];

async function opens(name: string, password: string) {
  const all = await accountsIn(file);
  return isPassword(password, all.get(name), decoyOf(all));
}

describe('accounts.ts', () => {
  it('says how it is used', async () => {
    const { code, output } = await accounts(['--help']);
    expect(code).toBe(0);
    for (const verb of ['add', 'passwd', 'remove', 'list', 'import'])
      expect(output).toContain(verb);
    for (const line of output.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('adds an account', async () => {
    const args = ['add', 'Carol', '--cost', '14'];
    expect(await accounts(args, 'sécret: 1')).toEqual({
      code: 0,
      output: 'carol has an account now.\n',
    });
    expect(await readFile(file, 'utf8')).toMatch(
      /^carol:scrypt\$16384\$8\$1\$[\w+/]{22}==\$[\w+/]{43}=\n$/,
    );
    expect(await opens('carol', 'sécret: 1')).toBe(true);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('adds nobody twice', async () => {
    await add('carol', 'one');
    expect(await add('carol', 'two')).toEqual({
      code: 1,
      output:
        'carol has an account already: accounts.ts passwd carol sets a new password.\n',
    }); // prettier-ignore
    expect(await opens('carol', 'one')).toBe(true);
  });

  it('sets a password, and then an account is no demo account any longer', async () => {
    const server = await AccountsFile.open(file, 2);
    const { output } = await accounts(['passwd', 'alice'], 'new');
    expect(output).toBe('alice has a new password now.\n');
    await server.reload();
    expect(server.demo()).toEqual([{ name: 'bob', password: 'can-we-fix-it' }]);
    expect(await server.verify('alice', 'new')).toBe(true);
    expect(await server.verify('alice', 'wonderland')).toBe(false);
  });

  it('lists the names, and which are for everybody', async () => {
    await AccountsFile.open(file, 2);
    await add('carol', 'x');
    await accounts(['passwd', 'bob'], 'x');
    expect(await accounts(['list'])).toEqual({
      code: 0,
      output: 'alice (demo: everybody knows the password)\nbob\ncarol\n',
    });
  });

  it('removes an account, but not without being sure', async () => {
    await add('carol', 'x');
    await add('dave', 'x');
    expect(await accounts(['remove', 'carol'])).toEqual({
      code: 1,
      output: 'Nothing was changed.\n',
    });
    expect(await names()).toEqual(['carol', 'dave']);
    expect(await accounts(['remove', 'carol', '--yes'])).toEqual({
      code: 0,
      output: 'carol has no account any longer. The mail stays in the mailbox.\n',
    });
    expect(await names()).toEqual(['dave']);
    expect((await accounts(['remove', 'dave'], '', true)).code).toBe(0);
    expect(await accounts(['list'])).toEqual({
      code: 0,
      output: `There are no accounts in ${file}.\n`,
    });
  });

  it('uses the file that it is told', async () => {
    const other = path.join(folder, 'other', 'file');
    await accounts(['add', 'carol', '--users', other], 'x');
    expect([...(await accountsIn(other)).keys()]).toEqual(['carol']);
    expect(await names()).toEqual([]);
  });

  describe('imports', () => {
    let list: string;
    beforeEach(() => (list = path.join(folder, 'users')));
    const users = (text: string | Buffer) => writeFile(list, text);

    it('the users of stage 3, with hashes for passwords', async () => {
      await users('# class\nAlice:wonder land\n\nbob@example.com: builder\nzoe\n');
      expect(await accounts(['import', list])).toEqual({
        code: 0,
        output: 'Imported: alice, bob.\nLeft out, having no password in the file: zoe.\n',
      });
      expect(await opens('alice', 'wonder land')).toBe(true);
      expect(await opens('bob', 'builder')).toBe(true);
      expect(await readFile(file, 'utf8')).not.toMatch(/wonder|builder/);
    });

    it('nobody who has an account already, unless it is told to', async () => {
      await add('alice', 'old');
      await users('alice:new\nbob:new\n');
      expect((await accounts(['import', list])).output).toBe(
        'Imported: bob.\nKept as they were: alice. With --replace they get the passwords of the file.\n',
      );
      expect(await opens('alice', 'old')).toBe(true);
      const again = await accounts(['import', list, '--replace']);
      expect(again.output).toBe('Imported: alice, bob.\n');
      expect(await opens('alice', 'new')).toBe(true);
    });

    it('all or nobody', async () => {
      await users('alice:x\nbob bob:hush\n');
      const { code, output } = await accounts(['import', list]);
      expect(code).toBe(1);
      expect(output).toMatch(/users: line 2 must be name:password, .*\. Nothing was imported\.\n$/);
      expect(output).not.toContain('hush');
      expect(await names()).toEqual([]);
    });

    it('only from a text that can be read', async () => {
      expect((await accounts(['import', list])).output).toBe(
        `${list} cannot be read (ENOENT): is it there, and is it yours?\n`,
      );
      await users(Buffer.from('alice:\xe9\n', 'latin1'));
      const { output } = await accounts(['import', list]);
      expect(output).toBe(`${list}: this is no text in UTF-8.\n`);
    });
  });

  describe('refuses in one line', () => {
    it.each([
      [[], 'Which command?'],
      [['ad', 'carol'], 'There is no command "ad".'],
      [['constructor'], 'There is no command "constructor".'],
      [['add'], 'Say accounts.ts add NAME.'],
      [['import'], 'Say accounts.ts import FILE.'],
      [['add', 'carol', 'secret'], 'That was too much for add. A password is asked for'],
      [['list', 'carol'], 'That was too much for list. See'],
      [['list', '--yes'], '--yes means nothing to list.'],
      [['add', 'carol', '--replace'], '--replace means nothing to add.'],
      [['list', '--all'], "Unknown option '--all'. See accounts.ts --help."],
      [['list', '--cost', '19'], '--cost must be a whole number from 1 to 18, not "19".'],
      [['list', '--cost', 'x'], '--cost must be a whole number from 1 to 18, not "x".'],
      [['add', 'bob@example.com'], 'An account has a name without a domain: say "bob".'],
      [['add', 'böb'], '"böb" cannot be an account: it takes 1 to 64 of a to z'],
      [['add', 'con'], '"con" cannot be an account'],
      [['add', '../x'], '"../x" cannot be an account'],
      [['add', 'a\x1b[31m'], '"a\\u001b[31m" cannot be an account'],
      [['passwd', 'zoe'], 'There is no account zoe in'],
      [['remove', 'zoe', '--yes'], 'There is no account zoe in'],
    ])('%j', async (args, message) => {
      const { code, output } = await accounts(args, 'x');
      expect(code).toBe(1);
      expect(output.startsWith(message)).toBe(true);
      expect(output).toMatch(/^[^\n]+\n$/);
      expect(await readdir(folder)).toEqual([]);
    });

    it.each(['a\tb', 'x'.repeat(1025)])('a bad password', async (password) => {
      expect(await accounts(['add', 'carol'], password)).toEqual({
        code: 1,
        output: 'A password has 1 to 1024 octets, and no control characters.\n',
      });
      expect(await readdir(folder)).toEqual([]);
    });

    it('a file that is broken, or is none', async () => {
      await mkdir(file, { recursive: true });
      expect((await accounts(['list'])).output).toBe(
        `${file} cannot be used (EISDIR): is it there, and is it yours?\n`,
      );
      await rm(file, { recursive: true });
      await writeFile(file, '# ours\ncarol:hush\n');
      expect((await add('dave', 'x')).output).toBe(
        `${file}: line 2 holds no scrypt hash for carol: set the password with accounts.ts passwd carol.\n`,
      );
    });
  });
});

describe('in a pipe, accounts.ts', () => {
  it('takes the first line for the password, and loses nothing when several run at once', async () => {
    const results = await Promise.all(
      ['a', 'b', 'c'].map((name) => program(['add', name], `sécret ${name}\r\nand more\n`)),
    );
    expect(results).toEqual(
      ['a', 'b', 'c'].map((name) => ({ code: 0, output: `${name} has an account now.\n` })),
    );
    expect((await names()).sort()).toEqual(['a', 'b', 'c']);
    expect(await opens('b', 'sécret b')).toBe(true);
    expect(await readdir(path.dirname(file))).toEqual(['accounts']);
  });

  it.each([
    ['', 'There was no password. Nothing was changed.'],
    ['x'.repeat(100_000), 'A password has 1 to 1024 octets, and no control characters.'],
    [Buffer.from('caf\xe9\n', 'latin1'), 'The password that was piped in is no text in UTF-8.'],
  ])('refuses what is no password', async (input, message) => {
    expect(await program(['add', 'carol'], input)).toEqual({ code: 1, output: `${message}\n` });
    expect(await readdir(folder)).toEqual([]);
  });

  it('does not take a line for a yes', async () => {
    await add('carol', 'x');
    expect(await program(['remove', 'carol'], 'y\n')).toEqual({
      code: 1,
      output: 'Nobody is here to be asked: say --yes.\n',
    });
    expect(await names()).toEqual(['carol']);
  });
});

const hasTerminals = () => {
  try {
    execFileSync('python3', ['-c', 'import pty'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(!hasTerminals())('at a terminal, accounts.ts', () => {
  /**
   * Runs a command at a terminal: waits for a prompt, types the answer, waits for the next one. Prints
   * the screen; behind the command its exit code and the terminal's settings.
   */
  const TERMINAL = `
import json, os, pty, sys
command, steps = json.loads(sys.argv[1])
pid, screen = pty.fork()
if pid == 0:
    os.execvp('sh', ['sh', '-c', '"$@"; echo "exit $?"; stty -a', 'sh', *command])
seen, at = b'', 0
try:
    for prompt, answer in steps + [['exit ', '']]:
        while seen.find(prompt.encode(), at) < 0:
            seen += os.read(screen, 4096)
        at = len(seen)
        os.write(screen, answer.encode())
    while True:
        piece = os.read(screen, 4096)
        if not piece: break
        seen += piece
except OSError:
    pass  # so Linux says that the program has ended
os.waitpid(pid, 0)
sys.stdout.buffer.write(seen.replace(b'\\r', b''))
`;

  async function play(args: string[], steps: [prompt: string, answer: string][]) {
    const plan = JSON.stringify([[...NODE, ...args, '--cost', '2'], steps]);
    const child = spawn('python3', ['-c', TERMINAL, plan], { cwd: folder });
    let output = '';
    child.stdout.on('data', (text) => (output += String(text)));
    await once(child, 'close');
    const [, screen = output, code = '', settings = ''] =
      /^(.*)exit (\d+)\n(.*)$/s.exec(output) ?? [];
    return { screen, code: Number(code), shows: /(?<!-)\becho\b/.test(settings) };
  }

  it('asks twice for a password, and does not show it', async () => {
    const { screen, code, shows } = await play(
      ['add', 'carol'],
      [
        ['Password for carol: ', 'hushes\x7f\x7f\r'],
        ['again: ', 'hush\r'],
      ],
    );
    expect(screen).toBe('Password for carol: \nThe same again: \ncarol has an account now.\n');
    expect(code).toBe(0);
    expect(shows).toBe(true);
    expect(await opens('carol', 'hush')).toBe(true);
  });

  it('wants twice the same', async () => {
    const { screen, code, shows } = await play(
      ['add', 'carol'],
      [
        ['Password for carol: ', 'hush\r'],
        ['again: ', 'hash\r'],
      ],
    );
    expect(screen).toMatch(/\nThese were two different passwords. Nothing was changed.\n$/);
    expect([code, shows]).toEqual([1, true]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['Ctrl-C', '\x03', 130],
    ['Ctrl-D', '\x04', 1],
  ])('leaves the terminal as it was after %s', async (_, key, expected) => {
    const { screen, code, shows } = await play(
      ['add', 'carol'],
      [['Password for carol: ', key === '\x03' ? `hush${key}` : key]],
    );
    expect(screen).not.toContain('hush');
    expect([code, shows]).toEqual([expected, true]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('asks before it removes', async () => {
    await add('carol', 'x');
    const question = 'Remove the account carol? The mail stays. [y/N] ';
    const no = await play(['remove', 'carol'], [[question, '\r']]);
    expect([no.code, no.screen.trimEnd().split('\n').at(-1)]).toEqual([1, 'Nothing was changed.']);
    expect(await names()).toEqual(['carol']);
    const yes = await play(['remove', 'carol'], [[question, 'y\r']]);
    expect(yes.code).toBe(0);
    expect(await names()).toEqual([]);
  });
});
