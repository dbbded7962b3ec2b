/** Keeps the lines of a play as people read them: the same in every run. */
import type { Expectation } from '../notation/model.ts';
import { ANY } from './content.ts';
import type { FillIn } from './judge.ts';
import type { ExpectStep, PlainStep, SendStep } from './moves.ts';
import type { Finding, PlayedStep } from './model.ts';
import { showLatin1, showLine, withoutLineEnd } from './octets.ts';
import { patternInWords } from './pattern-words.ts';
import type { Tokens } from './tokens.ts';

/** The line of the scenario that a step was asked for by; the player's own opening has none. */
export interface Source {
  source: string;
  line?: number;
}

export interface Recorder {
  readonly steps: PlayedStep[];
  sent(connection: string, octets: Buffer, step: Pick<SendStep, 'crlf' | 'line'> | undefined): void;
  /** Each line of a reply; what was expected stands beside the last. */
  replied(connection: string, raw: Buffer[], expected: Source | undefined, ok: boolean): void;
  /** What follows a status line in POP3: lines, and the lone dot; or the lines up to one that differs. */
  content(connection: string, seen: string[], differs?: { got: string; expected: Source }): void;
  remark(connection: string, text: string, ok: boolean, expected?: Source): void;
  /** The finding, in neutral words, about the line that was recorded last. */
  about(finding: Finding): Finding;
}

export function makeRecorder(tokens: Tokens): Recorder {
  const steps: PlayedStep[] = [];
  const text = (octets: Buffer) => tokens.neutral(showLine(octets));
  const asked = (by: Source | undefined): Pick<PlayedStep, 'expected' | 'line'> => ({
    ...(by && { expected: tokens.neutral(by.source) }),
    ...(by?.line !== undefined && { line: by.line }),
  });
  return {
    steps,
    sent(connection, octets, step) {
      const raw = step?.crlf === false;
      steps.push({
        connection,
        from: 'C',
        text: text(raw ? octets : withoutLineEnd(octets)),
        ...(raw && { raw: true as const }),
        ...(step && { line: step.line }),
        ok: true,
      });
    },
    replied(connection, raw, expected, ok) {
      for (const [index, line] of raw.entries()) {
        const last = index === raw.length - 1;
        const step: PlayedStep = { connection, from: 'S', text: text(line), ok: ok || !last };
        steps.push(last ? { ...step, ...asked(expected) } : step);
      }
    },
    content(connection, seen, differs) {
      const line = (octets: string) => text(Buffer.from(octets, 'latin1'));
      const right = differs === undefined ? [...seen, '.'] : seen;
      for (const one of right) {
        const shown = one === ANY ? one : line(one);
        steps.push({ connection, from: 'S', text: shown, ok: true });
      }
      if (differs === undefined) return;
      const shown = { connection, from: 'S' as const, text: line(differs.got) };
      steps.push({ ...shown, ...asked(differs.expected), ok: false });
    },
    remark(connection, remark, ok, expected) {
      steps.push({ connection, from: '-', text: remark, ...asked(expected), ok });
    },
    about(finding) {
      const values = Object.entries(finding.values).map(([name, value]) => [
        name,
        typeof value === 'string' ? tokens.neutral(value) : value,
      ]);
      const last = steps.at(-1);
      return {
        key: finding.key,
        values: Object.fromEntries(values) as Finding['values'],
        ...(last?.ok === false && { step: steps.length - 1 }),
        ...(last?.ok === false && last.line !== undefined && { line: last.line }),
      };
    },
  };
}

const PATTERN = /\/((?:[^/\\]|\\.)+)\//g;

const inWords = (_: string, source: string): string => patternInWords(new RegExp(source));

/** `250 or 251`: what an expectation says, without its `S: `. */
export function wanted(step: ExpectStep): string {
  return step.source
    .split('\n')
    .map((line) => line.replace(/^S: */, '').replaceAll(PATTERN, inWords))
    .join(', ');
}

/** The same for a status line of POP3, with its placeholders filled in: `+OK 1 120`. */
export function wantedStatus({ oneOf, orCloses }: Expectation, fillIn: FillIn): string {
  const replies = oneOf.map(({ code, words, pattern }) => {
    if (words !== undefined) return `${code} ${showLatin1(fillIn(words))}`;
    return pattern === undefined ? code : `${code} ${patternInWords(pattern)}`;
  });
  return [...replies, ...(orCloses ? ['closes'] : [])].join(' or ');
}

export function sourceOf(step: PlainStep): Source {
  return { source: step.source, line: step.line };
}
