/**
 * The job `check`: plays the golden scenarios against a reference or somebody's own server. What is
 * to be repaired first is shown as soon as it is known; the rest follows at the end.
 */
import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { Colors } from 'picocolors/types.js';
import { runCheck } from '../check/check.ts';
import { explainTrouble } from '../check/explain-trouble.ts';
import { GOLDEN } from '../check/places.ts';
import { renderList } from '../check/report-list.ts';
import { renderFailure, renderHeader, renderRest, toldInFull } from '../check/report.ts';
import type { ReportOptions } from '../check/report.ts';
import { exitCodeOf } from '../check/result.ts';
import { loadScenarios, scenariosFor } from '../notation/load.ts';
import { DELIVERIES } from '../notation/model.ts';
import type { Delivery, Scenario, Stage } from '../notation/model.ts';
import { readManifest, toManifest } from '../server/manifest.ts';
import type { Manifest } from '../server/manifest.ts';
import { Trouble } from '../server/trouble.ts';
import { JobError } from './job-error.ts';
import { STAGE_FOLDERS, stageNamed } from './stages.ts';

interface Options {
  json?: string;
  only?: string[];
  list?: true;
  all?: true;
  manifest?: string;
  start?: string[];
  delivery?: Delivery;
  timeout?: number;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .usage('<stage> [folder] [options]')
    .summary('play the golden scenarios against a server')
    .description(
      'Checks the server in a folder, which says in stagepost.json how it is started; without a ' +
        'folder, the reference of the stage.',
    )
    .argument('<stage>', 'v1, v2, v3 or v4')
    .argument('[folder]', 'where the server lies')
    .option('--only <id...>', 'play these scenarios and no others')
    .option('--list', 'name the scenarios and play none')
    .option('--all', 'show every failure in full')
    .option('--json <file>', 'write the result to a file, too')
    .option('--manifest <file>', 'read this instead of stagepost.json')
    .option('--start <command...>', 'start it so; no stagepost.json is needed then')
    .addOption(
      new Option('--delivery <way>', 'how octets are cut into packets').choices(DELIVERIES),
    )
    .option('--timeout <ms>', 'how long a server may think about a reply (1000)', milliseconds)
    .addHelpText(
      'after',
      `
Examples:
  npx stagepost check v1                      the reference of stage 1
  npx stagepost check v1 ~/mail-server        your own
  npx stagepost check v1 ~/mail-server --only v1/quit
  npx stagepost check v1 . --start "python3 server.py {smtp}"

The exit code is 0 if all core scenarios are passed, 1 if not, 2 if the check could not run.`,
    )
    .action(async (word: string, folder: string | undefined, options: Options) => {
      const stage = stageNamed(word);
      try {
        await (options.list ? list(stage) : check(stage, folder, options));
      } catch (error) {
        if (error instanceof Trouble) throw new JobError(explainTrouble(error, stage));
        throw error;
      }
    });
}

function milliseconds(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new JobError(`--timeout wants a number of milliseconds, not "${text}".`);
}

async function list(stage: Stage): Promise<void> {
  const scenarios = scenariosFor(stage, await loadScenarios(GOLDEN));
  process.stdout.write(renderList(scenarios, { colors: colors() }));
}

async function check(stage: Stage, folder: string | undefined, options: Options): Promise<void> {
  const [scenarios, manifest] = await Promise.all([
    loadScenarios(GOLDEN),
    manifestOf(stage, folder, options),
  ]);
  const chosen = options.only !== undefined;
  const all = options.all === true || chosen;
  const report: ReportOptions = { stage, dir: folder, colors: colors(), all, chosen };
  const progress = makeProgress();
  const told = new Set<string>();
  const tell = (text: string) => {
    progress.clear();
    process.stdout.write(text);
  };

  const submission = folder ?? STAGE_FOLDERS[stage];
  tell(renderHeader(submission, report));
  const result = await runCheck({
    stage,
    scenarios,
    dir: folder,
    manifest,
    only: options.only ?? [],
    delivery: options.delivery,
    replyTimeout: options.timeout,
    // The variants side by side, unless their failures are told as they come: in order, then.
    parallel: all ? 1 : 2,
    onPlay: progress.show,
    onResult(one, scenario) {
      // The first failing core scenario is the first thing to repair, whatever comes after it.
      const first = one.kind === 'core' && told.size === 0;
      if (one.status !== 'failed' || !(first || all)) return;
      told.add(one.id);
      tell(renderFailure(one, scenario, report));
    },
  });
  for (const one of toldInFull(result, all)) {
    // An extra in full, if no core scenario was: told at the end, since a core one might have come.
    if (told.size > 0) break;
    told.add(one.id);
    tell(renderFailure(one, scenarioOf(one.id, scenarios), report));
  }
  tell(renderRest(result, told, report));
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  process.exitCode = exitCodeOf(result);
}

async function manifestOf(
  stage: Stage,
  folder: string | undefined,
  { manifest, start }: Options,
): Promise<Manifest | undefined> {
  if (start !== undefined) return toManifest({ stage, start }, '--start');
  if (manifest !== undefined) return readManifest(folder ?? '.', manifest);
  return folder === undefined ? undefined : readManifest(folder);
}

function scenarioOf(id: string, scenarios: readonly Scenario[]): Scenario | undefined {
  return scenarios.find((scenario) => scenario.id === id);
}

/** Colours where a person looks at them. */
function colors(): Colors {
  const wanted = process.stdout.isTTY || process.env.FORCE_COLOR !== undefined;
  return pc.createColors(pc.isColorSupported && wanted);
}

interface Progress {
  show: (scenario: Scenario, done: number, all: number) => void;
  clear: () => void;
}

/** One line on a terminal, written over and over; nothing elsewhere. */
function makeProgress(): Progress {
  if (!process.stderr.isTTY) return { show: () => undefined, clear: () => undefined };
  return {
    show: ({ id }, done, all) => process.stderr.write(`\r\x1b[K${done} of ${all}  ${id}`),
    clear: () => process.stderr.write('\r\x1b[K'),
  };
}
