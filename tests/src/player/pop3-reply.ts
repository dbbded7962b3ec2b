/**
 * Reads one POP3 reply from the octets received so far. As strict as `smtp-reply.ts`.
 *
 * RFC 1939 §3: a status line begins with `+OK` or `-ERR`, in capitals. Behind the `+OK` for some
 * commands follow lines, and then a line with a lone dot; a line that begins with a dot is sent with
 * one more. Every line ends in CR LF. Nothing in the reply says whether lines follow: the command does.
 */
import type { Asked } from './client-side.ts';
import { withoutLineEnd } from './octets.ts';
import type { Incomplete, LineEnds, Reading, ReplyFault } from './reply.ts';

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
/** A line end and a dot behind it. */
const DOT_IN_FRONT = Buffer.from('\n.');

const STATUS_LINE = /^(\+OK|-ERR)(?: (.*))?$/s;
/** RFC 5034 §4: the server asks for the next line of a login. */
const CONTINUES = /^(\+)(?: (.*))?$/s;

/** Commands whose `+OK` lines follow (RFC 1939, RFC 2449), and those where they do without an argument. */
const WITH_LINES = new Set(['RETR', 'TOP', 'CAPA']);
const WITH_LINES_ALONE = new Set(['LIST', 'UIDL', 'AUTH']);

/** Of a reply that has no end, so many lines are shown to those who read of it. */
const LAST_LINES = 2;
/** Stands for lines that are left out. */
const OMITTED = Buffer.from('…');

/** Reads the first reply in `octets`. */
export function readPop3Reply(
  octets: Buffer,
  lineEnds: LineEnds = 'crlf',
  asked?: Asked,
  searched = 0,
): Reading {
  const first = octets.indexOf(LF);
  if (first === -1) {
    if (octets.includes(0)) return fault('nul', [octets], octets.length);
    return { kind: 'incomplete', lines: [], rest: octets, searched: 0 };
  }
  const from = first + 1;
  const status = withoutLineEnd(octets.subarray(0, from));
  if (status.includes(0)) return fault('nul', [status], from);
  const line = status.toString();
  const mayContinue = asked?.what === 'auth' || /^AUTH +\S/i.test(asked?.line ?? '');
  const [, code, text] =
    STATUS_LINE.exec(line) ?? (mayContinue ? CONTINUES.exec(line) : undefined) ?? [];
  if (code === undefined) return fault('malformed', [status], from);
  if (octets[first - 1] !== CR && lineEnds === 'crlf') return fault('lf-only', [status], from);
  const reply = { code, lines: [text ?? ''], raw: [status] };

  if (code !== '+OK' || !bringsLines(asked)) {
    // A C program that sends its whole buffer sends the zeros behind the text too.
    if (octets[from] === 0) return fault('nul', [status], octets.length);
    return { kind: 'reply', reply, length: from };
  }
  const end = endOfLines(octets, Math.max(first, searched));
  if ('searched' in end) return unfinished(octets, status, from, end.searched);
  const content = octets.subarray(from, end.dot);
  const bare = lineEnds === 'crlf' ? bareLineFeed(octets, from, end.length) : -1;
  if (bare !== -1) {
    const line = octets.subarray(octets.lastIndexOf(LF, bare - 1) + 1, bare);
    return fault('lf-only', [status, line], end.length);
  }
  return { kind: 'reply', reply: { ...reply, content }, length: end.length };
}

/** Does the `+OK` for this begin a reply of several lines? */
export function bringsLines(asked: Asked | undefined): boolean {
  if (asked?.what !== 'command') return false;
  const [verb = '', argument] = asked.line.trim().toUpperCase().split(/\s+/);
  return WITH_LINES.has(verb) || (WITH_LINES_ALONE.has(verb) && argument === undefined);
}

/**
 * Looks for the line with the lone dot.
 * @param from The end of a line, or where an earlier search came to.
 */
function endOfLines(
  octets: Buffer,
  from: number,
): { dot: number; length: number } | { searched: number } {
  for (let at = from; ;) {
    const end = octets.indexOf(DOT_IN_FRONT, at);
    // The last octet may be the line end that the dot comes behind.
    if (end === -1) return { searched: Math.max(at, octets.length - 1) };
    const dot = end + 1;
    const [first, second] = octets.subarray(dot + 1, dot + 3);
    if (first === LF) return { dot, length: dot + 2 };
    if (first === CR && second === LF) return { dot, length: dot + 3 };
    if (first === undefined || (first === CR && second === undefined)) return { searched: end };
    at = dot;
  }
}

/** Where a line ends in LF without CR; -1 if none does. */
function bareLineFeed(octets: Buffer, from: number, to: number): number {
  for (let at = octets.indexOf(LF, from); at !== -1 && at < to; at = octets.indexOf(LF, at + 1)) {
    if (octets[at - 1] !== CR) return at;
  }
  return -1;
}

/** Its lines are only looked for when nothing more comes: to cut them each time would take too long. */
function unfinished(octets: Buffer, status: Buffer, from: number, searched: number): Incomplete {
  const startOfRest = () => octets.lastIndexOf(LF) + 1;
  return {
    kind: 'incomplete',
    get lines() {
      const last: Buffer[] = [];
      let end = startOfRest();
      while (end > from && last.length < LAST_LINES) {
        const start = octets.lastIndexOf(LF, end - 2) + 1;
        last.unshift(withoutLineEnd(octets.subarray(start, end)));
        end = start;
      }
      return [status, ...(end > from ? [OMITTED] : []), ...last];
    },
    get rest() {
      return octets.subarray(startOfRest());
    },
    searched,
  };
}

function fault(what: ReplyFault, lines: Buffer[], length: number): Reading {
  return { kind: 'fault', fault: what, lines, length };
}

/** How much text a reply of several lines holds, as LIST counts it (RFC 1939 §11). */
export interface TextSize {
  /** With CR LF at every line, without stuffed dots. */
  octets: number;
  lines: number;
  /** Lines that were sent with a dot more than they have. */
  stuffed: number;
  /** The octets that came, stuffed dots taken away: less than `octets` where lines end in LF alone. */
  came: number;
  /** Its characters, if it is read as UTF-8: as Python counts them, and as Java and JavaScript do. */
  readonly characters: [codePoints: number, utf16: number];
}

export function sizeOf(content: Buffer): TextSize {
  const size = {
    octets: 0,
    lines: 0,
    stuffed: 0,
    came: 0,
    // Only asked for where the size is wrong: to look at each octet takes its time.
    get characters(): TextSize['characters'] {
      const codePoints = size.octets - count(content, (octet) => octet >> 6 === 0b10);
      return [codePoints, codePoints + count(content, (octet) => octet >> 3 === 0b11110)];
    },
  };
  for (let start = 0; start < content.length;) {
    const end = content.indexOf(LF, start);
    if (end === -1) break;
    const length = end - start + 1;
    const isStuffed = content[start] === DOT ? 1 : 0;
    const isBare = content[end - 1] === CR ? 0 : 1;
    size.octets += length + isBare - isStuffed;
    size.came += length - isStuffed;
    size.lines += 1;
    size.stuffed += isStuffed;
    start = end + 1;
  }
  return size;
}

function count(octets: Buffer, test: (octet: number) => boolean): number {
  return octets.reduce((sum, octet) => sum + (test(octet) ? 1 : 0), 0);
}
