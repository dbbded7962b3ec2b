/** A dialogue in a report: who said what, and the line that differed with what it should have been. */
import type { Colors } from 'picocolors/types.js';
import { say } from '../catalogue/index.ts';
import type { Key } from '../catalogue/index.ts';
import { patternInWords } from '../player/pattern-words.ts';
import type { ResultStep } from './result.ts';
import { cut, length } from './text.ts';

/** Of a longer dialogue, so many lines of its beginning and its end are shown. */
const HEAD = 8;
const TAIL = 16;

const CONNECTS = 'connects';

const REMARKS: Partial<Record<string, Key>> = {
  connects: 'remarkConnects',
  closes: 'remarkCloses',
  leaves: 'remarkLeaves',
  silence: 'remarkSilence',
  died: 'remarkDied',
  tls: 'remarkTls',
  'tls fails': 'remarkTlsFails',
};

/** The lines of a dialogue up to the one that differed, at most `width` characters each. */
export function dialogueLines(
  steps: readonly ResultStep[],
  width: number,
  colors: Colors,
): string[] {
  const names = new Set(steps.map(({ connection }) => connection));
  const several = names.size > 1;
  const nameWidth = several ? Math.max(...[...names].map(length)) + 1 : 0;
  const told = inShort(steps).filter((step) => several || step.text !== CONNECTS || !step.ok);
  const lines = told.map((step) => stepLines(step, nameWidth, width, colors));
  if (lines.length > HEAD + TAIL + 1) {
    const count = lines.length - HEAD - TAIL;
    const omitted = `${' '.repeat(4 + nameWidth)}${say('reportOmitted', { count })}`;
    lines.splice(HEAD, count, [colors.dim(omitted)]);
  }
  return lines.flat();
}

/** The player's own letters, which a `mail` block sends, are told in a line each where all went well. */
function inShort(steps: readonly ResultStep[]): ResultStep[] {
  return steps.flatMap((step, index) => {
    const { connection } = step;
    if (!/^mail(?:-\d+)?$/.test(connection)) return [step];
    const letter = steps.filter((other) => other.connection === connection);
    if (letter.some(({ ok }) => !ok) || letter.at(-1)?.from !== 'S') return [step];
    if (steps[index - 1]?.connection === connection) return [];
    const rcpt = letter.find(({ from, text }) => from === 'C' && text.startsWith('RCPT'));
    const address = /<(.*)>/.exec(rcpt?.text ?? '')?.[1] ?? '';
    return [{ connection, from: '-', text: say('remarkLetter', { address }), ok: true }];
  });
}

function stepLines(step: ResultStep, nameWidth: number, width: number, colors: Colors): string[] {
  const { connection, from, text, ok } = step;
  const name = nameWidth === 0 ? '' : connection.padEnd(nameWidth);
  // What happened instead of a line happened on the server's side.
  const arrow = { C: 'C →', S: 'S ←', '-': ok ? ' · ' : 'S ←' }[from];
  const room = width - 4 - nameWidth - 4;
  const shown = cut(from === '-' ? remark(text, ok) : text, room);
  if (ok) {
    const line = `    ${name}${arrow} ${shown}`.trimEnd();
    return [from === 'C' ? line : colors.dim(line)];
  }
  const difference = differenceLines(expectedOf(step), shown, room, colors);
  const margin = ' '.repeat(4 + nameWidth + 4);
  const [first, ...rest] = difference;
  return [
    `  ${colors.red('✗')} ${name}${arrow} ${first!}`,
    ...rest.map((line) => `${margin}${line}`),
  ];
}

/** `expected` and `got`, one below the other, so that the difference meets the eye. */
export function differenceLines(
  expected: string,
  got: string,
  width: number,
  colors: Colors,
): string[] {
  const labels = [say('reportExpected'), say('reportGot')];
  const labelWidth = Math.max(...labels.map(length)) + 2;
  const room = width - labelWidth;
  return [
    `${labels[0]!.padEnd(labelWidth)}${colors.green(cut(expected, room))}`,
    `${labels[1]!.padEnd(labelWidth)}${colors.red(cut(got, room))}`,
  ];
}

/** The line of the scenario that was not met, without its `S:`; nothing, if nothing was asked for. */
function expectedOf({ expected, text }: ResultStep): string {
  if (expected === undefined) {
    if (text === 'tls fails') return remark('tls');
    if (text === 'tls') return remark('tls fails');
    return text === CONNECTS ? remark(CONNECTS) : say('reportNothingMore');
  }
  const lines = expected.split('\n').map((line) => line.replace(/^S: ?/, ''));
  return remark(lines.join(', ').replace(PATTERN, (_, source: string) => inWords(source)));
}

/** Behind a code of SMTP. */
const PATTERN = /(?<=\b[\dx]{3}[ -])\/((?:[^/\\]|\\.)+)\//g;

function inWords(source: string): string {
  return patternInWords(new RegExp(source));
}

function remark(text: string, ok = true): string {
  const count = /^octets (\d+)$/.exec(text)?.[1];
  if (count !== undefined) return say('remarkOctets', { count });
  const key = !ok && text === CONNECTS ? 'remarkRefused' : REMARKS[text];
  return key === undefined ? text : say(key);
}
