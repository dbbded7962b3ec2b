/**
 * The order of things, each only after the reply to the one before:
 * greeting, HELO, MAIL, RCPT, DATA, text, QUIT.
 * Role: the brain, which conducts the others. RFC 5321 §3.3 (mail transactions), §4.3.2 (replies).
 */
import { hostname } from 'node:os';
import { Complaint } from './complaint.ts';
import { Conversation, type ServerAddress, type Show } from './conversation.ts';
import type { Message } from './message.ts';
import type { Reply } from './replies.ts';
import { words } from './words.ts';

export interface Delivery {
  /** For whom the server took the message. */
  accepted: string[];
  /** For whom it did not, each with the reply. */
  refused: { recipient: string; reply: string }[];
}

/**
 * Delivers a message over a connection of its own.
 * @throws Complaint if the server took it for nobody
 */
export async function deliver(
  message: Message,
  server: ServerAddress,
  show: Show,
): Promise<Delivery> {
  const conversation = await Conversation.open(server, show);
  const delivery: Delivery = { accepted: [], refused: [] };
  try {
    want('2', await conversation.reply(), words.theConnection);
    // RFC 5321 §4.1.1.1: who is speaking, as a domain name.
    const helo = `HELO ${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}`;
    want('2', await conversation.command(helo), helo);
    const mail = `MAIL FROM:<${message.from}>`;
    want('2', await conversation.command(mail), mail);
    for (const recipient of message.to) {
      const reply = await conversation.command(`RCPT TO:<${recipient}>`);
      // RFC 5321 §3.3: a refused recipient does not end the transaction; the others get their mail.
      if (reply.code.startsWith('2')) delivery.accepted.push(recipient);
      else delivery.refused.push({ recipient, reply: reply.lines.join(' ') });
    }
    if (delivery.accepted.length > 0) {
      want('3', await conversation.command('DATA'), 'DATA');
      want('2', await conversation.text(message.toDataLines()), words.theText);
    }
  } finally {
    await conversation.quit();
  }
  return delivery;
}

/** RFC 5321 §4.3.2: the first digit decides; the text is for people. */
function want(digit: '2' | '3', reply: Reply, to: string): void {
  if (!reply.code.startsWith(digit)) throw new Complaint(words.refused(to, reply.lines.join(' ')));
}
