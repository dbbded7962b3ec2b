/** Messages that are hard to carry, and whether they came through. */
import { expect } from 'vitest';

/** What it is, and how it is made. */
export const hardMessages: [string, () => Buffer][] = [
  ['every octet that a message can have', everyOctet],
  ['a message of 10 MB', () => large(10 * 1024 * 1024)],
];

/** Every octet that SMTP can carry, in lines of every beginning, and what trips servers besides. */
function everyOctet(): Buffer {
  const allowed = Array.from({ length: 256 }, (_, octet) => octet).filter(
    (octet) => octet !== 0 && octet !== 0x0a && octet !== 0x0d, // NUL, LF and CR, which are no text
  );
  const rotated = allowed.map((_, by) =>
    Buffer.from([...allowed.slice(by), ...allowed.slice(0, by)]),
  );
  const dots = ['.', '..', '...', '', '.x', ' .', 'x.', ''].map((line) => Buffer.from(line));
  const long = Buffer.alloc(8000, 'long ');
  const likeReplies = ['+OK', '-ERR', '250 OK', 'QUIT', 'From x'].map((line) => Buffer.from(line));
  return message([...rotated, ...dots, long, ...likeReplies, Buffer.from('.')]);
}

/** A message of about so many octets. */
function large(size: number): Buffer {
  const line = Buffer.alloc(76, 'A line of a large message. ');
  return message(Array.from({ length: Math.ceil(size / 78) }, () => line));
}

function message(lines: Buffer[]): Buffer {
  const end = Buffer.from('\r\n');
  return Buffer.concat([
    Buffer.from('Subject: octets\r\n\r\n'),
    ...lines.flatMap((line) => [line, end]),
  ]);
}

/** What was fetched is what was sent, with nothing added but the head that the server writes. */
export function expectSameOctets(fetched: Buffer, sent: Buffer): void {
  expect(fetched.length).toBeGreaterThan(sent.length);
  const head = fetched.subarray(0, fetched.length - sent.length);
  expect(head.toString()).toMatch(
    /^Return-Path: .*\r\nDelivered-To: .*\r\nReceived: .*\r\n(?:\t.*\r\n)*$/,
  );
  // A matcher would print ten million octets.
  expect(fetched.subarray(head.length).equals(sent), 'the octets as they were sent').toBe(true);
}
