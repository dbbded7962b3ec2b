/**
 * An error meant for the person at the keyboard: one line that says what happened and what to do.
 * Anything else that is thrown is a fault of this program.
 */
export class Complaint extends Error {
  /** What the program ends with: 1, the message was not sent; 2, it was called the wrong way. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(visible(message));
    this.exitCode = exitCode;
  }
}

/** Control characters are shown, not obeyed: a server could repaint the terminal with them. */
export function visible(line: string): string {
  return line.replace(/[\0-\x08\x0A-\x1F\x7F-\x9F]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
  });
}
