/**
 * Process: the commands of POP3 as a table, like those of SMTP. Reading the table is reading the
 * protocol: in which states a command is allowed, and which state follows each of them.
 *
 * RFC 1939 §3: a session begins in AUTHORIZATION, goes on to TRANSACTION when the client has logged
 * in, and with QUIT to UPDATE, where what was marked is deleted.
 */
import { type Credentials, mechanisms } from '../sasl.ts';
import { Maildrop, type StoredMessage } from './maildrop.ts';
import { type Reply, replies, tell } from './replies.ts';
import {
  type Login,
  type Understood,
  understandLogin,
  understandName,
  understandNothing,
  understandNumber,
  understandNumberOrNothing,
  understandPassword,
  understandTop,
} from './understand.ts';

/**
 * Where a session stands:
 * - `authorization`: nobody has said who they are;
 * - `user`: a name was said, the password not yet;
 * - `login`: lines are no longer commands but answers, until the login is over;
 * - `transaction`: the mailbox is open, and locked against others;
 * - `update`: QUIT was said, what is marked is being deleted;
 * - `tls`: the handshake begins, and with it another session, which knows nothing of this one;
 * - `closed`: goodbye has been said.
 */
export type State =
  'authorization' | 'user' | 'login' | 'transaction' | 'update' | 'tls' | 'closed';

/** What a session knows of its client. */
export interface Client {
  /** Nobody can listen to what is said: TLS has begun. */
  readonly isSecure: boolean;
  /** As it was said after USER. */
  name: string;
  /** Empty, until the client has logged in. */
  maildrop: Maildrop;
}

/** What a command comes to: a reply, or something that must be done first. */
export type Outcome =
  | Reply
  /** Ask who it is. */
  | { login: Login }
  /** Find out whether it is true. */
  | { credentials: Credentials }
  /** Send this message, or its header and so many lines of its body. */
  | { retrieve: StoredMessage; lines?: number };

export interface Command<Value = unknown> {
  /** The states in which it is allowed, and which one follows each if it succeeds. */
  moves: Partial<Record<State, State>>;
  /** The state that follows if it fails; without it, the state stays. */
  otherwise?: State;
  /** What the argument means, or the reply that refuses it. */
  understand(argument: string, asItCame: string): Understood<Value>;
  /** Does it, as far as that can be done here. */
  run(client: Client, value: Value): Outcome;
}

const inTransaction = { transaction: 'transaction' } as const;

/** Finds the message that is meant, and does something with it. */
function withMessage(
  { maildrop }: Client,
  number: number,
  use: (message: StoredMessage) => Outcome,
): Outcome {
  // A number of a hundred digits is a number too: there is just no such message.
  const message = maildrop.message(number);
  if (!message) return replies.noSuchMessage;
  return maildrop.isMarked(message) ? replies.deletedAlready : use(message);
}

const CAPA: Command<string> = {
  moves: { authorization: 'authorization', user: 'user', ...inTransaction },
  understand: understandNothing,
  // RFC 2449 §6. What would be refused is not offered.
  run: ({ isSecure }) =>
    tell.capabilities([
      'TOP',
      'UIDL',
      'RESP-CODES',
      'AUTH-RESP-CODE',
      'PIPELINING',
      ...(isSecure ? ['USER', `SASL ${mechanisms.join(' ')}`] : ['STLS']),
      'EXPIRE NEVER',
      'IMPLEMENTATION Stagepost',
    ]),
};

const STLS: Command<string> = {
  // RFC 2595 §4: only before the login.
  moves: { authorization: 'tls', user: 'tls' },
  understand: understandNothing,
  run: ({ isSecure }) => (isSecure ? replies.tlsAlready : replies.startTls),
};

const AUTH: Command<Login> = {
  moves: { authorization: 'login', user: 'login' },
  otherwise: 'authorization',
  understand: understandLogin,
  run({ isSecure }, login) {
    if (!isSecure) return replies.tlsFirst;
    return { login };
  },
};

const USER: Command<string> = {
  moves: { authorization: 'user', user: 'user' },
  understand: understandName,
  // Whether there is such a user is not said here, or anybody could find out who there is.
  run(client, name) {
    if (!client.isSecure) return replies.tlsFirst;
    client.name = name;
    return replies.nameOk;
  },
};

const PASS: Command<string> = {
  moves: { user: 'transaction' },
  otherwise: 'authorization',
  understand: understandPassword,
  run: ({ name }, password) => ({ credentials: { authorization: '', name, password } }),
};

const STAT: Command<string> = {
  moves: inTransaction,
  understand: understandNothing,
  run: ({ maildrop }) => tell.state(maildrop.count, maildrop.size),
};

const LIST: Command<number | undefined> = {
  moves: inTransaction,
  understand: understandNumberOrNothing,
  run(client, number) {
    if (number === undefined) return listOf(client, ({ size }) => String(size));
    return withMessage(client, number, ({ size }) => tell.size(number, size));
  },
};

const UIDL: Command<number | undefined> = {
  moves: inTransaction,
  understand: understandNumberOrNothing,
  run(client, number) {
    // RFC 1939 §7: a name that stays the message's, in all sessions, and is never another's.
    if (number === undefined) return listOf(client, ({ id }) => id);
    return withMessage(client, number, ({ id }) => tell.uid(number, id));
  },
};

/** A line for each message: its number, and something about it. */
function listOf({ maildrop }: Client, about: (message: StoredMessage) => string): Reply {
  const lines = maildrop.numbered().map(([number, message]) => `${number} ${about(message)}`);
  return tell.list(lines.length, lines);
}

const RETR: Command<number> = {
  moves: inTransaction,
  understand: understandNumber,
  run: (client, number) => withMessage(client, number, (message) => ({ retrieve: message })),
};

const TOP: Command<{ number: number; lines: number }> = {
  moves: inTransaction,
  understand: understandTop,
  run: (client, { number, lines }) =>
    withMessage(client, number, (message) => ({ retrieve: message, lines })),
};

const DELE: Command<number> = {
  moves: inTransaction,
  understand: understandNumber,
  run: (client, number) =>
    withMessage(client, number, (message) => {
      client.maildrop.mark(message);
      return tell.deleted(number);
    }),
};

const RSET: Command<string> = {
  moves: inTransaction,
  understand: understandNothing,
  run({ maildrop }) {
    maildrop.unmarkAll();
    return tell.restored(maildrop.count);
  },
};

const NOOP: Command<string> = {
  moves: inTransaction,
  understand: understandNothing,
  run: () => replies.ok,
};

const QUIT: Command<string> = {
  // RFC 1939 §6: only who has logged in enters UPDATE.
  moves: { authorization: 'closed', user: 'closed', transaction: 'update' },
  understand: understandNothing,
  run: () => replies.goodbye,
};

const table = {
  CAPA,
  STLS,
  AUTH,
  USER,
  PASS,
  STAT,
  LIST,
  UIDL,
  RETR,
  TOP,
  DELE,
  RSET,
  NOOP,
  QUIT,
};

/** A Map, since what a client says must not be looked up in an object: those know `constructor`. */
export const commands: ReadonlyMap<string, Command> = new Map<string, Command>(
  Object.entries(table),
);

export const start: State = 'authorization';

/** The last answer of a login is no command, but it has its place. (For the diagrams.) */
export const endOfLogin = { moves: { login: 'transaction' }, otherwise: 'authorization' } as const;

/** The end of the update is no command, but it has its place. (For the diagrams.) */
export const endOfUpdate = { moves: { update: 'closed' } } as const;

/** Commands of POP3, older and newer ones, that this stage knows by name and does not do. */
export const notImplemented: ReadonlySet<string> = new Set('APOP LAST XTND'.split(' '));

/** The reply to a command in a state in which it is not allowed: the text says what is missing. */
export function outOfOrder(verb: string, state: State): Reply {
  if (state === 'transaction') return replies.loggedIn;
  return verb === 'PASS' ? replies.userFirst : replies.loginFirst;
}
