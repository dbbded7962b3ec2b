/**
 * Second reading: the certificate that the server shows its clients, and the key that belongs to it.
 *
 * Either somebody gives both files (`--cert`, `--key`), or the server signs one for itself and keeps
 * it in the data folder. A client does not trust that one unless it is told to: it is in `file`.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { domainToASCII } from 'node:url';
import { ifThere, writeSafely } from './files.ts';

const DAY = 24 * 3600 * 1000;

/** Apple's programs refuse a server's certificate that is valid for more than 825 days. */
const DAYS = 820;

/** A self-signed certificate is made anew when it has no longer than this to live, in days. */
const RENEWAL = 30;

/** Tells the certificates that this server signed from those that somebody put in their place. */
const ORGANIZATION = 'Stagepost self-signed';

/** What to do with a file in the data folder that nobody can read. */
const REMOVE = ' Move it away, and a new one is made.';

/** How the server is called by clients on the same computer. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

export interface CertificateOptions {
  /** The data folder: `cert.pem` and `key.pem` are made there where no files are given. */
  folder: string;
  cert?: string | undefined;
  key?: string | undefined;
  /** The domains that a self-signed certificate must name, besides those of this computer. */
  names: readonly string[];
}

/** A certificate and its key, in PEM, and the files they come from. */
interface Pair {
  cert: string;
  key: string;
  certFile: string;
  keyFile: string;
}

export class Certificate {
  /** The certificate's file, for messages and for clients. */
  readonly file: string;
  readonly #options: CertificateOptions;
  readonly #tell: (text: string) => void;
  #context: SecureContext;

  private constructor(
    options: CertificateOptions,
    tell: (text: string) => void,
    file: string,
    context: SecureContext,
  ) {
    this.#options = options;
    this.#tell = tell;
    this.file = file;
    this.#context = context;
  }

  /**
   * Reads the certificate and its key, or makes them.
   * @param tell is given a line about what is wrong but can be used, such as an expired certificate
   * @throws Error of one line if there is none that could be used
   */
  static async open(
    options: CertificateOptions,
    tell: (text: string) => void,
  ): Promise<Certificate> {
    const pair = await pairOf(options, tell);
    return new Certificate(options, tell, pair.certFile, contextOf(pair, tell));
  }

  /** For new TLS connections. */
  get context(): SecureContext {
    return this.#context;
  }

  /**
   * Reads the files again. What cannot be used is told in one line, and the old certificate stays.
   * Connections that are open keep the certificate they began with.
   */
  async reload(): Promise<void> {
    try {
      this.#context = contextOf(await pairOf(this.#options, this.#tell), this.#tell);
    } catch (error) {
      this.#tell(`${(error as Error).message} The certificate in use stays.`);
    }
  }
}

async function pairOf(options: CertificateOptions, tell: (text: string) => void): Promise<Pair> {
  const { folder, cert, key, names } = options;
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = key === undefined ? ['--cert', '--key'] : ['--key', '--cert'];
    throw new Error(
      `${given} was given without ${missing}: a certificate and its key go together. Without both, the server signs a certificate for itself.`,
    );
  }
  if (cert !== undefined && key !== undefined) return read(cert, key);
  return ownPair(folder, names, tell);
}

async function read(certFile: string, keyFile: string): Promise<Pair> {
  return {
    cert: await readText(certFile, 'certificate'),
    key: await readText(keyFile, 'key'),
    certFile,
    keyFile,
  };
}

/** The pair in the data folder; made if it is missing, or no longer good and ours to replace. */
async function ownPair(
  folder: string,
  names: readonly string[],
  tell: (text: string) => void,
): Promise<Pair> {
  const certFile = path.join(folder, 'cert.pem');
  const keyFile = path.join(folder, 'key.pem');
  const oldCert = await readIfThere(certFile, 'certificate');
  const oldKey = await readIfThere(keyFile, 'key');
  const old = oldCert === undefined ? undefined : parseCertificate(oldCert, certFile, REMOVE);
  // Somebody has put a certificate of a real authority there: it is not ours to replace.
  if (old && !isOurs(old)) return read(certFile, keyFile);
  const wanted = namesFor(names);
  const key = oldKey === undefined ? undefined : parseKey(oldKey, keyFile, REMOVE);
  if (old) {
    const reason = whyNot(old, key, wanted);
    if (reason === undefined) return read(certFile, keyFile);
    tell(
      `${certFile} ${reason}: a new one was made. Clients that were told to trust the old one must be told again.`,
    );
  }
  // The key is kept, so that only one file changes, and is changed at one stroke: the server may be
  // killed at any time, and must not find a certificate and a key of different pairs.
  const made = await make(wanted, key, keyFile);
  try {
    await mkdir(folder, { recursive: true });
    if (!key) await writeSafely(keyFile, made.key, 0o600);
    await writeSafely(certFile, made.cert, 0o644);
  } catch (error) {
    throw new Error(
      `No certificate could be put into ${folder} (${codeOf(error)}): is the folder yours? --data names another one.`,
      { cause: error },
    );
  }
  return { ...made, certFile, keyFile };
}

/** Why a self-signed certificate must be made again, if it must. */
function whyNot(cert: X509Certificate, key: KeyObject | undefined, names: readonly string[]) {
  if (!key) return 'had no key beside it';
  if (!cert.checkPrivateKey(key)) return 'did not belong to the key beside it';
  if (Date.parse(cert.validTo) < Date.now()) return 'had expired';
  if (Date.parse(cert.validTo) < Date.now() + RENEWAL * DAY) return 'was about to expire';
  const unnamed = names.find((name) => {
    return (isIP(name) ? cert.checkIP(name) : cert.checkHost(name, NAMES_ONLY)) === undefined;
  });
  return unnamed === undefined ? undefined : `did not name ${unnamed}`;
}

/** RFC 9525 §2: a client compares its server's name with the names, not with the subject. */
const NAMES_ONLY = { subject: 'never' } as const;

function namesFor(domains: readonly string[]): string[] {
  const names = domains.map((domain) => {
    // A certificate holds a domain the way DNS does: xn--…
    const name = isIP(domain) ? domain : domainToASCII(domain);
    if (name === '') throw new Error(`"${domain}" is no domain that a certificate could name.`);
    return name;
  });
  return [...new Set([...LOOPBACK, ...names])];
}

/** Signs a certificate for these names, with the key that there is, or a new one. */
async function make(
  names: readonly string[],
  key: KeyObject | undefined,
  keyFile: string,
): Promise<{ cert: string; key: string }> {
  const isEc = key?.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (key && !isEc && key.asymmetricKeyType !== 'rsa') {
    throw new Error(
      `The server can sign a certificate only with a key of RSA or of the curve P-256, and ${keyFile} holds another one. Move it away, and a new one is made.`,
    );
  }
  // Loading it takes as long as all else at a start, and it is needed once in two years.
  const { default: selfsigned } = await import('selfsigned');
  const { cert, private: made } = await selfsigned.generate(
    [
      { name: 'commonName', value: 'localhost' },
      { name: 'organizationName', value: ORGANIZATION },
    ],
    {
      keyType: key && !isEc ? 'rsa' : 'ec',
      ...(key && {
        keyPair: {
          privateKey: key.export({ type: 'pkcs8', format: 'pem' }) as string,
          publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string,
        },
      }),
      algorithm: 'sha256',
      notBeforeDate: new Date(Date.now() - DAY), // a client's clock may be slow
      notAfterDate: new Date(Date.now() + DAYS * DAY),
      extensions: [
        // Whoever trusts this certificate trusts this server, and not whatever a thief of the key
        // might sign with it. (Some clients also refuse a server that shows an authority's.)
        // There is no keyUsage: older OpenSSL takes a certificate for its own issuer only if its
        // keyUsage is absent or says that it may sign others.
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: names.map((name) =>
            isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
          ),
        },
      ],
    },
  );
  return { cert: endLine(cert), key: made };
}

function isOurs(cert: X509Certificate): boolean {
  return cert.subject.includes(`O=${ORGANIZATION}`) && cert.verify(cert.publicKey);
}

function contextOf({ cert, key, certFile, keyFile }: Pair, tell: (text: string) => void) {
  const parsed = parseCertificate(cert, certFile);
  if (!parsed.checkPrivateKey(parseKey(key, keyFile))) {
    throw new Error(
      `The key ${keyFile} does not belong to the certificate ${certFile}. (Where a file holds several certificates, the server's own must come first.)`,
    );
  }
  let context: SecureContext;
  try {
    // RFC 8996: nothing older than TLS 1.2.
    context = createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  } catch (error) {
    const { message, reason } = error as Error & { reason?: string };
    throw new Error(`The certificate ${certFile} cannot be used: ${reason ?? message}.`, {
      cause: error,
    });
  }
  const [from, to] = [Date.parse(parsed.validFrom), Date.parse(parsed.validTo)];
  if (to < Date.now()) {
    tell(
      `The certificate ${certFile} expired on ${dayOf(to)}, and clients will refuse it: renew it.`,
    );
  } else if (from > Date.now()) {
    tell(
      `The certificate ${certFile} is valid only from ${dayOf(from)}, and clients will refuse it: is the clock of this computer right?`,
    );
  }
  return context;
}

function parseCertificate(text: string, file: string, remedy = ''): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    const found = text.includes('PRIVATE KEY-----') ? 'a private key and no' : 'no';
    throw new Error(
      `${file} holds ${found} certificate in PEM format, which begins with -----BEGIN CERTIFICATE-----.${remedy}`,
      { cause: error },
    );
  }
}

function parseKey(text: string, file: string, remedy = ''): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
      throw new Error(
        `The key ${file} is locked with a password. Unlock it: openssl pkey -in ${file} -out unlocked.pem`,
        { cause: error },
      );
    }
    const found = text.includes('BEGIN CERTIFICATE-----') ? 'a certificate and no' : 'no';
    throw new Error(
      `${file} holds ${found} private key in PEM format, which begins with -----BEGIN PRIVATE KEY-----.${remedy}`,
      { cause: error },
    );
  }
}

/** `undefined` if there is no such file. */
async function readIfThere(file: string, what: string): Promise<string | undefined> {
  try {
    return await ifThere(readFile(file, 'latin1')); // PEM is ASCII
  } catch (error) {
    throw unreadable(file, what, codeOf(error));
  }
}

async function readText(file: string, what: string): Promise<string> {
  const text = await readIfThere(file, what);
  if (text === undefined) throw unreadable(file, what, 'ENOENT');
  return text;
}

function unreadable(file: string, what: string, code: string): Error {
  return new Error(`The ${what} ${file} cannot be read (${code}): is it there, and is it yours?`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}

function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
