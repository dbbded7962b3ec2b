/**
 * Process: the commands as a table. Reading the table is reading the protocol: in which state a
 * command is allowed, which state follows it, how its argument is understood, what it does.
 *
 * RFC 5321 §3.3: a mail transaction is MAIL, then RCPT once or more, then DATA.
 */
import { mailboxName } from './guards/mailbox-name.ts';
import type { Limits } from './guards/limits.ts';
import { type Reply, replies } from './replies.ts';
import {
  type Understood,
  understandAnything,
  understandName,
  understandNothing,
  understandPath,
  understandRecipient,
} from './understand.ts';
import { userOf, type Users } from './users.ts';

/**
 * Where a session stands:
 * - `start`: nobody has said HELO (only the strict order knows this state);
 * - `ready`: no transaction;
 * - `mail`: the sender is known;
 * - `rcpt`: at least one recipient is known too;
 * - `data`: lines are no longer commands but text, until a dot stands alone;
 * - `sent`: a message has been sent (only the strict order knows this state);
 * - `closed`: goodbye has been said.
 */
export type State = 'start' | 'ready' | 'mail' | 'rcpt' | 'data' | 'sent' | 'closed';

export interface Recipient {
  /** As the client wrote it. */
  address: string;
  /** The name of its mailbox: safe as a file name. */
  mailbox: string;
}

/** What is known of the message that is being sent. */
export interface Transaction {
  /** What the client calls itself; empty if it has not said HELO. */
  helo: string;
  /** Who gets word if the message cannot be delivered; empty: nobody (RFC 5321 §4.5.5). */
  reversePath: string;
  recipients: Recipient[];
}

/** What the operator has decided. */
export interface Settings {
  limits: Limits;
  /** The mailboxes of those who may receive; `undefined`: anybody's. */
  users?: Users | undefined;
  /** The order HELO, MAIL, RCPT, DATA and no other. */
  strict: boolean;
}

export interface Command {
  /** Allowed in these states; elsewhere the answer is 503. */
  allowed: readonly State[];
  /** The state that follows if the command succeeds. */
  next: State | 'same';
  /** What the argument means, or the reply that refuses it. */
  understand(argument: string): Understood;
  /** Does it. A reply of 4xx or 5xx leaves the state as it was. */
  run(transaction: Transaction, value: string, settings: Settings): Reply;
}

const HELO: Command = {
  allowed: ['ready', 'mail', 'rcpt'],
  // RFC 5321 §4.1.4: a new HELO ends the transaction, as RSET does.
  next: 'ready',
  understand: understandName,
  run(transaction, name) {
    transaction.helo = name;
    return replies.hello;
  },
};

export const table = {
  HELO,
  // Some students' clients greet like this.
  HELLO: HELO,
  MAIL: {
    allowed: ['ready'],
    next: 'mail',
    understand: (argument) => understandPath('FROM:', argument, replies.sayMail),
    run(transaction, reversePath) {
      transaction.reversePath = reversePath;
      return replies.senderOk;
    },
  },
  RCPT: {
    allowed: ['mail', 'rcpt'],
    next: 'rcpt',
    understand: understandRecipient,
    run(transaction, address, { limits, users }) {
      const mailbox = users ? userOf(address, users) : mailboxName(address);
      if (mailbox === undefined) return users ? replies.addressUnknown : replies.badMailbox;
      // RFC 5321 §4.5.3.1.10: too many recipients is 452, and the ones so far stay.
      if (transaction.recipients.length >= limits.recipients) return replies.tooManyRecipients;
      transaction.recipients.push({ address, mailbox });
      return replies.recipientOk;
    },
  },
  DATA: {
    allowed: ['rcpt'],
    next: 'data',
    understand: understandNothing,
    run: () => replies.startText,
  },
  RSET: {
    allowed: ['ready', 'mail', 'rcpt'],
    next: 'ready',
    understand: understandNothing,
    run: () => replies.ok,
  },
  NOOP: {
    allowed: ['ready', 'mail', 'rcpt'],
    next: 'same',
    understand: understandAnything,
    run: () => replies.ok,
  },
  QUIT: {
    allowed: ['ready', 'mail', 'rcpt'],
    next: 'closed',
    understand: understandNothing,
    run: () => replies.goodbye,
  },
} satisfies Record<string, Command>;

/** What a session may say, and where it begins. `--strict` is another one: see `strict.ts`. */
export interface Protocol {
  /** A Map, since what a client says must not be looked up in an object: those know `constructor`. */
  commands: ReadonlyMap<string, Command>;
  start: State;
  /** The lone dot is no command, but it has its place: it ends the transaction. (For the diagrams.) */
  endOfText: { allowed: readonly State[]; next: State };
}

export const protocol: Protocol = {
  commands: new Map(Object.entries(table)),
  start: 'ready',
  endOfText: { allowed: ['data'], next: 'ready' },
};

/** Commands of RFC 5321 and its extensions that this stage knows by name, and does not do. */
export const notImplemented: ReadonlySet<string> = new Set(
  'EHLO VRFY EXPN HELP AUTH STARTTLS BDAT ETRN'.split(' '),
);

/** RFC 5321 §4.1.4: a command out of order gets 503; the text says what is missing. */
export function outOfOrder(verb: string, state: State): Reply {
  if (verb === 'MAIL') return replies.mailTwice;
  return state === 'ready' ? replies.mailFirst : replies.rcptFirst;
}
