/**
 * Text that goes into a Mermaid source: nothing that was sent on a connection may be read as Mermaid.
 *
 * `;` and `#` end a statement or begin an entity, `%%` begins a remark, `$$` a formula, and a label
 * that begins with `wrap:` gives an order. `<` and `>` are written as they are, but for `<br>`, which
 * would break the line.
 */

/** Breaks the line inside a label. */
const LINE_BREAK = '<br/>';
/** Blanks at either end of a line are dropped, and several become one; these stay. */
const HARD_BLANK = '\u00a0';
/** Keeps the hard blanks of the last line, which would be dropped too. */
const INVISIBLE = '\u200b';

/** A piece of text as a label, or part of one. */
export function escapeLabel(text: string): string {
  return text
    .replaceAll(/[#;ﬂ¶]/g, entity)
    .replaceAll(/^ +| {2,}/g, (blanks) => HARD_BLANK.repeat(blanks.length))
    .replaceAll(/%(?=[%{])|\$(?=\$)|<(?=br)/gi, entity)
    .replace(/^(no)?w(?=rap:)/i, (word) => entity(word.charAt(0)) + word.slice(1));
}

function entity(character: string): string {
  return `#${character.charCodeAt(0)};`;
}

/**
 * Several lines as one label. Labels are centred; lines of text are read from the left, so they are
 * filled up to one length (labels of dialogues are drawn in a font whose letters are equally wide).
 */
export function blockLabel(lines: readonly string[]): string {
  if (lines.length === 1) return escapeLabel(lines[0]!);
  const width = Math.max(...lines.map((line) => lengthOf(line)));
  const filled = lines.map((line) => {
    if (line === '') return '';
    return escapeLabel(line) + HARD_BLANK.repeat(width - lengthOf(line));
  });
  return filled.join(LINE_BREAK) + INVISIBLE;
}

/**
 * A title or description for those who do not see the picture: one line, in which Mermaid knows no
 * escape for `;`, `#`, `&` and what looks like HTML.
 */
export function accessibleText(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(';', ',')
    .replaceAll('#', 'number ')
    .replaceAll('&', 'and')
    .replaceAll(/[<>{}]/g, '')
    .replaceAll('%%', '%')
    .trim();
}

/** A line of at most `most` characters; of a longer one the beginning, and how long it is in octets. */
export function shortenLine(text: string, most: number): string {
  const characters = Array.from(text);
  if (characters.length <= most) return text;
  const rest = `… (${Buffer.byteLength(text)} octets)`;
  return characters.slice(0, most - rest.length).join('') + rest;
}

/** At most `most` lines; of more the first ones, how many are left out, and the last one. */
export function shortenBlock(lines: readonly string[], most: number): string[] {
  if (lines.length <= most) return [...lines];
  const shown = lines.slice(0, most - 2);
  return [...shown, `… ${lines.length - shown.length - 1} lines more …`, lines.at(-1)!];
}

/** In characters, as a font that gives each the same width counts them. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
