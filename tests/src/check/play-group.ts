/** Plays the scenarios of one variant, in order, on one server or as many as that takes. */
import { say } from '../catalogue/index.ts';
import type { Key } from '../catalogue/index.ts';
import type { Delivery, Port, Protocol, Scenario, Stage } from '../notation/model.ts';
import { emptyMailboxes, usesPop3 } from '../player/empty-mailboxes.ts';
import type { Login } from '../player/login.ts';
import { playScenario } from '../player/play-scenario.ts';
import { waitsOf, type PlayOptions, type PlayResult } from '../player/model.ts';
import { deathOf } from '../player/talk.ts';
import { isOfTheServer, Trouble } from '../server/trouble.ts';
import type { Host } from './host.ts';
import { failedNeed } from './plan.ts';
import type { Group } from './plan.ts';
import type { ScenarioResult } from './result.ts';
import { errorResult, playedResult, skippedResult } from './scenario-result.ts';
import {
  CLIENT_NAME,
  mailWasRefused,
  OPENINGS,
  openingWasRefused,
  verbWanted,
} from './wants-helo.ts';

/** A server that did not start twice in a row is not tried again. */
const FAILED_STARTS = 2;
/** Ends of a server after an ordinary scenario before we believe that it serves one connection only. */
const EARLY_ENDS = 3;
/** A server whose mailboxes could not be emptied twice is started again at once. */
const NOT_EMPTIED = 2;

/** A reply whose line has no end. */
const NO_LINE_END: ReadonlySet<Key | undefined> = new Set(['replyNoEnd', 'replyLastLineNoEnd']);

export interface GroupOptions {
  stage: Stage;
  delivery?: Delivery | undefined;
  replyTimeout?: number | undefined;
  play?: typeof playScenario;
  /** How a mailbox is opened by POP3. */
  login: Login;
  /** How many scenarios there are in all groups. */
  all: number;
  /** Results of all groups so far. */
  results: ReadonlyMap<string, ScenarioResult>;
  /** Protocols in which the server hangs up at QUIT without a word, and the scenarios that found it. */
  silentAtQuit: Map<Protocol, string>;
  report: (result: ScenarioResult, scenario: Scenario) => void;
  note: (text: string) => void;
  onPlay?: (scenario: Scenario, done: number, all: number) => void;
}

export async function playGroup(group: Group, host: Host, options: GroupOptions): Promise<void> {
  const { stage, results, silentAtQuit, report, note } = options;
  const play = options.play ?? playScenario;
  let opening = [...OPENINGS[stage]];
  let probed = false;
  let failedStarts = 0;
  let earlyEnds = 0;
  let lastTrouble: Trouble | undefined;
  let noLineEnds = false;
  let notEmptied = 0;
  /** Ports on which a server that has just been started serves nobody: to start it again would not change that. */
  const missing = new Set<Port>();
  const isMissing = (scenario: Scenario, result: PlayResult): boolean => {
    const port = missingPort(scenario, result);
    return port !== undefined && missing.has(port);
  };

  const anew = async () => {
    await host.drop();
    const server = await host.server();
    host.used();
    return server;
  };

  const playOptions = (): PlayOptions => {
    const { delivery, replyTimeout, login } = options;
    return {
      stage,
      opening,
      login,
      noLineEnds,
      silentAtQuit: new Set(silentAtQuit.keys()),
      anew,
      ...(delivery && { delivery }),
      ...(replyTimeout !== undefined && { replyTimeout }),
    };
  };

  /** A scenario with POP3 begins with empty mailboxes: those of a new server, or emptied ones. */
  const beginEmpty = async (scenario: Scenario): Promise<void> => {
    if (!usesPop3(scenario) || missing.has('pop3') || host.isFresh() || host.hasEnded()) return;
    if (notEmptied < NOT_EMPTIED) {
      const server = await host.server();
      if (await emptyMailboxes(scenario, server, playOptions())) return;
      // A server for one connection cannot be asked to delete, and ends of that, or has ended before.
      const hasDied = (await deathOf(server, waitsOf(playOptions()))) !== undefined;
      if (hasDied) earlyEnds++;
      else notEmptied++;
    }
    await host.drop();
  };

  const playOn = async (scenario: Scenario): Promise<PlayResult> => {
    if (host.hasEnded()) earlyEnds++;
    if (scenario.fresh && !host.isFresh()) await host.drop();
    await beginEmpty(scenario);
    const server = await host.server();
    const isFresh = host.isFresh();
    failedStarts = 0;
    host.used();
    const result = await play(scenario, server, playOptions());
    const port = missingPort(scenario, result);
    if (isFresh && port !== undefined) missing.add(port);
    // A death that is found is reported; one that is not is counted.
    const isGone = host.hasEnded() && (result.ok || wasNotGreeted(result));
    if (result.restart && !isGone && !isMissing(scenario, result)) await host.drop();
    return result;
  };

  const playFairly = async (scenario: Scenario): Promise<PlayResult> => {
    const wasFresh = host.isFresh();
    let result = await playOn(scenario);
    // The server was gone, or deaf, before this scenario began: that is not this scenario's finding.
    if (!result.ok && !wasFresh && wasNotGreeted(result) && !isMissing(scenario, result)) {
      if (host.hasEnded()) earlyEnds++;
      await host.drop();
      result = await playOn(scenario);
    }
    // One scenario is about line ends. In the others a reply without one is taken as it is.
    const hasNoEnd = NO_LINE_END.has(result.finding?.key);
    if (hasNoEnd && scenario.lineEnds !== 'strict' && !noLineEnds) {
      noLineEnds = true;
      result = await playOn(scenario);
    }
    if (probed || scenario.opening === 'none') return result;
    const changed = await openingFor(result, stage, host);
    if (changed === undefined) return result;
    probed = true;
    opening = changed.opening;
    if (changed.verb !== undefined) note(say('noteWantsHelo', { verb: changed.verb }));
    return changed.opening.join() === OPENINGS[stage].join() ? result : playOn(scenario);
  };

  for (const scenario of group.scenarios) {
    const because = failedNeed(scenario, results, new Set(silentAtQuit.values()));
    if (because !== undefined) {
      report(skippedResult(scenario, because), scenario);
      continue;
    }
    options.onPlay?.(scenario, results.size, options.all);
    if (lastTrouble !== undefined && failedStarts >= FAILED_STARTS) {
      report(errorResult(scenario, lastTrouble), scenario);
      continue;
    }
    try {
      const result = await playFairly(scenario);
      const silent = hangsUpAtQuit(scenario, result);
      if (silent !== undefined) silentAtQuit.set(silent, scenario.id);
      report(playedResult(scenario, result), scenario);
    } catch (error) {
      await host.drop();
      if (error instanceof Trouble) {
        if (!isOfTheServer(error)) throw error;
        failedStarts++;
        lastTrouble = error;
      }
      report(errorResult(scenario, error), scenario);
    }
  }
  if (earlyEnds >= EARLY_ENDS) note(say('noteOneConnection'));
  await host.drop();
}

/** Nobody accepts a connection on one of the ports. */
const NOBODY_ON: ReadonlySet<Key | undefined> = new Set([
  'nobodyAcceptsPop3',
  'nobodyAcceptsPop3Untold',
  'nobodyAcceptsPort',
  'nobodyAcceptsPortUntold',
]);

/** The port on which nobody accepts a connection, not even the first of the scenario. */
function missingPort({ blocks }: Scenario, { finding, steps }: PlayResult): Port | undefined {
  if (!NOBODY_ON.has(finding?.key)) return undefined;
  const port = (finding!.values.port ?? 'pop3') as Port;
  const others = blocks.flatMap((block) =>
    block.type === 'dialogue' && block.port !== port ? [block.connection] : [],
  );
  const isServed = steps.some(
    ({ connection, from }) => from === 'S' && !others.includes(connection),
  );
  return isServed ? undefined : port;
}

/**
 * The protocol in which the server closes the connection instead of answering QUIT. Only a dialogue that
 * says nothing else tells: elsewhere it may be what came before QUIT that it stumbles over.
 */
function hangsUpAtQuit({ blocks }: Scenario, { finding, steps }: PlayResult): Protocol | undefined {
  if (finding?.key !== 'closedInstead' || finding.values.command !== 'QUIT') return undefined;
  const { connection } = steps[finding.step!]!;
  const said = steps.filter((step) => step.connection === connection && step.from === 'C');
  if (said.filter(({ line }) => line !== undefined).length !== 1) return undefined;
  const block = blocks.find((one) => one.type === 'dialogue' && one.connection === connection);
  return block?.type === 'dialogue' ? block.protocol : undefined;
}

function wasNotGreeted({ steps }: PlayResult): boolean {
  return !steps.some(({ from }) => from === 'S');
}

/**
 * What to say after the greeting, if this play failed by that alone: DESIGN.md section 4, point 4.
 * Undefined if it did not.
 */
async function openingFor(
  result: PlayResult,
  stage: Stage,
  host: Host,
): Promise<{ opening: string[]; verb?: string } | undefined> {
  if (stage === 'v1') {
    if (!mailWasRefused(result)) return undefined;
    const verb = await verbWanted(host);
    return verb === undefined ? { opening: [] } : { opening: [`${verb} ${CLIENT_NAME}`], verb };
  }
  // HELO is no condition of MAIL: without it, only the scenarios about HELO need fail.
  return openingWasRefused(result) ? { opening: [] } : undefined;
}
