/**
 * Reads a mailbox file, the way a mail program would that has never heard of this project: a message
 * begins with a line `From …` at the start of the file or after an empty line, and `>From ` in its
 * text, with any number of `>`, lost one (the "mboxrd" kind).
 */
export interface MboxMessage {
  /** The line `From sender date`. */
  fromLine: string;
  /** Header fields by lower-cased name, unfolded; of several with one name, the last. */
  headers: Map<string, string>;
  /** Header and text as they stand, lines ended by LF, without the empty line that ends the message. */
  whole: string;
  /** What follows the header. */
  text: string;
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
  const endOfHeader = whole.indexOf('\n\n');
  const header = endOfHeader < 0 ? whole : whole.slice(0, endOfHeader);
  const headers = new Map<string, string>();
  for (const field of header.replace(/\n(?=[ \t])/g, '').split('\n')) {
    const colon = field.indexOf(':');
    if (colon > 0) headers.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim());
  }
  return {
    fromLine: entry.slice(0, Math.max(endOfFromLine, 0)),
    headers,
    whole,
    text: endOfHeader < 0 ? '' : whole.slice(endOfHeader + 2),
  };
}
