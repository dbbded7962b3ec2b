/**
 * How a message is written into a mailbox file. The format is mbox, which mail programs have read
 * since 1975 (`mutt -f FILE`): a line `From sender date`, the message, an empty line.
 *
 * A line of the text that begins with `From ` would begin a new message for the reader. So it gets a
 * `>` before it, and so does a line that has one already: then it can be undone (the "mboxrd" kind).
 */
import type { Recipient } from './commands.ts';
import type { ReceivedMessage } from './session.ts';

/** The octets to append to the mailbox of one recipient. Lines end in LF, as in any text file. */
export function mboxEntry(
  message: ReceivedMessage,
  recipient: Recipient,
  client: string,
  text: Buffer,
): Buffer {
  const date = new Date(message.receivedAt);
  // The reverse-path stands in a format without quoting: no blanks, and never nothing.
  const sender = message.reversePath.replaceAll(' ', '_') || 'MAILER-DAEMON';
  const head = [
    `From ${sender} ${asctime(date)}`,
    // RFC 5321 §4.4: the server that delivers writes down the reverse-path and how it came.
    `Return-Path: <${message.reversePath}>`,
    `Received: from ${peer(message, client)} by localhost (Stagepost) with SMTP`,
    `\tfor <${recipient.address}>; ${rfcDate(date)}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\n')}\n`), text]);
}

/** A message in a file of its own (`--file-by sender`): it needs no line to part it from another. */
export function singleEntry(message: ReceivedMessage, client: string): Buffer {
  const head = [
    `Return-Path: <${message.reversePath}>`,
    ...message.recipients.map(({ address }) => `Delivered-To: ${address}`),
    `Received: from ${peer(message, client)} by localhost (Stagepost) with SMTP;`,
    `\t${rfcDate(new Date(message.receivedAt))}`,
  ];
  return Buffer.concat([
    Buffer.from(`${head.join('\n')}\n`),
    Buffer.from(plainText(message), 'latin1'),
  ]);
}

/** RFC 5321 §4.4: what the client called itself, and where it really was. */
function peer({ helo }: ReceivedMessage, client: string): string {
  return helo === '' ? addressLiteral(client) : `${helo} (${addressLiteral(client)})`;
}

/** The text as it lies in a mailbox file, an empty line behind it. It is the same for all recipients. */
export function mboxText(message: ReceivedMessage): Buffer {
  const text = plainText(message).replace(/^>*From /gm, '>$&');
  return Buffer.from(text.endsWith('\n') ? `${text}\n` : `${text}\n\n`, 'latin1');
}

/** latin1 makes a string with one character an octet, whatever the octets mean. */
function plainText({ text }: ReceivedMessage): string {
  return (
    Buffer.from(text.buffer, text.byteOffset, text.length)
      .toString('latin1')
      .replace(/\r\n/g, '\n')
      // A first line that begins with a blank would be taken for more of the line before it, ours.
      .replace(/^(?=[ \t])/, '\n')
  );
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

/** `Fri Nov 20 08:49:40 2026`, in UTC. */
function asctime(date: Date): string {
  const [day, dayOfMonth, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${dayOfMonth} ${time} ${year}`;
}
