/**
 * Begin TLS on a connection: from now on nobody else can read or change what is said. This is the only
 * file that touches a TLS socket; the rest of the shell takes it for a connection like any other.
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

/**
 * Resolves when the handshake is done. Rejects, and ends the connection, when it fails or takes too long.
 * @param seconds how long it may take
 */
export function handshake(
  socket: Socket,
  context: SecureContext,
  seconds: number,
): Promise<TLSSocket> {
  const secure = new TLSSocket(socket, { isServer: true, secureContext: context });
  return new Promise((resolve, reject) => {
    const fail = (error: Error & { reason?: string }) => {
      clearTimeout(timer);
      secure.destroy();
      reject(new Error(inWords(error.reason ?? error.message)));
    };
    // Node's timers hold 31 bits of milliseconds, and take more for none.
    const most = Math.min(seconds * 1000, 2 ** 31 - 1);
    const timer = setTimeout(() => fail(new Error('it took too long')), most);
    const left = () => fail(new Error('the client has left'));
    secure.once('secure', () => {
      clearTimeout(timer);
      secure.off('end', left);
      // From now on it is an error like any other.
      secure.off('_tlsError', fail);
      secure.on('_tlsError', (error: Error) => secure.destroy(inItsWords(error)));
      secure.pause(); // what comes now is for somebody who is not there yet
      resolve(secure);
    });
    // That it closes its side is seen by nobody who does not read.
    secure.resume();
    secure.once('end', left);
    secure.once('close', left);
    // Errors of TLS itself come under this name.
    secure.on('_tlsError', fail);
    secure.on('error', fail);
  });
}

/** What OpenSSL says of the two things that go wrong most often. */
function inWords(reason: string): string {
  if (/alert (?:bad certificate|certificate unknown|unknown ca)/.test(reason)) {
    return `the client does not trust the certificate (${reason})`;
  }
  if (/wrong version number|http request/.test(reason)) return `this is no TLS (${reason})`;
  return reason;
}

/** OpenSSL's own words: `wrong version number` is what it says of plain text. */
function inItsWords(error: Error & { reason?: string }): Error {
  return error.reason === undefined ? error : new Error(error.reason);
}
