/**
 * Understand the text of a message: from 354 to the line that is a lone dot.
 *
 * Two things happen to the text on its way, and both are undone here (RFC 5321 §4.5.2):
 * a dot that begins a line was doubled by the client, so one is taken away; and the lone dot itself
 * is no part of the text.
 *
 * Only CR LF . CR LF ends a text. A server that also takes LF . LF or CR . CR for the end can be made
 * to see two messages where the server before it saw one: the second, with any sender, is smuggled
 * in (CVE-2023-51764). So a text with a bare CR, a bare LF or a NUL is read to its true end, and then
 * refused.
 */
import type { Limits } from './guards/limits.ts';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

/** What was last seen, as far as it matters for the end. */
type Seen =
  | 'line start' // CR LF, or nothing yet
  | 'text' // somewhere in a line
  | 'dot' // a dot at the start of a line: stuffed, or the end
  | 'dot CR' // then CR: only LF is missing
  | 'CR'; // CR in a line: LF must follow

/** Why a text is refused. */
export type Fault = 'bad octets' | 'line too long' | 'too big';

export class DataReader {
  private seen: Seen = 'line start';
  private octets = new Uint8Array(4096);
  private size = 0;
  private lineLength = 0;
  private readonly limits: Limits;
  /** The lone dot has come. */
  complete = false;
  /** The first thing wrong with the text, if anything is. */
  fault: Fault | undefined;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Reads to the end of the text or of the octets; returns how many octets it took. */
  read(octets: Uint8Array): number {
    let position = 0;
    while (position < octets.length && !this.complete) {
      this.take(octets[position]!);
      position += 1;
    }
    return position;
  }

  /** The text, without the dots that stuffed it and without the one that ended it. */
  text(): Uint8Array {
    return this.octets.subarray(0, this.size);
  }

  private take(octet: number): void {
    switch (this.seen) {
      case 'line start':
        this.lineLength = 0;
        if (octet === DOT) this.seen = 'dot';
        else this.takeText(octet);
        break;
      case 'dot':
        // The dot before this octet is left out: it stuffed the line, or it is the end.
        if (octet === CR) this.seen = 'dot CR';
        else this.takeText(octet);
        break;
      case 'dot CR':
        if (octet === LF) this.complete = true;
        else this.bareCarriageReturn(octet);
        break;
      case 'CR':
        if (octet === LF) this.endLine();
        else this.bareCarriageReturn(octet);
        break;
      case 'text':
        this.takeText(octet);
        break;
    }
  }

  private takeText(octet: number): void {
    if (octet === LF || octet === NUL) this.fault ??= 'bad octets';
    this.seen = octet === CR ? 'CR' : 'text';
    this.keep(octet);
  }

  private endLine(): void {
    this.keep(LF);
    this.seen = 'line start';
  }

  private bareCarriageReturn(octet: number): void {
    this.fault ??= 'bad octets';
    this.takeText(octet);
  }

  private keep(octet: number): void {
    this.lineLength += 1;
    if (this.lineLength > this.limits.textLine) this.fault ??= 'line too long';
    if (this.size >= this.limits.message) this.fault ??= 'too big';
    // A text that will be refused is read to its end, but no longer kept.
    if (this.fault) return;
    if (this.size === this.octets.length) this.grow();
    this.octets[this.size] = octet;
    this.size += 1;
  }

  /** Twice the room each time: a client that sends octet by octet costs no more than another. */
  private grow(): void {
    const larger = new Uint8Array(this.octets.length * 2);
    larger.set(this.octets);
    this.octets = larger;
  }
}
