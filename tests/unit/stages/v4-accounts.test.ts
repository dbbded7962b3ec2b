import * as crypto from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Account,
  costOf,
  decoyOf,
  hashPassword,
  isAccountName,
  isAffordable,
  isPassword,
  preparePassword,
  readAccounts,
  readUsers,
  withAccount,
  withoutAccount,
} from '../../../v4-advanced/src/accounts.ts';
import {
  AccountsFile,
  accountsIn,
  changeAccounts,
} from '../../../v4-advanced/src/accounts-file.ts';

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof crypto>();
  return { ...real, scrypt: vi.fn(real.scrypt) };
});
const scrypt = vi.mocked(crypto.scrypt);

/** What each call of scrypt since the last look has cost. */
function paid() {
  const costs = scrypt.mock.calls.map(([, salt, octets, cost]) => {
    const { N, r, p } = cost as unknown as { N: number; r: number; p: number };
    return `${N} ${r} ${p}, salt ${(salt as Buffer).length}, key ${octets}`;
  });
  scrypt.mockClear();
  return costs;
}

const CHEAP = costOf(2);
const SALT = Buffer.alloc(16, 1).toString('base64');
const KEY = Buffer.alloc(32, 2).toString('base64');
const lineOf = (name: string, behind = '') => `${name}:scrypt$4$8$1$${SALT}$${KEY}${behind}\n`;

const account = async (name: string, password: string, cost = CHEAP): Promise<Account> => ({
  name,
  hash: await hashPassword(password, cost),
  demo: false,
});

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stagepost-accounts-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  scrypt.mockClear();
  file = path.join(await mkdtemp(path.join(folder, 'data-')), 'accounts');
});

describe('the name of an account', () => {
  it.each(['alice', 'a', '4u', 'a.b-c_d+e=f', 'constructor', 'a'.repeat(64)])(
    'may be %s',
    (name) => {
      expect(isAccountName(name)).toBe(true);
    },
  );

  it.each([
    '', 'Alice', '.a', '-a', '_a', 'a.', 'nul', 'con.txt', 'a b', 'a:b', 'a/b', '..', 'a@b', '%41',
    'é', '\u212a', 'alice\n', 'a'.repeat(65), '__proto__',
  ])('cannot be %j: it is the name of a folder, too', (name) => {
    expect(isAccountName(name)).toBe(false);
  }); // prettier-ignore
});

describe('a password', () => {
  it.each(['x', ' ', 'two words', 'a:b$c', 'пароль', '🐎'.repeat(256), 'x'.repeat(1024)])(
    'may be %j',
    (password) => {
      expect(preparePassword(password)).toBe(password);
    },
  );

  it.each(['', 'x'.repeat(1025), '🐎'.repeat(257), 'a\0b', 'a\tb', 'a\x7fb', 'a\nb', '\ud800'])(
    'cannot be %j',
    (password) => {
      expect(preparePassword(password)).toBeUndefined();
    },
  );

  it('is the same however a keyboard composes it', () => {
    expect(preparePassword('cafe\u0301')).toBe(preparePassword('caf\u00e9'));
    expect(preparePassword('a\u00a0b\u3000c')).toBe('a b c');
  });

  it('is not the same in capitals or in letters that only look alike', () => {
    expect(preparePassword('A')).not.toBe(preparePassword('a'));
    expect(preparePassword('\uff41')).not.toBe(preparePassword('a'));
    expect(preparePassword('\ufb01')).not.toBe(preparePassword('fi'));
  });

  it('is hashed with a salt of its own each time', async () => {
    const [one, two] = [await hashPassword('x', CHEAP), await hashPassword('x', CHEAP)];
    expect(one.salt).toHaveLength(16);
    expect(one.key).toHaveLength(32);
    expect(one.salt).not.toEqual(two.salt);
    expect(one.key).not.toEqual(two.key);
  });

  it('that is none is not hashed', async () => {
    await expect(hashPassword('', CHEAP)).rejects.toThrow('A password has 1 to 1024 octets');
  });

  it('is what scrypt of RFC 7914 makes of it, so that other programs can check it', async () => {
    const { salt, key } = await hashPassword('pleaseletmein', costOf(14));
    expect(paid()).toEqual(['16384 8 1, salt 16, key 32']);
    expect(crypto.scryptSync('pleaseletmein', salt, 32, { N: 16384, r: 8, p: 1 })).toEqual(key);
  });
});

describe('the work for an answer', () => {
  it('is the same for a right password, a wrong one, and somebody unknown', async () => {
    const known = await account('alice', 'secret');
    const decoy = decoyOf(new Map([['alice', known]]));
    paid();
    const answers = [
      await isPassword('secret', known, decoy),
      await isPassword('Secret', known, decoy),
      await isPassword('secret', undefined, decoy),
    ];
    expect(answers).toEqual([true, false, false]);
    expect(paid()).toEqual(Array(3).fill('4 8 1, salt 16, key 32'));
  });

  it('for somebody unknown is that of most accounts', async () => {
    const accounts = [
      await account('a', 'x', costOf(3)),
      await account('b', 'x', costOf(4)),
      await account('c', 'x', costOf(4)),
    ];
    expect(decoyOf(new Map(accounts.map((each) => [each.name, each]))).cost).toEqual(costOf(4));
    expect(decoyOf(new Map()).cost).toEqual({ N: 16384, r: 8, p: 1 });
  });

  it('is none for what cannot be a password, whoever asks', async () => {
    const known = await account('alice', 'secret');
    const decoy = decoyOf(new Map());
    paid();
    expect(await isPassword('', known, decoy)).toBe(false);
    expect(await isPassword('x'.repeat(1025), undefined, decoy)).toBe(false);
    expect(paid()).toEqual([]);
  });

  it('is more than Node allows by itself, if the account says so', async () => {
    const known = await account('alice', 'secret', costOf(16));
    expect(await isPassword('secret', known, decoyOf(new Map()))).toBe(true);
  });

  it.each([
    [{ N: 16384, r: 8, p: 1 }, true],
    [{ N: 2 ** 18, r: 8, p: 1 }, true],
    [{ N: 2 ** 19, r: 8, p: 1 }, false],
    [{ N: 2 ** 15, r: 1, p: 1 }, true],
    [{ N: 2 ** 16, r: 1, p: 1 }, false], // scrypt itself refuses this one
    [{ N: 16384, r: 8, p: 17 }, false],
    [{ N: 1, r: 8, p: 1 }, false],
    [{ N: 10000, r: 8, p: 1 }, false],
    [{ N: NaN, r: 8, p: 1 }, false],
  ])('%j is affordable: %s', (cost, is) => {
    expect(isAffordable(cost)).toBe(is);
    if (is)
      expect(() => crypto.scryptSync('x', 'y', 32, { ...cost, maxmem: 2 ** 29 })).not.toThrow();
  });
});

describe('a file of accounts', () => {
  it('holds one a line, notes, and the mark of demo accounts', () => {
    const accounts = readAccounts(`# the class\n\n${lineOf('alice', ':demo')}  ${lineOf('bob')}`);
    expect([...accounts.values()].map(({ name, demo }) => [name, demo])).toEqual([
      ['alice', true],
      ['bob', false],
    ]);
    expect(accounts.get('bob')?.hash).toEqual({
      cost: { N: 4, r: 8, p: 1 },
      salt: Buffer.alloc(16, 1),
      key: Buffer.alloc(32, 2),
    });
  });

  it('may come from Windows', () => {
    const text = (lineOf('alice') + lineOf('bob')).replaceAll('\n', '\r\n');
    expect([...readAccounts(text).keys()]).toEqual(['alice', 'bob']);
  });

  it.each([
    ['bob:hush', /^line 2 holds no scrypt hash for bob: set the password with accounts.ts passwd bob$/],
    ['bob', /^line 2 holds no scrypt hash for bob/],
    ['bob hush', /^line 2 does not begin with the name of an account/],
    ['Bob:x', /^line 2 does not begin with/],
    ['nul:x', /^line 2 does not begin with/],
    [lineOf('bob').replace('$4$', '$1e3$'), /^line 2 holds a damaged hash for bob$/],
    [lineOf('bob').replace('$4$', '$04$'), /^line 2 holds a damaged hash for bob$/],
    [lineOf('bob').replace('=\n', '\n'), /^line 2 holds a damaged hash for bob$/],
    [lineOf('bob').replace('AgIC', 'AgI-'), /^line 2 holds a damaged hash for bob$/],
    [lineOf('bob').replace(KEY, 'AAAA'), /^line 2 holds a damaged hash for bob$/],
    [lineOf('bob').replace(SALT, ''), /^line 2 holds a damaged hash for bob$/],
    [lineOf('bob').replace(KEY, `${KEY}$hush`), /^line 2 holds a damaged hash for bob$/],
    [lineOf('bob').replace('$4$', '$5$'), /^line 2 holds a hash for bob that costs too much, or nothing$/],
    [lineOf('bob').replace('$4$', '$1073741824$'), /^line 2 holds a hash for bob that costs too much/],
    [lineOf('bob', ':hush'), /^line 2 says more of bob than its hash and :demo$/],
    [lineOf('bob', ':demo:hush'), /^line 2 says more of bob than its hash and :demo$/],
    [lineOf('alice'), /^line 2 names alice again: remove one of the two$/],
  ])('cannot hold %j, and what it says is not repeated', (line, message) => {
    const read = () => readAccounts(`${lineOf('alice')}${line}\n`);
    expect(read).toThrow(message);
    expect(read).not.toThrow('hush');
  }); // prettier-ignore

  it('changes only in the line of the account that changes', async () => {
    const carol = await account('carol', 'x');
    const text = `# carol:here\r\n${lineOf('carola')}\r\n  ${lineOf('carol', ':demo')}# end`;
    const changed = withAccount(text, carol);
    const [before, after] = text.split(/ {2}carol:.*\n/);
    expect(changed.startsWith(before!)).toBe(true);
    expect(changed.endsWith(after!)).toBe(true);
    expect(readAccounts(changed).get('carol')).toEqual(carol);
    expect(withoutAccount(text, 'carol')).toBe(`${before}${after}`);
    expect(withoutAccount(text, 'zoe')).toBe(text);
  });

  it('gets a new account behind the others, on a line of its own', async () => {
    const zoe = await account('zoe', 'x');
    for (const text of ['', lineOf('alice'), lineOf('alice').trimEnd(), '# nobody']) {
      const accounts = readAccounts(withAccount(text, zoe));
      expect([...accounts.keys()]).toEqual([...readAccounts(text).keys(), 'zoe']);
      expect(accounts.get('zoe')).toEqual(zoe);
    }
  });
});

describe('a users file of stage 3', () => {
  it('gives names and passwords; of an address the local part counts', () => {
    const text = '# class\n\nAlice:wonder:land\r\n bob@example.com: a b \ncarol\nzoe@\nzoe:z\n';
    const { passwords, without } = readUsers(text);
    expect([...passwords]).toEqual([['alice', 'wonder:land'], ['bob', 'a b'], ['zoe', 'z']]); // prettier-ignore
    expect(without).toEqual(['carol']);
  });

  it('may name somebody twice with the same password', () => {
    expect([...readUsers('bob@a:x\nbob@b:x\n').passwords]).toEqual([['bob', 'x']]);
  });

  it.each([
    [':hush', /^line 2 must be name:password, the name of 1 to 64/],
    ['b b:hush', /^line 2 must be/],
    ['böb:hush', /^line 2 must be/],
    ['nul:hush', /^line 2 must be/],
    ['bob:', /^line 2 must be/],
    ['bob@a@b:hush', /^line 2 must be/],
    ['bob:hush\tx', /^line 2 holds what cannot be the password of bob. A password has 1 to 1024/],
    ['ALICE@home:hush', /^line 2 has another password for alice than a line before it$/],
  ])('cannot hold %j, and what may be a password is not repeated', (line, message) => {
    const read = () => readUsers(`alice:x\n${line}\n`);
    expect(read).toThrow(message);
    expect(read).not.toThrow('hush');
  });
});

describe('the accounts of a server', () => {
  let open: AccountsFile | undefined;
  const opened = async () => (open = await AccountsFile.open(file, 2));
  afterEach(() => {
    open?.close();
    vi.useRealTimers();
  });

  it('are alice and bob if there is no file: they are made, and told', async () => {
    file = path.join(path.dirname(file), 'not', 'yet', 'accounts');
    const accounts = await opened();
    expect(accounts.names()).toEqual(new Set(['alice', 'bob']));
    expect(accounts.demo()).toEqual([
      { name: 'alice', password: 'wonderland' },
      { name: 'bob', password: 'can-we-fix-it' },
    ]);
    for (const { name, password } of accounts.demo()) {
      expect(await accounts.verify(name, password)).toBe(true);
      expect(await accounts.verify(name, `${password}s`)).toBe(false);
    }
    expect(await readdir(path.dirname(file))).toEqual(['accounts']);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('are made once, though several servers start at the same time', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => AccountsFile.open(file, 2)));
    for (const server of servers) expect(await server.verify('alice', 'wonderland')).toBe(true);
    expect([...(await accountsIn(file)).keys()]).toEqual(['alice', 'bob']);
  });

  it('are those of the file if there is one, though it be empty', async () => {
    await writeFile(file, '');
    const accounts = await opened();
    expect(accounts.names().size).toBe(0);
    expect(accounts.demo()).toEqual([]);
    expect(await accounts.verify('alice', 'wonderland')).toBe(false);
  });

  it('cost one scrypt an attempt, whoever asks', async () => {
    const accounts = await opened();
    paid();
    for (const name of ['alice', 'zoe', '__proto__', '', undefined]) {
      expect(await accounts.verify(name, 'wrong')).toBe(false);
    }
    expect(paid()).toEqual(Array(5).fill('4 8 1, salt 16, key 32'));
  });

  it('follow the file', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const accounts = await opened();
    accounts.watch((text) => expect.unreachable(text));
    const carol = await account('carol', 'x');
    await changeAccounts(file, (text = '') => withoutAccount(withAccount(text, carol), 'bob'));
    expect(accounts.names()).toContain('bob');
    vi.advanceTimersByTime(1000);
    await vi.waitFor(() => expect(accounts.names()).toEqual(new Set(['alice', 'carol'])));
    expect(await accounts.verify('carol', 'x')).toBe(true);
    expect(accounts.demo()).toHaveLength(1);
  });

  it('stay as they were when the file is broken or gone, which is told once', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const accounts = await opened();
    const told: string[] = [];
    accounts.watch((text) => told.push(text));
    await writeFile(file, 'alice:hush\n');
    vi.advanceTimersByTime(1000);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    await rm(file);
    vi.advanceTimersByTime(1000);
    await vi.waitFor(() => expect(told).toHaveLength(2));
    vi.advanceTimersByTime(1000);
    await accounts.reload().catch(() => {}); // behind the look that has just begun
    expect(told).toEqual([
      `${file}: line 1 holds no scrypt hash for alice: set the password with accounts.ts passwd alice. The accounts stay as they were.`,
      `${file} cannot be used (ENOENT): is it there, and is it yours? The accounts stay as they were.`,
    ]);
    expect(await accounts.verify('alice', 'wonderland')).toBe(true);
  });

  it('are read again when asked for, and a broken file is an error', async () => {
    const accounts = await opened();
    await writeFile(file, `\ufeff${lineOf('carol')}`); // as editors of Windows write it
    await accounts.reload();
    expect([...accounts.names()]).toEqual(['carol']);
    await writeFile(file, 'carol:hush\n');
    await expect(accounts.reload()).rejects.toThrow(`${file}: line 1 holds no scrypt hash`);
    expect([...accounts.names()]).toEqual(['carol']);
  });

  it('are not followed after the end', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const accounts = await opened();
    accounts.watch(() => {});
    accounts.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('must be in a file that can be read', async () => {
    await writeFile(file, Buffer.from('# caf\xe9\n', 'latin1'));
    await expect(opened()).rejects.toThrow(`${file}: this is no text in UTF-8.`);
    await expect(AccountsFile.open(path.join(file, 'accounts'))).rejects.toThrow(
      /accounts cannot be used \(E\w+\): is it there, and is it yours\?$/,
    );
    await expect(AccountsFile.open(path.dirname(file))).rejects.toThrow('cannot be used (EISDIR)');
  });
});

describe('changes of the file', () => {
  it('are made one after the other, and none is lost', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `user${index}`);
    await Promise.all(
      names.map(async (name) => {
        const made = await account(name, name);
        await changeAccounts(file, (text = '') => withAccount(text, made));
      }),
    );
    expect([...(await accountsIn(file)).keys()].sort()).toEqual(names.sort());
    expect(await readdir(path.dirname(file))).toEqual(['accounts']);
  });

  it('wait for somebody else, and not for a lock that a killed program left', async () => {
    await writeFile(`${file}.lock`, 'somebody');
    let isDone = false;
    const change = changeAccounts(file, () => lineOf('alice')).then(() => (isDone = true));
    await new Promise(setImmediate);
    expect(isDone).toBe(false);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${file}.lock`, longAgo, longAgo);
    await change;
    expect(await readdir(path.dirname(file))).toEqual(['accounts']);
  });

  it('are not made if they fail, and do not stand in the way of the next one', async () => {
    const failing = changeAccounts(file, () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await readdir(path.dirname(file))).toEqual([]);
    await changeAccounts(file, () => lineOf('alice'));
    expect(await readFile(file, 'utf8')).toBe(lineOf('alice'));
  });

  it('are not made to a file that is broken: somebody has to look at it first', async () => {
    await writeFile(file, 'alice:hush\n');
    await expect(changeAccounts(file, () => '')).rejects.toThrow(`${file}: line 1 holds no scrypt`);
    expect(await readFile(file, 'utf8')).toBe('alice:hush\n');
  });

  it('say where they cannot be made', async () => {
    await writeFile(file, '');
    const inside = path.join(file, 'accounts');
    await expect(changeAccounts(inside, () => '')).rejects.toThrow(
      `${file} cannot be used (EEXIST)`,
    );
  });

  it('make an open file private', async () => {
    if (process.platform === 'win32') return;
    await writeFile(file, lineOf('alice'), { mode: 0o644 });
    await changeAccounts(file, (text = '') => text + lineOf('bob'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
