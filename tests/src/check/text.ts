/** Text in columns: wrapping, cutting, padding. Widths are in characters. */

/** Lines of at most `width` characters, broken at blanks; a longer word is broken anywhere. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(/ +/)) {
      if (line !== '' && length(line) + 1 + length(word) > width) {
        lines.push(line);
        line = '';
      }
      line = line === '' ? word : `${line} ${word}`;
      for (; length(line) > width; line = characters(line).slice(width).join('')) {
        lines.push(characters(line).slice(0, width).join(''));
      }
    }
    lines.push(line);
  }
  return lines;
}

/** The text with its end cut off, if it is too long: `A message answered wi…`. */
export function cut(text: string, width: number): string {
  return length(text) <= width
    ? text
    : `${characters(text)
        .slice(0, width - 1)
        .join('')}…`;
}

/** The lines behind a label, in a column of their own. */
export function labelled(label: string, labelWidth: number, lines: readonly string[]): string[] {
  return lines.map((line, index) =>
    `${(index === 0 ? label : '').padEnd(labelWidth)}${line}`.trimEnd(),
  );
}

export function length(text: string): number {
  return characters(text).length;
}

function characters(text: string): string[] {
  return Array.from(text);
}

/** The first sentence of prose in Markdown, as plain text. */
export function firstSentence(markdown: string): string {
  const text = plain(markdown.trim().split(/\n\s*\n/)[0] ?? '');
  return /^.*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text;
}

/** Markdown without its marks: emphasis, code, links. */
function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
