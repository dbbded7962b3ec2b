/**
 * Understand a text that comes in chunks (RFC 3030, CHUNKING): BDAT says how many octets follow, so that
 * no dot must end the text, and none is stuffed.
 *
 * How many octets belong to a chunk is all that tells them from commands. So the octets of a chunk that is
 * refused are read all the same, and thrown away: what a client put into a message must never be
 * obeyed.
 */
import type { Fault } from './data.ts';
import type { Limits } from './guards/limits.ts';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** The text of one message, chunk by chunk. */
export class ChunkReader {
  private readonly limits: Limits;
  private octets = new Uint8Array(4096);
  /** Octets of the text so far. */
  size = 0;
  private lineLength = 0;
  private previous = LF;
  /** Octets of the present chunk that have not come yet. */
  private left = 0;
  /** The first thing wrong with the text, if anything is. */
  fault: Fault | undefined;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** A chunk of so many octets begins. */
  begin(octets: number): void {
    this.left = octets;
    // Why wait for the last of them to say so? What will be refused need not be kept.
    if (this.size + octets > this.limits.message) this.fault ??= 'too big';
  }

  /** All octets of the chunk have come. */
  get complete(): boolean {
    return this.left === 0;
  }

  /** Reads to the end of the chunk or of the octets; returns how many octets it took. */
  read(octets: Uint8Array): number {
    const taken = octets.subarray(0, this.left);
    this.left -= taken.length;
    if (!this.fault) {
      for (const octet of taken) this.check(octet);
      this.append(taken);
    }
    return taken.length;
  }

  /**
   * The last chunk has come: the text as a whole. A CR at its very end is a bare one, and a last line that
   * was left open is ended: readers, who get it with a lone dot behind it, count on that.
   */
  text(): Uint8Array {
    if (this.previous === CR) this.fault ??= 'bad octets';
    if (this.previous !== LF && !this.fault) this.append(Uint8Array.of(CR, LF));
    return this.octets.subarray(0, this.size);
  }

  private append(octets: Uint8Array): void {
    // Twice the room each time: a thousand small chunks cost no more than a large one.
    if (this.size + octets.length > this.octets.length) {
      const larger = new Uint8Array(Math.max(this.octets.length * 2, this.size + octets.length));
      larger.set(this.octets);
      this.octets = larger;
    }
    this.octets.set(octets, this.size);
    this.size += octets.length;
  }

  /** The rules for a text are those of DATA, since readers get it by the same ways. */
  private check(octet: number): void {
    const afterCr = this.previous === CR;
    if (octet === NUL || afterCr !== (octet === LF)) this.fault ??= 'bad octets';
    this.lineLength += 1; // its CR LF included
    if (this.lineLength > this.limits.textLine) this.fault ??= 'line too long';
    if (octet === LF) this.lineLength = 0;
    this.previous = octet;
  }
}
