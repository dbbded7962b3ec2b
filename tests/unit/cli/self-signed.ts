/** A certificate for a test's server, signed by itself: RFC 5280, as far as a handshake needs it. */
import { generateKeyPairSync, sign } from 'node:crypto';

/** DER: a tag, a length, the contents (ITU-T X.690). */
function der(tag: number, ...contents: (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(contents.map((content) => Buffer.from(content as string)));
  const long = body.length > 127 ? [0x82, body.length >> 8, body.length & 0xff] : [body.length];
  return Buffer.concat([Buffer.from([tag, ...long]), body]);
}

const SEQUENCE = 0x30;
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 */
const ALGORITHM = der(SEQUENCE, Buffer.from('06082a8648ce3d040302', 'hex'));
/** CN=localhost; 2.5.4.3 is commonName */
const NAME = der(
  SEQUENCE,
  der(0x31, der(SEQUENCE, Buffer.from('0603550403', 'hex'), der(0x0c, 'localhost'))),
);

/** @param until its last second, as ASN.1's UTCTime */
export function selfSigned(until = '491231235959Z'): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const toBeSigned = der(
    SEQUENCE,
    der(0xa0, der(0x02, '\x02')), // version 3
    der(0x02, '\x01'), // serial number
    ALGORITHM,
    NAME,
    der(SEQUENCE, der(0x17, '200101000000Z'), der(0x17, until)),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, '\0', sign('sha256', toBeSigned, privateKey));
  const base64 = der(SEQUENCE, toBeSigned, ALGORITHM, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}
