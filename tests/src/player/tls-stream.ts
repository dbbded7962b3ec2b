/**
 * TLS on a connection that was spoken on in clear before, or was not spoken on yet. Octets may go out
 * in one packet with the first ones of the handshake, and clear text that comes where the handshake
 * belongs is told from it: both matter where something was smuggled in before TLS.
 */
import { Duplex } from 'node:stream';
import tls from 'node:tls';

/** How a handshake went. */
export type Handshake =
  | { kind: 'secure'; stream: Duplex }
  /** The server said something in clear. */
  | { kind: 'plain'; octets: Buffer }
  /** It hung up. */
  | { kind: 'closed' }
  /** It, or this side, gave up; what OpenSSL says of it. */
  | { kind: 'refused'; reason: string };

/** RFC 8446 §5.1: what a record begins with, if it is one that a server answers a handshake with. */
const ALERT = 0x15;
const HANDSHAKE = 0x16;

/**
 * Begins the handshake as a client. Nobody else may read from `stream` from here on, unless the
 * handshake is `plain`.
 * @param early  What has come already: clear text, or the alert of a server that gave up early.
 * @param behind Octets that go out in clear, in the packet that begins the handshake.
 * @param done   Called once.
 */
export function shakeHands(
  stream: Duplex,
  { early, behind }: { early: Buffer; behind: Buffer },
  done: (handshake: Handshake) => void,
): void {
  if (isClearText(early)) return done({ kind: 'plain', octets: early });
  let before = behind;
  let isFirst = early.length === 0;
  let isDone = false;
  const finish = (handshake: Handshake): void => {
    if (isDone) return;
    isDone = true;
    done(handshake);
  };

  const below = new Duplex({
    read: () => void stream.resume(),
    write(octets: Buffer, _, callback) {
      const packet = before.length > 0 ? Buffer.concat([before, octets]) : octets;
      before = Buffer.alloc(0);
      stream.write(packet, () => callback());
    },
    final(callback) {
      stream.end();
      callback();
    },
  });
  const take = (octets: Buffer): void => {
    if (isFirst && isClearText(octets)) {
      stream.off('data', take);
      return finish({ kind: 'plain', octets });
    }
    isFirst = false;
    if (!below.push(octets)) stream.pause();
  };
  stream.on('data', take);
  stream.on('end', () => below.push(null));
  for (const event of ['close', 'error']) stream.on(event, () => below.destroy());
  below.on('error', () => undefined);
  if (early.length > 0) below.push(early);

  // Who a server is does not matter here, only that nobody else can listen.
  const secure = tls.connect({ socket: below, rejectUnauthorized: false, minVersion: 'TLSv1.2' });
  secure.on('secureConnect', () => finish({ kind: 'secure', stream: secure }));
  secure.on('error', (error: NodeJS.ErrnoException & { reason?: string }) => {
    const isOpenSsl = error.code?.startsWith('ERR_SSL') === true;
    finish(
      isOpenSsl ? { kind: 'refused', reason: error.reason ?? error.message } : { kind: 'closed' },
    );
  });
  secure.on('close', () => finish({ kind: 'closed' }));
}

function isClearText(octets: Buffer): boolean {
  return octets.length > 0 && octets[0] !== HANDSHAKE && octets[0] !== ALERT;
}
