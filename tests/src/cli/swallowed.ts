/**
 * npm takes the options of `npm start v2 --strict` for its own: the job never sees them, and a server
 * that is not strict would run under the eyes of somebody who asked for a strict one. All that is left
 * is a variable, `npm_config_strict`. So the job looks for it, and says the line that works.
 */
import { JobError } from './job-error.ts';

export interface KnownOption {
  /** Without its hyphens: `file-by`. */
  name: string;
  takesValue: boolean;
}

/**
 * Words that are options of npm too. The variable of such a one may come from the user's `.npmrc`, on
 * every start and for good, and nothing tells the two apart. To refuse to start because of somebody's
 * settings would be worse than to overhear `npm start --cert`; jobs with options of these names have no
 * npm script, so that nothing is swallowed from them. (The words out of npm's list that could be ours.)
 */
const OPTIONS_OF_NPM = new Set(
  (
    'all before browser ca call cert color depth description diff editor force global include json ' +
    'key link location long message name offline omit only optional os otp package prefix ' +
    'production progress proxy registry save scope shell tag timing usage version which yes'
  ).split(' '),
);

/**
 * Ends the job if npm has swallowed options of it.
 * @param job     Its name, `start`.
 * @param args    What did reach it, without the name.
 * @param options What it knows; options that it does not know are npm's business.
 * @param env     The environment; npm says in it which script it runs.
 * @throws JobError with the line to type.
 */
export function refuseSwallowed(
  job: string,
  args: readonly string[],
  options: readonly KnownOption[],
  env: NodeJS.ProcessEnv = process.env,
): void {
  // Under npx nothing is swallowed. And a program that a script starts (vitest, say) may start the job
  // with a command line of its own: only what npm ran itself is meant.
  const script = env.npm_lifecycle_script ?? '';
  if (env.npm_lifecycle_event === 'npx' || !script.startsWith(`stagepost ${job}`)) return;
  const found = options
    .filter(({ name }) => !OPTIONS_OF_NPM.has(name))
    .map((option) => ({ ...option, value: env[`npm_config_${option.name.replaceAll('-', '_')}`] }))
    // Empty is what `--no-strict` leaves.
    .filter(({ value }) => value !== undefined && value !== '');
  if (found.length === 0) return;
  const names = found.map(({ name }) => `--${name}`).join(' and ');
  throw new JobError(
    `npm keeps ${names} for itself. Type: npx stagepost ${[job, ...rightArgs(args, found)].join(' ')}`,
  );
}

/**
 * The arguments as they were meant. Of `--file-by sender` npm leaves `sender` behind, among the
 * arguments. With one such option the last argument is its value; with several nobody knows whose is
 * whose, and a `…` stands for each.
 */
function rightArgs(
  args: readonly string[],
  found: readonly (KnownOption & { value: string | undefined })[],
): string[] {
  const kept = [...args];
  const values: string[] = [];
  const robbed = found.filter(({ takesValue, value }) => takesValue && value === 'true');
  while (values.length < robbed.length && kept.length > 0 && !/^v\d/.test(kept.at(-1)!)) {
    values.push(kept.pop()!);
  }
  const options = found.flatMap(({ name, takesValue, value }) => {
    if (!takesValue) return [`--${name}`];
    const certain = robbed.length === 1 ? values[0] : undefined;
    return [`--${name}`, value === 'true' ? (certain ?? '…') : value!];
  });
  return [...kept, ...options].map((word) => (/\s/.test(word) ? `"${word}"` : word));
}
