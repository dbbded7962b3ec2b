/**
 * The order of things, each only after the reply to the one before:
 * the opening (smtp-opening.ts), MAIL, RCPT, DATA, text, QUIT.
 * Role: the brain, which conducts the others. RFC 5321 §3.3 (mail transactions), RFC 1870 (SIZE),
 * RFC 6152 (8BITMIME), RFC 6531 (SMTPUTF8).
 */
import type { Capabilities } from './capabilities.ts';
import { Complaint } from './complaint.ts';
import { Conversation, type ServerAddress, type Show } from './conversation.ts';
import type { Login } from './login.ts';
import type { Message } from './message.ts';
import { openSmtp, want } from './smtp-opening.ts';
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
  login?: Login,
): Promise<Delivery> {
  const conversation = await Conversation.open(server, show);
  const delivery: Delivery = { accepted: [], refused: [] };
  try {
    const offered = await openSmtp(conversation, server.tls ?? 'if offered', login);
    const mail = `MAIL FROM:<${message.from}>${parameters(message, offered)}`;
    const reply = await conversation.command(mail);
    // RFC 4954 §6: 530, log in first; RFC 3207 §4 has it for: TLS first.
    const wantsLogin = reply.code === '530' && !login && conversation.isSecure;
    want('2', reply, mail, wantsLogin ? words.wantsLogin : '');
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

/**
 * What the server should know about the message beforehand, as far as it wants to.
 * @throws Complaint if it has said that it cannot take it
 */
function parameters(message: Message, offered: Capabilities): string {
  const { octets, isEightBit, utf8Address } = message;
  const most = Number(offered.get('SIZE')?.[0] ?? 0); // RFC 1870 §4: 0 is no limit.
  if (octets > most && most > 0) throw new Complaint(words.tooBig(octets, most));
  if (utf8Address !== undefined && !offered.has('SMTPUTF8')) {
    throw new Complaint(words.onlyAscii(utf8Address));
  }
  return [
    offered.has('SIZE') ? ` SIZE=${octets}` : '',
    // A server that does not say so gets the same octets: those of this course all take them.
    isEightBit && offered.has('8BITMIME') ? ' BODY=8BITMIME' : '',
    utf8Address === undefined ? '' : ' SMTPUTF8',
  ].join('');
}
