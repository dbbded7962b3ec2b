/** Plays a scenario against a server under test, and says what was found. */
import type { Scenario } from '../notation/model.ts';
import type { RunningServer } from '../server/model.ts';
import { emptyMailboxes } from './empty-mailboxes.ts';
import { isFailure, type Failure } from './failure.ts';
import { waitsOf, type Finding, type PlayOptions, type PlayResult } from './model.ts';
import { DEFAULT_LOGINS } from './login.ts';
import { isServed } from './opening.ts';
import { playMoves } from './play-moves.ts';
import { makeRecorder } from './recorder.ts';
import type { LineEnds } from './reply.ts';
import { deathOf, type Play } from './talk.ts';
import { makeTokens, randomToken } from './tokens.ts';

/** How long a slow play waits for replies too many, in all, in milliseconds. */
const SETTLE_IN_ALL = 4000;

/** What a slow play is there to find out: which line it is that gets more than its reply. */
const ABOUT_SURPLUS: ReadonlySet<Finding['key']> = new Set([
  'extraReply',
  'extraReplyAfterText',
  'extraGreeting',
  'extraReplyInTls',
  'replyInText',
  'replyTooEarly',
  'replyUnasked',
  'replyNul',
  'linesAfterReply',
  'linesAfterErr',
  'linesAfterDot',
  'closedInText',
  'serverDied',
  'serverDiedSaying',
] as const);

interface Played {
  steps: PlayResult['steps'];
  failure: Failure | undefined;
  restart: boolean;
}

/**
 * Plays `scenario` once; its findings never throw.
 *
 * A good server is played as fast as it answers. Where a failure looks as if the dialogue was out of
 * step, the scenario is played a second time, with a short wait after each reply: then a second reply
 * shows where it belongs, and not at the command after. The report is of the play that says more.
 */
export async function playScenario(
  scenario: Scenario,
  server: RunningServer,
  options: PlayOptions,
): Promise<PlayResult> {
  const began = performance.now();
  const first = await playOnce(scenario, server, options, false);
  let told = first;
  let { restart } = first;
  // A second play needs what every play begins with.
  const again = first.failure?.suspicious === true && !restart;
  const isEmptied = again && (await emptyMailboxes(scenario, server, options));
  const next = isEmptied || !again ? server : await options.anew?.();
  if (again && next !== undefined) {
    const slow = await playOnce(scenario, next, options, true);
    restart ||= slow.restart;
    if (slow.failure !== undefined && ABOUT_SURPLUS.has(slow.failure.finding.key)) told = slow;
  }
  return {
    ok: told.failure === undefined,
    ...(told.failure && { finding: told.failure.finding }),
    steps: told.steps,
    restart,
    delivery: options.delivery ?? scenario.delivery,
    durationMs: Math.round(performance.now() - began),
  };
}

function lineEndsOf({ lineEnds }: Scenario, { noLineEnds }: PlayOptions): LineEnds {
  if (lineEnds === 'strict') return 'crlf';
  return noLineEnds === true ? 'none' : 'forgiven';
}

async function playOnce(
  scenario: Scenario,
  server: RunningServer,
  options: PlayOptions,
  slow: boolean,
): Promise<Played> {
  const tokens = makeTokens(options.newToken ?? randomToken);
  const recorder = makeRecorder(tokens);
  const delivery = options.delivery ?? scenario.delivery;
  const waits = waitsOf(options);
  let settleLeft = slow ? SETTLE_IN_ALL : 0;
  const play: Play = {
    server,
    stage: options.stage,
    // One command after the other: in a packet of several nobody can say which is answered twice.
    delivery: slow && delivery === 'pipelined' ? 'line' : delivery,
    lineEnds: lineEndsOf(scenario, options),
    silentAtQuit: options.silentAtQuit ?? new Set(),
    waits,
    recorder,
    fillings: { tokens, captured: new Map(), login: options.login ?? DEFAULT_LOGINS },
    settle: () => {
      const settle = Math.min(waits.settle, settleLeft);
      settleLeft -= settle;
      return settle;
    },
  };
  try {
    await playMoves(play, scenario, options.opening);
    return { steps: recorder.steps, failure: undefined, restart: server.ended() !== undefined };
  } catch (error) {
    if (!isFailure(error)) throw error;
    error.finding = {
      ...recorder.about(error.finding),
      ...(error.finding.line && { line: error.finding.line }),
    };
    // A server that said nothing may serve nobody any more.
    const steps = [...recorder.steps];
    const quietly = { ...play, recorder: makeRecorder(tokens) };
    const hangs = error.silent && !(await isServed(quietly, scenario));
    // It was left in the middle of a dialogue. If that kills it, the next scenario is not to blame.
    const died = (await deathOf(server, waits)) !== undefined;
    return { steps, failure: error, restart: hangs || died };
  }
}
