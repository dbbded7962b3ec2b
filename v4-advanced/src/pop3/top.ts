/**
 * TOP (RFC 1939 §7): the header of a message, the empty line behind it, and so many lines of the body.
 */

const LF = 0x0a;
const CR = 0x0d;

/** Cuts a message that comes piece by piece, cut anywhere. */
export class TopCutter {
  /** Lines of the body that are still wanted. */
  private left: number;
  private isInHeader = true;
  private isEmptyLine = true;
  /** The rest is not wanted. */
  done = false;

  constructor(lines: number) {
    this.left = lines;
  }

  /** As much of the piece as is wanted. */
  take(octets: Uint8Array): Uint8Array {
    let position = 0;
    while (position < octets.length && !this.done) {
      this.see(octets[position]!);
      position += 1;
    }
    return octets.subarray(0, position);
  }

  private see(octet: number): void {
    if (octet !== LF) {
      if (octet !== CR) this.isEmptyLine = false;
      return;
    }
    if (!this.isInHeader) this.left -= 1;
    else if (this.isEmptyLine) this.isInHeader = false;
    this.isEmptyLine = true;
    this.done = !this.isInHeader && this.left <= 0;
  }
}
