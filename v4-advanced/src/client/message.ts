/**
 * A message, from what a person wrote to the lines that go over the wire.
 * Role: write. RFC 5322 (form of a message), RFC 2047 (headers not in ASCII), RFC 5321 §4.5.2,
 * RFC 6532 (addresses not in ASCII).
 */
import { randomUUID } from 'node:crypto';
import { Complaint } from './complaint.ts';
import { words } from './words.ts';

/** RFC 5322 §2.1.1: a line has at most 998 octets before its CRLF. */
const LINE_OCTETS = 998;
/** RFC 2047 §2: a line with an encoded word has at most 76. We keep every header line as short. */
const HEADER_OCTETS = 76;
/** What is left of them between `Subject: =?utf-8?Q?` and `?=`. */
const ENCODED_OCTETS = 55;

export class Message {
  readonly from: string;
  readonly to: string[];
  readonly subject: string;
  readonly lines: string[];
  readonly #date: Date;
  readonly #id = randomUUID();

  /**
   * @param text any line ends; the one that ends the last line may be missing
   * @throws Complaint if a part cannot be sent as it is
   */
  constructor(from: string, to: string, subject: string, text: string, date = new Date()) {
    this.from = checkAddress(from);
    this.to = checkAddresses(to);
    this.subject = checkSubject(subject);
    this.lines = text.split(/\r\n|\r|\n/);
    if (this.lines.at(-1) === '') this.lines.pop(); // Behind the last line end there is no line.
    this.lines.forEach(checkLine);
    this.#date = date;
  }

  /** The header lines, long ones folded. */
  headers(): string[] {
    const domain = this.from.split('@')[1] ?? 'localhost';
    return [
      ...fold('From', [this.from]),
      ...fold('To', this.to.join(', ').split(' ')),
      ...fold('Subject', headerWords(this.subject)),
      `Date: ${formatDate(this.#date, -this.#date.getTimezoneOffset())}`,
      `Message-ID: <${this.#id}@${domain}>`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
    ];
  }

  /** RFC 1870 §3: its octets with their CR LF, without stuffed dots and the dot that ends it. */
  get octets(): number {
    const lines = [...this.headers(), '', ...this.lines];
    return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 2, 0);
  }

  /** It holds octets over 127. */
  get isEightBit(): boolean {
    return [...this.headers(), ...this.lines].some(isBeyondAscii);
  }

  /** The first address that only a server with SMTPUTF8 understands (RFC 6531). */
  get utf8Address(): string | undefined {
    return [this.from, ...this.to].find(isBeyondAscii);
  }

  /** What follows DATA: headers, an empty line, the text, and the lone dot that ends it. */
  toDataLines(): string[] {
    const lines = [...this.headers(), '', ...this.lines];
    // RFC 5321 §4.5.2: one more dot before every line that begins with one, so that only the last
    // line is a lone dot. The server takes it away again.
    return [...lines.map((line) => (line.startsWith('.') ? `.${line}` : line)), '.'];
  }
}

/** An address without its brackets; a bare name (`bob`) will do in this course. */
export function checkAddress(address: string): string {
  const plain = address.trim().replace(/^<(.*)>$/, '$1');
  if (plain === '') throw new Complaint(words.noAddress, 2);
  // RFC 5322 §3.4.1, the dot-atom form; letters of all scripts, as RFC 6532 §3.2 has it.
  const shape = /^[\p{L}\p{M}\p{N}_.!#$%&'*+/=?^`{|}~-]+(@([\p{L}\p{M}\p{N}_.-]+|\[[\w.:]+\]))?$/u;
  // RFC 5321 §4.5.3.1.3: a path has at most 256 octets, its brackets included.
  if (!shape.test(plain) || Buffer.byteLength(plain) > 254)
    throw new Complaint(words.badAddress(plain), 2);
  return plain;
}

/** Not ASCII only. */
function isBeyondAscii(text: string): boolean {
  return /[^\0-\x7F]/.test(text);
}

/** Addresses with commas between them; one that is there twice counts once. */
export function checkAddresses(list: string): string[] {
  return [...new Set(list.split(',').map(checkAddress))];
}

/** A line end in a subject would begin another header, or the text: a way to forge messages. */
export function checkSubject(subject: string): string {
  if (/[\0-\x1F\x7F]/.test(subject)) throw new Complaint(words.control, 2);
  return subject;
}

/**
 * A line of the text. Too long a line is refused, not folded: unlike a header's, a text's line ends
 * belong to what the person wrote (RFC 5322 §2.1.1: "MUST be no more than 998").
 */
export function checkLine(line: string, index: number): string {
  const octets = Buffer.byteLength(line);
  if (octets > LINE_OCTETS) throw new Complaint(words.longLine(index + 1, octets, LINE_OCTETS), 2);
  if (line.includes('\0')) throw new Complaint(words.nul(index + 1), 2);
  return line;
}

/** RFC 5322 §2.2.3: a long header goes on in lines that begin with a blank. */
function fold(name: string, parts: string[]): string[] {
  const lines: string[] = [];
  let line = `${name}:`;
  for (const [index, part] of parts.entries()) {
    if (index > 0 && line.length + 1 + part.length > HEADER_OCTETS) {
      lines.push(line);
      line = '';
    }
    line += ` ${part}`;
  }
  return [...lines, line];
}

/** The words of a header; RFC 2047 encoded words if it holds anything that a header may not. */
function headerWords(text: string): string[] {
  const isPlain = /^[!-~]{1,60}( [!-~]{1,60})*$/.test(text) && !text.includes('=?');
  if (isPlain || text === '') return text.split(' ').filter(Boolean);
  const pieces: string[] = [];
  let piece = '';
  // `for … of` walks over whole characters, so none is torn apart (RFC 2047 §5).
  for (const character of text) {
    const encoded = quote(character);
    if (piece.length + encoded.length > ENCODED_OCTETS) {
      pieces.push(piece);
      piece = '';
    }
    piece += encoded;
  }
  pieces.push(piece);
  return pieces.map((encoded) => `=?utf-8?Q?${encoded}?=`);
}

/** RFC 2047 §4.2, the Q encoding: most letters stay readable, others become `=C3=A9`. */
function quote(character: string): string {
  if (character === ' ') return '_';
  if (/[A-Za-z0-9!*+/.,:-]/.test(character)) return character;
  const octets = [...Buffer.from(character)];
  return octets.map((octet) => `=${octet.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}

/** RFC 5322 §3.3: `Fri, 20 Nov 2026 10:04:05 +0100`. The zone is in minutes east of Greenwich. */
export function formatDate(date: Date, zone: number): string {
  const shifted = new Date(date.getTime() + zone * 60_000);
  const digits = (n: number) => String(Math.trunc(Math.abs(n))).padStart(2, '0');
  const sign = zone < 0 ? '-' : '+';
  return shifted.toUTCString().replace('GMT', sign + digits(zone / 60) + digits(zone % 60));
}
