/** One play of a scenario: its moves, in their order, on as many connections as they name. */
import type { Scenario } from '../notation/model.ts';
import { groupAt } from './deliveries.ts';
import { failure, find } from './failure.ts';
import { hear, hearClose, hearNothing, type Wanted } from './hear.ts';
import { movesOf, type DialogueMove, type Move } from './moves.ts';
import { sourceOf, wanted } from './recorder.ts';
import { checkMailbox, type MailQuestion } from './storage/check-mailbox.ts';
import { leave, letIn, refuseSurplus, say } from './say.ts';
import { deathOf, openTalk, type Play, type Talk } from './talk.ts';
import * as finding from './findings.ts';
import type { Tokens } from './tokens.ts';

/** Plays a scenario to its end; throws a failure as soon as something is not as it should be. */
export async function playMoves(
  play: Play,
  scenario: Scenario,
  opening: string[],
  tokens: Tokens,
): Promise<void> {
  const moves = movesOf(scenario);
  const talks = new Map<string, Talk>();
  const began = Date.now();
  let lastLine = performance.now();
  try {
    for (let index = 0; index < moves.length;) {
      const move = moves[index]!;
      if (move.type === 'mailbox') {
        await checkMailbox(play, { block: move.block, ...storageQuestion() });
        index += 1;
        continue;
      }
      const talk = talks.get(move.connection) ?? (await begin(move));
      index = talk.over ? index + 1 : await playMove(play, talk, moves, index, tokens);
      lastLine = performance.now();
    }
    for (const talk of talks.values()) {
      if (talk.over) continue;
      await letIn(play, talk);
      refuseSurplus(play, talk, talk.side.partial);
    }
    for (const talk of talks.values()) await sayGoodbye(play, talk);
  } finally {
    for (const talk of talks.values()) talk.conversation.leave();
  }
  if (scenario.hostile) await stillServed(play);

  async function begin(move: DialogueMove): Promise<Talk> {
    const talk = await openTalk(play, move.connection, move.protocol);
    talks.set(move.connection, talk);
    if (scenario.opening === 'stage') await sayOpening(play, talk, opening);
    return talk;
  }

  function storageQuestion(): Omit<MailQuestion, 'block'> {
    return {
      scenario,
      tokens,
      messages: [...talks.values()].flatMap(({ side }) => side.messages),
      leftInText: [...talks.values()].some((talk) => talk.leftInText),
      began,
      lastLine,
    };
  }
}

/** A move, or as many as go into one write. Answers the index of the next one. */
async function playMove(
  play: Play,
  talk: Talk,
  moves: Move[],
  index: number,
  tokens: Tokens,
): Promise<number> {
  const move = moves[index] as DialogueMove;
  const { step } = move;
  switch (step.type) {
    case 'send': {
      const before = moves[index - 1];
      // A line behind another, with no reply between: the server shall read the first one alone.
      if (
        before?.type === 'dialogue' &&
        before.step.type === 'send' &&
        play.delivery !== 'pipelined'
      )
        await talk.pace();
      const fillings = { tokens, captured: play.captured };
      const group = groupAt(moves, index, play.delivery, talk.side, fillings);
      const record = () => {
        for (const { octets, step } of group.sends) play.recorder.sent(talk.name, octets, step);
      };
      const octets = Buffer.concat(group.sends.map((sent) => sent.octets));
      await say(play, talk, octets, mayHangUp(moves, group.next, move.connection), record);
      for (const expect of group.expects) if (!talk.over) await hear(play, talk, want(expect.move));
      return group.next;
    }
    case 'expect':
      await hear(play, talk, want(move));
      break;
    case 'closes':
      await hearClose(play, talk, sourceOf(step));
      break;
    case 'leaves':
      await leave(play, talk, sourceOf(step));
      break;
    case 'silence':
      await hearNothing(play, talk, sourceOf(step));
      break;
  }
  return index + 1;
}

function want({ step }: DialogueMove): Wanted {
  if (step.type !== 'expect') throw new Error('only an S: line says what is wanted');
  return { expectation: step.expectation, words: wanted(step), source: sourceOf(step) };
}

/** Does the next reply leave the server the choice to hang up? Then it may do so before the end of a line. */
function mayHangUp(moves: Move[], from: number, connection: string): boolean {
  for (let index = from; index < moves.length; index += 1) {
    const move = moves[index]!;
    if (move.type !== 'dialogue' || move.connection !== connection) continue;
    if (move.step.type === 'closes' || move.step.type === 'leaves') return true;
    if (move.step.type === 'expect') return move.step.expectation.orCloses;
  }
  return false;
}

/** The greeting, and what the stage says first. RFC 5321 §3.1. */
async function sayOpening(play: Play, talk: Talk, opening: string[]): Promise<void> {
  const code = (code: string): Wanted => ({
    expectation: { oneOf: [{ code }], orCloses: false, lines: [] },
    words: code,
    source: { source: `S: ${code}` },
  });
  await hear(play, talk, code('220'));
  for (const line of opening) {
    const octets = Buffer.from(`${line}\r\n`);
    await say(play, talk, octets, false, () => {
      play.recorder.sent(talk.name, octets, undefined);
    });
    await hear(play, talk, code('250'));
  }
}

/**
 * The end of a connection belongs to the player as its opening does: where the dialogue does not take
 * its leave, the player says QUIT, and whatever comes then is nobody's business.
 */
async function sayGoodbye(play: Play, { over, side, conversation }: Talk): Promise<void> {
  if (over || /^quit\b/i.test(side.answered?.line ?? '')) return;
  await conversation.send(Buffer.from('QUIT\r\n'), play.waits.reply);
  await conversation.nextReply();
}

/** After a hostile scenario a new client must be greeted; its opening and lines are nobody's business. */
async function stillServed(play: Play): Promise<void> {
  const { server, waits } = play;
  if (await isServed(play)) return;
  const death = await deathOf(server, waits);
  const seconds = waits.reply / 1000;
  throw failure(death ? finding.ofDeath(death, undefined) : find('notServedAfter', { seconds }), {
    silent: true,
  });
}

/** Is a new connection greeted? It says QUIT and leaves. */
export async function isServed(play: Play): Promise<boolean> {
  const { conversation } = await openTalk(play, 'afterwards', 'smtp').catch(() => ({
    conversation: undefined,
  }));
  if (conversation === undefined) return false;
  const heard = await conversation.nextReply();
  if (heard.kind === 'reply') await conversation.send(Buffer.from('QUIT\r\n'), play.waits.reply);
  conversation.leave();
  return heard.kind === 'reply';
}
