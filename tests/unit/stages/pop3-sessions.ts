/** POP3 sessions without a network, for the tests: who talks with them, and who does what they ask for. */
import { defaultLimits, type Limits } from '../../../v3-pop3/src/guards/limits.ts';
import {
  type Action,
  type Answer,
  Pop3Session,
  type Request,
} from '../../../v3-pop3/src/pop3/session.ts';
import type { Users } from '../../../v3-pop3/src/users.ts';
import { octets } from './sessions.ts';

export const LOGIN = ['USER bob', 'PASS secret'];

export function session(limits: Partial<Limits> = {}, users?: Users): Pop3Session {
  return new Pop3Session({ limits: { ...defaultLimits, ...limits }, users });
}

/** Answers what a session asks for. */
export type Helper = (request: Request) => Answer;

/** A helper with one mailbox in memory, which every login opens. Its messages are called m1, m2, … */
export function mailbox(...texts: readonly string[]): Helper {
  const messages = new Map(texts.map((text, index) => [`m${index + 1}`, octets(text)]));
  return (request) => {
    switch (request.type) {
      case 'open': {
        const listed = Array.from(messages, ([id, { length }]) => ({ id, size: length }));
        return { type: 'opened', messages: listed };
      }
      case 'read': {
        const { id, from, most } = request;
        const text = messages.get(id);
        return text ? { type: 'piece', octets: text.slice(from, from + most) } : { type: 'failed' };
      }
      case 'wait':
        return { type: 'waited' };
      case 'update':
        for (const id of request.remove) messages.delete(id);
        return { type: 'updated' };
    }
  };
}

/** Gives out messages in pieces of so many octets at most, whatever it is asked for. */
export function inPieces(octetsAtMost: number, helper: Helper): Helper {
  return (request) =>
    helper(
      request.type === 'read'
        ? { ...request, most: Math.min(octetsAtMost, request.most) }
        : request,
    );
}

/** What a conversation came to. */
export interface Outcome {
  /** All that went over the wire, one character an octet. */
  sent: string;
  /** The lines of it that say +OK or -ERR, without these words' text. */
  statuses: string[];
  requests: Request[];
  notes: string[];
  closed: boolean;
}

/** Writes down what a session does. */
export class Listener {
  readonly outcome: Outcome = { sent: '', statuses: [], requests: [], notes: [], closed: false };
  /** The request that nobody has answered yet. */
  pending: Request | undefined;

  hear(actions: readonly Action[]): void {
    for (const action of actions) {
      if (this.outcome.closed) throw new Error(`${action.type} after close`);
      if (this.pending)
        throw new Error(`${action.type} while ${this.pending.type} is not answered`);
      if (action.type === 'send') this.outcome.sent += asText(action.text);
      else if (action.type === 'note') this.outcome.notes.push(action.text);
      else if (action.type === 'close') this.outcome.closed = true;
      else this.outcome.requests.push((this.pending = action));
    }
    this.outcome.statuses = this.outcome.sent.match(/^(?:\+OK|-ERR)(?= )/gm) ?? [];
  }

  /** The request, which is from now on no longer pending. */
  take(): Request {
    const request = this.pending!;
    this.pending = undefined;
    return request;
  }
}

const asText = (text: string | Uint8Array) =>
  typeof text === 'string' ? text : Buffer.from(text).toString('latin1');

/** Plays pieces of input to a session whose requests are answered at once. */
export function play(
  it: Pop3Session,
  pieces: readonly Uint8Array[],
  helper: Helper = mailbox(),
): Outcome {
  const listener = new Listener();
  const fulfil = () => {
    while (listener.pending) listener.hear(it.resume(helper(listener.take()), 0));
  };
  listener.hear(it.open(0));
  for (const piece of pieces) {
    listener.hear(it.receive(piece, 0));
    fulfil();
  }
  return listener.outcome;
}

export const lines = (...texts: readonly string[]): Uint8Array =>
  octets(texts.map((line) => `${line}\r\n`).join(''));

/** Says lines to a session, each with its CR LF, and in one packet. */
export function say(it: Pop3Session, texts: readonly string[], helper?: Helper): Outcome {
  return play(it, [lines(...texts)], helper);
}

/** What a client makes of a message as it went over the wire: without the stuffing and the lone dot. */
export function unstuffed(wire: string): string {
  if (wire === '.\r\n') return '';
  if (!wire.endsWith('\r\n.\r\n')) throw new Error(`no lone dot ends ${JSON.stringify(wire)}`);
  const text = wire.slice(0, -3);
  if (/(?:^|\r\n)\.\r\n/.test(text)) throw new Error(`ends too early: ${JSON.stringify(wire)}`);
  return text.replace(/(^|\r\n)\./g, '$1');
}
