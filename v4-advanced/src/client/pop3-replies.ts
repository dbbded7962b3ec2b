/**
 * From octets to replies of POP3, and to the lines that follow some of them.
 * Role: understand. RFC 1939 §3 (replies, replies of several lines, stuffed dots).
 *
 * A reply does not say whether lines follow it; the command does. So the brain says so beforehand.
 */
import { Complaint } from './complaint.ts';
import type { Reply } from './replies.ts';
import { words } from './words.ts';

/** RFC 2449 §4 wants first lines of 512 octets. One that never ends shall not fill the memory. */
const REPLY_OCTETS = 65_536;
/** What is shown of a line. */
const SHOWN_OCTETS = 200;

/** What may follow `+OK`. */
export interface Lines {
  /** The most that is taken, in octets. */
  most: number;
  /** How many lines are told. */
  shown: number;
}

export class Pop3ReplyReader {
  readonly #heard: (line: string) => void;
  // Strings with a character for every octet: nothing is lost, and what is added costs no copy.
  #line = '';
  #content = '';
  /** Lines that go into `#content` together: one by one they would take much more memory. */
  #fresh: string[] = [];
  #awaited: Lines | undefined;
  /** The reply whose lines are coming. */
  #begun: Reply | undefined;
  #wantsCrlf = false;
  /** The last two octets. */
  #end = '';
  #count = 0;

  /** @param heard is told every line as soon as it is whole, but not all lines of a long content */
  constructor(heard: (line: string) => void) {
    this.#heard = heard;
  }

  /** To be said before a command whose `+OK` is followed by lines. They will be in `content`. */
  awaitLines(lines: Lines): void {
    this.#awaited = lines;
    this.#content = '';
    this.#count = 0;
  }

  /** The lines behind the last such reply as they were meant, without stuffed dots and lone dot. */
  get content(): Uint8Array {
    return Buffer.from(this.#content, 'latin1');
  }

  /** The beginning of a first line whose end has not come yet. */
  get unfinished(): string {
    return this.lacksDot ? '' : text(this.#line);
  }

  get lacksDot(): boolean {
    return this.#begun !== undefined;
  }

  /**
   * Takes octets in any cut; gives the replies that they make whole.
   * @throws Complaint if a line is not a reply's, or too much comes
   */
  push(octets: Uint8Array): Reply[] {
    const replies: Reply[] = [];
    const said = Buffer.from(octets).toString('latin1');
    for (const piece of said.split(/(?<=\n)/)) {
      this.#line += piece;
      // A CR LF may be cut in two. (To look at the end of `#line` would copy all of it.)
      this.#end = (this.#end + piece.slice(-2)).slice(-2);
      const reply = piece.endsWith('\n') && this.#takeLine(this.#end === '\r\n');
      if (reply) replies.push(reply);
    }
    this.#content += this.#fresh.join('');
    this.#fresh = [];
    this.#checkLength();
    return replies;
  }

  #checkLength(): void {
    if (!this.#begun) {
      if (this.#line.length > REPLY_OCTETS) throw new Complaint(words.endlessReply);
    } else if (this.#line.length + this.#content.length > this.#awaited!.most) {
      throw new Complaint(words.tooLong(this.#awaited!.most));
    }
  }

  /** Takes the line if it is whole, and gives the reply if it was the last line of it. */
  #takeLine(hasCrlf: boolean): Reply | undefined {
    if (!this.#begun) this.#wantsCrlf = hasCrlf;
    // The RFC wants CR LF, and a LF alone belongs to the text: `\n.\r\n` does not end it. A server
    // whose first line ended in LF alone is understood all the same.
    if (this.#wantsCrlf && !hasCrlf) return undefined;
    const line = this.#line;
    this.#line = '';
    return this.#begun ? this.#takeContent(line, this.#begun) : this.#takeReply(text(line));
  }

  #takeReply(line: string): Reply | undefined {
    this.#heard(line);
    // RFC 5034 §4: `+ ` asks for the next word of a login.
    const [, code] = /^(\+OK|-ERR|\+)( |$)/.exec(line) ?? [];
    if (code === undefined) throw new Complaint(words.noPop3Reply(line));
    const reply = { code, lines: [line] };
    if (this.#awaited && code === '+OK') {
      this.#begun = reply;
      return undefined;
    }
    this.#awaited = undefined;
    return reply;
  }

  #takeContent(line: string, reply: Reply): Reply | undefined {
    const { shown } = this.#awaited!;
    if (line !== '.\r\n' && line !== '.\n') {
      // RFC 1939 §3: the server put one more dot before every line that begins with one.
      this.#fresh.push(line.startsWith('.') ? line.slice(1) : line);
      if (++this.#count <= shown) this.#heard(text(line));
      return undefined;
    }
    if (this.#count > shown) this.#heard(words.moreLines(this.#count - shown));
    this.#heard('.');
    this.#begun = this.#awaited = undefined;
    return reply;
  }
}

/** A line as it is shown: without its end, and not without end. */
function text(line: string): string {
  const shown = Buffer.from(line.slice(0, SHOWN_OCTETS), 'latin1').toString();
  return line.length > SHOWN_OCTETS ? `${shown} …` : shown.replace(/\r?\n$/, '');
}
