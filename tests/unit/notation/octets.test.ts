import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScenarioError } from '../../src/notation/error.ts';
import { escapeOctets, octetsOf, unescapeOctets } from '../../src/notation/octets.ts';

const place = { file: 'a.md', line: 7 };

describe('escapes', () => {
  it('stand for the octets that the notation names', () => {
    expect([...unescapeOctets('\\r\\n\\t\\0\\\\\\xE9\\xe9', place)]).toEqual([
      13, 10, 9, 0, 92, 0xe9, 0xe9,
    ]);
  });

  it('leave other text as UTF-8', () => {
    expect(unescapeOctets('é€😀', place)).toEqual(octetsOf('é€😀'));
  });

  it.each(['\\', 'a\\q', '\\x', '\\x1', '\\xg0', '\\é'])('refuse %s with file and line', (text) => {
    expect(() => unescapeOctets(text, place)).toThrow(ScenarioError);
    expect(() => unescapeOctets(text, place)).toThrow(/^a\.md:7: /);
  });

  it('give any octets back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        expect(unescapeOctets(escapeOctets(octets), place)).toEqual(octets);
      }),
    );
  });

  it('make any octets printable', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        expect(escapeOctets(octets)).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});
