import { describe, expect, it } from 'vitest';
import { keep, mailbox } from './server-in-test.ts';
import { toldOf, type Store } from './storing-server.ts';

describe('what became of the text is named', () => {
  const changed =
    (change: (text: string) => string): Store =>
    ({ text }, { folder }) =>
      keep(folder, 'bob.txt', change(text));

  it.each<[string, string[], (text: string) => string, string]>([
    [
      'dots kept',
      ['..x', 'y'],
      (t) => t.replace(/^\./gm, '..'),
      'mailDotsKept: The message of bob@example.com has a dot too many: the line “.x” was stored as “..x”. The client puts a dot before a line that begins with one, and the server takes it away again.',
    ],
    [
      'dots lost',
      ['..x', '...y'],
      (t) => t.replace(/^\.+/gm, ''),
      'mailDotsLost: The message of bob@example.com has lost a dot: the line “.x” was stored as “x”. Of the dots that a line begins with, the server takes away the first and no other.',
    ],
    [
      'dots at the end lost',
      ['x.', 'y...'],
      (t) => t.replace(/\.+(?=\r\n)/g, ''),
      'mailEndDotsLost: The message of bob@example.com has lost a dot at the end of a line: “x.” was stored as “x”.',
    ],
    [
      'leading blanks lost',
      ['  x', '\ty'],
      (t) => t.replace(/^[ \t]+/gm, ''),
      'mailLeadingBlanksLost: The message of bob@example.com has lost the blanks that a line begins with: “  x” was stored as “x”.',
    ],
    [
      'trailing blanks lost',
      ['x ', 'y'],
      (t) => t.replace(/ +(?=\r\n)/g, ''),
      'mailTrailingBlanksLost: The message of bob@example.com has lost the blanks that a line ends with: “x ” was stored as “x”.',
    ],
    [
      'small letters',
      ['Hello You', 'y'],
      (t) => t.toLowerCase(),
      'mailCaseChanged: The message of bob@example.com has changed its letters from large to small, or the other way: “Hello You” was stored as “hello you”.',
    ],
    [
      'question marks',
      ['x', 'café', 'y'],
      (t) => t.replace(/[\x80-\xff]/g, '?'),
      'mailEightBit: The message of bob@example.com has other octets than were sent: “café” was stored as “caf??”. A server stores octets as they come, whatever letters they stand for.',
    ],
    [
      'encoded twice',
      ['café'],
      (t) => Buffer.from(t).toString('latin1'),
      'mailEightBit: The message of bob@example.com has other octets than were sent: “café” was stored as “cafÃ©”. A server stores octets as they come, whatever letters they stand for.',
    ],
    [
      'line ends doubled',
      ['x', '', 'y'],
      (t) => t.replaceAll('\r\n', '\r\r\n'),
      'mailLineEndsDoubled: In the message of bob@example.com every line end was stored twice. A line ends in one CR LF, or one LF.',
    ],
    [
      'empty lines between',
      ['x', 'y'],
      (t) => t.replaceAll('\r\n', '\n\n'),
      'mailLineEndsDoubled: In the message of bob@example.com every line end was stored twice. A line ends in one CR LF, or one LF.',
    ],
    [
      'line ends lost',
      ['x', 'y'],
      (t) => t.replaceAll('\r\n', ''),
      'mailLineEndsLost: In the message of bob@example.com the line ends are lost: “x” runs together with the next line.',
    ],
    [
      'empty lines lost',
      ['x', '', 'y'],
      (t) => t.replace(/(\r\n)+/g, '\n'),
      'mailEmptyLinesLost: The message of bob@example.com has lost its empty lines.',
    ],
    [
      'the first line lost',
      ['x', 'y', 'z'],
      (t) => t.replace('x\r\n', ''),
      'mailFirstLineLost: The message of bob@example.com has lost a line at the beginning: “x”.',
    ],
    [
      'the last line lost',
      ['x', 'y', 'z'],
      (t) => t.replace('z\r\n', ''),
      'mailLastLineLost: The message of bob@example.com has lost its last line: “z”.',
    ],
    [
      'a line lost',
      ['x', 'y', 'z'],
      (t) => t.replace('y\r\n', ''),
      'mailLineLost: The message of bob@example.com is there, but without the line “y”.',
    ],
    [
      'a line changed',
      ['x', 'y', 'z'],
      (t) => t.replace('y\r\n', 'Y!\r\n'),
      'mailLineChanged: The message of bob@example.com is not what was sent: the line should be “y”, but it is “Y!”.',
    ],
    [
      'everything lost',
      ['x', 'y'],
      (t) => t.replace(/\r\n\r\n[^]*/, ''),
      'mailLineLost: The message of bob@example.com is there, but without the line “x”.',
    ],
  ])('%s', async (_, text, change, sentence) => {
    const wanted = text.map((line) => line.replace(/^\./, ''));
    expect(await toldOf(changed(change), text, mailbox('bob@example.com', ...wanted))).toBe(
      sentence,
    );
  });
});
