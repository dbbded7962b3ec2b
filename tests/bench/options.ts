/** What can be said on the command line of the bench. */
import { parseArgs } from 'node:util';
import { workloads } from './workloads.ts';

export interface Options {
  help: boolean;
  json: string | undefined;
  /** Ids of workloads, `check` for the times of the check. */
  only: readonly string[];
  rounds: number;
  /** Milliseconds of each measurement, and before it. */
  window: number;
  warmUp: number;
  /** Runs of the check for each stage. */
  checks: number;
}

/** What `--only` takes. */
const PARTS = [...workloads.map(({ id }) => id), 'check'];

const LINE = 'node --import tsx tests/bench/bench.ts';

export const usage = `Usage: ${LINE} [options]

Measures the reference servers, in messages a second, beside the npm package
smtp-server in the same run; and how long the check of a stage takes.

  --quick        fewer and shorter runs: an impression, in a minute
  --only PART    only this part, may be repeated:
                 ${PARTS.slice(0, 4).join(', ')},
                 ${PARTS.slice(4).join(', ')}
  --json FILE    write all figures to a file, too
  --help         this text
`;

/** A mistake of the user: its message is all there is to say. */
export class UsageError extends Error {}

const FULL = { rounds: 5, window: 500, warmUp: 200, checks: 3 };
const QUICK = { rounds: 2, window: 250, warmUp: 150, checks: 1 };

export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options {
  const { quick = false, only = PARTS, json, help = false } = parse(args);
  // Of `npm run bench --quick` nothing but these variables reaches us.
  const swallowed = ['quick', 'only'].find((name) => (env[`npm_config_${name}`] ?? '') !== '');
  if (env.npm_lifecycle_event === 'bench' && swallowed !== undefined && args.length === 0) {
    throw new UsageError(`npm keeps --${swallowed} for itself. Type: ${LINE} --${swallowed}`);
  }
  const unknown = only.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) {
    throw new UsageError(`There is no part "${unknown}". The parts are ${PARTS.join(', ')}.`);
  }
  return { ...(quick ? QUICK : FULL), only, json, help };
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See ${LINE} --help.`);
  }
}
