/**
 * The result of a check, `stagepost/result/1`: what the report tells, what `--json` writes, what
 * grading adds up. Sums and counts are computed here and nowhere else.
 */
import { z } from 'zod';
import { STAGES } from '../notation/model.ts';

export const RESULT_SCHEMA = 'stagepost/result/1';

const step = z.strictObject({
  connection: z.string(),
  /** `-` is a remark: connects, closes, silence. */
  from: z.enum(['C', 'S', '-']),
  text: z.string(),
  expected: z.string().optional(),
  ok: z.boolean(),
  /** Exactly these octets were sent; the text shows its line ends. */
  raw: z.literal(true).optional(),
});

const scenario = z.strictObject({
  id: z.string(),
  title: z.string(),
  kind: z.enum(['core', 'extra']),
  /** `skipped`: a scenario named in `needs` failed. `error`: the check could not play it. */
  status: z.enum(['passed', 'failed', 'skipped', 'error']),
  score: z.int().min(0),
  maxScore: z.int().min(0),
  visibility: z.enum(['shown', 'hidden']),
  /** What was found, in words; for `skipped`, why. */
  message: z.string().optional(),
  rule: z.string().optional(),
  hint: z.string().optional(),
  durationMs: z.int().min(0),
  steps: z.array(step),
  /** Line of the scenario file that was not met. */
  line: z.int().min(1).optional(),
  /** What a mailbox should have held and did hold, where a line of it differed. */
  expected: z.string().optional(),
  got: z.string().optional(),
  /** For `skipped`: the scenario that failed. */
  because: z.string().optional(),
});

export const resultSchema = z.strictObject({
  schema: z.literal(RESULT_SCHEMA),
  stage: z.enum(STAGES),
  submission: z.string(),
  /** Are all core scenarios passed? */
  passed: z.boolean(),
  score: z.int().min(0),
  maxScore: z.int().min(0),
  /** What the author should know beside the points, in words. */
  notes: z.array(z.string()),
  /** In the order in which a student meets them. */
  scenarios: z.array(scenario),
});

export type Result = z.output<typeof resultSchema>;
export type ScenarioResult = z.output<typeof scenario>;
export type ResultStep = z.output<typeof step>;

/** Puts the sums to the scenarios. A choice of extras alone (`--only`) is passed when all of them are. */
export function makeResult(
  about: Pick<Result, 'stage' | 'submission' | 'notes'>,
  scenarios: ScenarioResult[],
): Result {
  const core = scenarios.filter(({ kind }) => kind === 'core');
  const deciding = core.length > 0 ? core : scenarios;
  return {
    schema: RESULT_SCHEMA,
    stage: about.stage,
    submission: about.submission,
    passed: deciding.length > 0 && deciding.every(({ status }) => status === 'passed'),
    score: sum(scenarios.map(({ score }) => score)),
    maxScore: sum(scenarios.map(({ maxScore }) => maxScore)),
    notes: about.notes,
    scenarios,
  };
}

export interface Counts {
  all: number;
  passed: number;
  failed: number;
  skipped: number;
  error: number;
  core: number;
  corePassed: number;
}

/** How many scenarios there are of which kind. */
export function countsOf({ scenarios }: Pick<Result, 'scenarios'>): Counts {
  const count = (test: (one: ScenarioResult) => boolean) => scenarios.filter(test).length;
  return {
    all: scenarios.length,
    passed: count(({ status }) => status === 'passed'),
    failed: count(({ status }) => status === 'failed'),
    skipped: count(({ status }) => status === 'skipped'),
    error: count(({ status }) => status === 'error'),
    core: count(({ kind }) => kind === 'core'),
    corePassed: count(({ kind, status }) => kind === 'core' && status === 'passed'),
  };
}

/** Exit code of `check`: 0 all core scenarios passed, 1 some did not. (2: the check could not run.) */
export function exitCodeOf(result: Result): 0 | 1 {
  return result.passed ? 0 : 1;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
