/** Whom the client of stage 4 believes. */
import { describe, expect, it } from 'vitest';
import { selfSigned } from '../cli/self-signed.ts';
import { Complaint } from '../../../v4-advanced/src/client/complaint.ts';
import { Conversation } from '../../../v4-advanced/src/client/conversation.ts';
import { shakeHands, type Peer, type Trust } from '../../../v4-advanced/src/client/tls.ts';
import { connect } from 'node:net';
import type { Tls } from './sample-server.ts';
import { CERTIFICATE, smtpServer } from './v4-servers.ts';

/** Shakes hands with a server on this computer, as if it were `peer`; gives what a person reads. */
async function tell(peer: Partial<Peer>, trust: Trust = {}, tls: Tls = CERTIFICATE) {
  await using server = await smtpServer(undefined, { ...tls, atOnce: true });
  const remarks: string[] = [];
  const host = peer.host ?? 'localhost';
  const whole = { host, servername: host, isFirst: true, isLocal: false, ...peer };
  try {
    const socket = connect(server.port, '127.0.0.1');
    const secured = await shakeHands(socket, whole, trust, 10, (text) => remarks.push(text));
    secured.destroy();
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    expect(error.message).not.toContain('\n');
    remarks.push(error.message);
  }
  await server.allClosed();
  expect(remarks[0]).toBe('TLS 1.3 from here on');
  return remarks.slice(1).join('\n');
}

const EXPIRED = selfSigned('211231235959Z');

describe('a certificate that is signed by itself', () => {
  it('is accepted from this computer, and that is said', async () => {
    expect(await tell({ isLocal: true })).toBe(
      'Self-signed certificate: accepted, since the server is on this computer.',
    );
  });

  it('is not believed from elsewhere, and what to do is said', async () => {
    expect(await tell({})).toBe(
      'The certificate of localhost cannot be believed: nobody known vouches for it. ' +
        'If you have it as a file, say --ca FILE; --insecure believes anybody.',
    );
  });

  it('is believed without a word by whoever has it', async () => {
    expect(await tell({}, { ca: CERTIFICATE.cert })).toBe('');
    expect(await tell({ isLocal: true }, { ca: CERTIFICATE.cert })).toBe('');
  });

  it('is not believed by whoever has another, not even on this computer', async () => {
    expect(await tell({ isLocal: true }, { ca: selfSigned().cert })).toContain(
      'cannot be believed',
    );
  });

  it('is not believed under another name', async () => {
    expect(await tell({ host: 'mail.example' }, { ca: CERTIFICATE.cert })).toBe(
      'The certificate of mail.example cannot be believed: it is for CN=localhost, not for ' +
        'mail.example. Ask whoever runs the server; --insecure believes anybody.',
    );
    const address = { host: '192.0.2.1', servername: '' };
    expect(await tell(address, { ca: CERTIFICATE.cert })).toContain(' not for 192.0.2.1. ');
  });

  it('is not believed when it has expired, not even on this computer', async () => {
    const told = await tell({ isLocal: true }, {}, EXPIRED);
    expect(told).toBe(
      'The certificate of localhost cannot be believed: it has expired ' +
        '(Dec 31 23:59:59 2021 GMT). Ask whoever runs the server; --insecure believes anybody.',
    );
    expect(await tell({}, { ca: EXPIRED.cert }, EXPIRED)).toBe(told);
  });

  it('is believed if any is, and the doubt is said', async () => {
    const insecure = true;
    expect(await tell({}, { insecure })).toBe(
      'The certificate is in doubt: nobody known vouches for it. Accepted: --insecure.',
    );
    expect(await tell({}, { insecure }, EXPIRED)).toContain('it has expired (Dec 31');
  });
});

describe('a server without TLS of today', () => {
  it('is told', async () => {
    const old = { ...CERTIFICATE, atOnce: true, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' };
    await using server = await smtpServer(undefined, {
      ...old,
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as Tls);
    const address = { host: '127.0.0.1', port: server.port, timeout: 10, tls: 'at once' } as const;
    await expect(Conversation.open(address, () => undefined)).rejects.toThrow(
      'The server knows no TLS that is safe: 1.2 is the least.',
    );
  });
});
