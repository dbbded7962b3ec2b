/**
 * Reads a mailbox file, the way a mail program would that has never heard of this project: a message
 * begins with a line `From …` at the start of the file or after an empty line, and `>From ` in its
 * text, with any number of `>`, lost one (the "mboxrd" kind).
 */
import { readLetter, type Letter } from './letter.ts';

export interface MboxMessage extends Letter {
  /** The line `From sender date`. */
  fromLine: string;
}

/** @param octets the file; text comes out as UTF-8 unless another encoding is asked for */
export function readMbox(octets: Uint8Array, encoding: BufferEncoding = 'utf8'): MboxMessage[] {
  const file = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString(encoding);
  if (file === '') return [];
  const starts = [...file.matchAll(/(?:^|\n\n)(?=From )/g)].map(
    ({ index, 0: found }) => index + found.length,
  );
  if (starts[0] !== 0)
    throw new Error(`Not an mbox file: it begins with ${JSON.stringify(file.slice(0, 40))}`);
  return starts.map((start, nth) => readMessage(file.slice(start, starts[nth + 1])));
}

function readMessage(entry: string): MboxMessage {
  const endOfFromLine = entry.indexOf('\n');
  const whole = entry
    .slice(endOfFromLine + 1)
    .replace(/\n$/, '')
    .replace(/^>(?=>*From )/gm, '');
  return { ...readLetter(whole), fromLine: entry.slice(0, Math.max(endOfFromLine, 0)) };
}
