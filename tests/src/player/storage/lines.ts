/** Lines of stored text, an octet a character, and looking for some of them in others. Pure. */

/**
 * The lines of a stored text. CR LF and LF are the same, and so are mbox's `>From ` and `From `
 * (whichever of its dialects wrote it).
 */
export function linesOf(text: string): string[] {
  return text.split(/\r?\n/).map(unquoteFrom);
}

/** The lines that a mailbox block wants, in the same form. */
export function wantedLines(lines: Uint8Array[]): string[] {
  return lines.map((line) => unquoteFrom(Buffer.from(line).toString('latin1')));
}

function unquoteFrom(line: string): string {
  return line.replace(/^>+(?=From )/, '');
}

/** Where `wanted` stand in `lines`, one right after the other; -1 if they do not. */
export function findLines(lines: string[], wanted: string[]): number {
  return lines.findIndex((_, at) => wanted.every((line, index) => lines[at + index] === line));
}

/** A text in which line ends and quotes are written as escapes: JSON, Python's repr, SQL dumps. */
export function withoutEscapes(text: string): string {
  return text.replace(/\\(r\\n|n|r|t|"|'|\\|\/|u[0-9a-f]{4}|x[0-9a-f]{2})/gi, (_, name: string) => {
    if (name === 'r\\n' || name === 'n') return '\n';
    if (name === 'r') return '\r';
    if (name === 't') return '\t';
    if (/^[ux]/.test(name)) {
      const code = Number.parseInt(name.slice(1), 16);
      return name.startsWith('x')
        ? String.fromCharCode(code)
        : Buffer.from(String.fromCharCode(code)).toString('latin1');
    }
    return name;
  });
}
