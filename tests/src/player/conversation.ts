/**
 * A connection to the server under test, as the player sees it: octets go out, replies come in, and
 * everything that may happen instead of a reply has a name.
 */
import type { Duplex } from 'node:stream';
import type { RunningServer } from '../server/model.ts';
import { makeInbox } from './inbox.ts';
import type { Waits } from './model.ts';
import type { Incomplete, LineEnds, Reading, Reply } from './reply.ts';
import { shakeHands, type Handshake } from './tls-stream.ts';

/** How often a waiting player looks whether the server has died, in milliseconds. */
const LOOK = 20;
/** How long octets may be under way after the process that sent them has ended, in milliseconds. */
const LAST_WORDS = 50;
/** More octets than this without being asked for are not read: no server may fill our memory. */
const MOST_UNREAD = 1024 * 1024;
/** The same while a reply of several lines is being waited for: the largest message, and more. */
const MOST_OF_A_REPLY = 64 * 1024 * 1024;
/** Of a long reply so many octets a millisecond have to come, at the least, once it takes its time. */
const SLOWEST = 200;

/** What came instead of a reply, or the reply. */
export type Heard =
  | { kind: 'reply'; reply: Reply }
  | Extract<Reading, { kind: 'fault' }>
  /** Nothing, or nothing complete, for `waited` milliseconds. */
  | { kind: 'silence'; reading: Incomplete; waited: number }
  /** The server closed the connection (FIN), or broke it off (RST). */
  | { kind: 'closed'; reading: Incomplete }
  /** The server's process has ended. */
  | { kind: 'died' };

/** How a handshake went; `silence`: it did not go on for `waited` milliseconds. */
export type Shaken =
  | { kind: 'secure' }
  | Exclude<Handshake, { kind: 'secure' }>
  | { kind: 'silence'; waited: number }
  | { kind: 'died' };

export interface Conversation {
  /** For `server.hasRead`. */
  readonly stream: Duplex;
  /**
   * Begins TLS; what is said and heard from then on goes through it. After `plain` the octets are
   * unread ones, and nothing is secure.
   * @param behind Octets that go out in clear in one packet with the first ones of the handshake.
   */
  beginTls(behind: Buffer): Promise<Shaken>;
  /** Sends these octets in one write. Resolves when the system has them, at the latest after `limit` ms. */
  send(octets: Buffer, limit: number): Promise<void>;
  /** The next reply, or what came instead of it. @param wait see `Waits.reply`, which it is if left out */
  nextReply(wait?: number): Promise<Heard>;
  /** Waits for more than `replies` complete replies, `wait` ms at most. True if there is more. */
  holdsMoreThan(replies: number, wait: number): Promise<boolean>;
  /** Waits until the server has closed the connection. */
  closed(): Promise<'closed' | 'octets' | 'open'>;
  /** The connection has ended, from whichever side. */
  isOver(): boolean;
  /** What has come and was not read as a reply yet. */
  unread(): Buffer;
  /** Drops the connection without a word. */
  leave(): void;
}

/**
 * Reads the first reply in octets.
 * @param ahead    It is the reply to what stands so many places behind the first that has no reply yet.
 * @param searched See `Incomplete`.
 */
export type Read = (octets: Buffer, ahead?: number, searched?: number) => Reading;

/** Starts to listen on `stream`. It must not have been read from before. */
export function converse(
  stream: Duplex,
  server: RunningServer,
  read: Read,
  lineEnds: LineEnds,
  waits: Waits,
): Conversation {
  const inbox = makeInbox();
  let lastCame = 0;
  let over = false;
  let wake = () => {};
  /** How far the reply that is being waited for has been looked through. */
  let searched = 0;
  /** What is read from and written to: the stream, or TLS on top of it. */
  let channel: Duplex;

  const take = (octets: Buffer): void => {
    const forgives = lineEnds !== 'crlf' && octets.includes(0);
    inbox.add(forgives ? Buffer.from(octets.filter((octet) => octet !== 0)) : octets);
    lastCame = performance.now();
    const most = searched > 0 ? MOST_OF_A_REPLY : MOST_UNREAD;
    if (inbox.octets().length > most) channel.pause();
    wake();
  };
  const listenTo = (to: Duplex): void => {
    channel = to;
    to.on('data', take);
    for (const event of ['end', 'close', 'error']) {
      to.on(event, () => {
        // Of a stream with TLS on top, TLS says when all has been read.
        if (channel !== to) return;
        over = true;
        wake();
      });
    }
  };
  listenTo(stream);

  /** Resolves when something has happened on the connection, or after `ms` milliseconds. */
  const change = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /**
   * Waits until `done` has an answer or the server has been idle for `wait` milliseconds.
   * A slow server is not a silent one: as long as it is busy with what it was sent, the clock starts
   * again, but not for ever.
   */
  const untilIdle = async <T>(
    done: () => T | undefined,
    wait = waits.reply,
  ): Promise<T | { waited: number }> => {
    const began = performance.now();
    for (let idleSince = began; ;) {
      const answer = done();
      if (answer !== undefined) return answer;
      const now = performance.now();
      // A long reply is no silence, as long as more of it comes.
      const inTime = now - began < waits.longest + searched / SLOWEST;
      if (searched > 0 && inTime) idleSince = Math.max(idleSince, lastCame);
      if (now - idleSince < wait) {
        await change(Math.min(LOOK, idleSince + wait - now));
      } else if (inTime && (await server.isBusy())) {
        idleSince = performance.now();
      } else {
        return done() ?? { waited: now - began };
      }
    }
  };

  /** A reply that will get no line end, if that is how this server speaks. */
  const withoutEnd = (reading: Reading): Reply | undefined => {
    if (lineEnds !== 'none' || reading.kind !== 'incomplete' || reading.rest.length === 0) return;
    if (!over && performance.now() - lastCame < waits.whole) return;
    const ended = read(Buffer.concat([inbox.octets(), Buffer.from('\r\n')]), 0, searched);
    return ended.kind === 'reply' ? ended.reply : undefined;
  };

  /** Its last words may still be under way when the process has ended: they are waited for. */
  let endedSince: number | undefined;
  const ended = () => {
    if (server.ended() === undefined) return false;
    endedSince ??= performance.now();
    return performance.now() - endedSince > LAST_WORDS;
  };

  return {
    stream,

    async beginTls(behind) {
      stream.off('data', take);
      stream.pause();
      let shaken: Handshake | undefined;
      const early = inbox.octets();
      inbox.take(early.length);
      shakeHands(stream, { early, behind }, (handshake) => {
        shaken = handshake;
        if (handshake.kind === 'secure') listenTo(handshake.stream);
        if (handshake.kind === 'plain') {
          stream.on('data', take);
          stream.resume();
          take(handshake.octets);
        }
        wake();
      });
      const how = await untilIdle((): Handshake | { kind: 'died' } | undefined => {
        return shaken ?? (ended() ? { kind: 'died' } : undefined);
      });
      if (!('kind' in how)) return { kind: 'silence', waited: how.waited };
      return how.kind === 'secure' ? { kind: 'secure' } : how;
    },

    async send(octets, limit) {
      if (over || stream.destroyed) return;
      await new Promise<void>((resolve) => {
        // A server that does not read must not stop the player.
        const timer = setTimeout(resolve, limit);
        channel.write(octets, () => {
          clearTimeout(timer);
          resolve();
        });
      });
    },

    async nextReply(wait) {
      let reading = read(inbox.octets());
      const heard = await untilIdle((): Heard | undefined => {
        reading = read(inbox.octets(), 0, searched);
        if (reading.kind !== 'incomplete') {
          inbox.take(reading.length);
          searched = 0;
          channel.resume();
          return reading.kind === 'reply' ? { kind: 'reply', reply: reading.reply } : reading;
        }
        if (searched === 0 && reading.searched > 0) channel.resume();
        searched = reading.searched;
        const reply = withoutEnd(reading);
        if (reply !== undefined) {
          inbox.take(inbox.octets().length);
          searched = 0;
          return { kind: 'reply', reply };
        }
        if (over) return { kind: 'closed', reading };
        return ended() ? { kind: 'died' } : undefined;
      }, wait);
      if ('kind' in heard) return heard;
      if (reading.kind !== 'incomplete') throw new Error('a reply was read and then lost');
      return { kind: 'silence', reading, waited: heard.waited };
    },

    async holdsMoreThan(replies, wait) {
      const deadline = performance.now() + wait;
      // Where the last reply found ends, and how far the one behind it has been looked through.
      let at = 0;
      let count = 0;
      let within = 0;
      for (;;) {
        for (let rest = inbox.octets().subarray(at); rest.length > 0; count += 1) {
          if (count === replies) return true;
          const reading = read(rest, count, within);
          if (reading.kind === 'incomplete') {
            within = reading.searched;
            break;
          }
          within = 0;
          at += reading.length;
          rest = rest.subarray(reading.length);
        }
        const left = deadline - performance.now();
        if (left <= 0 || over) return false;
        await change(left);
      }
    },

    async closed() {
      const how = await untilIdle(() => {
        if (inbox.octets().length > 0) return 'octets' as const;
        return over || ended() ? ('closed' as const) : undefined;
      });
      return typeof how === 'string' ? how : 'open';
    },

    isOver: () => over,

    unread: () => inbox.octets(),

    leave() {
      channel.destroy();
      stream.destroy();
    },
  };
}
