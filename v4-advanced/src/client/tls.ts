/**
 * TLS, and whether the server is who it says it is: its certificate.
 * RFC 8446 (TLS 1.3), RFC 8314 §3 (from the first octet), RFC 3207 (STARTTLS), RFC 2595 (STLS).
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { Complaint } from './complaint.ts';
import { words } from './words.ts';

/** Whom to believe. */
export interface Trust {
  /** Certificates (PEM) that are believed, and no others. Without them: those that Node comes with. */
  ca?: string | undefined;
  /** Believe anybody. */
  insecure?: boolean | undefined;
}

export interface Peer {
  /** As it was asked for: the certificate must name it. */
  host: string;
  servername: string;
  /** TLS was to begin with the first octet, and not by a command. */
  isFirst: boolean;
  /** The server runs on this computer: nobody is in between. */
  isLocal: boolean;
}

/** The certificate is in order, but nobody whom we know vouches for it. */
const NOBODY_VOUCHES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * Shakes hands, and looks at the certificate before anything is said.
 * @param timeout in seconds
 * @param remark is told what a person should know
 * @throws Complaint if there is no TLS, or the server cannot be believed
 */
export async function shakeHands(
  socket: Duplex,
  peer: Peer,
  trust: Trust,
  timeout: number,
  remark: (text: string) => void,
): Promise<TLSSocket> {
  const secured = connect({
    socket,
    host: peer.host,
    servername: peer.servername,
    ca: trust.ca,
    minVersion: 'TLSv1.2', // RFC 8996: those before it are broken.
    rejectUnauthorized: false, // `judge` says it in words.
  });
  secured.on('error', () => undefined); // Whoever waits gets the error as well, and tells it.
  const timer = setTimeout(() => {
    secured.destroy(new Complaint(words.silent(words.owed.handshake, timeout)));
  }, timeout * 1000);
  try {
    await once(secured, 'secureConnect');
    remark(words.secured(secured.getProtocol() ?? 'TLS'));
    const doubt = secured.authorized ? undefined : judge(secured, peer, trust);
    if (doubt !== undefined) remark(doubt);
  } catch (error) {
    secured.destroy();
    socket.destroy();
    throw error instanceof Complaint ? error : new Complaint(whyNot(error as Error, peer));
  } finally {
    clearTimeout(timer);
  }
  return secured;
}

/** @returns why a certificate that cannot be verified will do all the same */
function judge(secured: TLSSocket, { host, isLocal }: Peer, { ca, insecure }: Trust): string {
  // Node tells the code here, whatever the type says.
  const code = String(secured.authorizationError);
  const why = doubts(code, secured, host);
  if (insecure) return words.believed(why);
  if (isLocal && ca === undefined && NOBODY_VOUCHES.has(code)) {
    return code === 'DEPTH_ZERO_SELF_SIGNED_CERT' ? words.selfSignedHere : words.unknownHere;
  }
  throw new Complaint(words.notBelieved(host, why, NOBODY_VOUCHES.has(code)));
}

function doubts(code: string, secured: TLSSocket, host: string): string {
  const certificate = secured.getPeerCertificate();
  if (NOBODY_VOUCHES.has(code)) return words.nobodyVouches;
  if (code === 'CERT_HAS_EXPIRED') return words.expired(certificate.valid_to);
  if (code === 'CERT_NOT_YET_VALID') return words.notYetValid(certificate.valid_from);
  if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return code;
  return words.otherName(
    certificate.subjectaltname ?? `CN=${String(certificate.subject.CN)}`,
    host,
  );
}

function whyNot({ message, code = message }: NodeJS.ErrnoException, { isFirst }: Peer): string {
  // What came was no TLS at all.
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|UNEXPECTED_MESSAGE/.test(code)) {
    return isFirst ? words.noTlsThere : words.noTlsAfterAll;
  }
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code)) return words.oldTls;
  if (code === 'ECONNRESET') return words.closed(words.owed.handshake);
  return words.handshakeFailed(code);
}
