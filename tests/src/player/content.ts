/**
 * The lines of a reply of several lines in POP3: are they what the scenario wants, and if not, where
 * do they differ and how? Pure. Lines are as they go over the wire, with stuffed dots, without their
 * line ends, an octet a character.
 */
import { patternInWords } from './pattern-words.ts';

/** What a line must be, with its placeholders filled in. */
export type WantedLine =
  /** Any number of lines, none too. */
  { type: 'any' } | { type: 'line'; text: string } | { type: 'pattern'; pattern: RegExp };

/** How the lines differ from what is wanted. */
export type Difference =
  /** A line is another. */
  | 'changed'
  /** A line of the message begins with a dot and was sent without one more. */
  | 'dot-missing'
  /** The same, and that line was a lone dot: it ended the reply. */
  | 'dot-ends'
  | 'dot-too-many'
  /** The lines end before this one. */
  | 'ends'
  /** A line is left out; the one behind it is there. */
  | 'missing'
  /** There is a line that should not be there. */
  | 'too-many'
  | 'ends-doubled'
  | 'ends-lost'
  /** None of the lines is there. */
  | 'none';

export interface ContentDiffers {
  kind: 'differs';
  how: Difference;
  /** The line that should be there; absent: the lone dot. */
  expected: string | undefined;
  /** The line that came; absent: the lone dot. */
  got: string | undefined;
  /** The lines that are right, as for a right reply. */
  seen: string[];
}

export type ContentVerdict =
  | {
      kind: 'right';
      captured: Record<string, string>;
      /** The lines that were looked at; `ANY` stands for those that were passed over. */
      seen: string[];
    }
  | ContentDiffers;

/** Stands for lines that are passed over. */
export const ANY = '…';
/** Where the lines differ is looked for in so many of them, at the end: a server may send millions. */
const LOOKED_AT = 20_000;

/** The lines of a content as it came: with CR LF, or with LF alone. */
export function linesOf(content: Buffer): string[] {
  if (content.length === 0) return [];
  // The last line has an end too.
  return content
    .toString('latin1')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
}

/**
 * Are these the lines? `any` takes as few lines as it can; what is behind the last of them must be at
 * the end.
 */
export function compareContent(lines: string[], wanted: readonly WantedLine[]): ContentVerdict {
  const captured: Record<string, string> = {};
  const seen: string[] = [];
  let from = 0;
  for (const stretch of stretchesOf(wanted)) {
    const at = placeOf(stretch, lines, from);
    if (at === undefined) return whatDiffers(stretch, lines, from, seen);
    if (at > from) seen.push(ANY);
    for (const [index, line] of stretch.lines.entries()) {
      const got = lines[at + index]!;
      if (line.type === 'pattern') Object.assign(captured, groupsOf(line.pattern, got));
      seen.push(got);
    }
    from = at + stretch.lines.length;
  }
  return { kind: 'right', captured, seen };
}

/** Lines that follow each other, with or without `any` before and behind them. */
interface Stretch {
  lines: Exclude<WantedLine, { type: 'any' }>[];
  /** Nothing may come before. */
  first: boolean;
  /** Nothing may come behind. */
  last: boolean;
}

function stretchesOf(wanted: readonly WantedLine[]): Stretch[] {
  const stretches: Stretch[] = [{ lines: [], first: true, last: false }];
  for (const line of wanted) {
    if (line.type === 'any') stretches.push({ lines: [], first: false, last: false });
    else stretches.at(-1)!.lines.push(line);
  }
  stretches.at(-1)!.last = true;
  return stretches;
}

/** Where a stretch stands, from a line on; undefined if it does not. */
function placeOf({ lines: wanted, first, last }: Stretch, lines: string[], from: number) {
  const end = lines.length - wanted.length;
  const latest = first ? from : end;
  for (let at = last && !first ? Math.max(from, end) : from; at <= latest; at += 1) {
    if (last && at !== end) return undefined;
    if (wanted.every((line, index) => isLike(line, lines[at + index]))) return at;
  }
  return undefined;
}

function isLike(wanted: WantedLine, got: string | undefined): boolean {
  if (got === undefined) return false;
  if (wanted.type === 'pattern') return groupsOf(wanted.pattern, got) !== undefined;
  return wanted.type === 'any' || wanted.text === got;
}

/** What a pattern captures, if the whole line is like it. */
function groupsOf(pattern: RegExp, line: string): Record<string, string> | undefined {
  const text = Buffer.from(line, 'latin1').toString();
  const match = new RegExp(`^(?:${pattern.source})$`, pattern.flags).exec(text);
  if (match === null) return undefined;
  const groups = Object.entries(match.groups ?? {}) as [string, string | undefined][];
  return Object.fromEntries(groups.map(([name, value]) => [name, value ?? '']));
}

/** What differs, for lines in which a stretch does not stand where it should. */
function whatDiffers(
  stretch: Stretch,
  all: string[],
  from: number,
  before: string[],
): ContentDiffers {
  const { lines: wanted, first } = stretch;
  const skipped = first ? from : Math.max(from, all.length - LOOKED_AT);
  const lines = all.slice(skipped, skipped + LOOKED_AT);
  const long = runTogether(wanted, lines);
  if (long !== undefined) {
    const expected = shownLine(wanted[0]!);
    return { kind: 'differs', how: 'ends-lost', expected, got: long, seen: [...before, ANY] };
  }
  const at = first ? 0 : bestPlace(stretch, lines);
  const index = wanted.findIndex((line, i) => !isLike(line, lines[at + i]));
  // They are all there, but more comes behind them.
  const to = index === -1 ? wanted.length : index;
  const passed = skipped - from + Math.max(0, at) > 0;
  // A stretch may begin before the lines do: then its first ones are missing.
  const place = Math.max(0, at + to);
  const seen = [...before, ...(passed ? [ANY] : []), ...lines.slice(Math.max(0, at), place)];
  const expected = wanted[to] && shownLine(wanted[to]);
  const got = lines[place];
  const how = howDiffers();
  if (how !== 'none') return { kind: 'differs', how, expected, got, seen };
  // Of none of them it is said what came instead.
  const line = wanted.find(isFilled) ?? wanted[0]!;
  return { kind: 'differs', how, expected: shownLine(line), got: lines.at(-1), seen };

  function howDiffers(): Difference {
    if (lineEndsDoubled(wanted, lines)) return 'ends-doubled';
    if (expected === undefined) return 'too-many';
    if (at + to < 0) return 'missing';
    if (got === undefined && expected === '..') return 'dot-ends';
    if (expected.startsWith('..') && got === expected.slice(1)) return 'dot-missing';
    if (expected.startsWith('.') && got === `.${expected}`) return 'dot-too-many';
    const isThere = wanted.some((line, i) => isFilled(line) && isLike(line, lines[at + i]));
    if (!isThere && !first && lines.length > 0) return 'none';
    if (got === undefined) return 'ends';
    const next = wanted[to + 1];
    if (next !== undefined && isLike(next, got)) return 'missing';
    return isLike(wanted[to]!, lines[at + to + 1]) ? 'too-many' : 'changed';
  }
}

/**
 * The place where most lines of a stretch are right: before the first that is not, then in all. It
 * may begin before the lines do.
 */
function bestPlace({ lines: wanted, last }: Stretch, lines: string[]): number {
  const end = lines.length - wanted.length;
  let best = { at: last ? Math.max(0, end) : 0, right: -1, score: 0 };
  for (let at = 1 - wanted.length; at < lines.length; at += 1) {
    const likes = wanted.map((line, index) => isLike(line, lines[at + index]));
    const score = likes.filter((like, index) => like && isFilled(wanted[index]!)).length;
    const wrong = likes.indexOf(false);
    const right = wrong === -1 ? wanted.length : wrong;
    // That some line is empty says the least.
    const isBetter =
      Math.min(score, 1) - Math.min(best.score, 1) || right - best.right || score - best.score;
    if ((right > 0 || score > 0) && isBetter > 0) best = { at, right, score };
  }
  return best.at;
}

/** An empty line is like any other empty line: that says little. */
function isFilled(line: WantedLine): boolean {
  return line.type !== 'line' || line.text !== '';
}

/** CR CR LF leaves a CR, and CR LF CR LF an empty line. */
function lineEndsDoubled(wanted: Stretch['lines'], lines: string[]): boolean {
  if (wanted.filter(isFilled).length < 2) return false;
  const spaced = wanted.flatMap((line, index): Stretch['lines'] =>
    index === 0 ? [line] : [{ type: 'line', text: '' }, line],
  );
  const withoutCr = lines.map((line) => line.replace(/\r$/, ''));
  return stands(spaced, lines) || (!stands(wanted, lines) && stands(wanted, withoutCr));
}

function stands(wanted: Stretch['lines'], lines: string[]): boolean {
  return lines.some((_, at) => wanted.every((line, index) => isLike(line, lines[at + index])));
}

/** All lines in one, with nothing or a blank between them. */
function runTogether(wanted: Stretch['lines'], lines: string[]): string | undefined {
  const texts = wanted.flatMap((line) => (line.type === 'line' ? [line.text] : []));
  if (texts.length < wanted.length || texts.filter((text) => text !== '').length < 2)
    return undefined;
  const joined = ['', ' ', '\r'].map((between) => texts.join(between));
  return lines.find((line) => joined.some((text) => line.includes(text)));
}

function shownLine(line: Exclude<WantedLine, { type: 'any' }>): string {
  return line.type === 'line' ? line.text : patternInWords(line.pattern);
}
