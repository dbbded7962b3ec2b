/**
 * A connection to the server under test, as the player sees it: octets go out, replies come in, and
 * everything that may happen instead of a reply has a name.
 */
import type { Duplex } from 'node:stream';
import type { RunningServer } from '../server/model.ts';
import type { Waits } from './model.ts';
import type { LineEnds, Reading, Reply } from './reply.ts';

/** How often a waiting player looks whether the server has died, in milliseconds. */
const LOOK = 20;
/** How long octets may be under way after the process that sent them has ended, in milliseconds. */
const LAST_WORDS = 50;
/** More octets than this without being asked for are not read: no server may fill our memory. */
const MOST_UNREAD = 1024 * 1024;

/** What came instead of a reply, or the reply. */
export type Heard =
  | { kind: 'reply'; reply: Reply }
  | Extract<Reading, { kind: 'fault' }>
  /** Nothing, or nothing complete, for `waited` milliseconds. */
  | { kind: 'silence'; reading: Extract<Reading, { kind: 'incomplete' }>; waited: number }
  /** The server closed the connection (FIN), or broke it off (RST). */
  | { kind: 'closed'; reading: Extract<Reading, { kind: 'incomplete' }> }
  /** The server's process has ended. */
  | { kind: 'died' };

export interface Conversation {
  /** For `server.hasRead`. */
  readonly stream: Duplex;
  /** Sends these octets in one write. Resolves when the system has them, at the latest after `limit` ms. */
  send(octets: Buffer, limit: number): Promise<void>;
  /** The next reply, or what came instead of it. */
  nextReply(): Promise<Heard>;
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

/** Starts to listen on `stream`. It must not have been read from before. */
export function converse(
  stream: Duplex,
  server: RunningServer,
  read: (octets: Buffer) => Reading,
  lineEnds: LineEnds,
  waits: Waits,
): Conversation {
  let unread: Buffer = Buffer.alloc(0);
  let lastCame = 0;
  let over = false;
  let wake = () => {};

  stream.on('data', (octets: Buffer) => {
    const taken = lineEnds === 'crlf' ? octets : octets.filter((octet) => octet !== 0);
    unread = Buffer.concat([unread, taken]);
    lastCame = performance.now();
    if (unread.length > MOST_UNREAD) stream.pause();
    wake();
  });
  for (const event of ['end', 'close', 'error']) {
    stream.on(event, () => {
      over = true;
      wake();
    });
  }

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
   * Waits until `done` has an answer or the server has been idle for `waits.reply` milliseconds.
   * A slow server is not a silent one: as long as it is busy with what it was sent, the clock starts
   * again, but not for ever.
   */
  const untilIdle = async <T>(done: () => T | undefined): Promise<T | { waited: number }> => {
    const began = performance.now();
    for (let idleSince = began; ;) {
      const answer = done();
      if (answer !== undefined) return answer;
      const now = performance.now();
      if (now - idleSince < waits.reply) {
        await change(Math.min(LOOK, idleSince + waits.reply - now));
      } else if (now - began < waits.longest && (await server.isBusy())) {
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
    const ended = read(Buffer.concat([unread, Buffer.from('\r\n')]));
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

    async send(octets, limit) {
      if (over || stream.destroyed) return;
      await new Promise<void>((resolve) => {
        // A server that does not read must not stop the player.
        const timer = setTimeout(resolve, limit);
        stream.write(octets, () => {
          clearTimeout(timer);
          resolve();
        });
      });
    },

    async nextReply() {
      let reading = read(unread);
      const heard = await untilIdle((): Heard | undefined => {
        reading = read(unread);
        if (reading.kind !== 'incomplete') {
          unread = unread.subarray(reading.length);
          stream.resume();
          return reading.kind === 'reply' ? { kind: 'reply', reply: reading.reply } : reading;
        }
        const reply = withoutEnd(reading);
        if (reply !== undefined) {
          unread = Buffer.alloc(0);
          return { kind: 'reply', reply };
        }
        if (over) return { kind: 'closed', reading };
        return ended() ? { kind: 'died' } : undefined;
      });
      if ('kind' in heard) return heard;
      if (reading.kind !== 'incomplete') throw new Error('a reply was read and then lost');
      return { kind: 'silence', reading, waited: heard.waited };
    },

    async holdsMoreThan(replies, wait) {
      const deadline = performance.now() + wait;
      for (;;) {
        let rest = unread;
        for (let count = 0; rest.length > 0; count += 1) {
          if (count === replies) return true;
          const reading = read(rest);
          if (reading.kind === 'incomplete') break;
          rest = rest.subarray(reading.length);
        }
        const left = deadline - performance.now();
        if (left <= 0 || over) return false;
        await change(left);
      }
    },

    async closed() {
      const how = await untilIdle(() => {
        if (unread.length > 0) return 'octets' as const;
        return over || ended() ? ('closed' as const) : undefined;
      });
      return typeof how === 'string' ? how : 'open';
    },

    isOver: () => over,

    unread: () => unread,

    leave() {
      stream.destroy();
    },
  };
}
