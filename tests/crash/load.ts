/**
 * Load on a server that is going to be killed: senders that send one message after the other, each with
 * a token of its own, and write down which of them were answered with 250.
 */
import { connect as connectTo, type Socket } from 'node:net';
import { ConnectionEnded } from './pop3-client.ts';
import type { Random } from './random.ts';

export interface SentMessage {
  token: string;
  recipients: string[];
  /** The least octets of its text. */
  size: number;
}

export const recipients = ['bob', 'carol', 'dave', 'erin', 'frank'].map(
  (name) => `${name}@example.com`,
);

/** Octets from which a message is large: it takes several writes to store, so a kill can tear it. */
export const largeSize = 1_000_000;

/** The message as a reader must find it again, lines ended by LF. Follows from its token and size. */
export function textOf({ token, size }: SentMessage): string {
  const parts = [`X-Token: ${token}\nSubject: kill me if you can\n\n`];
  // A line that could end the text, one that could begin another message, and one to tell places apart.
  for (let line = 1, length = 0; length < size; line += 1) {
    const block = `.${token} ${line}\nFrom ${token} ${line}\n>From there\n\n${'x'.repeat(line % 700)}\n`;
    parts.push(block);
    length += block.length;
  }
  return parts.join('');
}

export interface Watch {
  /** A message is about to be sent. */
  sent(message: SentMessage): void;
  /** The last octet of its text was written: the server is about to store it. */
  ended(message: SentMessage): void;
  /** The server said 250 to its text. */
  answered(message: SentMessage): void;
}

/** A connection over which MAIL can be said. */
export interface Sender {
  socket: Socket;
  reply: Reply;
}

/** Gives the code of the next reply, which must be one of these. */
export type Reply = (...codes: string[]) => Promise<string>;

/** Connects, and hears the greeting. Before EHLO or HELO was said, MAIL is right in all stages. */
export async function connect(port: number): Promise<Sender> {
  const socket = connectTo({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => undefined); // the kill
  const reply = replyReader(socket);
  await reply('220');
  return { socket, reply };
}

/** Sends over one connection until the server is gone. Tokens begin with `name`. */
export async function sendUntilKilled(
  connecting: Promise<Sender>,
  name: string,
  random: Random,
  watch: Watch,
): Promise<void> {
  let socket: Socket | undefined;
  try {
    const sender = await connecting;
    const { reply } = sender;
    socket = sender.socket;
    for (let count = 1; ; count += 1) {
      const message: SentMessage = {
        token: `${name}-${count}`,
        recipients: recipients.filter(() => random.oneIn(3)),
        // One in twenty is large.
        size: random.oneIn(20) ? random.between(largeSize, 2 * largeSize) : random.between(0, 3000),
      };
      if (message.recipients.length === 0) message.recipients.push(recipients[0]!);
      watch.sent(message);
      socket.write('MAIL FROM:<alice@example.com>\r\n');
      await reply('250');
      for (const recipient of message.recipients) {
        socket.write(`RCPT TO:<${recipient}>\r\n`);
        await reply('250');
      }
      socket.write('DATA\r\n');
      await reply('354');
      const lines = textOf(message).replace(/^\./gm, '..').replaceAll('\n', '\r\n');
      socket.write(`${lines}.\r\n`, 'latin1', () => watch.ended(message));
      await reply('250');
      watch.answered(message);
    }
  } catch (error) {
    if (!(error instanceof ConnectionEnded)) throw error;
  } finally {
    socket?.destroy();
  }
}

/** Hears what the server says. */
export function replyReader(socket: Socket): Reply {
  let received = '';
  let isOpen = true;
  let wake = (): void => undefined;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    wake();
  });
  socket.on('close', () => {
    isOpen = false;
    wake();
  });
  return async (...codes) => {
    for (;;) {
      const end = received.indexOf('\r\n');
      if (end >= 0) {
        const line = received.slice(0, end);
        received = received.slice(end + 2);
        if (line[3] === '-') continue; // more of the same reply follows
        const code = line.slice(0, 3);
        if (codes.includes(code)) return code;
        throw new Error(`wanted ${codes.join(' or ')}, got "${line}"`);
      }
      if (!isOpen) throw new ConnectionEnded('the server has closed');
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
}
