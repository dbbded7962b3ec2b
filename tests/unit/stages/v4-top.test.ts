import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopCutter } from '../../../v4-advanced/src/pop3/top.ts';
import { cut, latin1, octetByOctet } from './v4-sessions.ts';

/** What is left of a message that comes in these pieces, as a server sends it. */
function top(lines: number, pieces: readonly Uint8Array[]) {
  const cutter = new TopCutter(lines);
  let text = '';
  for (const piece of pieces) {
    if (cutter.done) break;
    text += Buffer.from(cutter.take(piece)).toString('latin1');
  }
  return { text, done: cutter.done };
}

/** The same, by splitting: the header, the empty line, so many lines of the body. */
function plainly(lines: number, message: string): string {
  const [, header = message, body = ''] = /^([^]*?(?:^|\r\n)\r\n)([^]*)$/.exec(message) ?? [];
  return header + (body.match(/[^\n]*\n|[^\n]+$/g) ?? []).slice(0, lines).join('');
}

const MESSAGE = 'Subject: x\r\nTo: y\r\n\r\none\r\n\r\n.three\r\nfour';

describe('the top of a message', () => {
  it.each([
    [0, 'Subject: x\r\nTo: y\r\n\r\n', true],
    [1, 'Subject: x\r\nTo: y\r\n\r\none\r\n', true],
    [3, 'Subject: x\r\nTo: y\r\n\r\none\r\n\r\n.three\r\n', true],
    [4, MESSAGE, false],
    [99_999_999, MESSAGE, false],
    [Infinity, MESSAGE, false],
  ])('with %d lines of the body', (lines, text, done) => {
    expect(top(lines, [latin1(MESSAGE)])).toEqual({ text, done });
    expect(top(lines, octetByOctet(latin1(MESSAGE)))).toEqual({ text, done });
  });

  it.each([
    ['', ''],
    ['\r\nbody\r\n', '\r\n'],
    ['Subject: only a header\r\n', 'Subject: only a header\r\n'],
    ['no line end', 'no line end'],
    ['a\r\n \r\nb\r\n\r\nbody', 'a\r\n \r\nb\r\n\r\n'],
  ])('of %j is %j', (message, expected) => {
    expect(top(0, [latin1(message)]).text).toBe(expected);
  });

  it('is the same wherever the message is cut', () => {
    const word = fc.constantFrom('\r\n', '\r\n\r\n', 'a', '.', ' ', 'Subject: x');
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 20 }),
        fc.nat(6),
        fc.array(fc.nat(60)),
        (words, lines, places) => {
          const message = words.join('');
          const octets = latin1(message);
          const pieces = cut(octets, places.filter((place) => place <= octets.length)); // prettier-ignore
          expect(top(lines, pieces).text).toBe(plainly(lines, message));
        },
      ),
    );
  });
});
