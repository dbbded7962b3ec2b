/**
 * From octets to replies.
 * Role: understand. RFC 5321 §4.2 (replies), §4.2.1 (replies of several lines).
 *
 * TCP is a stream of octets: a reply may come in pieces, and two replies in one piece.
 */
import { Complaint } from './complaint.ts';
import { words } from './words.ts';

export interface Reply {
  /** `250`. Its first digit says how it went: 2 well, 3 go on, 4 not now, 5 no. */
  code: string;
  /** The lines as they came, code included, without CRLF. */
  lines: string[];
}

/** RFC 5321 §4.5.3.1.5 wants lines of 512 octets. One that never ends shall not fill the memory. */
const REPLY_CHARACTERS = 65_536;

export class ReplyReader {
  readonly #heard: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #lines: string[] = [];
  /** The beginning of a line whose end has not come yet. */
  unfinished = '';

  /** @param heard is told every line as soon as it is whole */
  constructor(heard: (line: string) => void) {
    this.#heard = heard;
  }

  /**
   * Takes octets in any cut; gives the replies that they make whole.
   * @throws Complaint if a line is not a reply's
   */
  push(octets: Uint8Array): Reply[] {
    const replies: Reply[] = [];
    const lines = (this.unfinished + this.#decoder.decode(octets, { stream: true })).split('\n');
    this.unfinished = lines.pop()!;
    if (this.unfinished.length + this.#lines.join().length > REPLY_CHARACTERS) {
      throw new Complaint(words.endlessReply);
    }
    for (const ended of lines) {
      // The RFC wants CR LF. A server that only sends LF is understood all the same.
      const line = ended.replace(/\r$/, '');
      this.#heard(line);
      this.#lines.push(line);
      const [, code, mark] = /^([2-5]\d\d)([ -]|$)/.exec(line) ?? [];
      if (code === undefined || !this.#lines[0]!.startsWith(code)) {
        throw new Complaint(words.noReply(line));
      }
      if (mark === '-') continue; // `250-…`: more lines of this reply follow.
      replies.push({ code, lines: this.#lines });
      this.#lines = [];
    }
    return replies;
  }
}
