/**
 * Understand: from octets to lines, from lines to verb and argument, from arguments to addresses.
 *
 * TCP delivers a stream of octets. It may hand over half a line or ten at once; where a line ends,
 * only CR LF tells (RFC 5321 §2.3.8).
 */
import { type Reply, replies } from './replies.ts';
import { hasControls } from './guards/mailbox-name.ts';

const LF = 0x0a;

/** Collects the octets of one command line, however they arrive. */
export class LineReader {
  private readonly octets: Uint8Array;
  private length = 0;
  /** The line has come to its end and can be taken. */
  complete = false;
  /** The line is longer than it may be. What is kept of it does not grow. */
  tooLong = false;

  /** @param limit the longest line, in octets, its CR LF included */
  constructor(limit: number) {
    this.octets = new Uint8Array(limit);
  }

  /** Reads to the end of the line or of the octets; returns how many octets it took. */
  read(octets: Uint8Array): number {
    const lineFeed = octets.indexOf(LF);
    const stop = lineFeed === -1 ? octets.length : lineFeed + 1;
    if (this.length + stop > this.octets.length) {
      this.tooLong = true;
    } else {
      this.octets.set(octets.subarray(0, stop), this.length);
      this.length += stop;
      this.complete = lineFeed !== -1;
    }
    return stop;
  }

  /** The line as it came, CR LF included; the reader is then ready for the next one. */
  take(): Uint8Array {
    const line = this.octets.slice(0, this.length);
    this.length = 0;
    this.complete = false;
    return line;
  }
}

export interface CommandLine {
  /** In capitals: RFC 5321 §2.4: verbs may be written in any case. */
  verb: string;
  /** What follows the verb, without the blanks around it. */
  argument: string;
}

/** Understands a command line; `undefined` if its octets are not text. */
export function understandLine(line: Uint8Array): CommandLine | undefined {
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    return undefined;
  }
  const [, verb = '', argument = ''] =
    /^([A-Za-z]*)(| [^]*)$/.exec(text.replace(/\r?\n$/, '')) ?? [];
  return { verb: verb.toUpperCase(), argument: withoutBlanks(argument) };
}

/**
 * Without the blanks around it. `trim()` would take control characters away too, and a pattern would
 * take a time that grows with the square of the line.
 */
function withoutBlanks(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t';
  let [start, end] = [0, text.length];
  while (isBlank(start)) start += 1;
  while (end > start && isBlank(end - 1)) end -= 1;
  return text.slice(start, end);
}

/** A command line without its CR LF ends in a bare LF: people with netcat send that. */
export function endsInBareLineFeed(line: Uint8Array): boolean {
  return line[line.length - 2] !== 0x0d;
}

/** What an argument meant, or the reply that refuses it. */
export type Understood = { value: string } | { refusal: Reply };

// "john doe"@example.com: inside the quotes, blanks, @ and > are letters like any other.
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
const IN_BRACKETS = new RegExp(`^<((?:${QUOTED}|[^"<>])*)>(| .*)$`);
const LOCAL_PART = String.raw`(?:${QUOTED}|[^\s@"<>(),:;\\[\]]+)`;
const DOMAIN = String.raw`(?:\[[^\s[\]\\]*\]|[^\s@"<>(),:;\\[\]]+)`;
const ADDRESS = new RegExp(`^${LOCAL_PART}(?:@${DOMAIN})?$`);

/** A message may come from nobody (RFC 5321 §4.5.5), but goes to somebody. */
export function understandRecipient(argument: string): Understood {
  const path = understandPath('TO:', argument, replies.sayRcpt);
  return 'value' in path && path.value === '' ? { refusal: replies.sayRcpt } : path;
}

/**
 * Reads `FROM:<address>` or `TO:<address>` and gives the address. People who type are forgiven a
 * blank after the colon and missing brackets; `<>` gives the empty string (the null reverse-path).
 * @param say the reply that tells how to say it
 */
export function understandPath(keyword: string, argument: string, say: Reply): Understood {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) return { refusal: say };
  const path = argument.slice(keyword.length).replace(/^[ \t]+/, '');
  if (hasControls(path)) return { refusal: replies.badMailbox };
  const [, inner, rest] = IN_BRACKETS.exec(path) ?? /^([^\s<>]+)(| .*)$/.exec(path) ?? [];
  if (inner === undefined || rest === undefined) return { refusal: say };
  // RFC 5321 §4.1.1.11: parameters come with extensions, and extensions with EHLO.
  if (rest !== '') return { refusal: replies.unknownParameter };
  // RFC 5321 §4.1.1.3: a source route (`@a,@b:user@c`) is accepted and ignored.
  const address = inner.replace(/^@[^\s:]*:/, '');
  if (address !== '' && !ADDRESS.test(address)) return { refusal: say };
  // RFC 5321 §4.1.2: quotes that hold nothing but a word mean nothing: "bob"@x is bob@x.
  return { value: address.replace(/^"([\w.+-]+)"(?=@|$)/, '$1') };
}

/** Reads the name after HELO: one word, and there must be one (RFC 5321 §4.1.1.1). */
export function understandName(argument: string): Understood {
  const isName = /^\S+$/.test(argument) && !hasControls(argument);
  return isName ? { value: argument } : { refusal: replies.sayHelo };
}

/** NOOP may be given words, and does not listen (RFC 5321 §4.1.1.9). */
export function understandAnything(argument: string): Understood {
  return { value: argument };
}

/** RSET, DATA and QUIT stand alone. */
export function understandNothing(argument: string): Understood {
  return argument === '' ? { value: '' } : { refusal: replies.noArgument };
}
