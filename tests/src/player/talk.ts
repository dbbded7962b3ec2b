/** A connection of a scenario that is being played, and what all connections of a play share. */
import type { Duplex } from 'node:stream';
import { PORTS, type Delivery, type Port, type Protocol, type Stage } from '../notation/model.ts';
import type { Ended, RunningServer } from '../server/model.ts';
import { newClientSide, type ClientSide } from './client-side.ts';
import { converse, type Conversation, type Read } from './conversation.ts';
import { failure } from './failure.ts';
import { ofDeath, ofNobody } from './findings.ts';
import type { Waits } from './model.ts';
import type { Recorder } from './recorder.ts';
import type { Fillings } from './moves.ts';
import { readPop3Reply } from './pop3-reply.ts';
import type { LineEnds, ReplyReader } from './reply.ts';
import { readSmtpReply } from './smtp-reply.ts';

/** Replies are read by protocol; further ones are added here. */
const READERS: Partial<Record<Protocol, ReplyReader>> = {
  smtp: readSmtpReply,
  pop3: readPop3Reply,
};

/** What all connections of a play share. */
export interface Play {
  server: RunningServer;
  /** The stage that the server is at. */
  stage: Stage;
  delivery: Delivery;
  lineEnds: LineEnds;
  /** Protocols in which it is forgiven to hang up at QUIT without a word. */
  silentAtQuit: ReadonlySet<Protocol>;
  waits: Waits;
  recorder: Recorder;
  /** Where placeholders get their values. */
  fillings: Fillings;
  /** How long to wait for octets that nobody asked for, in ms: 0 but in a play that is repeated slowly. */
  settle: () => number;
}

/** A connection and where its dialogue is. */
export interface Talk {
  name: string;
  protocol: Protocol;
  port: Port;
  conversation: Conversation;
  read: Read;
  side: ClientSide;
  /** TLS has begun. */
  secure: boolean;
  /** A dialogue of an earlier stage that says USER and PASS: the player begins TLS behind the greeting. */
  secureAfterGreeting: boolean;
  /** The last line of the last reply; in POP3, its status line. */
  lastReply: string;
  /** What the last reply said, line by line; in POP3, what stands behind the status line if it has several. */
  lastLines: string[];
  /** POP3: what the last reply held, if it had several lines. */
  lastContent: Buffer | undefined;
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

/** Opens a connection; the greeting is not awaited. */
export async function openTalk(play: Play, name: string, port: Port): Promise<Talk> {
  const { protocol } = PORTS[port];
  const { server, waits, recorder } = play;
  const reader = READERS[protocol];
  if (reader === undefined) throw new Error(`dialogues in ${protocol} cannot be played`);
  const side = newClientSide(protocol);
  const read: Read = (octets, ahead = 0, searched = 0) =>
    reader(octets, play.lineEnds, side.unanswered[ahead], searched);
  const stream = await server.connect(port).catch(async () => {
    recorder.remark(name, 'connects', false);
    const death = await deathOf(server, waits);
    const finding = death ? ofDeath(death, undefined) : ofNobody(port, server.isTold?.(port));
    throw failure(finding, { silent: true });
  });
  recorder.remark(name, 'connects', true);
  const conversation = converse(stream, server, read, play.lineEnds, waits);
  return {
    name,
    protocol,
    port,
    conversation,
    read,
    side,
    secure: false,
    secureAfterGreeting: false,
    lastReply: '',
    lastLines: [],
    lastContent: undefined,
    packet: { commands: 0, replies: 0 },
    closedInText: false,
    leftInText: false,
    over: false,
    pace: paceOf(server, stream),
  };
}

/** How long the player waits for a server to read, in milliseconds. */
const READ_LIMIT = 250;
/** So often it waits for each line, and then only now and then. */
const PACED = 1000;
const RARELY = 50;

/**
 * Waits until the server has read all that was sent, so that what is sent next comes by itself. A
 * server that reads nothing at all is waited for once, and a very long message not for every line.
 */
function paceOf(server: RunningServer, stream: Duplex): () => Promise<void> {
  let limit = READ_LIMIT;
  let count = 0;
  return async () => {
    count += 1;
    if (count > PACED && count % RARELY !== 0) return;
    const began = performance.now();
    await server.hasRead(stream, limit);
    limit = performance.now() - began >= limit ? 1 : READ_LIMIT;
  };
}

/** The process's death, if there was one: it becomes known a little later than the connection's end. */
export async function deathOf(server: RunningServer, waits: Waits): Promise<Ended | undefined> {
  const began = performance.now();
  // On a machine that has much to do, a process takes its time to end, and so does the news of it.
  for (let idleLooks = 0; idleLooks < 3;) {
    const ended = server.ended();
    if (ended !== undefined) return ended;
    const waited = performance.now() - began;
    // To look whether it is busy costs more than to wait a little.
    const isOver = waited >= waits.death && (waited >= waits.reply || !(await server.isBusy()));
    if (isOver) idleLooks += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return server.ended();
}
