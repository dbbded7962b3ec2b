/**
 * One connection of a scenario being played: connecting, saying lines, hearing replies. Whatever is
 * not as it should be is thrown as a failure, with its finding.
 */
import { once } from 'node:events';
import type { Delivery, Expectation, Protocol } from '../notation/model.ts';
import type { Ended, RunningServer } from '../server/model.ts';
import { answered, newClientSide, sent, type Asked, type ClientSide } from './client-side.ts';
import { converse, type Conversation, type Heard } from './conversation.ts';
import { failure, find, type Failure } from './failure.ts';
import * as finding from './findings.ts';
import { judge } from './judge.ts';
import type { Waits } from './model.ts';
import { showLine } from './octets.ts';
import { inPieces } from './pieces.ts';
import type { Recorder, Source } from './recorder.ts';
import type { Reply, ReplyReader } from './reply.ts';
import { readSmtpReply } from './smtp-reply.ts';

/** Replies are read by protocol; further ones are added here. */
const READERS: Partial<Record<Protocol, ReplyReader>> = { smtp: readSmtpReply };

/** What all connections of a play share. */
export interface Play {
  server: RunningServer;
  delivery: Delivery;
  waits: Waits;
  recorder: Recorder;
  captured: Map<string, string>;
  /** How long to wait for octets that nobody asked for, in ms: 0 but in a play that is repeated slowly. */
  settle: () => number;
}

/** A connection and where its dialogue is. */
export interface Talk {
  name: string;
  conversation: Conversation;
  read: ReplyReader;
  side: ClientSide;
  /** The last line of the last reply. */
  lastReply: string;
  packet: { commands: number; replies: number };
  /** The server closed while the text of a message was being sent. */
  closedInText: boolean;
  /** The client left in the middle of a text. */
  leftInText: boolean;
  /** The dialogue on this connection is over; lines that follow are passed over. */
  over: boolean;
  /** Waits until the server has read what was sent. */
  pace(): Promise<void>;
}

/** What a reply has to be, and where the scenario says so. */
export interface Wanted {
  expectation: Expectation;
  /** `250 or 251`, for sentences. */
  words: string;
  source: Source;
}

/** Opens a connection; the greeting is not awaited. */
export async function openTalk(play: Play, name: string, protocol: Protocol): Promise<Talk> {
  const { server, waits, recorder } = play;
  const read = READERS[protocol];
  if (read === undefined) throw new Error(`dialogues in ${protocol} cannot be played`);
  const stream = await server.connect(protocol).catch(async () => {
    recorder.remark(name, 'connects', false);
    const death = await deathOf(server, waits);
    throw failure(death ? finding.ofDeath(death, undefined) : find('nobodyAccepts', {}), {
      silent: true,
    });
  });
  recorder.remark(name, 'connects', true);
  const conversation = converse(stream, server, read, waits);
  return {
    name,
    conversation,
    read,
    side: newClientSide(),
    lastReply: '',
    packet: { commands: 0, replies: 0 },
    closedInText: false,
    leftInText: false,
    over: false,
    pace: paceOf(server, conversation),
  };
}

/**
 * A server that does not read at all is waited for only once in every stretch: otherwise a message of
 * a thousand lines would take a thousand times the limit.
 */
function paceOf(server: RunningServer, { stream }: Conversation): () => Promise<void> {
  const LIMIT = 250;
  let limit = LIMIT;
  return async () => {
    const began = performance.now();
    await server.hasRead(stream, limit);
    limit = performance.now() - began >= limit ? 1 : LIMIT;
  };
}

/** The process's death, if there was one: it becomes known a little later than the connection's end. */
export async function deathOf(server: RunningServer, waits: Waits): Promise<Ended | undefined> {
  const deadline = performance.now() + waits.death;
  for (;;) {
    const ended = server.ended();
    if (ended !== undefined || performance.now() >= deadline) return ended;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Lets in what has arrived already: two turns of the event loop, since one may lie before the poll.
 * A good server loses no time by this. In a slow play it is a real wait.
 */
export async function letIn(play: Play, { conversation }: Talk): Promise<void> {
  const settle = play.settle();
  if (settle > 0) {
    await conversation.holdsMoreThan(0, settle);
    return;
  }
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

/**
 * Says lines in one write (or an octet at a time), and keeps account of what they ask.
 * @param mayHangUp The server may answer before the end, and close the connection.
 */
export async function say(
  play: Play,
  talk: Talk,
  octets: Buffer,
  mayHangUp: boolean,
): Promise<void> {
  const { conversation, side } = talk;
  const due = side.unanswered.length;
  const within = side.inText || side.partial !== '';
  await letIn(play, talk);
  if (side.inText && conversation.isOver()) talk.closedInText = true;
  if (due === 0 && !(within && mayHangUp)) refuseSurplus(play, talk, side.partial);

  const pieces = play.delivery === 'bytes' ? inPieces(octets) : [octets];
  for (const [index, piece] of pieces.entries()) {
    await conversation.send(piece, play.waits.reply);
    if (index === pieces.length - 1) break;
    await talk.pace();
    if (due > 0 || mayHangUp) continue;
    await letIn(play, talk);
    refuseSurplus(play, talk, octets.toString('latin1').trimEnd());
  }
  sent(side, octets);
  talk.packet = { commands: side.unanswered.length - due, replies: 0 };
}

/** Octets that nobody asked for are a finding. `incomplete`: the command that is being sent. */
export function refuseSurplus(play: Play, talk: Talk, incomplete: string): void {
  const unread = talk.conversation.unread();
  if (unread.length === 0) return;
  const reading = talk.read(unread);
  const raw = reading.kind === 'reply' ? reading.reply.raw : [unread.subarray(0, 1000)];
  play.recorder.replied(talk.name, raw, undefined, false);
  throw failure(finding.ofSurplus(unread, talk.side, incomplete, talk.lastReply), {
    suspicious: true,
  });
}

/** Hears one reply and judges it. */
export async function hear(play: Play, talk: Talk, want: Wanted): Promise<void> {
  const { recorder } = play;
  const asked = talk.side.unanswered[0] ??
    talk.side.answered ?? { what: 'command', line: talk.side.partial };
  const heard = await talk.conversation.nextReply();
  if (heard.kind !== 'reply') {
    if (heard.kind === 'closed' && want.expectation.orCloses) {
      recorder.remark(talk.name, 'closes', true, want.source);
      talk.over = true;
      return;
    }
    throw await noReply(play, talk, want, asked, heard);
  }

  const { reply } = heard;
  const verdict = judge(want.expectation, reply);
  recorder.replied(talk.name, reply.raw, want.source, verdict.kind === 'right');
  if (verdict.kind !== 'right') {
    const about = aboutOf(play, talk, want, asked);
    if (verdict.kind !== 'wrong-code') {
      const missing = verdict.kind === 'missing-line' ? verdict.line : undefined;
      throw failure(finding.ofWrongText(reply, about, missing));
    }
    throw await wrongCode(play, talk, reply, about);
  }
  for (const [name, value] of Object.entries(verdict.captured)) play.captured.set(name, value);
  answered(talk.side, reply.code);
  talk.lastReply = showLine(reply.raw.at(-1)!);
  talk.packet.replies += 1;
}

/** A wrong reply, or the reply to a command before, which was answered twice. */
async function wrongCode(
  play: Play,
  talk: Talk,
  reply: Reply,
  about: finding.About,
): Promise<Failure> {
  const due = Math.max(0, talk.side.unanswered.length - 1);
  const more = await talk.conversation.holdsMoreThan(due, play.waits.surplus);
  if (more) return failure(finding.ofMoreReplies(reply, about), { suspicious: true });
  // A line of the text that was taken for a command shows only here, where the text ends.
  return failure(finding.ofWrongCode(reply, about), { suspicious: about.asked.what === 'text' });
}

async function noReply(
  play: Play,
  talk: Talk,
  want: Wanted,
  asked: Asked,
  heard: Exclude<Heard, { kind: 'reply' }>,
): Promise<Failure> {
  const { server, waits, recorder } = play;
  const about = aboutOf(play, talk, want, asked);
  if (heard.kind === 'fault') {
    recorder.replied(talk.name, heard.lines, want.source, false);
    return failure(finding.ofFault(heard, asked));
  }
  const death = heard.kind === 'silence' ? server.ended() : await deathOf(server, waits);
  if (death !== undefined || heard.kind === 'died') {
    recorder.remark(talk.name, 'died', false, want.source);
    return failure(finding.ofDeath(death ?? { how: 'died', output: [] }, asked));
  }
  const { lines, rest } = heard.reading;
  recorder.replied(talk.name, rest.length > 0 ? [...lines, rest] : lines, undefined, true);
  if (heard.kind === 'silence') {
    recorder.remark(talk.name, 'silence', false, want.source);
    about.seconds = (heard.waited >= waits.longest ? waits.longest : waits.reply) / 1000;
    return failure(finding.ofSilence(heard.reading, about), { silent: true });
  }
  recorder.remark(talk.name, 'closes', false, want.source);
  return failure(finding.ofClosed(heard.reading, about, talk.closedInText), {
    suspicious: asked.what === 'text',
  });
}

function aboutOf(play: Play, talk: Talk, want: Wanted, asked: Asked): finding.About {
  const { delivery, waits } = play;
  const { packet } = talk;
  return { asked, expected: want.words, delivery, packet, seconds: waits.reply / 1000 };
}

/** The server closes the connection, and says nothing more before it does. */
export async function hearClose(play: Play, talk: Talk, source: Source): Promise<void> {
  const how = await talk.conversation.closed();
  if (how === 'octets') refuseSurplus(play, talk, '');
  const ok = how === 'closed';
  play.recorder.remark(talk.name, ok ? 'closes' : 'silence', ok, source);
  talk.over = true;
  if (ok) return;
  const quit = /^quit\b/i.test(talk.side.answered?.line ?? '');
  throw failure(find(quit ? 'staysOpenAfterQuit' : 'staysOpen', {}));
}

/** The server says nothing for a while. */
export async function hearNothing(play: Play, talk: Talk, source: Source): Promise<void> {
  if (await talk.conversation.holdsMoreThan(0, play.waits.silence))
    refuseSurplus(play, talk, talk.side.partial);
  play.recorder.remark(talk.name, 'silence', true, source);
}

/** The client drops the connection, once the server has all that was sent. */
export async function leave(play: Play, talk: Talk, source: Source): Promise<void> {
  await talk.pace();
  play.recorder.remark(talk.name, 'leaves', true, source);
  talk.leftInText = talk.side.inText;
  talk.over = true;
  const { stream } = talk.conversation;
  if (stream.closed) return;
  const closed = once(stream, 'close');
  talk.conversation.leave();
  await closed;
}
