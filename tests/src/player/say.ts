/** Saying lines on a connection, and what must not happen meanwhile: replies that nobody asked for. */
import { once } from 'node:events';
import { sent } from './client-side.ts';
import { failure } from './failure.ts';
import { ofDeath, ofSurplus } from './findings.ts';
import { inPieces } from './pieces.ts';
import type { Source } from './recorder.ts';
import type { Reply } from './reply.ts';
import { deathOf, type Play, type Talk } from './talk.ts';

/** A line that is longer may be refused before its end (RFC 5321 §4.5.3.1.4), in octets. */
const LONGEST_COMMAND = 512;

/**
 * Lets in what has arrived already: two turns of the event loop, since one may lie before the poll.
 * A good server loses no time by this. In a slow play it is a real wait.
 */
export async function letIn({ settle, server, waits }: Play, { conversation }: Talk) {
  const wait = settle();
  if (wait === 0) {
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    return;
  }
  const deadline = performance.now() + waits.reply;
  for (;;) {
    if (await conversation.holdsMoreThan(0, wait)) return;
    if (conversation.isOver() || performance.now() >= deadline) return;
    // On a machine that has much to do the server may still be at it.
    if (!(await server.isBusy())) return;
  }
}

/**
 * Says lines in one write (or an octet at a time), and keeps account of what they ask.
 * @param mayHangUp The server may answer before the end, and close the connection.
 * @param record    Called when the lines are sent: a reply that nobody asked for comes before them.
 */
export async function say(
  play: Play,
  talk: Talk,
  octets: Buffer,
  mayHangUp: boolean,
  record: () => void,
): Promise<void> {
  const { conversation, side } = talk;
  const due = side.unanswered.length;
  const within = side.inText || side.partial !== '';
  await letIn(play, talk);
  if (side.inText && conversation.isOver()) talk.closedInText = true;
  if (due === 0 && !(mayHangUp && (within || saysFarewell(talk))))
    refuseSurplus(play, talk, side.partial);

  record();
  const mayBeEarly = due > 0 || mayHangUp || octets.length > LONGEST_COMMAND;
  const pieces = play.delivery === 'bytes' ? inPieces(octets) : [{ octets, alone: false }];
  for (const piece of pieces) {
    await conversation.send(piece.octets, play.waits.reply);
    if (!piece.alone) continue;
    await talk.pace();
    if (mayBeEarly) continue;
    await letIn(play, talk);
    refuseSurplus(play, talk, octets.toString('latin1').trimEnd());
  }
  sent(side, octets);
  talk.packet = { commands: side.unanswered.length - due, replies: 0 };
}

/**
 * A server that has had enough says so before it closes, whatever was asked: 421 in SMTP (RFC 5321
 * §3.8), an error in POP3.
 */
export function isFarewell({ code }: Reply, { protocol }: Talk): boolean {
  return code === (protocol === 'pop3' ? '-ERR' : '421');
}

function saysFarewell(talk: Talk): boolean {
  const reading = talk.read(talk.conversation.unread());
  return reading.kind === 'reply' && isFarewell(reading.reply, talk);
}

/** Octets that nobody asked for are a finding. `incomplete`: the command that is being sent. */
export function refuseSurplus(play: Play, talk: Talk, incomplete: string): void {
  const unread = talk.conversation.unread();
  if (unread.length === 0) return;
  const reading = talk.read(unread);
  const raw =
    reading.kind === 'reply'
      ? reading.reply.raw
      : reading.kind === 'fault' && talk.protocol === 'pop3'
        ? reading.lines
        : [unread.subarray(0, 1000)];
  play.recorder.replied(talk.name, raw, undefined, false);
  throw failure(ofSurplus(unread, talk.side, incomplete, talk.lastReply), {
    suspicious: true,
  });
}

/** The client drops the connection, once the server has all that was sent. */
export async function leave(play: Play, talk: Talk, source: Source): Promise<void> {
  await talk.pace();
  play.recorder.remark(talk.name, 'leaves', true, source);
  talk.leftInText = talk.side.inText;
  talk.over = true;
  const { stream } = talk.conversation;
  if (!stream.closed) {
    const closed = once(stream, 'close');
    talk.conversation.leave();
    await closed;
  }
  // If the server dies of it, that is told here and not of the line that comes next. One that takes
  // longer to die is found dead by the next connection.
  const death = await deathOf(play.server, { ...play.waits, death: play.waits.death / 3 });
  if (death === undefined) return;
  play.recorder.remark(talk.name, 'died', false);
  throw failure(ofDeath(death, undefined));
}
