/** Is a reply what the scenario wants? Pure. */
import type { ContentLine, Expectation, Part, ReplyPattern } from '../notation/model.ts';
import { ANY, compareContent, linesOf, type ContentDiffers, type WantedLine } from './content.ts';
import type { Reply } from './reply.ts';

export type Verdict =
  | {
      kind: 'right';
      captured: Record<string, string>;
      /** The lines of a reply of several lines in POP3, for those who read of it. */
      seen: string[];
    }
  | { kind: 'wrong-code' }
  /** The code is right, the text is not. */
  | { kind: 'wrong-text' }
  /** A line that the reply must have and has not. */
  | { kind: 'missing-line'; line: string }
  /** The status line is right, but not the lines behind it. */
  | ContentDiffers;

/** The text that parts of a line stand for, an octet a character. */
export type FillIn = (parts: readonly Part[]) => string;

export function judge(expectation: Expectation, reply: Reply, fillIn: FillIn): Verdict {
  const sameCode = expectation.oneOf.filter(({ code }) => codeMatches(code, reply.code));
  if (sameCode.length === 0) return { kind: 'wrong-code' };
  for (const pattern of sameCode) {
    const captured = textMatches(pattern, reply, fillIn);
    if (captured === undefined) continue;
    const missing = expectation.lines.find((line) => !hasLine(reply, line));
    if (missing !== undefined) return { kind: 'missing-line', line: missing };
    const content = judgeContent(expectation.content, reply, fillIn);
    if (content.kind === 'differs') return content;
    return { kind: 'right', captured: { ...captured, ...content.captured }, seen: content.seen };
  }
  return { kind: 'wrong-text' };
}

/** Where the scenario says nothing of the lines, they are passed over. */
function judgeContent(content: ContentLine[] | undefined, reply: Reply, fillIn: FillIn) {
  if (content === undefined) {
    const seen = (reply.content?.length ?? 0) > 0 ? [ANY] : [];
    return { kind: 'right', captured: {}, seen } as const;
  }
  const wanted = content.map((line): WantedLine => {
    return line.type === 'line' ? { type: 'line', text: fillIn(line.parts) } : line;
  });
  return compareContent(linesOf(reply.content ?? Buffer.alloc(0)), wanted);
}

/** `250` matches `250`, and `5xx` every code from 500 to 599. */
export function codeMatches(wanted: string, got: string): boolean {
  if (!/^\d/.test(wanted)) return wanted === got;
  return new RegExp(`^${wanted.replaceAll('x', '\\d')}$`).test(got);
}

/** What the pattern captured; undefined if the text does not match. */
function textMatches(
  { text, words, pattern }: ReplyPattern,
  reply: Reply,
  fillIn: FillIn,
): Record<string, string> | undefined {
  const whole = reply.lines.join('\n');
  if (text !== undefined) return whole === text ? {} : undefined;
  if (words !== undefined) {
    const wanted = Buffer.from(fillIn(words), 'latin1').toString();
    return whole === wanted || whole.startsWith(`${wanted} `) ? {} : undefined;
  }
  if (pattern === undefined) return {};
  for (const candidate of [whole, ...reply.lines]) {
    pattern.lastIndex = 0;
    const match = pattern.exec(candidate);
    if (match !== null) {
      const groups = Object.entries(match.groups ?? {}) as [string, string | undefined][];
      return Object.fromEntries(groups.map(([name, value]) => [name, value ?? '']));
    }
  }
  return undefined;
}

/** A keyword may have arguments: `SIZE 33554432` is a line `SIZE`. Keywords have no case (RFC 5321 §2.4). */
function hasLine(reply: Reply, wanted: string): boolean {
  const word = wanted.toUpperCase();
  return reply.lines.some((line) => {
    const got = line.toUpperCase();
    return got === word || got.startsWith(`${word} `);
  });
}
