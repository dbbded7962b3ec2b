import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mailboxName } from '../../../v1-smtp/src/guards/mailbox-name.ts';

describe('the name of a mailbox', () => {
  it.each([
    ['test@projet.fr', 'test@projet.fr'],
    ['Bob', 'bob'],
    ['a_b+c=d-e', 'a_b+c=d-e'],
    ['../../x', '%2E.%2F..%2Fx'],
    ['..', '%2E%2E'],
    ['.', '%2E'],
    ['a\\b', 'a%5Cb'],
    ['c:d', 'c%3Ad'],
    ['%2e', '%252e'],
    ['con', '%63on'],
    ['NUL.txt', '%6Eul.txt'],
    ['com1', '%63om1'],
    ['com10', 'com10'],
    ['console@x', 'console@x'],
    ['con@x', 'con@x'],
    ['é', '%C3%A9'],
    ['e\u0301', 'e%CC%81'],
    ['\u212a', '%E2%84%AA'],
    ['a ', 'a%20'],
    ['a.', 'a%2E'],
  ])('of %j is %s', (address, name) => {
    expect(mailboxName(address)).toBe(name);
  });

  it.each(['', 'a\0', 'a\n', 'a\u2028', 'a\x85', 'a'.repeat(201), '/'.repeat(67)])(
    'of %j is none',
    (address) => {
      expect(mailboxName(address)).toBeUndefined();
    },
  );

  it('is safe on every file system, and never that of another address', () => {
    const address = fc.string({ unit: 'grapheme', maxLength: 12 });
    const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    fc.assert(
      fc.property(address, address, (one, other) => {
        const name = mailboxName(one);
        if (name === undefined) return;
        expect(name).toMatch(/^[a-z0-9@_+=%-][A-Za-z0-9@._+=%-]*$/);
        expect(name).not.toMatch(/\.$/);
        if (lower(one) !== lower(other)) {
          expect(mailboxName(other)?.toLowerCase()).not.toBe(name.toLowerCase());
        }
      }),
    );
  });
});
