import { describe, expect, it } from 'vitest';
import {
  accountFor,
  DEFAULT_LOGINS,
  loginLines,
  namesSomebody,
  saysUserAndPass,
  wordFor,
  type Login,
} from '../../src/player/login.ts';

const lines = (...all: string[]): Login => ({ ...DEFAULT_LOGINS, lines: all });

describe('the account of an address', () => {
  const login: Login = {
    accounts: [
      { address: 'bob@projet.fr', user: 'robert', password: 'x' },
      { address: 'Carol@example.com', user: 'carol', password: 'y' },
    ],
    lines: ['USER {address}', 'PASS {password}'],
  };

  it.each([
    ['carol@example.com', { address: 'carol@example.com', user: 'carol', password: 'y' }],
    ['bob@example.com', { address: 'bob@example.com', user: 'robert', password: 'x' }],
    ['dave@example.com', { address: 'dave@example.com', user: 'dave', password: 'secret' }],
  ])('%s is %o', (address, account) => {
    expect(accountFor(address, login)).toEqual(account);
  });
});

describe('the lines of a login', () => {
  const bob = { address: 'bob@example.com', user: 'bob', password: '{user}$&' };

  it('hold the words of the account, each as it stands', () => {
    const login = lines('USER {address}', 'PASS {password}', 'X {user} {user} {other}');
    expect(loginLines(bob, login)).toEqual([
      'USER bob@example.com',
      'PASS {user}$&',
      'X bob bob {other}',
    ]);
  });

  it('say what stands behind USER and PASS', () => {
    const login = lines('user {user}@here', 'Pass  {password}!');
    expect(wordFor('user', bob, login)).toBe('bob@here');
    expect(wordFor('password', bob, login)).toBe('{user}$&!');
    expect(wordFor('user', bob, lines('AUTH'))).toBe('bob');
  });

  it.each([
    [['USER {address}', 'PASS {password}'], true],
    [['pass x', 'user y'], true],
    [['USER {user}'], false],
    [['CAPA', 'USER {user}', 'PASS {password}'], false],
    [['USERS x', 'PASS y'], false],
    [[], false],
  ])('%j say USER and PASS: %s', (all, does) => {
    expect(saysUserAndPass({ lines: all })).toBe(does);
  });

  it.each([
    [['USER {address}', 'PASS {password}'], true],
    [['XNAME {user}'], true],
    [['PASS secret'], false],
    [[], false],
  ])('%j say whose mailbox it is: %s', (all, does) => {
    expect(namesSomebody({ lines: all })).toBe(does);
  });
});
