/**
 * What a server must answer: the text of an `S:` line. RFC 5321 §4.2: a reply is a code of three
 * digits and a text; of several lines if a hyphen follows the code in all lines but the last.
 */
import { ScenarioError, type Place } from './error.ts';
import type { Expectation, Protocol, ReplyPattern } from './model.ts';
import { refuseControls } from './octets.ts';

/** `S: 250-SIZE`: a line of a reply that has further ones. */
export interface GroupLine {
  code: string;
  text: string;
}

/** A code, or a class of codes; POP3 has two words (RFC 1939 §3). */
const CODES: Record<Protocol, { pattern: string; example: string }> = {
  smtp: { pattern: '[2-5](?:\\d\\d|xx)', example: '250, or 5xx for any code from 500 to 599' },
  pop3: { pattern: '\\+OK|-ERR', example: '+OK or -ERR' },
  imap: { pattern: 'OK|NO|BAD', example: 'OK, NO or BAD' },
};

/** The line as `250-TEXT`, if it is one that further lines must follow. */
export function groupLine(text: string, place: Place): GroupLine | undefined {
  const found = /^([2-5](?:\d\d|xx))-(.*)$/su.exec(text);
  if (found === null) return undefined;
  const [, code, line] = found;
  if (code!.endsWith('xx') || line!.trim() === '') {
    throw new ScenarioError(
      place,
      `\`S: ${text}\` says too little about a line of the reply`,
      'write the code and the text of the line, as in `S: 250-SIZE`',
    );
  }
  refuseControls(text, place);
  return { code: code!, text: line! };
}

/**
 * Reads what stands behind `S: `, but for lines that `groupLine` takes.
 * Alternatives are parted by ` or `, where a code or `closes` follows; so a text may hold the word.
 */
export function parseExpectation(text: string, protocol: Protocol, place: Place): Expectation {
  refuseControls(text, place);
  const { pattern, example } = CODES[protocol];
  const oneOf: ReplyPattern[] = [];
  const capturing: string[] = [];
  let orCloses = false;
  let rest = text;
  for (;;) {
    if (rest === 'closes') {
      if (oneOf.length === 0) {
        throw new ScenarioError(place, '`S: closes` names no reply', 'write `closes` alone');
      }
      orCloses = true;
      break;
    }
    const code = new RegExp(`^(${pattern})(?= |$)`).exec(rest)?.[1];
    if (code === undefined) {
      throw new ScenarioError(
        place,
        rest === '' ? 'the reply has no code' : `\`${rest}\` does not begin with a reply code`,
        `write ${example}`,
      );
    }
    rest = rest.slice(code.length);
    const taken = rest.startsWith(' /')
      ? takePattern(code, rest.slice(1), place)
      : takeText(code, rest, pattern, place);
    oneOf.push(taken.reply);
    capturing.push(...taken.names);
    if (taken.rest === '') break;
    rest = taken.rest.slice(' or '.length);
  }
  if (capturing.length > 0 && (oneOf.length > 1 || orCloses)) {
    throw new ScenarioError(
      place,
      `\`${capturing[0]!}\` is captured in one alternative of several`,
      'capture only where there is one: otherwise nobody knows whether the name has a value',
    );
  }
  return { oneOf, orCloses, lines: [] };
}

interface Taken {
  reply: ReplyPattern;
  names: string[];
  /** Empty, or ` or ` and the next alternative. */
  rest: string;
}

function takeText(code: string, rest: string, codes: string, place: Place): Taken {
  const or = new RegExp(` or (?=(?:${codes})(?: |$)|closes$)`).exec(rest);
  const own = or === null ? rest : rest.slice(0, or.index);
  const text = own.replace(/^ /, '');
  if (/^or\b/.test(text)) {
    throw new ScenarioError(
      place,
      `\`${text}\` names no other reply`,
      'write a code behind each or, as in `S: 250 or 251`, or closes at the end',
    );
  }
  return {
    reply: text === '' ? { code } : { code, text },
    names: [],
    rest: rest.slice(own.length),
  };
}

/** `/pattern/`, with the end or ` or ` behind it; as in JavaScript, `\/` and `[/]` do not end it. */
function takePattern(code: string, rest: string, place: Place): Taken {
  const found = /^\/((?:[^\\/[]|\\.|\[(?:[^\\\]]|\\.)*\])+)\/(?= or |$)/u.exec(rest);
  if (found === null) {
    throw new ScenarioError(
      place,
      `the pattern \`${rest}\` does not end`,
      'write it between two slashes, with \\/ for a slash inside and nothing behind it',
    );
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(found[1]!, 'u');
  } catch (error) {
    throw new ScenarioError(
      place,
      `the pattern cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'write a regular expression of JavaScript',
    );
  }
  const names = namesIn(pattern);
  for (const name of names) {
    if (!/^[a-z]+$/.test(name) || name === 'token' || name === 'n') {
      throw new ScenarioError(
        place,
        `\`${name}\` cannot be used as a placeholder`,
        'capture under one word in lower-case letters other than token and n',
      );
    }
  }
  return { reply: { code, pattern }, names, rest: rest.slice(found[0].length) };
}

/** The names that the pattern captures. */
export function namesIn(pattern: RegExp): string[] {
  // With an empty alternative it matches anything, and the match then lists every group there is.
  const match = new RegExp(`${pattern.source}|`, pattern.flags).exec('');
  return Object.keys(match?.groups ?? {});
}
