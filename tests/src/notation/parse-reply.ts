/**
 * What a server must answer: the text of an `S:` line. RFC 5321 §4.2: a reply is a code of three
 * digits and a text; of several lines if a hyphen follows the code in all lines but the last.
 * RFC 1939 §3: in POP3 it is +OK or -ERR and a text; for further lines see `parse-content.ts`. RFC
 * 5034 §4: a lone + asks for the next line of a login.
 */
import { ScenarioError, type Place } from './error.ts';
import type { Expectation, Protocol, ReplyPattern } from './model.ts';
import { refuseControls } from './octets.ts';
import { parseParts, type Setting } from './parse-parts.ts';
import { takePattern } from './parse-pattern.ts';

/** `S: 250-SIZE`: a line of a reply that has further ones. */
export interface GroupLine {
  code: string;
  text: string;
}

/** A code, or a class of codes; POP3 has two words (RFC 1939 §3). */
const CODES: Record<Protocol, { pattern: string; example: string }> = {
  smtp: { pattern: '[2-5](?:\\d\\d|xx)', example: '250, or 5xx for any code from 500 to 599' },
  pop3: {
    pattern: '\\+OK|-ERR|\\+',
    example:
      '+OK or -ERR, or + where a login goes on; further lines of a reply stand right behind its `S: +OK`, and end with `S: .`',
  },
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

/** Does the line begin with a code of the protocol? Otherwise, in POP3, it may be a further line. */
export function beginsWithCode(text: string, protocol: Protocol): boolean {
  return new RegExp(`^(?:${CODES[protocol].pattern})(?: |$)`).test(text);
}

/**
 * Reads what stands behind `S: `, but for lines that `groupLine` takes and for further lines in POP3.
 * Alternatives are parted by ` or `, where a code or `closes` follows; so a text may hold the word.
 */
export function parseExpectation(text: string, protocol: Protocol, setting: Setting): Expectation {
  const { place } = setting;
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
    if (rest.startsWith(' /')) {
      const taken = takePattern(rest.slice(1), 'or', place);
      oneOf.push({ code, pattern: taken.pattern });
      capturing.push(...taken.names);
      rest = taken.rest;
    } else {
      const taken = takeText(rest, pattern, place);
      oneOf.push({ code, ...meaning(taken.text, protocol, setting) });
      rest = taken.rest;
    }
    if (rest === '') break;
    rest = rest.slice(' or '.length);
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

/** The text behind a code, and the rest: nothing, or ` or ` and the next alternative. */
function takeText(rest: string, codes: string, place: Place): { text: string; rest: string } {
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
  return { text, rest: rest.slice(own.length) };
}

/** In SMTP a text is wanted to the letter; in POP3 the numbers stand in it, and a remark may follow. */
function meaning(text: string, protocol: Protocol, setting: Setting): Partial<ReplyPattern> {
  if (text === '') return {};
  return protocol === 'pop3' ? { words: parseParts(text, setting) } : { text };
}
