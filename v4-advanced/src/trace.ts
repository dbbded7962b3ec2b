/**
 * What the server writes above a message when it puts it into a mailbox: the reverse-path and how it
 * came (RFC 5321 §4.4), and for whom it is, which no RFC asks for and many servers say.
 */
import type { Recipient } from './commands.ts';
import type { ReceivedMessage } from './session.ts';

/** The lines for the copy of one recipient, each with its CR LF. */
export function trace(message: ReceivedMessage, recipient: Recipient, client: string): string {
  const lines = [
    `Return-Path: <${message.reversePath}>`,
    `Delivered-To: ${recipient.address}`,
    `Received: from ${peer(message, client)} by localhost (Stagepost) with SMTP`,
    `\tfor <${recipient.address}>; ${rfcDate(new Date(message.receivedAt))}`,
  ];
  // A first line that begins with a blank would be taken for more of the line before it, ours.
  const first = String.fromCharCode(message.text[0] ?? 0);
  if (first === ' ' || first === '\t') lines.push('');
  return lines.map((line) => `${line}\r\n`).join('');
}

/** RFC 5321 §4.4: what the client called itself, and where it really was. */
function peer({ helo }: ReceivedMessage, client: string): string {
  return helo === '' ? addressLiteral(client) : `${helo} (${addressLiteral(client)})`;
}

/** RFC 5321 §4.1.3: `[127.0.0.1]`, `[IPv6:::1]`. */
function addressLiteral(client: string): string {
  const address = client.replace(/^::ffff:(?=\d+\.)/, '');
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}

/** `Fri, 20 Nov 2026 08:49:40 +0000` (RFC 5322 §3.3). */
function rfcDate(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}
