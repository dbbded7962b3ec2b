import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATALOGUES, say, type Key } from '../../src/catalogue/index.ts';
import { en } from '../../src/catalogue/en.ts';
import { showLine, withoutLineEnd } from '../../src/player/octets.ts';
import { makeTokens, randomToken } from '../../src/player/tokens.ts';
import { neutralName } from '../../src/player/storage/files.ts';

const show = (text: string, encoding: BufferEncoding = 'utf8') =>
  showLine(Buffer.from(text, encoding));

describe('octets are shown', () => {
  it.each([
    ['250 ok', '250 ok'],
    ['caf\u00e9', 'café'],
    ['a\r\n\t\0', 'a\\r\\n\\t\\0'],
    ['\x1b[31m', '\\x1b[31m'],
    ['a\u2028b\u202ec\ufeff', 'a\\u{2028}b\\u{202e}c\\u{feff}'],
  ])('%j as %s', (text, shown) => {
    expect(show(text)).toBe(shown);
  });

  it('one by one if they are no UTF-8', () => {
    expect(show('caf\xe9', 'latin1')).toBe('caf\\xE9');
  });

  it('with their number if there are many', () => {
    expect(show('a'.repeat(2_000_000))).toBe(`${'a'.repeat(60)}… (2,000,000 octets)`);
  });

  it('never as a control octet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        expect(showLine(octets)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('without their line end', () => {
    const without = (text: string) => withoutLineEnd(Buffer.from(text)).toString();
    expect(['a\r\n', 'a\n', 'a\r', 'a', '\r\n'].map(without)).toEqual(['a', 'a', 'a\r', 'a', '']);
  });
});

describe('tokens', () => {
  it('are words that nobody guesses, and placeholders in what is shown', () => {
    const tokens = makeTokens(randomToken);
    const first = tokens.word('token');
    expect(first).toMatch(/^sp[0-9a-z]{12}$/);
    expect(tokens.word('token')).toBe(first);
    expect(tokens.word('token.2')).not.toBe(first);
    expect(tokens.neutral(`a ${first} ${tokens.word('token.2')}`)).toBe('a {token} {token.2}');
  });
});

describe('names of files', () => {
  it.each([
    ['mailboxes/bob@example.com.txt', 'mailboxes/bob@example.com.txt'],
    ['bob/1.eml', 'bob/1.eml'],
    ['bob/1763600000.M12P3.host', 'bob/….M12P3.host'],
    ['bob/2026-11-20_09-30-12.txt', 'bob/….txt'],
    ['bob/f47ac10b-58cc-4372-a567-0e02b2c3d479', 'bob/…'],
  ])('%s is shown as %s, the same in every run', (name, shown) => {
    expect(neutralName(name)).toBe(shown);
  });
});

describe('the catalogue', () => {
  const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

  it.each(Object.keys(CATALOGUES))(
    '%s has every sentence, with the same words in braces',
    (code) => {
      const catalogue = CATALOGUES[code]!;
      expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
      for (const key of Object.keys(en) as Key[])
        expect([key, [...new Set(names(catalogue[key]))]]).toEqual([
          key,
          [...new Set(names(en[key]))],
        ]);
    },
  );

  it('does not take what a server sent for a placeholder', () => {
    expect(say('replyUnasked', { got: '{command} {got}' })).toContain('{command} {got}');
  });

  it('puts a sentence of its own where a value is a key', () => {
    const command = { key: 'theEndOfTheMessage' } as const;
    expect(say('replyLfOnly', { command })).toContain('The reply to the end of the message ends');
  });
});
