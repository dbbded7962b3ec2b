import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplyReader, type Reply } from '../../../v1-smtp/src/client/replies.ts';

function read(...pieces: Uint8Array[]): { replies: Reply[]; lines: string[]; unfinished: string } {
  const lines: string[] = [];
  const reader = new ReplyReader((line) => lines.push(line));
  const replies = pieces.flatMap((piece) => reader.push(piece));
  return { replies, lines, unfinished: reader.unfinished };
}

const octets = (text: string) => Buffer.from(text);

const DIALOGUE = octets('220 prêt\r\n250-a\r\n250-b €\r\n250 c\r\n354\r\n221 \u{1F600}\r\n25');
const REPLIES = [
  { code: '220', lines: ['220 prêt'] },
  { code: '250', lines: ['250-a', '250-b €', '250 c'] },
  { code: '354', lines: ['354'] },
  { code: '221', lines: ['221 \u{1F600}'] },
];

describe('the reader of replies', () => {
  it('understands replies of one line and of several, however the octets are cut', () => {
    for (let cut = 0; cut <= DIALOGUE.length; cut++) {
      const { replies, unfinished } = read(DIALOGUE.subarray(0, cut), DIALOGUE.subarray(cut));
      expect(replies).toEqual(REPLIES);
      expect(unfinished).toBe('25');
    }
    const places = fc.array(fc.nat({ max: DIALOGUE.length }));
    fc.assert(
      fc.property(places, (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), DIALOGUE.length];
        const pieces = edges.slice(1).map((end, index) => DIALOGUE.subarray(edges[index], end));
        expect(read(...pieces).replies).toEqual(REPLIES);
      }),
    );
    expect(read(...[...DIALOGUE].map((octet) => Uint8Array.of(octet))).replies).toEqual(REPLIES);
  });

  it('tells every line once it is whole, also of a reply that is not', () => {
    expect(read(octets('250-a\r\n250-b\r\n25')).lines).toEqual(['250-a', '250-b']);
    expect(read(octets('250-a\r\n250-b\r\n25')).replies).toEqual([]);
  });

  it('understands a server that ends its lines with LF alone', () => {
    expect(read(octets('220 a\n250-b\n250 c\n')).replies).toEqual([
      { code: '220', lines: ['220 a'] },
      { code: '250', lines: ['250-b', '250 c'] },
    ]);
  });

  it.each([
    '',
    'hello',
    '25 x',
    '2500',
    '150 x',
    '650 x',
    '250_x',
    ' 250 x',
    '+OK',
    'HTTP/1.1 400',
  ])('does not take %j for a reply', (line) => {
    expect(() => read(octets(`${line}\r\n`))).toThrow('which is not an SMTP reply');
  });

  it('does not take lines of different codes for one reply', () => {
    expect(() => read(octets('250-a\r\n550 b\r\n'))).toThrow('"550 b"');
  });

  it('gives up on a reply without end before it fills the memory', () => {
    const long = octets('2'.repeat(10_000));
    expect(() => read(...Array.from({ length: 7 }, () => long))).toThrow('does not end');
    const lines = octets('250-x\r\n'.repeat(1000));
    expect(() => read(...Array.from({ length: 20 }, () => lines))).toThrow('does not end');
  });
});
