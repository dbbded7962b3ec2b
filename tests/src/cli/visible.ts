/**
 * What a server sends, as a reader can see it. Control octets are shown, not obeyed: a terminal would
 * let the server move its cursor, and a stray CR or NUL would stay unseen.
 */

const ESC: Record<number, string> = { 0x00: '\\0', 0x0a: '\\n', 0x0d: '\\r' };

/**
 * Takes the octets as they come, cut anywhere, and gives text: CR LF as a line end; a CR or LF without
 * the other by its name, LF with a line end behind; tabs and UTF-8 as they are; the rest as `\xE9`.
 * Octets whose meaning depends on the next ones are kept back until those come.
 */
export function visibleText(): (chunk: Uint8Array) => string {
  let kept: number[] = [];
  return (chunk) => {
    const octets = [...kept, ...chunk];
    let text = '';
    let at = 0;
    while (at < octets.length) {
      const octet = octets[at]!;
      if (octet === 0x0d) {
        const next = octets[at + 1];
        if (next === undefined) break;
        text += next === 0x0a ? '\n' : '\\r';
        at += next === 0x0a ? 2 : 1;
        continue;
      }
      const length = lengthOfCharacter(octet);
      const character = octets.slice(at, at + length);
      if (character.length < length && character.slice(1).every(goesOn)) break;
      const shown = octet >= 0x80 ? decoded(character) : ascii(octet);
      text += shown ?? hex(octet);
      at += shown === undefined ? 1 : length;
    }
    kept = octets.slice(at);
    return text;
  };
}

function ascii(octet: number): string | undefined {
  if (octet === 0x0a) return '\\n\n';
  const isText = octet === 0x09 || (octet >= 0x20 && octet !== 0x7f);
  return isText ? String.fromCharCode(octet) : ESC[octet];
}

/** How many octets a character of UTF-8 has that begins with this one. */
function lengthOfCharacter(octet: number): number {
  return octet >= 0xf0 && octet < 0xf8 ? 4 : octet >= 0xe0 ? 3 : octet >= 0xc0 ? 2 : 1;
}

function goesOn(octet: number): boolean {
  return (octet & 0xc0) === 0x80;
}

/** The character that these octets are in UTF-8; `undefined` if none, or one that controls. */
function decoded(octets: number[]): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(octets));
    return /^\p{C}$/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function hex(octet: number): string {
  return `\\x${octet.toString(16).toUpperCase().padStart(2, '0')}`;
}
