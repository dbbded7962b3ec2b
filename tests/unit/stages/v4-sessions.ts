/** Sessions of stage 4 without a network, for the tests: who talks with them, and who does what they ask for. */
import { Directory } from '../../../v4-advanced/src/directory.ts';
import { defaultLimits, type Limits } from '../../../v4-advanced/src/guards/limits.ts';
import * as pop3 from '../../../v4-advanced/src/pop3/session.ts';
import * as smtp from '../../../v4-advanced/src/session.ts';

/** The accounts of the tests, with their passwords. */
export const PASSWORDS: ReadonlyMap<string | undefined, string> = new Map([
  ['alice', 'wonderland'],
  ['bob', 'secret'],
  ['carol', 'two  words'],
]);

export interface Wishes {
  limits?: Partial<Limits>;
  domains?: readonly string[];
  isSubmitting?: boolean;
  isSecure?: boolean;
}

export function settings({ limits = {}, domains = [] }: Wishes = {}) {
  const names = new Set([...PASSWORDS.keys()].map(String));
  return {
    limits: { ...defaultLimits, ...limits },
    directory: new Directory(() => names, domains),
  };
}

export function smtpSession(wishes: Wishes = {}): smtp.Session {
  const { isSubmitting = false, isSecure = false } = wishes;
  return new smtp.Session(settings(wishes), { isSubmitting, isSecure });
}

/** Under TLS, since passwords want that, if nothing else is said. */
export function pop3Session(wishes: Wishes = {}): pop3.Pop3Session {
  return new pop3.Pop3Session(settings(wishes), { isSecure: wishes.isSecure ?? true });
}

export type Request = smtp.Request | pop3.Request;
export type Action = smtp.Action | pop3.Action;

/** Answers what a session asks for. */
export type Helper<Answer> = (request: Request) => Answer;

/** Stores everything, and knows the passwords. */
export const stores: Helper<smtp.Answer> = (request) => {
  if (request.type !== 'authenticate') return 'stored';
  const { account, password } = request;
  return account !== undefined && PASSWORDS.get(account) === password ? 'right' : 'wrong';
};

/** Has one mailbox in memory, which every login opens, and knows the passwords. Its messages are m1, m2, … */
export function mailbox(...texts: readonly string[]): Helper<pop3.Answer> {
  const messages = new Map(texts.map((text, index) => [`m${index + 1}`, latin1(text)]));
  return (request) => {
    switch (request.type) {
      case 'authenticate':
        return { type: 'verdict', verdict: stores(request) as smtp.Verdict };
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
      case 'deliver':
        return { type: 'failed' };
    }
  };
}

/** Gives out messages in pieces of so many octets at most, whatever it is asked for. */
export function inPieces(most: number, helper: Helper<pop3.Answer>): Helper<pop3.Answer> {
  return (request) =>
    helper(request.type === 'read' ? { ...request, most: Math.min(most, request.most) } : request);
}

/** What a conversation came to. */
export interface Outcome {
  /** All that went over the wire, one character an octet. */
  sent: string;
  requests: Request[];
  notes: string[];
  end: 'open' | 'close' | 'start tls';
}

/** A session as the shell sees it. */
interface AnySession<Answer> {
  open(now: number, greeting?: 'greet' | 'go on'): Action[];
  receive(octets: Uint8Array, now: number): Action[];
  resume(answer: Answer, now: number): Action[];
}

/** Writes down what a session does, and sees to it that it keeps to the contract with the shell. */
export class Listener {
  readonly outcome: Outcome = { sent: '', requests: [], notes: [], end: 'open' };
  /** The request that nobody has answered yet. */
  pending: Request | undefined;

  hear(actions: readonly Action[]): void {
    for (const action of actions) {
      if (this.outcome.end !== 'open') throw new Error(`${action.type} after ${this.outcome.end}`);
      if (this.pending) throw new Error(`${action.type} before ${this.pending.type} is answered`);
      if (action.type === 'send') this.outcome.sent += asText(action.text);
      else if (action.type === 'note') this.outcome.notes.push(action.text);
      else if (action.type === 'close' || action.type === 'start tls')
        this.outcome.end = action.type;
      else this.outcome.requests.push((this.pending = action));
    }
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
export function play<Answer>(
  session: AnySession<Answer>,
  pieces: readonly Uint8Array[],
  helper: Helper<Answer>,
): Outcome {
  const listener = new Listener();
  listener.hear(session.open(0));
  for (const piece of pieces) {
    listener.hear(session.receive(piece, 0));
    while (listener.pending) listener.hear(session.resume(helper(listener.take()), 0));
  }
  return listener.outcome;
}

/**
 * The same, but an answer may come late: what the client sends meanwhile waits.
 * @param answersFirst whether, each time, an answer comes before the next piece
 */
export function playLate<Answer>(
  session: AnySession<Answer>,
  pieces: readonly Uint8Array[],
  helper: Helper<Answer>,
  answersFirst: readonly boolean[],
): Outcome {
  const left = [...pieces];
  const turns = answersFirst.values();
  const listener = new Listener();
  listener.hear(session.open(0));
  while (left.length > 0 || listener.pending) {
    const answers = left.length === 0 || (turns.next().value ?? true);
    if (listener.pending && answers) {
      listener.hear(session.resume(helper(listener.take()), 0));
    } else if (left.length > 0) {
      const actions = session.receive(left.shift()!, 0);
      if (listener.pending && actions.length > 0) throw new Error('it did not wait');
      listener.hear(actions);
    }
  }
  return listener.outcome;
}

export const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

export const lines = (...texts: readonly string[]): Uint8Array =>
  latin1(texts.map((line) => `${line}\r\n`).join(''));

/** Octets, cut at these places. */
export function cut(octets: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...[...places].sort((a, b) => a - b), octets.length];
  return at.slice(1).map((end, index) => octets.subarray(at[index], end));
}

export const octetByOctet = (octets: Uint8Array): Uint8Array[] =>
  Array.from(octets, (octet) => Uint8Array.of(octet));

/** What was said to an SMTP session in one packet comes to this. */
export function say(session: smtp.Session, ...texts: readonly string[]): Outcome {
  return play(session, [lines(...texts)], stores);
}

/** What was said to a POP3 session in one packet comes to this. */
export function sayPop3(
  session: pop3.Pop3Session,
  texts: readonly string[],
  helper = mailbox(),
): Outcome {
  return play(session, [lines(...texts)], helper);
}

/** The codes of SMTP's replies, in their order. */
export const codes = ({ sent }: { sent: string }): number[] =>
  Array.from(sent.matchAll(/^(\d{3}) .*\r\n/gm), ([, code]) => Number(code));

/** The states of POP3's replies, in their order: `+` for yes, `-` for no, `c` for a challenge. */
export const signs = ({ sent }: { sent: string }): string =>
  Array.from(sent.matchAll(/^(\+OK|-ERR|\+)(?= )/gm), ([, sign]) =>
    sign === '+' ? 'c' : sign![0]!,
  ).join('');

/** The last line that was said. */
export const last = ({ sent }: { sent: string }): string => sent.trimEnd().split('\r\n').at(-1)!;

export const messages = ({ requests }: Outcome): smtp.ReceivedMessage[] =>
  requests.flatMap((request) => (request.type === 'deliver' ? [request.message] : []));

export const text = (message: smtp.ReceivedMessage | undefined): string =>
  Buffer.from(message?.text ?? []).toString('latin1');

export const base64 = (words: string): string => Buffer.from(words, 'utf8').toString('base64');

/** AUTH PLAIN's answer. */
export const plain = (name: string, password: string, authorization = ''): string =>
  base64(`${authorization}\0${name}\0${password}`);
