/**
 * Where a dialogue is, seen from the client: which of its lines still want a reply, whether the next
 * octets are text of a message, and which messages it has sent to whom. Pure, and worked out from
 * what was sent and answered: a scenario may send what it likes, in whatever pieces.
 */
import type { Protocol } from '../notation/model.ts';

/** What a reply answers. */
export interface Asked {
  /** `connect`: the greeting. `text`: the lone dot at the end of a message. */
  what: 'connect' | 'command' | 'text';
  /** The command line without its line end, an octet a character. */
  line: string;
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
    // In a text only CR LF ends a line (RFC 5321 §2.3.8); of a command line servers may be forgiving.
    const lineEnd = side.inText ? '\r\n' : '\n';
    const end = rest.indexOf(lineEnd);
    if (end === -1) break;
    const line = rest.slice(0, end);
    rest = rest.slice(end + lineEnd.length);
    if (!side.inText) {
      side.unanswered.push({ what: 'command', line: line.replace(/\r$/, '') });
    } else if (line === LONE_DOT) {
      side.inText = false;
      side.unanswered.push({ what: 'text', line });
    } else {
      keepText(side, `${line}\r\n`);
    }
  }
  side.partial = rest;
}

function keepText(side: ClientSide, text: string): void {
  const message = side.messages.at(-1);
  if (message !== undefined && message.text.length < MOST_TEXT) message.text += text;
}

/** A reply has come: what it answers, which is then no longer waited for. */
export function answered(side: ClientSide, code: string): Asked {
  const asked = side.unanswered.shift() ?? side.answered ?? { what: 'command', line: side.partial };
  side.answered = asked;
  if (side.protocol !== 'smtp') return asked;
  const verb = verbOf(asked.line);
  if (asked.what === 'text') {
    const message = side.messages.at(-1);
    if (message !== undefined) message.accepted = code.startsWith('2');
    forgetTransaction(side);
  } else if (verb === 'DATA' && code === '354') {
    beginText(side);
  } else if (code.startsWith('2')) {
    if (verb === 'RCPT') side.recipients.push(addressIn(asked.line));
    else if (verb === 'MAIL') {
      forgetTransaction(side);
      side.sender = addressIn(asked.line);
    } else if (verb === 'RSET' || verb === 'HELO' || verb === 'EHLO') forgetTransaction(side);
  }
  return asked;
}

/** Whether a line is the command DATA: the last one that may stand in a packet with others (RFC 2920 §3.1). */
export function isData(line: string): boolean {
  return verbOf(line) === 'DATA';
}

/** Has the client said its last word, and was it heard? */
export function hasSaidQuit({ answered }: ClientSide): boolean {
  return verbOf(answered?.line.trimStart() ?? '') === 'QUIT';
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
