import { describe, expect, it } from 'vitest';
import { Directory } from '../../../v4-advanced/src/directory.ts';

const names = new Set(['alice', 'bob', 'a.b-c_d+e=f', 'constructor', '4u']);
const everywhere = new Directory(() => names);
const here = new Directory(() => names, ['Example.COM', 'mail.example.com']);

describe('whose address it is', () => {
  it.each([
    ['bob', 'bob'],
    ['BOB', 'bob'],
    ['bob@example.com', 'bob'],
    ['Bob@Anywhere.Example', 'bob'],
    ['bob@[127.0.0.1]', 'bob'],
    ['bob@', 'bob'],
    ['a.b-c_d+e=f@x', 'a.b-c_d+e=f'],
    ['4u@x', '4u'],
    ['constructor@x', 'constructor'],
  ])('%j is %s', (address, account) => {
    expect(everywhere.accountOf(address)).toBe(account);
  });

  it.each([
    '', '@', '@example.com', 'zoe', 'zoe@example.com', 'bob@alice@example.com', 'bob+list', ' bob', 'bob ',
    '__proto__', 'toString', 'hasOwnProperty', '__proto__@example.com', 'has', 'size',
    '../bob', './bob', 'bob/', 'bob/../bob', '..\\bob', '/etc/passwd', '%62ob', 'b%6fb', 'bob%00', 'con', 'nul.txt',
    'bob\0', 'bob\r', 'bob\n', 'bob\r\n', 'bob\n@example.com', 'bob@example.com\n', 'b\x1bob', 'bob\x7f', 'bob\u0085',
    'bob\u2028', 'bob\u2029', 'bob\u202e', '\u202ebob', 'b\u200eob', '\ufeffbob', 'b\u00adob', 'b\u200bob',
    'bo\u0062\u0301', 'b\u00f6b', 'bo\u0308b', 'ｂｏｂ', 'в\u043eb', 'ali\u0441e', 'a\u212Aice', 'b'.repeat(300),
  ])('%j is nobody’s', (address) => {
    expect(everywhere.accountOf(address)).toBeUndefined();
  }); // prettier-ignore

  it.each([
    ['', 'bob', 'bob'],
    ['Bob@x', 'bob', 'bob'],
    ['alice', 'bob', undefined],
    ['zoe', 'bob', undefined],
    ['', 'zoe', undefined],
    ['zoe', 'zoe', undefined],
  ])('on behalf of %j, %j logs in to %s', (authorization, name, account) => {
    expect(everywhere.accountOfLogin({ authorization, name, password: 'x' })).toBe(account);
  });

  it('is somebody’s, if it is the postmaster’s', () => {
    expect(everywhere.receiverOf('Postmaster')).toBe('alice');
    expect(here.receiverOf('postmaster@Example.com')).toBe('alice');
    expect(here.receiverOf('postmaster@example.org')).toBeUndefined();
    expect(everywhere.receiverOf('postmaster2')).toBeUndefined();
    expect(everywhere.receiverOf('bob')).toBe('bob');
    const own = new Directory(() => new Set(['alice', 'postmaster']));
    expect(own.receiverOf('postmaster')).toBe('postmaster');
    expect(new Directory(() => new Set()).receiverOf('postmaster')).toBeUndefined();
    // It is an address to write to, and no name to log in with or to send from.
    expect(everywhere.accountOf('postmaster')).toBeUndefined();
  });

  it('is asked anew each time: accounts come and go', () => {
    let now = new Set<string>();
    const directory = new Directory(() => now);
    expect(directory.accountOf('bob')).toBeUndefined();
    now = new Set(['bob']);
    expect(directory.accountOf('bob')).toBe('bob');
  });
});

describe('whether an address is here', () => {
  it('always, where no domain was named', () => {
    for (const address of ['bob', 'bob@anywhere', 'bob@[10.0.0.1]', 'zoe@x']) {
      expect(everywhere.isLocal(address)).toBe(true);
    }
  });

  it.each([
    ['bob', true], ['bob@example.com', true], ['BOB@EXAMPLE.com', true], ['zoe@mail.example.com', true],
    ['bob@sub.example.com', false], ['bob@example.com.evil.example', false], ['bob@example.org', false],
    ['bob@', false], ['bob@[127.0.0.1]', false], ['bob@example.com@evil.example', false],
    ['bob@evil.example@example.com', true], ['bob@example.com.', false], ['bob@__proto__', false],
  ])('%j: %s, where two domains were', (address, isHere) => {
    expect(here.isLocal(address)).toBe(isHere);
    if (!isHere) expect(here.accountOf(address)).toBeUndefined();
  }); // prettier-ignore

  it('says nothing about whether there is such an account', () => {
    expect(here.isLocal('zoe@example.com')).toBe(true);
    expect(here.accountOf('zoe@example.com')).toBeUndefined();
    expect(here.accountOf('bob@evil.example@example.com')).toBeUndefined();
    expect(here.accountOf('bob@example.com')).toBe('bob');
  });
});
