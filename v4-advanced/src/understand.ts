/**
 * Understand: from octets to lines, from lines to verb and argument, from arguments to addresses.
 *
 * TCP delivers a stream of octets. It may hand over half a line or ten at once; where a line ends,
 * only CR LF tells (RFC 5321 §2.3.8).
 */
import { type Reply, replies } from './replies.ts';
import { hasControls } from './guards/mailbox-name.ts';
import { type Mechanism, mechanisms } from './sasl.ts';

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
  /** The same with them, but for the one behind the verb: a password may have blanks. */
  asItCame: string;
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
  const asItCame = argument.slice(1);
  return { verb: verb.toUpperCase(), argument: withoutBlanks(argument), asItCame };
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
export type Understood<Value> = { value: Value } | { refusal: Reply };

/** The address of MAIL or RCPT, and what stands behind it. */
export interface Path {
  /** Empty: nobody (RFC 5321 §4.5.5). */
  address: string;
  /** `SIZE=17` gives `SIZE` and `17`, `SMTPUTF8` an empty value. Keywords in capitals. */
  parameters: ReadonlyMap<string, string>;
}

// "john doe"@example.com: inside the quotes, blanks, @ and > are letters like any other.
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
const IN_BRACKETS = new RegExp(`^<((?:${QUOTED}|[^"<>])*)>(| .*)$`);
const LOCAL_PART = String.raw`(?:${QUOTED}|[^\s@"<>(),:;\\[\]]+)`;
const DOMAIN = String.raw`(?:\[[^\s[\]\\]*\]|[^\s@"<>(),:;\\[\]]+)`;
const ADDRESS = new RegExp(`^${LOCAL_PART}(?:@${DOMAIN})?$`);

/** A message may come from nobody (RFC 5321 §4.5.5), but goes to somebody. */
export function understandRecipient(argument: string): Understood<Path> {
  const path = understandPath('TO:', argument, replies.sayRcpt);
  return 'value' in path && path.value.address === '' ? { refusal: replies.sayRcpt } : path;
}

/**
 * Reads `FROM:<address>` or `TO:<address>`, and parameters. People who type are forgiven a blank after
 * the colon and missing brackets; `<>` gives the empty string (the null reverse-path).
 * @param say the reply that tells how to say it
 */
export function understandPath(keyword: string, argument: string, say: Reply): Understood<Path> {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) return { refusal: say };
  const path = argument.slice(keyword.length).replace(/^[ \t]+/, '');
  if (hasControls(path)) return { refusal: replies.badMailbox };
  const [, inner, rest] = IN_BRACKETS.exec(path) ?? /^([^\s<>]+)(| .*)$/.exec(path) ?? [];
  if (inner === undefined || rest === undefined) return { refusal: say };
  // RFC 5321 §4.1.1.3: a source route (`@a,@b:user@c`) is accepted and ignored.
  const address = inner.replace(/^@[^\s:]*:/, '');
  if (address !== '' && !ADDRESS.test(address)) return { refusal: say };
  const parameters = understandParameters(rest);
  if (!parameters) return { refusal: replies.badParameter };
  // RFC 5321 §4.1.2: quotes that hold nothing but a word mean nothing: "bob"@x is bob@x.
  return { value: { address: address.replace(/^"([\w.+-]+)"(?=@|$)/, '$1'), parameters } };
}

/** RFC 5321 §4.1.2: `keyword` or `keyword=value`, blanks between them; none of them twice. */
function understandParameters(text: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const word of text.split(' ').filter((word) => word !== '')) {
    const [, keyword, value = ''] = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\s=]+))?$/.exec(word) ?? [];
    if (keyword === undefined || parameters.has(keyword.toUpperCase())) return undefined;
    parameters.set(keyword.toUpperCase(), value);
  }
  return parameters;
}

/** Reads the name after HELO or EHLO: one word, and there must be one (RFC 5321 §4.1.1.1). */
export function understandName(argument: string): Understood<string> {
  const isName = /^\S+$/.test(argument) && !hasControls(argument);
  return isName ? { value: argument } : { refusal: replies.sayHelo };
}

/** AUTH names a mechanism, and may bring the first answer along (RFC 4954 §4). */
export interface Login {
  mechanism: Mechanism;
  /** In base64. */
  answer: string | undefined;
}

export function understandLogin(argument: string): Understood<Login> {
  const [, name, answer] = /^(\S+)(?: +(\S+))?$/.exec(argument) ?? [];
  if (name === undefined) return { refusal: replies.sayAuth };
  const mechanism = mechanisms.find((one) => one === name.toUpperCase());
  return mechanism ? { value: { mechanism, answer } } : { refusal: replies.unknownMechanism };
}

/** What BDAT announces (RFC 3030 §2). */
export interface Chunk {
  octets: number;
  isLast: boolean;
}

export function understandChunk(argument: string): Understood<Chunk> {
  const [, octets, last] = /^(\d{1,15})(?: +(LAST))?$/i.exec(argument) ?? [];
  if (octets === undefined) return { refusal: replies.sayChunk };
  return { value: { octets: Number(octets), isLast: last !== undefined } };
}

/** VRFY wants a word, whichever. */
export function understandWhom(argument: string): Understood<string> {
  return argument === '' ? { refusal: replies.sayWhom } : { value: argument };
}

/** NOOP may be given words, and does not listen (RFC 5321 §4.1.1.9). */
export function understandAnything(argument: string): Understood<string> {
  return { value: argument };
}

/** RSET, DATA and QUIT stand alone. */
export function understandNothing(argument: string): Understood<string> {
  return argument === '' ? { value: '' } : { refusal: replies.noArgument };
}
