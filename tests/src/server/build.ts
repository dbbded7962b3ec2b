/** Steps of a manifest that run in the system's shell, once: `build` for the submission, `setup` before a start. */
import { serverEnvironment } from './environment.ts';
import { outputTail } from './output-tail.ts';
import { startShell } from './process-group.ts';
import { shellLine } from './command-line.ts';
import type { PlaceholderValues } from './command-line.ts';
import { Trouble } from './trouble.ts';

/** Milliseconds: a build may compile, a setup only prepares. */
export const BUILD_LIMIT = 120_000;
export const SETUP_LIMIT = 20_000;
const LAST_LINES = 30;

export interface ShellStep {
  /** What it is called in messages. */
  name: 'build' | 'setup';
  line: string;
  cwd: string;
  values: PlaceholderValues;
  env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  limit: number;
}

/** Runs a step to its end. Throws a Trouble with its last lines if it fails or takes too long. */
export async function runShellStep(step: ShellStep): Promise<void> {
  const output = outputTail();
  const line = shellLine(step.line, step.values);
  const group = startShell(line, {
    cwd: step.cwd,
    env: serverEnvironment(step.values, step.env),
    onOutput: (octets) => output.add(octets),
  });
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), step.limit);
  });
  const how = await Promise.race([group.whenEnded, timedOut]);
  clearTimeout(timer);
  if (how !== undefined) await group.drained();
  await group.stop(0);
  if (how === 'exited with code 0') return;
  const values = { step: step.name, command: line, how: how ?? '', seconds: step.limit / 1_000 };
  const key = how === undefined ? 'startStepTooSlow' : 'startStepFailed';
  throw new Trouble(key, values, output.lines(LAST_LINES));
}
