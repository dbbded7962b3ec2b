/**
 * What a message that came says: in a list its head, on a terminal its text.
 * Role: process. RFC 5322 §2.2 (header fields), RFC 2047 (words that are not ASCII).
 */
import { visible } from './complaint.ts';

export interface Head {
  /** Both may be empty, and are fit for a terminal. */
  from: string;
  subject: string;
}

/** A head that is longer was not written to be read. */
const HEAD_OCTETS = 16_384;

/** RFC 2047 §2: `=?charset?encoding?text?=`; RFC 2231 §5 lets a language follow the charset. */
const WORD = /=\?([\w.:+-]+)(?:\*[\w-]*)?\?([BQ])\?([!->@-~]*)\?=/gi;
/** RFC 2047 §6.2: blanks between two encoded words belong to neither. */
const BLANKS_BETWEEN = /(?<=\?=)[ \t]+(?==\?[\w.:+*-]+\?[BQ]\?[!->@-~]*\?=)/gi;

export function readHead(message: Uint8Array): Head {
  const start = new TextDecoder().decode(message.subarray(0, HEAD_OCTETS));
  // RFC 5322 §2.2.3: a line that begins with a blank goes on with the one before.
  const lines = start.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n/);
  const end = lines.indexOf(''); // RFC 5322 §2.1: what follows is the text.
  const fields = end < 0 ? lines : lines.slice(0, end);
  const field = (name: string) => {
    const line = fields.find((each) => each.toLowerCase().startsWith(name)) ?? name;
    return visible(decodeWords(line.slice(name.length)))
      .replaceAll('\t', ' ')
      .trim();
  };
  return { from: field('from:'), subject: field('subject:') };
}

/** The letters that encoded words stand for. Words that cannot be understood stay as they are. */
export function decodeWords(text: string): string {
  return text
    .replace(BLANKS_BETWEEN, '')
    .replace(WORD, (word, charset: string, encoding: string, encoded: string) => {
      try {
        const octets =
          encoding.toUpperCase() === 'B' ? Buffer.from(encoded, 'base64') : unquote(encoded);
        return new TextDecoder(charset).decode(octets);
      } catch {
        return word; // A charset that nobody knows.
      }
    });
}

/** RFC 2047 §4.2, the Q encoding: `=C3=A9` are two octets, and `_` is a blank. */
function unquote(text: string): Uint8Array {
  const octet = (_: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16));
  return Buffer.from(text.replaceAll('_', ' ').replace(/=([\dA-F]{2})/gi, octet), 'latin1');
}

/** The text of a message for a terminal: UTF-8, and control characters shown, not obeyed. */
export function readable(message: Uint8Array): string {
  const lines = new TextDecoder().decode(message).split(/\r?\n/);
  return lines.map(visible).join('\n');
}
