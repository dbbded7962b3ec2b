/**
 * Terminate: end a connection, and the server, so that nothing is lost.
 */
import type { Socket } from 'node:net';

/** How long the client may take to hear the last reply, in milliseconds. */
const LINGER = 2000;

/**
 * Closes a connection after all replies have gone out. What the client still sends is thrown away: a
 * socket that is closed with unread octets tells the other side "reset", and the last reply is lost.
 */
export function closeWell(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER);
  socket.once('close', () => clearTimeout(timer));
}

/** Stops the server once on Ctrl-C or `kill`; a second signal ends it at once. */
export function stopOnSignals(stop: () => Promise<void>): void {
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      void stop().then(() => process.exit(0));
    });
  }
}
