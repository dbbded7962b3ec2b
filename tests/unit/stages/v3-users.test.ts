import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readUsersFile } from '../../../v3-pop3/src/mailboxes.ts';
import { mailboxFor, readUsers, userOf } from '../../../v3-pop3/src/users.ts';

describe('a users file of v3', () => {
  it('holds names, with a password or without', () => {
    const text = '# the class\nalice\r\n\n  Bob:secret  \ncarol: a:b c#d\n#zoe\ndave:é\n';
    expect([...readUsers(text)]).toEqual([
      ['alice', undefined],
      ['bob', 'secret'],
      ['carol', 'a:b c#d'],
      ['dave', 'é'],
    ]);
  });

  it('may be empty: then nobody is known', () => {
    const users = readUsers('\n# nobody\n');
    expect(users.size).toBe(0);
    expect(userOf('alice', users)).toBeUndefined();
    expect(mailboxFor('alice', 'x', users)).toBeUndefined();
  });

  it.each([
    'bob@example.com', 'bob@example.com:hush', ':hush', 'bob:', 'two words', 'bob hush', 'bob\thush',
    '<bob>', 'b\x1bob', 'b\x1bob:hush', `${'b'.repeat(201)}:hush`, 'bob:x\rcarol:hush', 'bob:x\u2028hush',
  ])('must not hold the line %j, and what may be a password is not repeated', (line) => {
    const read = () => readUsers(`alice\n\n${line}\nzoe\n`);
    expect(read).toThrow(/^line 3 must be a name, or name:password, such as alice, not ".*"$/);
    expect(read).not.toThrow('hush');
  }); // prettier-ignore

  it('names nobody twice: a second line without a password would let anybody in', () => {
    const read = () => readUsers('bob:hush\nalice\nBOB\n');
    expect(read).toThrow('line 3 names bob again: which password would be the right one?');
    expect(read).not.toThrow('hush');
  });

  describe('on the disk', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(os.tmpdir(), 'stagepost-users-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('is named when it is wrong', async () => {
      const file = path.join(folder, 'users');
      await writeFile(file, 'alice\nb b\n');
      await expect(readUsersFile(file)).rejects.toThrow(`${file}: line 2 must be`);
      await writeFile(file, 'alice\nbob:x\n');
      expect((await readUsersFile(file)).get('bob')).toBe('x');
    });

    it('must be there', async () => {
      await expect(readUsersFile(path.join(folder, 'none'))).rejects.toThrow('ENOENT');
    });
  });
});

describe('a name', () => {
  const users = readUsers('bob\nalice:secret\nconstructor:x\n');

  it.each([
    ['bob', 'bob'],
    ['BOB', 'bob'],
    ['Bob@Example.COM', 'bob'],
    ['bob@one@two', undefined],
    ['bob@', 'bob'],
    ['zoe', undefined],
    ['zoe@bob', undefined],
    ['@bob', undefined],
    ['', undefined],
    ['toString', undefined],
    ['__proto__', undefined],
    ['constructor', 'constructor'],
    ['b\u00f6b', undefined],
    // The Kelvin sign is no k, and no letter becomes another one by being made small.
    ['\u212a', undefined],
  ])('%j means the user %s', (name, user) => {
    expect(userOf(name, users)).toBe(user);
  });

  it('opens the mailbox of its user to the right password, or to any if there is none', () => {
    expect(mailboxFor('Alice@anywhere', 'secret', users)).toBe('alice');
    expect(mailboxFor('alice', 'Secret', users)).toBeUndefined();
    expect(mailboxFor('alice', '', users)).toBeUndefined();
    expect(mailboxFor('bob', 'whatever', users)).toBe('bob');
    expect(mailboxFor('zoe', 'whatever', users)).toBeUndefined();
  });

  it('opens the mailbox of that name where there is no list', () => {
    expect(mailboxFor('Bob@Example.com', 'whatever', undefined)).toBe('bob@example.com');
    expect(mailboxFor('x'.repeat(201), 'whatever', undefined)).toBeUndefined();
  });
});
