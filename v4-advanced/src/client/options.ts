/** What the command line says. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Complaint } from './complaint.ts';
import type { ServerAddress } from './conversation.ts';
import { checkPassword } from './login.ts';
import { checkAddress } from './message.ts';
import { words } from './words.ts';

export type Options = ReturnType<typeof readOptions>;

/** On these ports TLS begins with the first octet (RFC 8314 §3): our server's, and everybody's. */
const TLS_PORTS = [4650, 9950, 465, 995];

/**
 * @returns what was given, with `timeout` in seconds
 * @throws Complaint if it makes no sense
 */
export function readOptions(args: string[]) {
  const { values, positionals } = parse(args);
  const { from, to, subject, body, test, user } = values;
  // `client.ts 2626` means a port: the server is called that way too.
  if (positionals.length === 1 && /^\d+$/.test(positionals[0]!)) positionals.unshift('127.0.0.1');
  const [host = '127.0.0.1', port, surplus] = positionals;
  if (surplus !== undefined) throw wrong(words.surplus(surplus));
  const hasText = subject !== undefined || body !== undefined;
  const isMessage = from !== undefined || to !== undefined || hasText;
  if (test && hasText) throw wrong(words.testHasText);
  const sender = from ?? user;
  if (!test && isMessage && (sender === undefined || to === undefined)) throw wrong(words.unpaired);
  return {
    ...values,
    ...readingOptions(values, isMessage || test === true, port),
    ...tlsOptions(values),
    host,
    port: port === undefined ? undefined : whole(words.port, port, 65_535),
    timeout: whole('--timeout', values.timeout ?? '60', 86_400),
  };
}

/** Where mail is sent: to submission (RFC 6409) by whoever logs in, else to where mail arrives. */
export function sendingServer(options: Options, isLoggedIn: boolean): ServerAddress {
  const { port, tls } = options;
  if (tls === true) return address(options, port ?? 4650, '--smtps');
  return isLoggedIn
    ? address(options, port ?? 5870, '--submission')
    : address(options, port ?? 2525, undefined);
}

export function readingServer(options: Options): ServerAddress {
  const { pop3, tls } = options;
  return tls === true
    ? address(options, pop3 ?? 9950, '--pop3s')
    : address(options, pop3 ?? 1110, '--pop3');
}

function address(
  { host, timeout, tls, noTls, trust }: Options,
  port: number,
  option: ServerAddress['option'],
): ServerAddress {
  const atOnce = tls ?? TLS_PORTS.includes(port);
  return {
    ...{ host, port, option, timeout, trust },
    tls: noTls ? 'never' : atOnce ? 'at once' : 'if offered',
  };
}

/** @param port that of SMTP, if it was said */
function readingOptions(
  { user, password, pop3, list, read, delete: marks }: ReturnType<typeof parse>['values'],
  isSending: boolean,
  port: string | undefined,
) {
  const isReading = list ?? (read !== undefined || marks !== undefined);
  if (isSending && (isReading || pop3 !== undefined)) throw wrong(words.oneJob);
  if (list && (read ?? marks)) throw wrong(words.listAlone);
  if (read && read.length > 1) throw wrong(words.readOne);
  if ((isReading || password !== undefined) && user === undefined) throw wrong(words.whose);
  if (isReading && port !== undefined && pop3 === undefined) throw wrong(words.whichPort(port));
  return {
    isReading,
    user: user === undefined ? '' : checkAddress(user),
    password: password === undefined ? '' : checkPassword(password),
    pop3: pop3 === undefined ? undefined : whole('--pop3', pop3, 65_535),
    read: read?.map((number) => messageNumber('--read', number))[0],
    delete: marks?.map((number) => messageNumber('--delete', number)),
  };
}

function tlsOptions(values: ReturnType<typeof parse>['values']) {
  const { tls, ca, insecure, 'no-tls': noTls } = values;
  if (noTls && (tls ?? insecure ?? ca) !== undefined) throw wrong(words.noTlsAlone);
  if (insecure && ca !== undefined) throw wrong(words.caOrInsecure);
  return { noTls, trust: { insecure, ca: ca === undefined ? undefined : certificates(ca) } };
}

function certificates(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    throw new Complaint(words.unreadable(file, (error as NodeJS.ErrnoException).code!), 2);
  }
  try {
    new X509Certificate(text.slice(text.indexOf('-----BEGIN CERTIFICATE-----')));
  } catch {
    throw new Complaint(words.noCertificate(file), 2); // Node would believe nobody, and not say why.
  }
  return text;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        to: { type: 'string', multiple: true },
        subject: { type: 'string' },
        body: { type: 'string' },
        user: { type: 'string' },
        password: { type: 'string' },
        pop3: { type: 'string' },
        list: { type: 'boolean' },
        read: { type: 'string', multiple: true },
        delete: { type: 'string', multiple: true },
        tls: { type: 'boolean' },
        'no-tls': { type: 'boolean' },
        ca: { type: 'string' },
        insecure: { type: 'boolean' },
        dialogue: { type: 'boolean' },
        timeout: { type: 'string' },
        test: { type: 'boolean' },
        quiet: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    // Node says it well, but in several lines, and after "Unknown option '--form'." too much.
    const [problem] = (error as Error).message.split('. To specify a positional');
    throw wrong(`${problem!.replaceAll('\n', ' ').replace(/\.$/, '')}.`);
  }
}

function whole(what: string, given: string, most: number): number {
  const number = Number(given);
  if (/^\d+$/.test(given) && number >= 1 && number <= most) return number;
  throw wrong(words.badNumber(what, given, most));
}

function messageNumber(option: string, given: string): number {
  if (!/^[1-9]\d{0,8}$/.test(given)) throw wrong(words.noMessageNumber(option, given));
  return Number(given);
}

function wrong(problem: string): Complaint {
  return new Complaint(words.seeHelp(problem), 2);
}
