/**
 * The beginning and the end of a connection belong to the player: what comes before a dialogue, what
 * comes after it, and whether the server still serves anybody then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Protocol, Scenario } from '../notation/model.ts';
import { hasSaidQuit } from './client-side.ts';
import { failure, find, isFailure } from './failure.ts';
import * as finding from './findings.ts';
import { hear, type Wanted } from './hear.ts';
import { accountFor, loginLines } from './login.ts';
import { FREE_WITHIN, LOOK_AGAIN } from './mailbox-session.ts';
import type { DialogueMove } from './moves.ts';
import { say } from './say.ts';
import { deathOf, openTalk, type Play, type Talk } from './talk.ts';

/**
 * Opens the connection that a move is the first of, and says what comes before it.
 * @param opening What the stage says first in SMTP, if the dialogue does not do that itself.
 * @param talks   The connections of the play by their names; the new one is added.
 */
export async function begin(
  play: Play,
  { connection, protocol, login }: DialogueMove,
  opening: readonly string[] | undefined,
  talks: Map<string, Talk>,
): Promise<Talk> {
  const open = async () => {
    const talk = await openTalk(play, connection, protocol);
    talks.set(connection, talk);
    return talk;
  };
  if (protocol === 'smtp') {
    const talk = await open();
    if (opening !== undefined) await sayOpening(play, talk, '220', '250', opening);
    return talk;
  }
  if (login === undefined) return open();

  const lines = loginLines(accountFor(login, play.fillings.login), play.fillings.login);
  const deadline = performance.now() + FREE_WITHIN;
  for (;;) {
    const firstStep = play.recorder.steps.length;
    const talk = await open();
    try {
      await sayOpening(play, talk, '+OK', '+OK', lines);
      return talk;
    } catch (error) {
      // The client before, of this scenario or of the one before it, may not be forgotten yet.
      const isRefused = isFailure(error) && error.finding.key === 'wrongCode';
      if (!isRefused || performance.now() > deadline) throw error;
      talk.conversation.leave();
      play.recorder.steps.splice(firstStep);
      await delay(LOOK_AGAIN);
    }
  }
}

/** The greeting (RFC 5321 §3.1, RFC 1939 §4), and the lines that come first, each with its reply. */
async function sayOpening(
  play: Play,
  talk: Talk,
  greeting: string,
  reply: string,
  lines: readonly string[],
): Promise<void> {
  const code = (code: string): Wanted => ({
    expectation: { oneOf: [{ code }], orCloses: false, lines: [] },
    words: code,
    source: { source: `S: ${code}` },
    fillIn: () => '',
  });
  await hear(play, talk, code(greeting));
  for (const line of lines) {
    const octets = Buffer.from(`${line}\r\n`);
    await say(play, talk, octets, false, () => {
      play.recorder.sent(talk.name, octets, undefined);
    });
    await hear(play, talk, code(reply));
  }
}

/**
 * Where the dialogue does not take its leave, the player says QUIT, and whatever comes then is
 * nobody's business.
 */
export async function sayGoodbye(play: Play, { over, side, conversation }: Talk): Promise<void> {
  if (over || hasSaidQuit(side)) return;
  await conversation.send(Buffer.from('QUIT\r\n'), play.waits.reply);
  await conversation.nextReply();
}

/** After a hostile scenario a new client must be greeted; its opening and lines are nobody's business. */
export async function stillServed(play: Play, scenario: Scenario): Promise<void> {
  const { server, waits } = play;
  for (const protocol of protocolsOf(scenario)) {
    if (await isGreeted(play, protocol)) continue;
    const death = await deathOf(server, waits);
    const seconds = waits.reply / 1000;
    const key = protocol === 'pop3' ? 'notServedAfterPop3' : 'notServedAfter';
    const found = death ? finding.ofDeath(death, undefined) : find(key, { seconds });
    throw failure(found, { silent: true });
  }
}

/** Is a new connection greeted, in each of the protocols of a scenario? */
export async function isServed(play: Play, scenario: Scenario): Promise<boolean> {
  for (const protocol of protocolsOf(scenario)) {
    if (!(await isGreeted(play, protocol))) return false;
  }
  return true;
}

/** Two programs may serve them, of which one has died. */
function protocolsOf({ blocks }: Scenario): Set<Protocol> {
  return new Set(blocks.flatMap((block) => (block.type === 'dialogue' ? [block.protocol] : [])));
}

/** A new client is greeted; it says QUIT and leaves. */
async function isGreeted(play: Play, protocol: Protocol): Promise<boolean> {
  const { conversation } = await openTalk(play, 'afterwards', protocol).catch(() => ({
    conversation: undefined,
  }));
  if (conversation === undefined) return false;
  const heard = await conversation.nextReply();
  if (heard.kind === 'reply') await conversation.send(Buffer.from('QUIT\r\n'), play.waits.reply);
  conversation.leave();
  return heard.kind === 'reply';
}
