/**
 * Octets as people read them in a report: UTF-8 where it is UTF-8, everything that cannot be seen as
 * an escape, and long lines cut. What a server sends is hostile text: no control octet of it may
 * reach a terminal (ESC), and no direction mark or invisible letter may change how a report looks.
 */

/** Lines of more than this many octets are cut. */
const LONGEST_SHOWN = 200;
/** What is kept of a line that is cut. */
const KEPT = 60;

const ESCAPES = new Map([
  ['\r', '\\r'],
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\0', '\\0'],
]);

/** The octets in printable characters, not cut. */
function printable(octets: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    // Not UTF-8: each octet that is not ASCII stands for itself.
    return Array.from(octets, (octet) =>
      octet < 0x80 ? visible(String.fromCharCode(octet)) : hex('x', octet, 2),
    ).join('');
  }
  // Controls, marks that are not seen, line separators, letters without a meaning.
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, visible);
}

function visible(character: string): string {
  const code = character.codePointAt(0)!;
  if (code >= 0x20 && code < 0x7f) return character;
  return (
    ESCAPES.get(character) ??
    (code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
  );
}

function hex(prefix: string, code: number, digits: number): string {
  return `\\${prefix}${code.toString(16).toUpperCase().padStart(digits, '0')}`;
}

/** `2,000,000`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A line as a report shows it, without a line end that it may have: `aaaa… (2,000,000 octets)`. */
export function showLine(octets: Uint8Array): string {
  if (octets.length <= LONGEST_SHOWN) return printable(octets);
  return `${printable(octets.subarray(0, KEPT))}… (${grouped(octets.length)} octets)`;
}

/** A string of octets, one a character, as Buffer's `latin1` has it. */
export function showLatin1(line: string): string {
  return showLine(Buffer.from(line, 'latin1'));
}

/** The octets without the CR LF, or the LF, at their end. */
export function withoutLineEnd(octets: Buffer): Buffer {
  if (octets.at(-1) !== 0x0a) return octets;
  return octets.subarray(0, octets.at(-2) === 0x0d ? -2 : -1);
}
