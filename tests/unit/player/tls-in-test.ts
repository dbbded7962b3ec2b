/**
 * The sides of the small server in a test that speak TLS: right in everything but for what a test makes
 * them do wrong.
 */
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { selfSigned } from '../cli/self-signed.ts';
import { servePop3, type Mailboxes, type Pop3Behaviour } from './pop3-in-test.ts';
import type { Client } from './server-in-test.ts';

const secureContext = tls.createSecureContext(selfSigned());

/** A fatal alert: unexpected_message (RFC 8446 §6). */
export const ALERT = Buffer.from('1503030002020a', 'hex');

/** What came in one piece with STARTTLS or STLS, behind its line. */
export type Smuggled =
  /** It is dropped: as it should be. */
  | 'dropped'
  /** It is handed to TLS, so that the handshake fails: that is right too. */
  | 'handed to tls'
  /** It is answered before the handshake. */
  | 'answered in clear'
  /** It is kept, and answered once TLS has begun. */
  | 'kept';

export interface TlsBehaviour {
  smuggled?: Smuggled;
  /** What happens instead of the handshake. */
  handshake?: (socket: Duplex) => void;
  /** Takes a command over, if it returns true. */
  command?(line: string, say: (octets: string) => void, isSecure: boolean): boolean;
  /** The line of EHLO's reply about logins, under TLS. */
  auth?: string;
}

/** The server's half of the handshake on a connection that was spoken on in clear. */
export function secured(socket: Duplex): tls.TLSSocket {
  socket.removeAllListeners('data');
  const secure = new tls.TLSSocket(socket, { isServer: true, secureContext });
  secure.on('error', () => socket.destroy());
  return secure;
}

/** Reads lines from whatever the connection is at the moment. */
interface Lines {
  /** What is said and heard from now on goes through TLS. */
  begin(left: string): void;
  say(octets: string): void;
  end(): void;
}

function lines(
  client: Client,
  { smuggled = 'dropped', handshake }: TlsBehaviour,
  take: (line: string, rest: () => string) => void,
): Lines {
  let socket: Duplex = client.socket;
  let unread = '';
  const rest = () => {
    const left = unread;
    unread = '';
    return left;
  };
  const read = () => {
    for (let end = unread.indexOf('\n'); end !== -1; end = unread.indexOf('\n')) {
      const line = unread.slice(0, end).replace(/\r$/, '');
      unread = unread.slice(end + 1);
      take(line, rest);
    }
  };
  const listen = () => {
    socket.on('data', (octets: Buffer) => {
      unread += octets.toString('latin1');
      read();
    });
  };
  listen();
  return {
    say: (octets) => void socket.write(octets, 'latin1'),
    end: () => void socket.end(),
    begin(left) {
      if (smuggled === 'answered in clear') {
        unread = left;
        read();
      }
      client.socket.removeAllListeners('data');
      if (handshake !== undefined) return handshake(client.socket);
      if (smuggled === 'handed to tls' && left !== '') return void client.socket.end(ALERT);
      const secure = secured(client.socket);
      socket = secure;
      if (smuggled === 'kept') unread = left;
      listen();
      secure.once('secure', read);
    },
  };
}

/** SMTP with EHLO, STARTTLS and AUTH PLAIN; a message that it takes goes nowhere. */
export function serveEsmtp(client: Client, behaviour: TlsBehaviour = {}, isSecure = false): void {
  const { auth = 'AUTH PLAIN' } = behaviour;
  let isSecured = isSecure;
  let expects: 'command' | 'password' | 'plain' = 'command';
  const connection = lines(client, behaviour, take);
  const say = (octets: string) => connection.say(octets);
  say('220 ready\r\n');

  function take(line: string, rest: () => string): void {
    if (expects !== 'command') return logIn(line);
    if (behaviour.command?.(line, say, isSecured) === true) return;
    const [verb = '', mechanism, initial] = line.toUpperCase().split(' ');
    if (verb === 'EHLO') {
      return say(`250-hello\r\n250-${isSecured ? auth : 'STARTTLS'}\r\n250 SIZE 1000\r\n`);
    }
    if (verb === 'STARTTLS' && !isSecured) {
      const left = rest();
      say('220 go ahead\r\n');
      isSecured = true;
      return connection.begin(left);
    }
    if (verb === 'AUTH' && isSecured) {
      if (initial !== undefined) return logIn(line.split(' ')[2]!);
      expects = mechanism === 'LOGIN' ? 'password' : 'plain';
      return say(`334 ${mechanism === 'LOGIN' ? 'VXNlcm5hbWU6' : ''}\r\n`);
    }
    if (verb === 'QUIT') {
      say('221 bye\r\n');
      return connection.end();
    }
    say(['MAIL', 'RCPT', 'NOOP', 'BDAT'].includes(verb) ? '250 ok\r\n' : '500 what?\r\n');
  }

  function logIn(line: string): void {
    const text = Buffer.from(line, 'base64').toString();
    const isLogin = expects === 'password' && text !== 'secret';
    if (isLogin) return say('334 UGFzc3dvcmQ6\r\n');
    expects = 'command';
    const isRight = text === '\0alice@example.com\0secret' || text === 'secret';
    say(isRight ? '235 welcome\r\n' : '535 no\r\n');
  }
}

/** TLS from the first octet, and then the same. */
export function serveSmtps(client: Client, behaviour: TlsBehaviour = {}): void {
  const secure = secured(client.socket);
  secure.once('secure', () => {
    // What is asked of a socket here, a TLSSocket has.
    serveEsmtp({ ...client, socket: secure }, behaviour, true);
  });
}

/** What POP3 has before its logins: greeting, STLS, QUIT. Under TLS it is the right server. */
export function serveStls(
  client: Client,
  mailboxes: Mailboxes,
  locks: Set<string>,
  behaviour: Pop3Behaviour & TlsBehaviour,
): void {
  const connection = lines(client, { ...behaviour }, (line, rest) => {
    const say = (octets: string) => connection.say(octets);
    if (behaviour.command?.(line, client as never, undefined as never) === true) return;
    if (line === 'STLS') {
      rest();
      say('+OK begin\r\n');
      const secure = secured(client.socket);
      const under = { ...client, socket: secure, say: (text: string) => void secure.write(text) };
      return servePop3(under, mailboxes, locks, { ...behaviour, greeting: '' });
    }
    if (line === 'QUIT') {
      say('+OK bye\r\n');
      return connection.end();
    }
    say('-ERR not in clear\r\n');
  });
  client.say('+OK ready\r\n');
}

export function servePop3s(
  client: Client,
  mailboxes: Mailboxes,
  locks: Set<string>,
  behaviour: Pop3Behaviour,
): void {
  const secure = secured(client.socket);
  secure.once('secure', () => {
    const under = { ...client, socket: secure, say: (text: string) => void secure.write(text) };
    servePop3(under, mailboxes, locks, behaviour);
  });
}
