/**
 * A POP3 session of the player's own, beside the dialogue that it plays: to empty a mailbox before a
 * scenario, and to look whether a message is there. None of it is recorded, and nothing is judged:
 * where a server does not do what is asked, that is the business of the scenarios about it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from '../notation/model.ts';
import type { RunningServer } from '../server/model.ts';
import { answered, newClientSide, sent } from './client-side.ts';
import { converse } from './conversation.ts';
import { accountFor, loginLines, logsInUnderTls, type Login } from './login.ts';
import type { Waits } from './model.ts';
import { readPop3Reply } from './pop3-reply.ts';
import type { LineEnds, Reply } from './reply.ts';

export interface MailboxSession {
  /** Says a line. The reply, if it is +OK. */
  ask(line: string): Promise<Reply | undefined>;
  /** Says QUIT and leaves. True if that was answered with +OK, or the server hung up. */
  quit(): Promise<boolean>;
  leave(): void;
}

/** How a server is spoken to. */
export interface Manners {
  /** The stage that it is at: passwords go through TLS from stage 4 on. */
  stage: Stage;
  login: Login;
  waits: Waits;
  lineEnds: LineEnds;
}

/**
 * A mailbox is free again once the server knows that its last client has gone. That takes a moment: so
 * many milliseconds at most, looked at so often.
 */
export const FREE_WITHIN = 300;
export const LOOK_AGAIN = 10;

/**
 * Opens the mailbox of an address. `refused`: the server said -ERR, and went on saying so for
 * `patience` milliseconds; `unserved`: nobody answered.
 */
export async function openMailbox(
  server: RunningServer,
  address: string,
  manners: Manners,
  patience = FREE_WITHIN,
): Promise<MailboxSession | 'refused' | 'unserved'> {
  const deadline = performance.now() + patience;
  for (;;) {
    const session = await openOnce(server, address, manners);
    if (session !== 'refused' || performance.now() > deadline) return session;
    await delay(LOOK_AGAIN);
  }
}

async function openOnce(
  server: RunningServer,
  address: string,
  manners: Manners,
  port: 'pop3' | 'pop3s' = 'pop3',
): Promise<MailboxSession | 'refused' | 'unserved'> {
  const { stage, login, waits, lineEnds } = manners;
  const stream = await server.connect(port).catch(() => undefined);
  if (stream === undefined) return 'unserved';
  const side = newClientSide('pop3');
  const conversation = converse(
    stream,
    server,
    (octets, ahead = 0, searched) =>
      readPop3Reply(octets, lineEnds, side.unanswered[ahead], searched),
    lineEnds,
    waits,
  );

  const hear = async (): Promise<Reply | undefined> => {
    const heard = await conversation.nextReply();
    if (heard.kind !== 'reply') return undefined;
    answered(side, heard.reply.code);
    return heard.reply;
  };
  const say = async (line: string): Promise<Reply | undefined> => {
    const octets = Buffer.from(`${line}\r\n`);
    await conversation.send(octets, waits.reply);
    sent(side, octets);
    return hear();
  };

  const isSecured = async () => {
    const isSecure = (await conversation.beginTls(Buffer.alloc(0))).kind === 'secure';
    if (!isSecure) conversation.leave();
    return isSecure;
  };

  if (port === 'pop3s' && !(await isSecured())) return 'unserved';
  const lines = loginLines(accountFor(address, login), login);
  const isUnderTls = logsInUnderTls(stage) && port === 'pop3';
  for (const line of [undefined, ...(isUnderTls ? ['STLS'] : []), ...lines]) {
    const reply = await (line === undefined ? hear() : say(line));
    if (reply?.code === '+OK') {
      if (line !== 'STLS' || (await isSecured())) continue;
      return 'unserved';
    }
    conversation.leave();
    const mayGoElsewhere = line === 'STLS' && server.isTold?.('pop3s') === true;
    if (mayGoElsewhere) return openOnce(server, address, manners, 'pop3s');
    return reply === undefined ? 'unserved' : 'refused';
  }
  return {
    async ask(line) {
      const reply = await say(line);
      return reply?.code === '+OK' ? reply : undefined;
    },
    async quit() {
      const reply = await say('QUIT');
      const isOver = conversation.isOver();
      conversation.leave();
      return reply?.code === '+OK' || (reply === undefined && isOver);
    },
    leave: () => conversation.leave(),
  };
}

/** The number of messages, from the reply to STAT: `2 320`. */
export async function countMessages(session: MailboxSession): Promise<number | undefined> {
  const reply = await session.ask('STAT');
  const count = /^(\d+) \d+/.exec(reply?.lines[0] ?? '')?.[1];
  return count === undefined ? undefined : Number(count);
}
