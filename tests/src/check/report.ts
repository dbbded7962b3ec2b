/**
 * The report of a check, for people: pure, from the result and the scenarios to text. Its law is
 * DESIGN.md section 4, point 8: the first failure in full, the others a line each, no wall of red.
 * Every colour has a word or a shape that says the same.
 */
import type { Colors } from 'picocolors/types.js';
import { say } from '../catalogue/index.ts';
import type { Scenario, Stage } from '../notation/model.ts';
import { dialogueLines, differenceLines } from './report-dialogue.ts';
import { byHand, replayCommand } from './replay.ts';
import { countsOf } from './result.ts';
import type { Result, ScenarioResult } from './result.ts';
import { cut, firstSentence, labelled, length, wrap } from './text.ts';

/** Failing extras that are shown although the stage is not passed yet: more would be in the way. */
const FEW_EXTRAS = 3;
/** Ids that the last line names. */
const IDS_NAMED = 4;

export interface ReportOptions {
  stage: Stage;
  /** The folder as it was given, for the lines to copy; undefined for the reference. */
  dir: string | undefined;
  colors: Colors;
  /** Characters in a line; default 80. */
  width?: number;
  /** Show every failure in full. */
  all?: boolean;
  /** Some scenarios were chosen: there is no talk of the stage. */
  chosen?: boolean;
}

/** The whole report. The parts are exported, so that the first failure can be shown at once. */
export function renderReport(
  result: Result,
  scenarios: readonly Scenario[],
  options: ReportOptions,
): string {
  const inFull = toldInFull(result, options.all);
  const failures = inFull.map((one) => renderFailure(one, scenarioOf(one, scenarios), options));
  const told = new Set(inFull.map(({ id }) => id));
  return [
    renderHeader(result.submission, options),
    ...failures,
    renderRest(result, told, options),
  ].join('');
}

export function renderHeader(submission: string, { stage, colors }: ReportOptions): string {
  return `${colors.bold(say('reportHeader', { submission, stage }))}\n\n`;
}

/** The failures that are shown in full: the first core one, or else the first; all, if asked. */
export function toldInFull(result: Pick<Result, 'scenarios'>, all = false): ScenarioResult[] {
  const failed = result.scenarios.filter(({ status }) => status === 'failed');
  if (all) return failed;
  const first = failed.find(({ kind }) => kind === 'core') ?? failed[0];
  return first === undefined ? [] : [first];
}

/** One failure: what is wanted, the dialogue, what differed, the rule, the question, how to replay it. */
export function renderFailure(
  result: ScenarioResult,
  scenario: Scenario | undefined,
  { stage, dir, colors, width = 80 }: ReportOptions,
): string {
  const room = width - 2;
  const key = result.maxScore === 1 ? 'reportFailedOnePoint' : 'reportFailed';
  const { id, kind, maxScore: points } = result;
  const heading = (text: string) => `  ${colors.bold(text)}`;
  const indented = (text: string) => wrap(text, room).map((line) => `  ${line}`);

  const wanted = [...indented(result.title), ...indented(firstSentence(scenario?.prose ?? ''))];
  const dialogue = dialogueLines(result.steps, width, colors);
  const { expected, got } = result;
  const inMailbox =
    expected === undefined || got === undefined ? [] : differenceLines(expected, got, room, colors);
  const advice = ruleAndHint(result, room, colors);
  return block([
    `${colors.red('✗')} ${colors.bold(say(key, { id, kind, points }))}`,
    '',
    ...wanted.filter((line) => line.trim() !== ''),
    ...section(dialogue.length > 0, [heading(say('reportDialogue')), ...dialogue]),
    '',
    heading(say('reportDiffers')),
    ...wrap(result.message ?? '', width - 4).map((line) => `    ${line}`),
    ...inMailbox.map((line, index) => `  ${index === 0 ? colors.red('✗') : ' '} ${line}`),
    ...section(advice.length > 0, advice),
    ...section(true, replayLines(result, scenario, replayCommand(stage, dir, id), colors)),
    '',
  ]);
}

/** Labels in a column, bold, and their texts beside them. */
function ruleAndHint({ rule, hint }: ScenarioResult, room: number, colors: Colors): string[] {
  const entries = [
    { label: say('reportRule'), text: rule },
    { label: say('reportHint'), text: hint },
  ].filter(({ text }) => text !== undefined);
  const width = Math.max(...entries.map(({ label }) => length(label))) + 3;
  return entries.flatMap(({ label, text }) =>
    labelled(label, width, wrap(text!, room - width)).map(
      (line) => `  ${line.replace(label, colors.bold(label))}`,
    ),
  );
}

/** A command to copy is never broken, however long it is. */
function replayLines(
  result: ScenarioResult,
  scenario: Scenario | undefined,
  command: string,
  colors: Colors,
): string[] {
  const again = [`  ${colors.bold(say('reportReplay'))}`, `    ${command}`];
  const hand = scenario === undefined ? undefined : byHand(scenario, result);
  if (hand === undefined) return again;
  if ('reason' in hand) return [...again, `  ${colors.dim(hand.reason)}`];
  const typed = hand.lines.map((line) => `    ${line}`.trimEnd());
  return [...again, `  ${hand.heading}`, ...typed];
}

/** Everything that comes after the failures that are told in full. */
export function renderRest(
  result: Result,
  told: ReadonlySet<string>,
  options: ReportOptions,
): string {
  const { colors, width = 80 } = options;
  const failed = result.scenarios.filter(({ id, status }) => status === 'failed' && !told.has(id));
  const core = failed.filter(({ kind }) => kind === 'core');
  const extra = failed.filter(({ kind }) => kind === 'extra');
  const showExtras = result.passed || extra.length <= FEW_EXTRAS || options.chosen === true;
  const later = say('reportExtrasLater', { count: extra.length });
  const parts = [
    ...errorBlocks(result, width, colors),
    ...listBlock(say('reportOthersCore'), core, width, colors),
    ...(showExtras ? listBlock(say('reportOthersExtra'), extra, width, colors) : []),
    ...(showExtras ? [] : [block([...wrap(later, width).map((line) => colors.dim(line)), ''])]),
    ...skippedBlock(result, showExtras, width, colors),
    ...result.notes.map((note) =>
      block([...labelled(`${say('reportNote')}: `, 6, wrap(note, width - 6)), '']),
    ),
  ];
  return [...parts, totals(result, showExtras, options)].join('');
}

/** What could not be played, each reason once; what needs it could not be played either. */
function errorBlocks(result: Result, width: number, colors: Colors): string[] {
  const errors = result.scenarios.filter(({ status }) => status === 'error');
  return [...byReason(errors, ({ message }) => message ?? '')].map(([message, scenarios]) => {
    const [sentence, ...output] = message.split('\n');
    const ids = new Set(scenarios.map(({ id }) => id));
    const waiting = result.scenarios.filter(({ because }) => ids.has(because ?? ''));
    const values = { count: ids.size + waiting.length, all: result.scenarios.length };
    return block([
      `${colors.red('!')} ${colors.bold(say('reportErrors', values))}`,
      '',
      ...wrap(sentence!, width - 2).map((line) => `  ${line}`),
      ...section(
        output.length > 0,
        output.map((line) => `    ${cut(line, width - 4)}`),
      ),
      '',
    ]);
  });
}

function listBlock(
  head: string,
  scenarios: readonly ScenarioResult[],
  width: number,
  colors: Colors,
): string[] {
  if (scenarios.length === 0) return [];
  const idWidth = Math.max(...scenarios.map(({ id }) => length(id))) + 2;
  const lines = scenarios.map(
    ({ id, title }) =>
      `  ${colors.red('✗')} ${id.padEnd(idWidth)}${cut(title, width - 4 - idWidth)}`,
  );
  return [block([head, ...lines, ''])];
}

/** One quiet line a reason: it is nothing to repair by itself. */
function skippedBlock(
  result: Result,
  showExtras: boolean,
  width: number,
  colors: Colors,
): string[] {
  const scenarios = new Map(result.scenarios.map((one) => [one.id, one]));
  const skipped = result.scenarios
    .filter(({ status }) => status === 'skipped')
    .filter(({ because }) => {
      const reason = scenarios.get(because ?? '');
      return reason?.status === 'failed' && (showExtras || reason.kind === 'core');
    });
  const lines = [...byReason(skipped, ({ because }) => because ?? '')].map(([because, group]) =>
    colors.dim(cut(say('reportSkipped', { count: group.length, because }), width)),
  );
  return lines.length === 0 ? [] : [block([...lines, ''])];
}

function byReason(
  scenarios: readonly ScenarioResult[],
  reasonOf: (one: ScenarioResult) => string,
): Map<string, ScenarioResult[]> {
  const groups = new Map<string, ScenarioResult[]>();
  for (const one of scenarios) {
    const reason = reasonOf(one);
    groups.set(reason, [...(groups.get(reason) ?? []), one]);
  }
  return groups;
}

function totals(result: Result, showExtras: boolean, options: ReportOptions): string {
  const { stage, colors, chosen = false, width = 80 } = options;
  const counts = countsOf(result);
  const { all: count, passed, core, corePassed } = counts;
  const { score, maxScore } = result;
  const everything = passed === count;
  const sign = result.passed ? colors.green('✓') : colors.red('✗');
  if (chosen) {
    const key = everything ? 'reportChoicePassed' : 'reportChoiceNotPassed';
    const mark = everything ? colors.green('✓') : colors.red('✗');
    return `${mark} ${say(key, { count, passed })}\n`;
  }
  if (everything) return `${sign} ${say('reportAllPassed', { stage, count, maxScore })}\n`;
  const verdict = say(result.passed ? 'reportStagePassed' : 'reportStageNotPassed', { stage });
  const open = result.scenarios
    .filter(({ status }) => status === 'failed')
    .filter(({ kind }) => showExtras || kind === 'core')
    .map(({ id }) => id);
  const points = say('reportPoints', { score, maxScore, corePassed, core });
  const names = open.length === 0 ? '' : say('reportNotPassed', { ids: namesOf(open) });
  return block([
    `${sign} ${colors.bold(verdict)}`,
    ...wrap(`${points}${names}`, width - 2).map((line) => `  ${line}`),
  ]);
}

function namesOf(ids: readonly string[]): string {
  const named = ids.slice(0, IDS_NAMED).join(', ');
  const count = ids.length - IDS_NAMED;
  return count <= 0 ? named : say('reportAndMore', { ids: named, count });
}

function section(present: boolean, lines: readonly string[]): string[] {
  return present ? ['', ...lines] : [];
}

function block(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

function scenarioOf({ id }: ScenarioResult, scenarios: readonly Scenario[]): Scenario | undefined {
  return scenarios.find((scenario) => scenario.id === id);
}
