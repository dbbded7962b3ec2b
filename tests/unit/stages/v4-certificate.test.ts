import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { checkServerIdentity, connect, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import selfsigned from 'selfsigned';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Certificate } from '../../../v4-advanced/src/certificate.ts';

const run = promisify(execFile);
const DAY = 24 * 3600 * 1000;

let top: string;
let folder: string;
let told: string[];
const tell = (text: string) => void told.push(text);
const inFolder = (name: string) => path.join(folder, name);
const parsed = async (file = inFolder('cert.pem')) => new X509Certificate(await readFile(file));

beforeAll(async () => {
  top = await mkdtemp(path.join(os.tmpdir(), 'stagepost-certificate-'));
});
afterAll(() => rm(top, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(path.join(top, 'data-'));
  told = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const open = (...names: string[]) => Certificate.open({ folder, names }, tell);

/** What the server would have made so many days ago. */
async function openDaysAgo(days: number) {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - days * DAY });
  await open();
  vi.useRealTimers();
}

/** A pair of files that somebody else made. */
async function foreignPair(name = 'mail.example.org') {
  const pair = await selfsigned.generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
  });
  const cert = inFolder('their-cert.pem');
  const key = inFolder('their-key.pem');
  await writeFile(cert, pair.cert);
  await writeFile(key, pair.private);
  return { cert, key };
}

const privateKey = (pem: { privateKey: unknown }) => pem.privateKey as string;
const rsa = () =>
  privateKey(
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }),
  );

describe('a certificate that the server signs for itself', () => {
  it('names this computer and the domains, and lives as long as clients allow', async () => {
    const { file } = await open('example.com', 'Bücher.example', '192.0.2.1', 'localhost');
    expect(file).toBe(inFolder('cert.pem'));
    const cert = await parsed();
    expect(cert.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:example.com, DNS:xn--bcher-kva.example, IP Address:192.0.2.1',
    );
    expect(cert.ca).toBe(false);
    expect(cert.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    const days = (Date.parse(cert.validTo) - Date.parse(cert.validFrom)) / DAY;
    expect(days).toBeGreaterThan(800);
    expect(days).toBeLessThan(825);
    expect(Date.parse(cert.validFrom)).toBeLessThan(Date.now() - DAY / 2);
    expect(told).toEqual([]);
  });

  it('keeps its key for itself', async () => {
    folder = inFolder('not/yet');
    await open();
    expect((await readdir(folder)).sort()).toEqual(['cert.pem', 'key.pem']);
    if (process.platform !== 'win32') {
      expect((await stat(inFolder('key.pem'))).mode & 0o777).toBe(0o600);
    }
  });

  it('is made once', async () => {
    await open('example.com');
    const before = await readFile(inFolder('cert.pem'), 'utf8');
    await open('example.com');
    await open(); // names more than is needed now, which does no harm
    expect(await readFile(inFolder('cert.pem'), 'utf8')).toBe(before);
    expect(told).toEqual([]);
  });

  it.each([
    [900, 'had expired'],
    [800, 'was about to expire'],
  ])('is made again after %i days, with the same key', async (days, reason) => {
    await openDaysAgo(days);
    const key = await readFile(inFolder('key.pem'), 'utf8');
    const before = await parsed();
    await open();
    expect(await readFile(inFolder('key.pem'), 'utf8')).toBe(key);
    const cert = await parsed();
    expect(cert.publicKey.equals(before.publicKey)).toBe(true);
    expect(cert.serialNumber).not.toBe(before.serialNumber);
    expect(told).toEqual([
      `${inFolder('cert.pem')} ${reason}: a new one was made. Clients that were told to trust the old one must be told again.`,
    ]);
    await open();
    expect(told).toHaveLength(1);
  });

  it('is not made again earlier', async () => {
    await openDaysAgo(780);
    const before = await parsed();
    await open();
    expect((await parsed()).serialNumber).toBe(before.serialNumber);
  });

  it('is made again for a new domain', async () => {
    await open('example.com');
    await open('example.com', 'example.org');
    expect((await parsed()).checkHost('example.org')).toBe('example.org');
    expect(told.join()).toContain('did not name example.org');
  });

  it('is made again if its key is lost, or is another one', async () => {
    await open();
    await rm(inFolder('key.pem'));
    await open();
    await writeFile(inFolder('key.pem'), rsa());
    await open();
    expect((await parsed()).publicKey.asymmetricKeyType).toBe('rsa');
    expect(told.map((text) => text.split(':')[0]!.split('cert.pem ')[1])).toEqual([
      'had no key beside it',
      'did not belong to the key beside it',
    ]);
  });

  it('is made for a key that a killed server left', async () => {
    await open();
    const key = await readFile(inFolder('key.pem'), 'utf8');
    await rm(inFolder('cert.pem'));
    await open();
    expect(await readFile(inFolder('key.pem'), 'utf8')).toBe(key);
    expect(told).toEqual([]);
  });

  it('never replaces a certificate that somebody has put in its place', async () => {
    const { cert, key } = await foreignPair();
    await copyFile(cert, inFolder('cert.pem'));
    await expect(open('example.com')).rejects.toThrow(
      `The key ${inFolder('key.pem')} cannot be read (ENOENT): is it there, and is it yours?`,
    );
    await copyFile(key, inFolder('key.pem'));
    await open('example.com');
    expect((await parsed()).subject).toBe('CN=mail.example.org');
    expect(told).toEqual([]);
  });

  it('cannot be made beside files that hold something else', async () => {
    await writeFile(inFolder('key.pem'), 'garbage');
    await expect(open()).rejects.toThrow(
      `${inFolder('key.pem')} holds no private key in PEM format, which begins with -----BEGIN PRIVATE KEY-----. Move it away, and a new one is made.`,
    );
    await writeFile(inFolder('cert.pem'), '');
    await expect(open()).rejects.toThrow(
      `${inFolder('cert.pem')} holds no certificate in PEM format, which begins with -----BEGIN CERTIFICATE-----. Move it away, and a new one is made.`,
    );
  });

  it('cannot be signed with a key of a kind that few know', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(inFolder('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await expect(open()).rejects.toThrow(
      `only with a key of RSA or of the curve P-256, and ${inFolder('key.pem')} holds another one.`,
    );
  });

  it('cannot name what is no domain', async () => {
    await expect(open('two words')).rejects.toThrow(
      '"two words" is no domain that a certificate could name.',
    );
  });

  it('needs a folder', async () => {
    folder = inFolder('file');
    await writeFile(folder, '');
    await expect(open()).rejects.toThrow(/^[^\n]*file[^\n]* \(E\w+\): is (?:it there|the folder)/);
  });
});

describe('a certificate that somebody gives', () => {
  const given = (files: { cert?: string; key?: string }) =>
    Certificate.open({ folder, names: ['example.com'], ...files }, tell);

  it('is taken as it is, and nothing is made', async () => {
    const pair = await foreignPair();
    const { file } = await given(pair);
    expect(file).toBe(pair.cert);
    expect((await readdir(folder)).sort()).toEqual(['their-cert.pem', 'their-key.pem']);
    expect(told).toEqual([]);
  });

  it('needs its key, and the key its certificate', async () => {
    const { cert, key } = await foreignPair();
    await expect(given({ cert })).rejects.toThrow(/^--cert was given without --key: [^\n]*$/);
    await expect(given({ key })).rejects.toThrow(/^--key was given without --cert: [^\n]*$/);
  });

  it('must belong to the key', async () => {
    const { cert } = await foreignPair();
    const key = inFolder('other.pem');
    await writeFile(key, rsa());
    await expect(given({ cert, key })).rejects.toThrow(
      `The key ${key} does not belong to the certificate ${cert}.`,
    );
  });

  it('must be there, and be a file', async () => {
    const { cert, key } = await foreignPair();
    const none = inFolder('none.pem');
    await expect(given({ cert: none, key })).rejects.toThrow(
      `The certificate ${none} cannot be read (ENOENT): is it there, and is it yours?`,
    );
    await expect(given({ cert, key: none })).rejects.toThrow(`The key ${none} cannot be read`);
    await expect(given({ cert: folder, key })).rejects.toThrow(`${folder} cannot be read (EISDIR)`);
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'must be readable',
    async () => {
      const { cert, key } = await foreignPair();
      await rm(key);
      await writeFile(key, 'x', { mode: 0 });
      await expect(given({ cert, key })).rejects.toThrow(`The key ${key} cannot be read (EACCES)`);
    },
  );

  it('must be PEM, and what is there instead is named', async () => {
    const { cert, key } = await foreignPair();
    const garbage = inFolder('garbage');
    await writeFile(garbage, Buffer.from([0x30, 0x82, 0, 1, 0xff]));
    await expect(given({ cert: garbage, key })).rejects.toThrow(
      `${garbage} holds no certificate in PEM format, which begins with -----BEGIN CERTIFICATE-----.`,
    );
    await expect(given({ cert, key: garbage })).rejects.toThrow(
      `${garbage} holds no private key in PEM format, which begins with -----BEGIN PRIVATE KEY-----.`,
    );
    await expect(given({ cert: key, key })).rejects.toThrow(
      `${key} holds a private key and no certificate in PEM format`,
    );
    await expect(given({ cert, key: cert })).rejects.toThrow(
      `${cert} holds a certificate and no private key in PEM format`,
    );
  });

  it.each(['pkcs8', 'pkcs1'] as const)('must have a key without a password (%s)', async (type) => {
    const { cert } = await foreignPair();
    const key = inFolder('locked.pem');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const lock = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
    await writeFile(key, privateKey.export({ type, ...lock }));
    await expect(given({ cert, key })).rejects.toThrow(
      `The key ${key} is locked with a password. Unlock it: openssl pkey -in ${key} -out unlocked.pem`,
    );
  });

  it('may have expired, or not be valid yet: that is told', async () => {
    const now = Date.now();
    const pair = await foreignPair();
    const cert = await parsed(pair.cert);
    vi.useFakeTimers({ toFake: ['Date'], now: now + 366 * DAY });
    await given(pair);
    vi.setSystemTime(now - 2 * DAY);
    await given(pair);
    const [from, to] = [cert.validFrom, cert.validTo].map((date) =>
      new Date(date).toISOString().slice(0, 10),
    );
    expect(told).toEqual([
      `The certificate ${pair.cert} expired on ${to}, and clients will refuse it: renew it.`,
      `The certificate ${pair.cert} is valid only from ${from}, and clients will refuse it: is the clock of this computer right?`,
    ]);
  });
});

describe('clients', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** As for STARTTLS: an open connection goes over to TLS. */
  async function serve(certificate: Certificate): Promise<number> {
    server = createServer((socket) => {
      const { context } = certificate;
      const tls = new TLSSocket(socket, { isServer: true, secureContext: context });
      tls.on('error', () => {}); // a client that refuses the certificate says so, and leaves
      tls.end('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function handshake(port: number, options: object): Promise<TLSSocket> {
    const socket = connect({ port, host: '127.0.0.1', ...options });
    await once(socket, 'secureConnect');
    socket.destroy();
    return socket;
  }

  const isThere = (program: string, argument: string) => {
    try {
      execFileSync(program, [argument], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };

  it.each(['localhost', '127.0.0.1', '::1', 'mail.example.com'])(
    'that trust the file take it for %s (Node)',
    async (host) => {
      const certificate = await open('mail.example.com');
      const port = await serve(certificate);
      const ca = await readFile(certificate.file);
      const servername = host.includes(':') || /^\d/.test(host) ? '' : host;
      const check = (_: string, cert: never) => checkServerIdentity(host, cert);
      const socket = await handshake(port, { ca, servername, checkServerIdentity: check });
      expect(socket.authorized).toBe(true);
    },
  );

  it('that do not trust it, or look for another host, refuse it', async () => {
    const certificate = await open();
    const port = await serve(certificate);
    await expect(handshake(port, { servername: 'localhost' })).rejects.toThrow('self-signed');
    const ca = await readFile(certificate.file);
    const other = handshake(port, { ca, servername: 'example.net' });
    await expect(other).rejects.toThrow("does not match certificate's altnames");
  });

  it('of TLS 1.2 are served, and those of TLS 1.1 are not', async () => {
    const certificate = await open();
    const port = await serve(certificate);
    const ca = await readFile(certificate.file);
    const twelve = await handshake(port, { ca, maxVersion: 'TLSv1.2' });
    expect(twelve.authorized).toBe(true);
    const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
    await expect(handshake(port, old)).rejects.toThrow();
  });

  it('that are under way keep the old certificate, and new ones get the new one', async () => {
    const certificate = await open();
    const before = certificate.context;
    const { serialNumber } = await parsed();
    await rm(inFolder('cert.pem'));
    await certificate.reload();
    expect(certificate.context).not.toBe(before);
    const socket = connect({
      port: await serve(certificate),
      host: '127.0.0.1',
      ca: await readFile(certificate.file),
    });
    await once(socket, 'secureConnect');
    const shown = socket.getPeerX509Certificate()!;
    socket.destroy();
    expect(shown.serialNumber).toBe((await parsed()).serialNumber);
    expect(shown.serialNumber).not.toBe(serialNumber);
  });

  it('go on with the old certificate when the new one cannot be used', async () => {
    const pair = await foreignPair();
    const certificate = await Certificate.open({ folder, names: [], ...pair }, tell);
    const before = certificate.context;
    await writeFile(pair.key, rsa());
    await certificate.reload();
    await writeFile(pair.cert, 'garbage');
    await certificate.reload();
    await rm(pair.cert);
    await certificate.reload();
    expect(certificate.context).toBe(before);
    expect(told).toHaveLength(3);
    expect(told[0]).toMatch(/^The key .* does not belong .* The certificate in use stays\.$/);
    expect(told[1]).toMatch(/^.* holds no certificate .* The certificate in use stays\.$/);
    expect(told[2]).toMatch(/^.* cannot be read .* The certificate in use stays\.$/);
  });

  describe.skipIf(!isThere('openssl', 'version'))('of OpenSSL', () => {
    it.each([
      ['-verify_hostname', 'localhost'],
      ['-verify_ip', '127.0.0.1'],
      ['-verify_ip', '::1'],
    ])('take it (%s %s)', async (option, host) => {
      const certificate = await open();
      const port = await serve(certificate);
      const args = [
        's_client', '-connect', `127.0.0.1:${port}`, '-CAfile', certificate.file,
        '-verify', '3', '-verify_return_error', '-x509_strict', option, host,
      ]; // prettier-ignore
      const client = run('openssl', args);
      client.child.stdin!.end();
      expect((await client).stdout).toContain('Verify return code: 0 (ok)');
    });
  });

  describe.skipIf(!isThere('curl', '--version'))('of curl', () => {
    it('take it', async () => {
      const certificate = await open();
      const port = await serve(certificate);
      for (const host of ['localhost', '127.0.0.1']) {
        const args = ['-q', '-sS', '--noproxy', '*', '--cacert', certificate.file];
        const { stdout } = await run('curl', [...args, `https://${host}:${port}/`]);
        expect(stdout).toBe('yes');
      }
    });
  });

  describe.skipIf(!isThere('python3', '--version'))('of Python', () => {
    it('take it, also the strict ones of newer versions', async () => {
      const certificate = await open();
      const port = await serve(certificate);
      const script = `
import socket, ssl, sys
for host in ('localhost', '127.0.0.1', '::1'):
    context = ssl.create_default_context(cafile=sys.argv[1])
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection(('127.0.0.1', int(sys.argv[2]))) as plain:
        with context.wrap_socket(plain, server_hostname=host) as tls:
            print(tls.version())
`;
      const { stdout } = await run('python3', ['-c', script, certificate.file, `${port}`]);
      expect(stdout.trim().split(/\s+/)).toEqual(['TLSv1.3', 'TLSv1.3', 'TLSv1.3']);
    });
  });
});
