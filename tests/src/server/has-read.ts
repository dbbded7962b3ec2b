/**
 * Has a server read what was sent to it? What is sent in two writes must not arrive as one, or a line
 * that ends in the middle of what `recv` hands out would be tested where nobody meant to.
 *
 * Linux knows how much lies unread in the server's socket. But it looks through all sockets of the
 * system for it, some milliseconds each time. So another sign is looked at first: a server that was
 * asleep before a write, and has woken and fallen asleep again since, has read it.
 */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { activityOf } from './proc.ts';
import { openTcpSockets } from './sockets.ts';

/** Milliseconds that stand for "has read it" where the system cannot tell. */
const BLIND_PAUSE = 5;
/** Milliseconds for which a working server is left alone; one that never sleeps is asked by its socket. */
const AT_WORK = 5;

/** Resolves when the server has read all that was sent, or closed, or `limit` milliseconds are over. */
export type HasRead = (connection: Duplex, limit: number) => Promise<void>;

/** @param members The server's processes at the moment. */
export function watchReading(members: () => readonly number[]): HasRead {
  /** The server was asleep, and had sent so many octets on this connection. */
  let asleep: { connection: Duplex; received: number; sleeps: number } | undefined;

  return async (connection, limit) => {
    const start = performance.now();
    for (let pause = 0; ; pause = Math.min(8, pause === 0 ? 1 : pause * 2)) {
      if (connection.destroyed) return;
      const elapsed = performance.now() - start;
      const activity = activityOf(members());
      const { bytesRead: received = 0 } = connection instanceof net.Socket ? connection : {};
      const sent = connection.writableLength === 0;
      if (sent && activity?.atWork !== true) {
        // Nothing was said since it slept: so it was our octets that woke it.
        const same = asleep?.connection === connection && asleep.received === received;
        const woke = same && activity !== undefined && activity.sleeps > asleep!.sleeps;
        const unread = woke ? 0 : unreadOctets(connection);
        if (unread === undefined) return delay(Math.min(limit, BLIND_PAUSE));
        if (unread === 0) {
          asleep = activity && { connection, received, sleeps: activity.sleeps };
          return;
        }
      } else if (sent && elapsed > AT_WORK && unreadOctets(connection) === 0) {
        return;
      }
      if (elapsed >= limit) return;
      // A turn of the event loop first: most servers read within microseconds.
      await (pause === 0 ? new Promise<void>(setImmediate) : delay(pause));
    }
  };
}

/**
 * Octets that lie in the server's end of a connection; 0 if it has closed it. Undefined where the
 * system does not tell.
 */
function unreadOctets(connection: Duplex): number | undefined {
  // A relay in between has no ports.
  const { localPort, remotePort } = connection instanceof net.Socket ? connection : {};
  const sockets = localPort === undefined ? undefined : openTcpSockets();
  if (sockets === undefined) return undefined;
  for (const socket of sockets)
    if (socket.localPort === remotePort && socket.remotePort === localPort) return socket.unread;
  return 0;
}
