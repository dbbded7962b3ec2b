/**
 * Where a dialogue is, seen from the client: which of its lines still want a reply, whether the next
 * octets are text of a message, and which messages it has sent to whom. Pure, and worked out from
 * what was sent and answered: a scenario may send what it likes, in whatever pieces.
 */
import type { Protocol } from '../notation/model.ts';

/** What a reply answers. */
export interface Asked {
  /**
   * `connect`: the greeting. `text`: the lone dot at the end of a message. `auth`: a line that a login
   * goes on with. `tls`: the handshake, which gets no reply.
   */
  what: 'connect' | 'command' | 'text' | 'auth' | 'tls';
  /** The command line without its line end, an octet a character. */
  line: string;
  /** BDAT: the message that the chunk belongs to. */
  message?: SentMessage;
}

/** A message that was sent, or begun. */
export interface SentMessage {
  sender: string;
  /** Recipients that the server accepted, in their order. */
  recipients: string[];
  /** The text as it went over the wire, an octet a character; cut after a megaoctet. */
  text: string;
  /** The server answered its end with 2xx. */
  accepted: boolean;
}

export interface ClientSide {
  /** Only SMTP has texts and messages that the client sends. */
  protocol: Protocol;
  /** The next octets are text of a message: 354 has come, its lone dot has not been sent. */
  inText: boolean;
  /** The server has asked for one more line of a login: by 334, by + in POP3. */
  inAuth: boolean;
  /** Of a chunk that BDAT has announced, so many octets are still to come. */
  chunk: { left: number; message: SentMessage } | undefined;
  /** The message whose last chunk has not been announced yet. */
  inChunks: SentMessage | undefined;
  /** Octets since the last line end. */
  partial: string;
  /** What has been sent and not been answered, in order. */
  unanswered: Asked[];
  /** What the last reply answered. */
  answered: Asked | undefined;
  messages: SentMessage[];
  sender: string;
  recipients: string[];
}

const MOST_TEXT = 1_000_000;
const LONE_DOT = '.';

export function newClientSide(protocol: Protocol): ClientSide {
  return {
    protocol,
    inText: false,
    inAuth: false,
    chunk: undefined,
    inChunks: undefined,
    partial: '',
    unanswered: [{ what: 'connect', line: '' }],
    answered: undefined,
    messages: [],
    sender: '',
    recipients: [],
  };
}

/** The client has sent these octets. */
export function sent(side: ClientSide, octets: Buffer): void {
  let rest = side.partial + octets.toString('latin1');
  for (;;) {
    rest = takeChunk(side, rest);
    // In a text only CR LF ends a line (RFC 5321 §2.3.8); of a command line servers may be forgiving.
    const lineEnd = side.inText ? '\r\n' : '\n';
    const end = rest.indexOf(lineEnd);
    if (end === -1) break;
    const line = rest.slice(0, end);
    rest = rest.slice(end + lineEnd.length);
    if (!side.inText) {
      side.unanswered.push(commandOf(side, line.replace(/\r$/, '')));
    } else if (line === LONE_DOT) {
      side.inText = false;
      side.unanswered.push({ what: 'text', line });
    } else {
      keepText(side, `${line}\r\n`);
    }
  }
  side.partial = rest;
}

/** A line that is no text: what will be answered. */
function commandOf(side: ClientSide, line: string): Asked {
  if (side.inAuth) {
    side.inAuth = false;
    return { what: 'auth', line };
  }
  const [, octets, last] = /^BDAT +(\d{1,15})( +LAST)?\s*$/i.exec(line) ?? [];
  if (octets === undefined || side.protocol !== 'smtp') return { what: 'command', line };
  const message = side.inChunks ?? { sender: '', recipients: [], text: '', accepted: false };
  if (side.inChunks === undefined) side.messages.push(message);
  side.inChunks = last === undefined ? message : undefined;
  side.chunk = { left: Number(octets), message };
  return { what: 'command', line, message };
}

/** RFC 3030 §2: the octets behind BDAT are no lines. Answers what is left of those that were sent. */
function takeChunk(side: ClientSide, octets: string): string {
  if (side.chunk === undefined) return octets;
  const { left, message } = side.chunk;
  if (message.text.length < MOST_TEXT) message.text += octets.slice(0, left);
  side.chunk.left -= Math.min(left, octets.length);
  if (side.chunk.left === 0) side.chunk = undefined;
  return octets.slice(left);
}

/** TLS has begun by STARTTLS or STLS: nothing that was said before counts any more (RFC 3207 §4.2). */
export function tlsBegun(side: ClientSide): void {
  side.unanswered = [];
  side.partial = '';
  side.inText = false;
  side.inAuth = false;
  side.chunk = undefined;
  side.inChunks = undefined;
  forgetTransaction(side);
  side.answered = { what: 'tls', line: '' };
}

function keepText(side: ClientSide, text: string): void {
  const message = side.messages.at(-1);
  if (message !== undefined && message.text.length < MOST_TEXT) message.text += text;
}

/** A reply has come: what it answers, which is then no longer waited for. */
export function answered(side: ClientSide, code: string): Asked {
  const asked = side.unanswered.shift() ?? side.answered ?? { what: 'command', line: side.partial };
  side.answered = asked;
  const verb = asked.what === 'auth' ? '' : verbOf(asked.line);
  if ((verb === 'AUTH' || asked.what === 'auth') && (code === '334' || code === '+'))
    side.inAuth = true;
  if (side.protocol !== 'smtp') return asked;
  if (asked.what === 'text') {
    const message = side.messages.at(-1);
    if (message !== undefined) message.accepted = code.startsWith('2');
    forgetTransaction(side);
  } else if (verb === 'DATA' && code === '354') {
    beginText(side);
  } else if (asked.message !== undefined) {
    const { sender, recipients } = side;
    const isLast = / LAST\s*$/i.test(asked.line);
    Object.assign(asked.message, { sender, recipients });
    asked.message.accepted = isLast && code.startsWith('2');
    if (isLast) forgetTransaction(side);
    else if (!code.startsWith('2')) side.inChunks = undefined;
  } else if (code.startsWith('2')) {
    if (verb === 'RCPT') side.recipients.push(addressIn(asked.line));
    else if (verb === 'MAIL') {
      forgetTransaction(side);
      side.sender = addressIn(asked.line);
    } else if (verb === 'RSET' || verb === 'HELO' || verb === 'EHLO') forgetTransaction(side);
  }
  return asked;
}

/** Commands that are the last that may stand in a packet with others (RFC 2920 §3.1, 3207 §4, 2595 §4). */
const LAST_IN_PACKET = new Set(['DATA', 'STARTTLS', 'STLS']);

export function endsPacket({ what, line }: Asked): boolean {
  return what === 'command' && LAST_IN_PACKET.has(verbOf(line));
}

/** Has the client said its last word, and was it heard? */
export function hasSaidQuit({ answered }: ClientSide): boolean {
  return answered?.what !== 'auth' && verbOf(answered?.line.trimStart() ?? '') === 'QUIT';
}

function verbOf(line: string): string {
  return /^[a-z]*/i.exec(line)![0].toUpperCase();
}

/** `bob@example.com` in `RCPT TO:<bob@example.com>`, and where the brackets are missing. */
function addressIn(line: string): string {
  const found = /<([^<>]*)>/.exec(line) ?? /:\s*(\S+)/.exec(line);
  return (found?.[1] ?? '').toLowerCase();
}

function forgetTransaction(side: ClientSide): void {
  side.sender = '';
  side.recipients = [];
}

function beginText(side: ClientSide): void {
  const { sender, recipients } = side;
  side.messages.push({ sender, recipients, text: '', accepted: false });
  side.inText = true;
  // Lines that were sent behind DATA without waiting for 354 turn out to be text.
  const early = side.unanswered.splice(0);
  const rest = early.map(({ line }) => `${line}\r\n`).join('') + side.partial;
  side.partial = '';
  if (rest !== '') sent(side, Buffer.from(rest, 'latin1'));
}
