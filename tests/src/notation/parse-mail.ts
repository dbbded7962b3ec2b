/**
 * A fence `mail ADDRESS [from ADDRESS] [raw]` and its lines: a message that the player sends as a
 * mail program does. It is rewritten as the dialogue in SMTP that it is, each line at its place.
 */
import { ScenarioError, type Place } from './error.ts';
import { unescapeOctets } from './octets.ts';
import { fenceInside, isFence, type WrittenLine } from './parse-dialogue.ts';

interface Envelope {
  to: string;
  from: string;
  raw: boolean;
}

const USUAL_SENDER = 'alice@example.com';
const OPTIONS = ['from', 'raw'];

/**
 * @param words The words of the fence behind `mail`.
 * @param lines The lines between the fences: the message, head and text.
 * @param place The place of the opening fence.
 */
export function mailAsDialogue(words: string[], lines: string[], place: Place): WrittenLine[] {
  const { to, from, raw } = envelopeOf(words, place);
  if (lines.length === 0) {
    throw new ScenarioError(
      place,
      'the message holds no line',
      'write what is sent, with {token} in it, or remove the block',
    );
  }
  const first = place.line;
  const last = first + lines.length + 1;
  const at = (line: number, ...texts: string[]) => texts.map((text) => ({ text, line }));
  return [
    ...at(first, `C: MAIL FROM:<${from}>`, 'S: 250', `C: RCPT TO:<${to}>`, 'S: 250 or 251'),
    ...at(first, 'C: DATA', 'S: 354'),
    ...lines.flatMap((text, index) => {
      const line = first + 1 + index;
      return at(line, textLine(text, raw, { file: place.file, line }));
    }),
    ...at(last, 'C: .', 'S: 250', 'C: QUIT', 'S: 221'),
  ];
}

function envelopeOf([to, ...options]: string[], place: Place): Envelope {
  if (to === undefined || OPTIONS.includes(to) || !isAddress(to)) {
    throw new ScenarioError(
      place,
      'the fence does not say to whom the message goes',
      'write one address without angle brackets, as in ```mail bob@example.com',
    );
  }
  let from: string | undefined;
  let raw = false;
  while (options.length > 0) {
    const option = options.shift()!;
    const sender = option === 'from' ? options.shift() : undefined;
    if (option === 'raw' && !raw) raw = true;
    else if (sender !== undefined && isAddress(sender) && from === undefined) from = sender;
    else {
      throw new ScenarioError(
        place,
        `\`${sender === undefined ? option : `${option} ${sender}`}\` says nothing here`,
        'behind the address there may be, once each, `from carol@example.com` and `raw`',
      );
    }
  }
  return { to, from: from ?? USUAL_SENDER, raw };
}

function isAddress(word: string): boolean {
  return /^[^\s<>{}]+$/.test(word);
}

/** A line of the message as a line of the dialogue. `repeat N` and `end` are the notation's own. */
function textLine(text: string, raw: boolean, place: Place): string {
  if (/^(?:repeat +\d+|end)\s*$/.test(text)) return text;
  if (isFence(text)) throw fenceInside(place);
  const stuffed = beginsWithDot(text, raw) ? `.${text}` : text;
  if (!raw) return stuffed === '' ? 'C:' : `C: ${stuffed}`;
  const octets = unescapeOctets(text, place);
  if (octets.includes(0x0d) || octets.includes(0x0a)) {
    throw new ScenarioError(
      place,
      'a line of the message holds a CR or LF of its own',
      'write each line on one of its own; for a stray one, write the dialogue in a fence ```smtp',
    );
  }
  return `C raw: ${stuffed}\\r\\n`;
}

/** RFC 5321 §4.5.2: such a line is sent with one more dot. The dot may be repeated, or an escape. */
function beginsWithDot(text: string, raw: boolean): boolean {
  const repeated = /^\{"([^"]*)"\s*\*\s*\d+\}/.exec(text)?.[1];
  return (raw ? /^(?:\.|\\x2e)/i : /^\./).test(repeated ?? text);
}
