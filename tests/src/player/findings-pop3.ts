/** What is said of replies of several lines in POP3 and of what they hold. As `findings.ts`; pure. */
import type { Key, Value } from '../catalogue/index.ts';
import type { Asked } from './client-side.ts';
import type { ContentDiffers, Difference } from './content.ts';
import { find } from './failure.ts';
import type { Finding } from './model.ts';
import { showLatin1, showLine, withoutLineEnd } from './octets.ts';
import { bringsLines, type TextSize } from './pop3-reply.ts';
import type { Incomplete } from './reply.ts';

/**
 * A reply of several lines has begun, and nothing more comes.
 * @param isClosed The server has hung up.
 */
export function ofNoEnd(
  { lines, rest }: Incomplete,
  command: Value,
  lastWanted: string | undefined,
  isClosed: boolean,
): Finding {
  if (rest.length > 0)
    return find('replyLastLineNoEnd', { command, got: quoted(rest.toString('latin1')) });
  const last = lines.at(-1)!.toString('latin1');
  const dotInLine = lastWanted !== undefined && last === `${lastWanted}.`;
  if (dotInLine) return find('replyDotInLine', { command, got: quoted(last) });
  if (isClosed) return find('closedInReply', { command, got: quoted(last) });
  const [status] = lines;
  if (lines.length === 1) return find('replyNoLines', { command, got: showLine(status!) });
  return find('replyNoLoneDot', { command, got: quoted(last) });
}

export function isStatusLine(octets: Buffer): boolean {
  return /^(?:\+OK|-ERR)(?: |$)/.test(withoutLineEnd(octets).toString('latin1'));
}

/** Lines have come behind a reply that was whole. */
export function ofMoreLines(
  asked: Asked,
  { command, first, line }: { command: Value; first: string; line: Buffer },
): Finding {
  const got = quoted(withoutLineEnd(line).toString('latin1'));
  const values = { command, first, got };
  if (first.startsWith('-ERR')) return find('linesAfterErr', values);
  if (!bringsLines(asked)) return find('linesAfterReply', values);
  return find('linesAfterDot', { command, got });
}

const SENTENCES = {
  changed: 'contentChanged',
  'dot-missing': 'contentDotMissing',
  'dot-ends': 'contentDotEnds',
  'dot-too-many': 'contentDotTooMany',
  ends: 'contentEnds',
  missing: 'contentMissing',
  'too-many': 'contentTooMany',
  'ends-doubled': 'contentEndsDoubled',
  'ends-lost': 'contentEndsLost',
  none: 'contentNone',
} as const satisfies Record<Difference, Key>;

export function ofContent(differs: ContentDiffers, command: Value): Finding {
  const [expected, got] = [quoted(differs.expected), quoted(differs.got)];
  return { key: SENTENCES[differs.how], values: { command, expected, got } };
}

function quoted(line: string | undefined): Value {
  return line === '' ? { key: 'anEmptyLine' } : `“${showLatin1(line ?? '.')}”`;
}

/**
 * The text that came has another size than it should have.
 * @param announced What it should be.
 * @param isWord    It is the server's own word, from an earlier reply.
 */
export function ofOctets(
  announced: number,
  isWord: boolean,
  { octets, lines, stuffed, characters }: TextSize,
  command: Value,
): Finding {
  const values = { command, announced, octets };
  if (!isWord) return find('octetsWrong', values);
  // Only what the numbers prove: a mistake that fits by chance would lead astray.
  const difference = announced - octets;
  const reasons = [
    characters.includes(announced) && find('octetsCharacters', values),
    difference === -lines && find('octetsLineEnds', { ...values, lines }),
    difference === stuffed && find('octetsStuffing', { ...values, lines: stuffed }),
    difference === LONE_DOT && find('octetsLoneDot', values),
  ].filter((reason) => reason !== false);
  return reasons.length === 1 ? reasons[0]! : find('octetsDiffer', values);
}

/** The lone dot with its CR LF, in octets. */
const LONE_DOT = 3;
