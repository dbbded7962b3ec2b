/**
 * What the server writes above a message when it puts it into a mailbox: the reverse-path and how it
 * came (RFC 5321 §4.4), and for whom it is, which no RFC asks for and many servers say.
 */
import type { Client, Recipient } from './commands.ts';
import type { ReceivedMessage } from './session.ts';

/**
 * The lines for the copy of one recipient, each with its CR LF.
 * @param id      the message's, as the journal knows it
 * @param address the client's
 */
export function trace(
  message: ReceivedMessage,
  recipient: Recipient,
  id: string,
  address: string,
): string {
  const lines = [
    `Return-Path: <${message.reversePath}>`,
    `Delivered-To: ${recipient.address}`,
    `Received: from ${peer(message.client, address)}`,
    `\tby localhost (Stagepost) with ${protocolOf(message)} id ${id}`,
    `\tfor <${recipient.address}>; ${rfcDate(new Date(message.receivedAt))}`,
  ];
  // A first line that begins with a blank would be taken for more of the line before it, ours.
  const first = String.fromCharCode(message.text[0] ?? 0);
  if (first === ' ' || first === '\t') lines.push('');
  return lines.map((line) => `${line}\r\n`).join('');
}

/** RFC 5321 §4.4: what the client called itself, and where it really was. */
function peer({ helo }: Client, address: string): string {
  // A name with a bracket or a semicolon in it could hide the address in a comment, or forge a date.
  const name = helo.replace(/[^\w.:[\]-]/gu, '?');
  return name === '' ? addressLiteral(address) : `${name} (${addressLiteral(address)})`;
}

/** RFC 3848: E for EHLO, S for TLS, A for a login. RFC 6531 §4.3: UTF8 before it all. */
function protocolOf({ client, isUtf8 }: ReceivedMessage): string {
  const { isExtended, isSecure, account } = client;
  if (!isExtended) return 'SMTP';
  return `${isUtf8 ? 'UTF8SMTP' : 'ESMTP'}${isSecure ? 'S' : ''}${account ? 'A' : ''}`;
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
