/** Is a reply what the scenario wants? Pure. */
import type { Expectation, ReplyPattern } from '../notation/model.ts';
import type { Reply } from './reply.ts';

export type Verdict =
  | { kind: 'right'; captured: Record<string, string> }
  | { kind: 'wrong-code' }
  /** The code is right, the text is not. */
  | { kind: 'wrong-text' }
  /** A line that the reply must have and has not. */
  | { kind: 'missing-line'; line: string };

export function judge(expectation: Expectation, reply: Reply): Verdict {
  const sameCode = expectation.oneOf.filter(({ code }) => codeMatches(code, reply.code));
  if (sameCode.length === 0) return { kind: 'wrong-code' };
  for (const pattern of sameCode) {
    const captured = textMatches(pattern, reply);
    if (captured === undefined) continue;
    const missing = expectation.lines.find((line) => !hasLine(reply, line));
    if (missing !== undefined) return { kind: 'missing-line', line: missing };
    return { kind: 'right', captured };
  }
  return { kind: 'wrong-text' };
}

/** `250` matches `250`, and `5xx` every code from 500 to 599. */
function codeMatches(wanted: string, got: string): boolean {
  return new RegExp(`^${wanted.replaceAll('x', '\\d')}$`).test(got);
}

/** What the pattern captured; undefined if the text does not match. */
function textMatches(
  { text, pattern }: ReplyPattern,
  reply: Reply,
): Record<string, string> | undefined {
  const whole = reply.lines.join('\n');
  if (text !== undefined) return whole === text ? {} : undefined;
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
