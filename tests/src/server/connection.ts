/** Connections to a server under test, and whether it has read what was sent on them. */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { tcpSockets } from './sockets.ts';

/** Where servers listen: most on IPv4, some only on IPv6. */
const HOSTS = ['127.0.0.1', '::1'];
/** Milliseconds until an attempt to connect is given up: the queue of a hung server may be full. */
const CONNECT_LIMIT = 5_000;
/** Milliseconds that stand for "has read it" where the system cannot tell. */
const BLIND_PAUSE = 5;

/** Connects to a port of this machine, by IPv4 and then by IPv6. Rejects if nobody accepts. */
export async function openConnection(port: number): Promise<net.Socket> {
  let first: unknown;
  for (const host of HOSTS) {
    try {
      return await connect(port, host);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function connect(port: number, host: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host, noDelay: true });
    const settle = (error?: Error) => {
      clearTimeout(timer);
      socket.off('error', settle);
      if (error === undefined) return resolve(socket);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => settle(new Error(`nobody accepted a connection on port ${port}`)),
      CONNECT_LIMIT,
    );
    socket.once('connect', () => settle());
    socket.once('error', settle);
  });
}

/**
 * Resolves when the server has read all that was sent on a connection, or has closed it, or after
 * `limit` milliseconds. Linux shows how much lies unread in the server's socket; elsewhere this is
 * only a short pause.
 */
export async function awaitRead(connection: Duplex, limit: number): Promise<void> {
  const deadline = performance.now() + limit;
  for (let pause = 0; ; pause = Math.min(8, pause === 0 ? 1 : pause * 2)) {
    const unread = unreadOctets(connection);
    if (unread === undefined) return delay(Math.min(limit, BLIND_PAUSE));
    if (unread === 0 || performance.now() >= deadline) return;
    // A turn of the event loop first: most servers read within microseconds.
    await (pause === 0 ? new Promise<void>(setImmediate) : delay(pause));
  }
}

/**
 * Octets that were sent on a connection and not read by the server: those that wait here, and those
 * in its socket. Undefined where the system does not tell.
 */
export function unreadOctets(connection: Duplex): number | undefined {
  if (connection.destroyed) return 0;
  // A relay in between has no ports.
  const { localPort, remotePort } = connection instanceof net.Socket ? connection : {};
  const sockets = localPort === undefined ? undefined : tcpSockets();
  if (sockets === undefined) return undefined;
  // Its end of the connection: our remote port is its local one. Gone: it has closed.
  const end = sockets.find(
    (socket) => socket.localPort === remotePort && socket.remotePort === localPort,
  );
  return connection.writableLength + (end?.unread ?? 0);
}
