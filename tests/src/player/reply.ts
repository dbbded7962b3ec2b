/**
 * What the player needs to know of a protocol's replies. SMTP's are read in `smtp-reply.ts`; another
 * protocol is another `ReplyReader`.
 */

/** One complete reply. */
export interface Reply {
  /** `250`. */
  code: string;
  /** The text of each line, behind the code and its blank or hyphen. */
  lines: string[];
  /** Each line as it came, without its line end. */
  raw: Buffer[];
}

/** What is wrong with a reply that is not well formed. */
export type ReplyFault =
  /** A line ends in LF without CR. */
  | 'lf-only'
  /** NUL octets, in the reply or behind it. */
  | 'nul'
  /** Not three digits and a blank. */
  | 'malformed'
  /** The lines of one reply have different codes. */
  | 'codes-differ';

/** What the octets received so far are. */
export type Reading =
  /** A complete reply; the first `length` octets are it. */
  | { kind: 'reply'; reply: Reply; length: number }
  /** Something that will never become a good reply. `lines`: what was read, the last one is at fault. */
  | { kind: 'fault'; fault: ReplyFault; lines: Buffer[]; length: number }
  /** Not complete yet. `lines`: complete lines of a reply of several; `rest`: what has no line end yet. */
  | { kind: 'incomplete'; lines: Buffer[]; rest: Buffer };

/**
 * What a reply may end in. One scenario is about that and wants CR LF; a server that fails it is then
 * played on as far as that goes, so that one mistake is named once.
 * - `crlf`: as the RFC says;
 * - `forgiven`: LF alone will do, and NUL octets are passed over;
 * - `none`: nothing at all will do.
 */
export type LineEnds = 'crlf' | 'forgiven' | 'none';

/** Reads the first reply in the octets. Pure: it can be asked again whenever more have come. */
export type ReplyReader = (octets: Buffer, lineEnds: LineEnds) => Reading;
