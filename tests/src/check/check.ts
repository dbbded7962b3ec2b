/**
 * The check job: plays the golden scenarios against a server and yields the result. One start of the
 * server serves as many scenarios as it can; a death is told once, and the rest is still graded.
 */
import path from 'node:path';
import { say } from '../catalogue/index.ts';
import type { Delivery, Protocol, Scenario, Stage } from '../notation/model.ts';
import type { playScenario } from '../player/play-scenario.ts';
import { launchOf, readManifest } from '../server/manifest.ts';
import type { Manifest } from '../server/manifest.ts';
import { buildSubmission, startServer } from '../server/start-server.ts';
import { isOfTheServer, Trouble } from '../server/trouble.ts';
import { makeHost } from './host.ts';
import { chooseScenarios, groupByVariant } from './plan.ts';
import type { Group } from './plan.ts';
import { referenceFolder } from './places.ts';
import { playGroup } from './play-group.ts';
import { makeResult } from './result.ts';
import type { Result, ScenarioResult } from './result.ts';

export interface CheckOptions {
  stage: Stage;
  /** All scenarios that there are, as `loadScenarios` reads them. */
  scenarios: readonly Scenario[];
  /** Folder of the server; default: the reference of the stage. */
  dir?: string | undefined;
  /** Default: `stagepost.json` in the folder. */
  manifest?: Manifest | undefined;
  /** Name of the submission in the result; default: that of the folder. */
  submission?: string;
  /** Ids or names of the scenarios to play, and no others. */
  only?: readonly string[];
  /** Instead of each scenario's own. */
  delivery?: Delivery | undefined;
  /** Milliseconds of silence that count as no reply. */
  replyTimeout?: number | undefined;
  /** How many servers may run at once; default 1. Servers with fixed ports run one at a time. */
  parallel?: number;
  /** Called with each result as soon as it is known; in the plan's order, as long as `parallel` is 1. */
  onResult?: (result: ScenarioResult, scenario: Scenario) => void;
  /** Called before a scenario is played. */
  onPlay?: (scenario: Scenario, done: number, all: number) => void;
  /** Plays a scenario; default: the player. */
  play?: typeof playScenario;
}

/**
 * Checks a server. A server that cannot be started or built fails every scenario; a check that cannot
 * be made (no manifest, no such scenario, no Python, a port taken by somebody else) is a Trouble.
 */
export async function runCheck(options: CheckOptions): Promise<Result> {
  const { stage, scenarios, only, onResult } = options;
  const dir = options.dir ?? (await referenceFolder(stage));
  if (dir === undefined) throw new Trouble('checkNoReference', { stage });
  const manifest = options.manifest ?? (await readManifest(dir));
  const chosen = chooseScenarios(scenarios, stage, manifest, only);
  const results = new Map<string, ScenarioResult>();
  const notes = new Set<string>();
  const silentAtQuit = new Map<Protocol, string>();
  const report = (result: ScenarioResult, scenario: Scenario) => {
    results.set(result.id, result);
    onResult?.(result, scenario);
  };

  const built = await buildOnce(manifest, dir);
  try {
    const playOne = (group: Group) => {
      const { variant, passwords } = group;
      const start = () =>
        built.trouble === undefined
          ? startServer(manifest, built.dir, { stage, variant, passwords, built: true })
          : Promise.reject(built.trouble);
      const host = makeHost(start, (note) => notes.add(say(note.key, note.values)));
      const { accounts, login: lines } = launchOf(manifest, variant)!;
      const about = { ...options, login: { accounts, lines }, report, results, silentAtQuit };
      const all = chosen.length;
      return playGroup(group, host, { ...about, all, note: (text) => notes.add(text) });
    };
    const [plain, ...variants] = groupByVariant(chosen, stage);
    const fixed = Object.keys(manifest.ports).length > 0;
    if (plain !== undefined) await playOne(plain);
    await eachOf(variants, fixed ? 1 : (options.parallel ?? 1), playOne);
  } finally {
    await built.remove();
  }
  const submission = options.submission ?? path.basename(path.resolve(dir));
  const inOrder = chosen.map(({ id }) => results.get(id)!);
  return makeResult({ stage, submission, notes: [...notes] }, inOrder);
}

interface Built {
  dir: string;
  trouble: Trouble | undefined;
  remove: () => Promise<void>;
}

/** Runs the manifest's build, if it has one, once for all starts. A failing one fails all scenarios. */
async function buildOnce(manifest: Manifest, dir: string): Promise<Built> {
  const nothing = () => Promise.resolve();
  if (manifest.build === undefined) return { dir, trouble: undefined, remove: nothing };
  try {
    const folder = await buildSubmission(manifest, dir);
    return { dir: folder.server, trouble: undefined, remove: () => folder.remove() };
  } catch (error) {
    if (error instanceof Trouble && isOfTheServer(error))
      return { dir, trouble: error, remove: nothing };
    throw error;
  }
}

/** Does `job` for each item, so many at once. */
async function eachOf<T>(items: readonly T[], atOnce: number, job: (item: T) => Promise<void>) {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await job(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, atOnce) }, worker));
}
