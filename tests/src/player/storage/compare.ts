/**
 * What has become of a text: the mistakes that many servers make have names, and for all others the
 * first line that differs is named. Pure: lines in, a finding out.
 */
import { find } from '../failure.ts';
import type { Finding } from '../model.ts';
import { showLatin1 } from '../octets.ts';
import { findLines } from './lines.ts';

/** A change that a server made to every line: what it makes of a line that was sent. */
type Change = [
  key:
    | 'mailDotsKept'
    | 'mailDotsLost'
    | 'mailEndDotsLost'
    | 'mailLeadingBlanksLost'
    | 'mailTrailingBlanksLost'
    | 'mailCaseChanged',
  change: (line: string) => string,
];

const CHANGES: Change[] = [
  ['mailDotsKept', (line) => line.replace(/^\./, '..')],
  ['mailDotsLost', (line) => line.replace(/^\./, '')],
  ['mailDotsLost', (line) => line.replace(/^\.+/, '')],
  ['mailEndDotsLost', (line) => line.replace(/\.$/, '')],
  ['mailEndDotsLost', (line) => line.replace(/\.+$/, '')],
  ['mailDotsLost', (line) => line.replaceAll('.', '')],
  ['mailLeadingBlanksLost', (line) => line.replace(/^[ \t]+/, '')],
  ['mailTrailingBlanksLost', (line) => line.replace(/[ \t]+$/, '')],
  ['mailLeadingBlanksLost', (line) => line.trim()],
  ['mailCaseChanged', (line) => line.toLowerCase()],
  ['mailCaseChanged', (line) => line.toUpperCase()],
];

/**
 * What differs, for a text in which the wanted lines do not stand.
 * @param texts   The stored text, in each of the ways in which it can be read.
 * @param wanted  The lines that should stand in it: one at least.
 * @param address Whose mailbox it is, for the sentence.
 */
export function whatDiffers(texts: string[][], wanted: string[], address: string): Finding {
  for (const lines of texts) {
    const known = knownChange(lines, wanted, address);
    if (known !== undefined) return known;
  }
  return firstDifference(texts, wanted, address);
}

function knownChange(lines: string[], wanted: string[], address: string): Finding | undefined {
  for (const [key, change] of CHANGES) {
    const changed = wanted.map(change);
    const at = findLines(lines, changed);
    const first = wanted.findIndex((line, index) => line !== changed[index]);
    if (at !== -1 && first !== -1) return differing(key, wanted, lines, at, first);
  }

  const filled = (all: string[]) => all.filter((line) => line !== '');
  // Each line end doubled: CR CR LF leaves a CR, LF LF leaves an empty line.
  const noCr = lines.map((line) => line.replace(/\r$/, ''));
  const spaced = wanted.flatMap((line, index) => (index === 0 ? [line] : ['', line]));
  if (findLines(noCr, wanted) !== -1 || (wanted.length > 1 && findLines(noCr, spaced) !== -1))
    return find('mailLineEndsDoubled', { address });
  if (
    wanted.includes('') &&
    findLines(filled(lines), filled(wanted)) !== -1 &&
    filled(wanted).length > 0
  )
    return find('mailEmptyLinesLost', { address });
  if (wanted.length > 1 && lines.some((line) => runsTogether(line, wanted)))
    return find('mailLineEndsLost', { address, expected: showLatin1(wanted[0]!) });

  const eightBit = eightBitChange(lines, wanted);
  if (eightBit !== undefined) return differing('mailEightBit', wanted, lines, ...eightBit);
  return undefined;

  function differing(
    key: Change[0] | 'mailEightBit',
    all: string[],
    got: string[],
    at: number,
    index: number,
  ): Finding {
    const values = { expected: showLatin1(all[index]!), got: showLatin1(got[at + index]!) };
    return find(key, { address, ...values });
  }
}

/** All lines in one, with nothing or a blank between them. */
function runsTogether(line: string, wanted: string[]): boolean {
  return ['', ' ', '\r', '\\n', '\\r\\n'].some((between) => line.includes(wanted.join(between)));
}

/**
 * Lines that are right but for their octets above 127: replaced by `?` or U+FFFD, encoded a second
 * time, cut to seven bits, left out. Where they stand, and the first such line.
 */
function eightBitChange(
  lines: string[],
  wanted: string[],
): [at: number, index: number] | undefined {
  const first = wanted.findIndex((line) => /[\x80-\xff]/.test(line));
  if (first === -1) return undefined;
  const patterns = wanted.map((line) => {
    const parts = line
      .split(/[\x80-\xff]+/)
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 's');
  });
  const at = lines.findIndex((_, from) =>
    patterns.every((pattern, index) => pattern.test(lines[from + index] ?? '\n')),
  );
  // What is said of the first is not true if it is a later one that has changed.
  const changed = wanted.findIndex((line, index) => at !== -1 && line !== lines[at + index]);
  return at === -1 || changed === -1 ? undefined : [at, changed];
}

/** The reading and the place where most of the wanted lines stand, and the first that does not. */
function firstDifference(texts: string[][], wanted: string[], address: string): Finding {
  // How many lines are right before the first that is not, and how many in all.
  let best = { right: 0, score: 0, lines: texts[0] ?? [], at: -1 };
  for (const lines of texts) {
    for (let at = 1 - wanted.length; at < lines.length; at += 1) {
      const score = wanted.filter(
        (line, index) => line !== '' && lines[at + index] === line,
      ).length;
      const wrong = wanted.findIndex((line, index) => lines[at + index] !== line);
      const right = score === 0 ? 0 : wrong;
      if (right > best.right || (right === best.right && score > best.score))
        best = { right, score, lines, at };
    }
  }
  const { lines, at, score } = best;
  const shown = (line: string | undefined) => showLatin1(line ?? '');
  if (score === 0) {
    const line = wanted.find((wish) => wish !== '') ?? '';
    return find('mailLineLost', { address, expected: shown(line) });
  }
  const index = wanted.findIndex((line, i) => lines[at + i] !== line);
  const expected = shown(wanted[index]);
  const got = lines[at + index];
  const isLast = index === wanted.length - 1;
  if (wanted.length > 1 && index === 0 && score === wanted.length - 1)
    return find('mailFirstLineLost', { address, expected });
  if (wanted.length > 1 && isLast && (got === undefined || got.trim() === ''))
    return find('mailLastLineLost', { address, expected });
  if (got === undefined) return find('mailLineLost', { address, expected });
  // The line after it stands in its place: it is not changed, but gone.
  if (!isLast && got === wanted[index + 1]) return find('mailLineLost', { address, expected });
  return find('mailLineChanged', { address, expected, got: shown(got) });
}
