/**
 * Octets as text and back: the escapes of raw lines and of blocks that say raw. SMTP is a protocol of
 * octets, a scenario is a text file, and what attackers send can often not be typed.
 */
import { ScenarioError, type Place } from './error.ts';

const NAMED = new Map<string, number>([
  ['r', 0x0d],
  ['n', 0x0a],
  ['t', 0x09],
  ['0', 0x00],
  ['\\', 0x5c],
]);
const NAMES = new Map([...NAMED].map(([name, octet]) => [octet, name]));

const encoder = new TextEncoder();

/** The octets of a text in UTF-8; nothing in it is an escape. */
export function octetsOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * The octets that a text with escapes stands for: `\r \n \t \0 \\` and `\xE9`; the rest is UTF-8.
 * Throws a ScenarioError at `place` for any other backslash, since it is most likely a slip.
 */
export function unescapeOctets(text: string, place: Place): Uint8Array {
  const octets: number[] = [];
  // A match is an escape, a backslash that begins none, or a stretch without backslashes.
  for (const [piece, hex, name] of text.matchAll(/\\x([0-9a-f]{2})|\\(x|.)?|[^\\]+/giu)) {
    if (hex !== undefined) {
      octets.push(Number.parseInt(hex, 16));
    } else if (!piece.startsWith('\\')) {
      for (const octet of octetsOf(piece)) octets.push(octet);
    } else {
      const octet = NAMED.get(name ?? '');
      if (octet === undefined) {
        throw new ScenarioError(
          place,
          `\`${piece}\` is no escape`,
          'write \\r \\n \\t \\0, \\x and two hexadecimal digits, or \\\\ for a backslash',
        );
      }
      octets.push(octet);
    }
  }
  return Uint8Array.from(octets);
}

/** The text with escapes that stands for these octets; it is printable US-ASCII whatever they are. */
export function escapeOctets(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    const name = NAMES.get(octet);
    if (name !== undefined) text += `\\${name}`;
    else if (octet >= 0x20 && octet < 0x7f) text += String.fromCharCode(octet);
    else text += `\\x${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/**
 * Refuses a control octet that stands in a scenario as itself: nobody who reads the file can see it.
 * A tab is let through.
 */
export function refuseControls(text: string, place: Place): void {
  const found = /[\x00-\x08\x0b-\x1f\x7f]/.exec(text);
  if (found === null) return;
  const shown = escapeOctets(octetsOf(found[0]));
  throw new ScenarioError(
    place,
    `the line holds the control octet ${shown}, which a reader cannot see`,
    `write ${shown} in a line \`C raw:\` or \`S raw:\`, or in a block that says raw`,
  );
}
