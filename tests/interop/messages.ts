/** The message that every client sends, and what must be in the mailbox then. */
import { createTransport } from 'nodemailer';
import { expect } from 'vitest';
import type { Stage } from './stage.ts';

export const sender = 'alice@example.com';
export const recipient = 'bob@example.com';

/** The same two as accounts of stage 4, which makes them at its first start. */
export const alice = { user: 'alice', password: 'wonderland' };
export const bob = { user: 'bob', password: 'can-we-fix-it' };

export const subject = 'From a real client';

/** What trips servers: a dot at the start of a line, `From ` at the start of a line, accents. */
export const bodyLines = ['Ça marche.', '.one dot', '..two dots', 'From here on', '', 'The end'];

/** The message as text; `newline` is CR LF for programs that send their input as it is. */
export function messageText(newline: '\n' | '\r\n'): string {
  const head = [`From: ${sender}`, `To: ${recipient}`, `Subject: ${subject}`];
  const type = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8'];
  return [...head, ...type, 'Content-Transfer-Encoding: 8bit', '', ...bodyLines, ''].join(newline);
}

/** Bob has exactly one message, and its text is to the octet what was sent. */
export async function expectDelivered(stage: Stage): Promise<void> {
  const messages = await stage.mailbox(recipient);
  expect(messages, `bob's mailbox; the server's log:\n${stage.log()}`).toHaveLength(1);
  expect(messages[0]!.headers.get('return-path')).toBe(`<${sender}>`);
  expect(messages[0]!.headers.get('subject')).toBe(subject);
  expect(messages[0]!.text.trimEnd().split('\n')).toEqual(bodyLines);
}

/** Sends messages as they are given, to the octet, one after the other over one connection. */
export async function sendOctets(stage: Stage, to: string, messages: Buffer[]): Promise<void> {
  const server = { host: '127.0.0.1', port: stage.port, ignoreTLS: true };
  const oneConnection = { pool: true, maxConnections: 1, maxMessages: messages.length };
  const transport = createTransport({ ...server, ...oneConnection });
  for (const raw of messages) await transport.sendMail({ envelope: { from: sender, to }, raw });
  transport.close();
}
