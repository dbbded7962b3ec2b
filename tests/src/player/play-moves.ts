/** One play of a scenario: its moves, in their order, on as many connections as they name. */
import type { Scenario } from '../notation/model.ts';
import { hasSaidQuit } from './client-side.ts';
import { groupAt } from './deliveries.ts';
import { countOctets, hear, hearClose, hearNothing, refuseLine, type Wanted } from './hear.ts';
import type { FillIn } from './judge.ts';
import { logsInUnderTls } from './login.ts';
import { fill, movesOf, type DialogueMove, type Move } from './moves.ts';
import { begin, sayGoodbye, secureByStls, stillServed } from './opening.ts';
import { sourceOf, wanted, wantedStatus } from './recorder.ts';
import { checkMailbox, type MailQuestion } from './storage/check-mailbox.ts';
import { leave, letIn, refuseSurplus, say } from './say.ts';
import { beginTls } from './secure.ts';
import type { Play, Talk } from './talk.ts';

/** Plays a scenario to its end; throws a failure as soon as something is not as it should be. */
export async function playMoves(
  play: Play,
  scenario: Scenario,
  opening: readonly string[],
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
      const talk = talks.get(move.connection) ?? (await beginAt(move));
      index = talk.over ? index + 1 : await playMove(play, talk, moves, index);
      // The dialogue's own first reply was the greeting.
      if (talk.secureAfterGreeting && talk.side.answered !== undefined && !talk.over) {
        talk.secureAfterGreeting = false;
        await secureByStls(play, talk, talks);
      }
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
  if (scenario.hostile) await stillServed(play, scenario);

  async function beginAt(move: DialogueMove): Promise<Talk> {
    const isOwn = scenario.opening === 'none' && !move.mail;
    const talk = await begin(play, move, opening, isOwn, talks);
    talk.secureAfterGreeting = isUnawareOfTls(play, scenario, move);
    return talk;
  }

  function storageQuestion(): Omit<MailQuestion, 'block'> {
    return {
      scenario,
      tokens: play.fillings.tokens,
      messages: [...talks.values()].flatMap(({ side }) => side.messages),
      leftInText: [...talks.values()].some((talk) => talk.leftInText),
      holdsMailbox: [...talks.values()].some(
        ({ protocol, over, side }) => protocol === 'pop3' && !over && !hasSaidQuit(side),
      ),
      began,
      lastLine,
    };
  }
}

/**
 * A dialogue that says USER and PASS itself, from a stage that had no TLS. The server's stage has it, and
 * takes passwords no other way.
 */
function isUnawareOfTls({ stage }: Play, scenario: Scenario, move: DialogueMove): boolean {
  const saysPasswords = move.protocol === 'pop3' && move.login === undefined;
  const isOlder = logsInUnderTls(stage) && !logsInUnderTls(scenario.stage);
  return isOlder && saysPasswords && scenario.login === 'user-pass';
}

/** A move, or as many as go into one write. Answers the index of the next one. */
async function playMove(play: Play, talk: Talk, moves: Move[], index: number): Promise<number> {
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
      const group = groupAt(moves, index, play.delivery, talk.side, play.fillings);
      const record = () => {
        for (const { octets, step } of group.sends) play.recorder.sent(talk.name, octets, step);
      };
      const octets = Buffer.concat(group.sends.map((sent) => sent.octets));
      await say(play, talk, octets, mayHangUp(moves, group.next, move.connection), record);
      for (const expect of group.expects)
        if (!talk.over) await hear(play, talk, want(play, expect.move));
      return group.next;
    }
    case 'expect':
      await hear(play, talk, want(play, move));
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
    case 'tls': {
      const behind = fill(step.behind, 0, play.fillings);
      await beginTls(play, talk, { outcome: step.outcome, behind, source: sourceOf(step) });
      break;
    }
    case 'without':
      refuseLine(play, talk, filling(play, move)(step.words), sourceOf(step));
      break;
    case 'octets': {
      const isWord = step.parts.some(({ type }) => type === 'captured');
      countOctets(play, talk, filling(play, move)(step.parts), isWord, step.line);
      break;
    }
  }
  return index + 1;
}

function want(play: Play, move: DialogueMove): Wanted {
  const { step, protocol } = move;
  if (step.type !== 'expect') throw new Error('only an S: line says what is wanted');
  const { expectation, line } = step;
  const fillIn = filling(play, move);
  if (protocol !== 'pop3')
    return { expectation, words: wanted(step), source: sourceOf(step), fillIn };
  const words = wantedStatus(expectation, fillIn);
  return { expectation, words, source: { source: `S: ${words}`, line }, fillIn };
}

/** The text that parts of a line stand for, an octet a character. */
function filling({ fillings }: Play, { round }: DialogueMove): FillIn {
  return (parts) => fill(parts, round, fillings).toString('latin1');
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
