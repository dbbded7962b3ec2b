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
  understandNothing,
  understandPath,
  understandRecipient,
} from './understand.ts';

/**
 * Where a session stands:
 * - `ready`: no transaction;
 * - `mail`: the sender is known;
 * - `rcpt`: at least one recipient is known too;
 * - `data`: lines are no longer commands but text, until a dot stands alone;
 * - `closed`: goodbye has been said.
 */
export type State = 'ready' | 'mail' | 'rcpt' | 'data' | 'closed';

export interface Recipient {
  /** As the client wrote it. */
  address: string;
  /** The name of its mailbox: safe as a file name. */
  mailbox: string;
}

/** What is known of the message that is being sent. */
export interface Transaction {
  /** Who gets word if the message cannot be delivered; empty: nobody (RFC 5321 §4.5.5). */
  reversePath: string;
  recipients: Recipient[];
}

/** What the operator has decided. */
export interface Settings {
  limits: Limits;
}

export interface Command {
  /** Allowed in these states; elsewhere the answer is 503. */
  allowed: readonly State[];
  /** The state that follows if the command succeeds. */
  next: State;
  /** What the argument means, or the reply that refuses it. */
  understand(argument: string): Understood;
  /** Does it. A reply of 4xx or 5xx leaves the state as it was. */
  run(transaction: Transaction, value: string, settings: Settings): Reply;
}

const table = {
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
    run(transaction, address, { limits }) {
      const mailbox = mailboxName(address);
      if (mailbox === undefined) return replies.badMailbox;
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
  QUIT: {
    allowed: ['ready', 'mail', 'rcpt'],
    next: 'closed',
    understand: understandNothing,
    run: () => replies.goodbye,
  },
} satisfies Record<string, Command>;

/** A Map, since what the client says must not be looked up in an object: those know `constructor`. */
export const commands: ReadonlyMap<string, Command> = new Map(Object.entries(table));

/** The state of a new session. */
export const start: State = 'ready';

/** The lone dot is no command, but it has its place in the protocol: it ends the transaction. */
export const endOfText = { allowed: ['data'], next: 'ready' } as const;

/** Commands of RFC 5321 and its extensions that this stage knows by name, and does not do. */
export const notImplemented: ReadonlySet<string> = new Set(
  'HELO EHLO RSET NOOP VRFY EXPN HELP AUTH STARTTLS BDAT ETRN'.split(' '),
);

/** RFC 5321 §4.1.4: a command out of order gets 503; the text says what is missing. */
export function outOfOrder(verb: string, state: State): Reply {
  if (verb === 'MAIL') return replies.mailTwice;
  return state === 'ready' ? replies.mailFirst : replies.rcptFirst;
}
