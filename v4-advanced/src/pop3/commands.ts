/**
 * Process: the commands of POP3 as a table, like those of SMTP. Reading the table is reading the
 * protocol: in which states a command is allowed, and which state follows each of them.
 *
 * RFC 1939 §3: a session begins in AUTHORIZATION, goes on to TRANSACTION when the client has logged
 * in, and with QUIT to UPDATE, where what was marked is deleted.
 */
import { mailboxFor, type Users } from '../users.ts';
import { Maildrop, type StoredMessage } from './maildrop.ts';
import { type Reply, replies, tell } from './replies.ts';
import {
  type Understood,
  understandName,
  understandNothing,
  understandNumber,
  understandNumberOrNothing,
  understandPassword,
} from './understand.ts';

/**
 * Where a session stands:
 * - `authorization`: nobody has said who they are;
 * - `user`: a name was said, the password not yet;
 * - `transaction`: the mailbox is open, and locked against others;
 * - `update`: QUIT was said, what is marked is being deleted;
 * - `closed`: goodbye has been said.
 */
export type State = 'authorization' | 'user' | 'transaction' | 'update' | 'closed';

/** What a session knows of its client. */
export interface Client {
  /** As it was said after USER. */
  name: string;
  /** Empty, until the client has logged in. */
  maildrop: Maildrop;
}

/** What a command comes to: a reply, or something that must be done first. */
export type Outcome =
  | Reply
  /** Lock this mailbox, and see what is in it. */
  | { open: string }
  /** Send this message. */
  | { retrieve: StoredMessage };

export interface Command {
  /** The states in which it is allowed, and which one follows each if it succeeds. */
  moves: Partial<Record<State, State>>;
  /** The state that follows if it fails; without it, the state stays. */
  otherwise?: State;
  /** What the argument means, or the reply that refuses it. */
  understand(argument: string): Understood;
  /** Does it, as far as that can be done here. */
  run(client: Client, value: string, users: Users | undefined): Outcome;
}

/** Finds the message that is meant, and does something with it. */
function withMessage(
  { maildrop }: Client,
  number: string,
  use: (message: StoredMessage, number: number) => Outcome,
): Outcome {
  // A number of a hundred digits is a number too: there is just no such message.
  const message = maildrop.message(Number(number));
  if (!message) return replies.noSuchMessage;
  return maildrop.isMarked(message) ? replies.deletedAlready : use(message, Number(number));
}

export const table = {
  USER: {
    moves: { authorization: 'user', user: 'user' },
    understand: understandName,
    // Whether there is such a user is not said here, or anybody could find out who there is.
    run(client, name) {
      client.name = name;
      return replies.nameOk;
    },
  },
  PASS: {
    moves: { user: 'transaction' },
    otherwise: 'authorization',
    understand: understandPassword,
    run({ name }, password, users) {
      const mailbox = mailboxFor(name, password, users);
      return mailbox === undefined ? replies.wrongLogin : { open: mailbox };
    },
  },
  STAT: {
    moves: { transaction: 'transaction' },
    understand: understandNothing,
    run: ({ maildrop }) => tell.state(maildrop.count, maildrop.size),
  },
  LIST: {
    moves: { transaction: 'transaction' },
    understand: understandNumberOrNothing,
    run(client, number) {
      if (number !== '') return withMessage(client, number, ({ size }, n) => tell.size(n, size));
      const lines = client.maildrop.numbered().map(([n, { size }]) => `${n} ${size}`);
      return tell.list(lines.length, lines);
    },
  },
  RETR: {
    moves: { transaction: 'transaction' },
    understand: understandNumber,
    run: (client, number) => withMessage(client, number, (message) => ({ retrieve: message })),
  },
  DELE: {
    moves: { transaction: 'transaction' },
    understand: understandNumber,
    run: (client, number) =>
      withMessage(client, number, (message, n) => {
        client.maildrop.mark(message);
        return tell.deleted(n);
      }),
  },
  RSET: {
    moves: { transaction: 'transaction' },
    understand: understandNothing,
    run({ maildrop }) {
      maildrop.unmarkAll();
      return tell.restored(maildrop.count);
    },
  },
  NOOP: {
    moves: { transaction: 'transaction' },
    understand: understandNothing,
    run: () => replies.ok,
  },
  QUIT: {
    // RFC 1939 §6: only who has logged in enters UPDATE.
    moves: { authorization: 'closed', user: 'closed', transaction: 'update' },
    understand: understandNothing,
    run: () => replies.goodbye,
  },
} satisfies Record<string, Command>;

/** A Map, since what a client says must not be looked up in an object: those know `constructor`. */
export const commands: ReadonlyMap<string, Command> = new Map<string, Command>(
  Object.entries(table),
);

export const start: State = 'authorization';

/** The end of the update is no command, but it has its place. (For the diagrams.) */
export const endOfUpdate = { moves: { update: 'closed' } } as const;

/** Commands of POP3, older and newer ones, that this stage knows by name and does not do. */
export const notImplemented: ReadonlySet<string> = new Set(
  'APOP AUTH CAPA LAST STLS TOP UIDL'.split(' '),
);

/** The reply to a command in a state in which it is not allowed: the text says what is missing. */
export function outOfOrder(verb: string, state: State): Reply {
  if (state === 'transaction') return replies.loggedIn;
  return verb === 'PASS' ? replies.userFirst : replies.loginFirst;
}
