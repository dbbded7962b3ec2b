/**
 * What the player needs to know of a protocol's replies. SMTP's are read in `smtp-reply.ts`, POP3's
 * in `pop3-reply.ts`; another protocol is another `ReplyReader`.
 */
import type { Asked } from './client-side.ts';

/** One complete reply. */
export interface Reply {
  /** `250`; `+OK` or `-ERR` in POP3. */
  code: string;
  /** The text of each line, behind the code and its blank or hyphen. In POP3, of the status line. */
  lines: string[];
  /** Each line as it came, without its line end. In POP3, the status line. */
  raw: Buffer[];
  /**
   * POP3: the octets between the status line and the lone dot, as they came: with line ends and stuffed
   * dots. Absent if the reply has one line.
   */
  content?: Buffer;
}

/** What is wrong with a reply that is not well formed. */
export type ReplyFault =
  /** A line ends in LF without CR. */
  | 'lf-only'
  /** NUL octets, in the reply or behind it. */
  | 'nul'
  /** Not three digits and a blank; in POP3, not `+OK` or `-ERR` and a blank. */
  | 'malformed'
  /** The lines of one reply have different codes. */
  | 'codes-differ';

/** What the octets received so far are. */
export type Reading =
  /** A complete reply; the first `length` octets are it. */
  | { kind: 'reply'; reply: Reply; length: number }
  /** Something that will never become a good reply. `lines`: what was read, the last one is at fault. */
  | { kind: 'fault'; fault: ReplyFault; lines: Buffer[]; length: number }
  | Incomplete;

/** Not complete yet. */
export interface Incomplete {
  kind: 'incomplete';
  /** Complete lines of a reply of several. */
  readonly lines: Buffer[];
  /** What has no line end yet. */
  readonly rest: Buffer;
  /** So many octets hold no end of the reply: they need not be looked through again. */
  searched: number;
}

/**
 * What a reply may end in. One scenario is about that and wants CR LF; a server that fails it is then
 * played on as far as that goes, so that one mistake is named once.
 * - `crlf`: as the RFC says;
 * - `forgiven`: LF alone will do, and NUL octets are passed over;
 * - `none`: nothing at all will do.
 */
export type LineEnds = 'crlf' | 'forgiven' | 'none';

/**
 * Reads the first reply in the octets. Pure: it can be asked again whenever more have come.
 * @param asked    What it answers. In POP3 that decides whether further lines belong to it.
 * @param searched What the reading before said, if it was of the same reply and more octets have come.
 */
export type ReplyReader = (
  octets: Buffer,
  lineEnds: LineEnds,
  asked?: Asked,
  searched?: number,
) => Reading;
