/**
 * What a client sends, and in POP3 what must come back: a text, cut at its placeholders. They are
 * filled in when the scenario is played, because a token is new for every play.
 */
import { ScenarioError, type Place } from './error.ts';
import type { Part } from './model.ts';
import { octetsOf, refuseControls, unescapeOctets } from './octets.ts';

/** What the lines before have made known, over all blocks of the scenario. */
export interface Known {
  /** Names that the patterns of earlier replies capture. */
  captured: Set<string>;
  /** Tokens that have been sent: `token`, `token.2`. */
  tokens: Set<string>;
}

/** Where a text with placeholders stands. */
export interface Setting {
  /** Who says it. A token that the server shall say must have been sent to it before. */
  from: 'C' | 'S';
  /** The text has escapes. */
  raw: boolean;
  /** How many `repeat`s it stands in: `{n}` means something from 1 on. */
  depth: number;
  /** What may be named; tokens that the client sends are added. */
  known: Known;
  place: Place;
}

/** More than this in one line is a slip: it would be held in memory. In octets. */
const MOST_OCTETS = 256 * 1024 * 1024;

const NUL = Uint8Array.of(0);

/** The pieces of a text. Throws a ScenarioError at `setting.place` for a placeholder that says nothing. */
export function parseParts(text: string, setting: Setting): Part[] {
  const { raw, place } = setting;
  refuseControls(text, place);
  const octets = (piece: string): Uint8Array =>
    raw ? unescapeOctets(piece, place) : octetsOf(piece);
  const parts: Part[] = [];
  let literalFrom = 0;
  let at = text.indexOf('{');
  while (at !== -1) {
    const found = placeholderAt(text.slice(at), octets, setting);
    if (found !== undefined) {
      if (at > literalFrom) {
        parts.push({ type: 'octets', octets: octets(text.slice(literalFrom, at)) });
      }
      parts.push(found.part);
      literalFrom = at + found.length;
    }
    at = text.indexOf('{', found === undefined ? at + 1 : literalFrom);
  }
  if (literalFrom < text.length) {
    parts.push({ type: 'octets', octets: octets(text.slice(literalFrom)) });
  }
  return parts;
}

/** The placeholder that a text beginning with `{` begins with; nothing if the brace is only a brace. */
function placeholderAt(
  text: string,
  octets: (piece: string) => Uint8Array,
  setting: Setting,
): { part: Part; length: number } | undefined {
  const { place } = setting;
  const times = /^\{"([^"]*)"\s*\*\s*(\d+)\}/.exec(text);
  if (times !== null) {
    const repeated = octets(times[1]!);
    return { part: repetition(repeated, Number(times[2]), place), length: times[0].length };
  }
  if (/^\{"[^"]*"\s*[*x×]/.test(text)) {
    throw new ScenarioError(
      place,
      `\`${firstBraces(text)}\` repeats nothing`,
      'write {"the text" * 2000}, and \\x22 in a raw line for a quote inside',
    );
  }
  const encoded = /^\{base64 "([^"]*)"\}/.exec(text);
  if (encoded !== null) {
    const parts = parseParts(encoded[1]!, { ...setting, raw: true });
    return { part: { type: 'base64', parts }, length: encoded[0].length };
  }
  if (/^\{base64\b/.test(text)) {
    throw new ScenarioError(
      place,
      `\`${firstBraces(text)}\` says nothing to encode`,
      'write {base64 "the text"}, with \\0 for NUL and \\x22 for a quote inside',
    );
  }
  const named =
    /^\{(token[^{}\s]*|(?:user|password|auth|user64|password64)\.[^{}\s]*|[a-z]+)\}/.exec(text);
  if (named === null) return undefined;
  return { part: namedPart(named[1]!, setting), length: named[0].length };
}

function repetition(octets: Uint8Array, times: number, place: Place): Part {
  if (octets.length === 0 || times === 0) {
    throw new ScenarioError(place, 'the repetition is empty', 'name a text and a count from 1');
  }
  if (octets.length * times > MOST_OCTETS) {
    throw new ScenarioError(
      place,
      `the repetition makes more than ${MOST_OCTETS} octets`,
      'ask for less; the limits that servers keep are far below',
    );
  }
  return { type: 'times', octets, times };
}

function namedPart(name: string, { from, depth, known, place }: Setting): Part {
  const word = `{${name}}`;
  if (name === 'n') {
    if (depth > 0) return { type: 'counter' };
    throw new ScenarioError(
      place,
      '{n} counts the rounds of a `repeat`, and there is none around it',
      'put the line between `repeat 100` and `end`, or take the placeholder out',
    );
  }
  if (name === 'token' || /^token\.([2-9]|[1-9]\d+)$/.test(name)) {
    if (from === 'S' && !known.tokens.has(name)) {
      throw new ScenarioError(
        place,
        `no line before this one sends ${word}, so it cannot come back`,
        'put it into the message that is meant, or take the placeholder out',
      );
    }
    known.tokens.add(name);
    return { type: 'token', name };
  }
  const [what, who] = name.split('.');
  const account = who === undefined ? undefined : ACCOUNT_WORDS.get(what!);
  if (account !== undefined) {
    if (/^[a-z]+$/.test(who!)) return account(who!);
    throw new ScenarioError(
      place,
      `${word} names nobody`,
      `write {${what}.bob} for bob@example.com: one word in lower-case letters`,
    );
  }
  if (known.captured.has(name)) return { type: 'captured', name };
  throw new ScenarioError(
    place,
    `nothing is known under the name ${word}`,
    adviceOnName(name, from),
  );
}

/** What may be said of somebody, by the word before the dot. */
const ACCOUNT_WORDS = new Map<string, (name: string) => Part>([
  ['user', (name) => ({ type: 'account', what: 'user', name })],
  ['password', (name) => ({ type: 'account', what: 'password', name })],
  ['user64', (name) => base64({ type: 'account', what: 'user', name })],
  ['password64', (name) => base64({ type: 'account', what: 'password', name })],
  // RFC 4616 §2: an empty authorization identity, then who it is and the password, each behind NUL.
  [
    'auth',
    (name) =>
      base64(
        { type: 'octets', octets: NUL },
        { type: 'account', what: 'user', name },
        { type: 'octets', octets: NUL },
        { type: 'account', what: 'password', name },
      ),
  ],
]);

function base64(...parts: Part[]): Part {
  return { type: 'base64', parts };
}

function adviceOnName(name: string, from: Setting['from']): string {
  if (name.startsWith('token.')) {
    return 'the first token is {token}, the further ones are {token.2}, {token.3}';
  }
  if (ACCOUNT_WORDS.has(name)) return `say whose it is, as in {${name}.bob}`;
  return from === 'C'
    ? `capture it before, as in \`S: 250 /(?<${name}>\\w+)/\`, or, if braces are meant, send them by \`C raw:\` as \\x7B${name}\\x7D`
    : `capture it in a reply before this one, as in \`S: +OK /(?<${name}>\\d+)/\`, or, if braces are meant, write a pattern, as in /\\{${name}\\}/`;
}

/** `{…}` up to the first closing brace, for a message. */
function firstBraces(text: string): string {
  const end = text.indexOf('}');
  return end === -1 ? text : text.slice(0, end + 1);
}
