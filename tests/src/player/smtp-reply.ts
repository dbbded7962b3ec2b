/**
 * Reads one SMTP reply from the octets received so far. Strict, because clients are: a reply that is
 * not well formed is named as such, instead of being waited for or guessed at.
 *
 * RFC 5321 §4.2: three digits, a blank, text, CR LF; §4.2.1: in all lines of a reply but the last a
 * hyphen instead of the blank, and the same code in each.
 */
import { withoutLineEnd } from './octets.ts';
import type { LineEnds, Reading, Reply, ReplyFault } from './reply.ts';

const LF = 0x0a;
const CR = 0x0d;

/** The code, then a blank or a hyphen and the text. A code alone is allowed (§4.2). */
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;

/** Reads the first reply in `octets`. */
export function readSmtpReply(octets: Buffer, lineEnds: LineEnds = 'crlf'): Reading {
  const lines: Buffer[] = [];
  const reply: Reply = { code: '', lines: [], raw: lines };
  let start = 0;
  for (;;) {
    const end = octets.indexOf(LF, start);
    if (end === -1) {
      const rest = octets.subarray(start);
      // Nothing that follows can make these octets part of a reply.
      if (rest.includes(0)) return fault('nul', octets.length);
      return { kind: 'incomplete', lines, rest, searched: 0 };
    }
    const length = end + 1;
    const line = octets.subarray(start, length);
    lines.push(withoutLineEnd(line));
    if (line.includes(0)) return fault('nul', length);
    const parts = LINE.exec(withoutLineEnd(line).toString());
    if (parts === null) return fault('malformed', length);
    if (line.at(-2) !== CR && lineEnds === 'crlf') return fault('lf-only', length);
    const [, code, separator, text] = parts;
    if (reply.lines.length > 0 && code !== reply.code) return fault('codes-differ', length);
    reply.code = code!;
    reply.lines.push(text ?? '');
    start = length;
    if (separator === '-') continue;
    // A C program that sends its whole buffer sends the zeros behind the text too.
    if (octets[start] === 0) return fault('nul', octets.length);
    return { kind: 'reply', reply, length };
  }

  function fault(what: ReplyFault, length: number): Reading {
    if (lines.length === 0) lines.push(octets.subarray(0, length));
    return { kind: 'fault', fault: what, lines, length };
  }
}
