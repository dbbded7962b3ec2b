/**
 * Text from the network, made harmless for a terminal and for a file of lines. Second reading.
 *
 * An address may hold what ends a line, paints the terminal (ESC), turns the text round (U+202E), or
 * cannot be seen at all. Shown as `\x1B` it does nothing, and the reader sees that it was there.
 */

/** Control, format and line characters, halves of characters: General_Category Cc, Cf, Cs, Zl, Zp. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** For people: one line, at most so many characters, nothing in it that a terminal obeys. */
export function visible(text: string, most = Infinity): string {
  // A megabyte is not searched when a line is all that is shown of it. A character may be two units.
  const shown = text.slice(0, 2 * most + 1).replace(HARMFUL, (character) => {
    const code = character.codePointAt(0)!;
    const hex = code.toString(16).toUpperCase();
    return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex.padStart(4, '0')}}`;
  });
  if (shown.length <= most) return shown;
  const characters = Array.from(shown); // not half of an emoji
  return characters.length <= most ? shown : `${characters.slice(0, most - 1).join('')}…`;
}

/** For programs: a line of JSON, without its line end, that is one line to every reader there is. */
export function jsonLine(value: object): string {
  return escapeJson(JSON.stringify(value));
}

/** JSON lets U+2028, U+009B and U+202E stand as they are. The same JSON with these escaped. */
export function escapeJson(json: string): string {
  return json.replace(HARMFUL, (character) =>
    Array.from({ length: character.length }, (_, unit) => {
      const hex = character.charCodeAt(unit).toString(16).toUpperCase();
      return `\\u${hex.padStart(4, '0')}`;
    }).join(''),
  );
}

/** `2026-11-20 15:02:03.123`, by the clock on the reader's wall. */
export function localTime(time: string): string {
  const date = new Date(time);
  const shifted = date.getTime() - date.getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 23).replace('T', ' ');
}
