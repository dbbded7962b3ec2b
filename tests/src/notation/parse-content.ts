/**
 * Replies of several lines in POP3, written as they go over the wire (RFC 1939 §3): behind `S: +OK`
 * the lines, with stuffed dots, and a lone dot. They begin with the first `S:` line behind the
 * `S: +OK` that is no code itself, or with an `S raw:` line; from there up to the dot all are lines.
 */
import { ScenarioError, type Place } from './error.ts';
import type { ContentLine, Expectation, Step } from './model.ts';
import { refuseControls } from './octets.ts';
import { parseParts, type Setting } from './parse-parts.ts';
import { namesIn, takePattern } from './parse-pattern.ts';

export type ExpectStep = Extract<Step, { type: 'expect' }>;

/** A reply whose lone dot has not come yet. */
export interface OpenContent {
  /** The reply; its content is filled line by line. */
  step: ExpectStep;
  content: ContentLine[];
  /** The first line as it was written, and where. */
  first: { source: string; line: number };
  /** Names that the reply captures: behind its end they are known, not before. */
  names: string[];
}

const ANY_LINES = '…';

/** Is it a reply to which no lines belong so far? Then an `S:` line without a code is its first. */
export function awaitsContent(step: Step | undefined): step is ExpectStep {
  return step?.type === 'expect' && step.expectation.content === undefined;
}

/** Is it +OK, and nothing else? Only then lines can follow. */
export function isPlainOk({ oneOf, orCloses }: Expectation): boolean {
  return oneOf.length === 1 && oneOf[0]!.code === '+OK' && !orCloses;
}

/** Begins the content of a reply, with the line that is `source`. */
export function openContent(before: Step | undefined, source: string, place: Place): OpenContent {
  if (!awaitsContent(before)) {
    throw new ScenarioError(
      place,
      'the line belongs to no reply',
      'put it behind the `S: +OK` of a reply of several lines, before its `S: .`',
    );
  }
  if (!isPlainOk(before.expectation)) {
    throw new ScenarioError(
      place,
      `\`${source}\` is a further line, and such lines follow only a plain +OK`,
      'write `S: +OK` before it, or, if this is a reply of its own, begin it with +OK or -ERR',
    );
  }
  const content: ContentLine[] = [];
  before.expectation.content = content;
  const names = before.expectation.oneOf.flatMap(({ pattern }) =>
    pattern === undefined ? [] : namesIn(pattern),
  );
  return { step: before, content, first: { source, line: place.line }, names };
}

/**
 * Adds a line to an open content. Answers whether that was its end.
 * @param text What stands behind `S: ` or `S raw: `, with the blanks at its end.
 */
export function addContentLine(
  open: OpenContent,
  text: string,
  source: string,
  setting: Setting,
): boolean {
  const { raw, known } = setting;
  open.step.source += `\n${source}`;
  if (!raw && text.trimEnd() === '.') {
    for (const name of open.names) known.captured.add(name);
    return true;
  }
  open.content.push(contentLine(open, text, setting));
  return false;
}

function contentLine(open: OpenContent, text: string, setting: Setting): ContentLine {
  const { raw, known, place } = setting;
  if (!raw && text.trimEnd() === ANY_LINES) return { type: 'any' };
  if (!raw && text.startsWith('/')) return patternLine(open, text.trimEnd(), place);
  // RFC 1939 §3: a line that begins with a dot has one more on the wire.
  if (/^\.(?![.{])/.test(text)) {
    throw new ScenarioError(
      place,
      `\`${text}\` does not go over the wire like this: a line that begins with a dot has one more there`,
      `write \`${raw ? 'S raw' : 'S'}: .${text}\`, or \`S: .\` alone for the end of the reply`,
    );
  }
  // A reply is looked at as a whole: what it captures itself has no value yet.
  const earlier = [...known.captured].filter((name) => !open.names.includes(name));
  const parts = parseParts(text, { ...setting, known: { ...known, captured: new Set(earlier) } });
  const hasLineFeed = parts.some((part) => 'octets' in part && part.octets.includes(0x0a));
  if (hasLineFeed) {
    throw new ScenarioError(
      place,
      'a line of a reply holds a line feed',
      'write each line on one of its own; what ends it is not written',
    );
  }
  return { type: 'line', parts };
}

function patternLine(open: OpenContent, text: string, place: Place): ContentLine {
  refuseControls(text, place);
  const { pattern, names } = takePattern(text, 'nothing', place);
  const twice = names.find((name) => open.names.includes(name));
  if (twice !== undefined) {
    throw new ScenarioError(
      place,
      `\`${twice}\` is captured twice in one reply`,
      'give each its own name',
    );
  }
  open.names.push(...names);
  return { type: 'pattern', pattern };
}

export function unfinishedContent({ first }: OpenContent, file: string): ScenarioError {
  return new ScenarioError(
    { file, line: first.line },
    `the reply goes on with \`${first.source}\`, which is no code, and does not end`,
    'write `S: .` behind its last line, or, if this is a reply of its own, begin it with +OK or -ERR',
  );
}
