/**
 * Process: the commands as a table. Reading the table is reading the protocol: in which state a
 * command is allowed, which state follows it, how its argument is understood, what it does.
 *
 * RFC 5321 §3.3: a mail transaction is MAIL, then RCPT once or more, then DATA. With EHLO, extensions
 * come in: commands (AUTH, STARTTLS, BDAT) and parameters of MAIL.
 */
import type { Directory } from './directory.ts';
import type { Limits } from './guards/limits.ts';
import { type Reply, replies, tell } from './replies.ts';
import { mechanisms } from './sasl.ts';
import {
  type Chunk,
  type Login,
  type Path,
  type Understood,
  understandAnything,
  understandChunk,
  understandLogin,
  understandName,
  understandNothing,
  understandPath,
  understandRecipient,
  understandWhom,
} from './understand.ts';

/**
 * Where a session stands:
 * - `ready`: no transaction;
 * - `login`: lines are no longer commands but answers, until the login is over;
 * - `mail`: the sender is known;
 * - `rcpt`: at least one recipient is known too;
 * - `data`: lines are no longer commands but text, until a dot stands alone;
 * - `chunks`: a part of the text has come, by BDAT;
 * - `tls`: the handshake begins, and with it another session, which knows nothing of this one;
 * - `closed`: goodbye has been said.
 */
export type State = 'ready' | 'login' | 'mail' | 'rcpt' | 'data' | 'chunks' | 'tls' | 'closed';

/** States between commands, in which a client may greet, take back, ask for nothing, or leave. */
const anywhere = ['ready', 'mail', 'rcpt', 'chunks'] as const satisfies State[];

export interface Recipient {
  /** As the client wrote it. */
  address: string;
  /** The name of its mailbox: that of the account. */
  mailbox: string;
}

/** What is known of the client. */
export interface Client {
  /** It came to a port for submission, where only who has logged in may send (RFC 6409 §4.3). */
  readonly isSubmitting: boolean;
  /** Nobody can listen to what is said: TLS has begun. */
  readonly isSecure: boolean;
  /** What it calls itself; empty if it has not said so. */
  helo: string;
  /** It has said EHLO, so extensions may be used. */
  isExtended: boolean;
  /** As whom it has logged in. */
  account: string | undefined;
}

/** What is known of the message that is being sent. */
export interface Transaction {
  client: Client;
  /** Who gets word if the message cannot be delivered; empty: nobody (RFC 5321 §4.5.5). */
  reversePath: string;
  /** MAIL has said SMTPUTF8: addresses need not be ASCII (RFC 6531). */
  isUtf8: boolean;
  recipients: Recipient[];
}

/** What the operator has decided. */
export interface Settings {
  limits: Limits;
  directory: Directory;
}

/** What a command comes to: a reply, or something that must be heard first. */
export type Outcome =
  | Reply
  /** Ask who it is. */
  | { login: Login }
  /** Read so many octets of text. */
  | { chunk: Chunk };

export interface Command<Value = unknown> {
  /** Allowed in these states; elsewhere the answer is 503. */
  allowed: readonly State[];
  /** The state that follows if the command succeeds. */
  next: State | 'same';
  /** What the argument means, or the reply that refuses it. */
  understand(argument: string): Understood<Value>;
  /** Does it. A reply of 4xx or 5xx leaves the state as it was. */
  run(transaction: Transaction, value: Value, settings: Settings): Outcome;
}

const HELO: Command<string> = {
  allowed: anywhere,
  // RFC 5321 §4.1.4: a new HELO ends the transaction, as RSET does.
  next: 'ready',
  understand: understandName,
  run({ client }, name) {
    client.helo = name;
    client.isExtended = false;
    return replies.hello;
  },
};

const EHLO: Command<string> = {
  ...HELO,
  run({ client }, name, { limits }) {
    client.helo = name;
    client.isExtended = true;
    return tell.extensions(extensions(client, limits));
  },
};

/** RFC 5321 §4.1.1.1: one a line. What would be refused is not offered. */
function extensions({ isSecure }: Client, limits: Limits): string[] {
  return [
    `SIZE ${limits.message}`,
    'PIPELINING',
    '8BITMIME',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    'CHUNKING',
    isSecure ? `AUTH ${mechanisms.join(' ')}` : 'STARTTLS',
  ];
}

const STARTTLS: Command<string> = {
  allowed: anywhere,
  next: 'tls',
  understand: understandNothing,
  run: ({ client }) => (client.isSecure ? replies.tlsAlready : replies.startTls),
};

const AUTH: Command<Login> = {
  // RFC 4954 §4: not within a transaction.
  allowed: ['ready'],
  next: 'login',
  understand: understandLogin,
  run({ client }, login) {
    if (!client.isSecure) return replies.tlsBeforeLogin;
    return client.account === undefined ? { login } : replies.loginTwice;
  },
};

const MAIL: Command<Path> = {
  allowed: ['ready'],
  next: 'mail',
  understand: (argument) => understandPath('FROM:', argument, replies.sayMail),
  run(transaction, { address, parameters }, settings) {
    const { client } = transaction;
    const refusal = notAllowed(client) ?? checkParameters(parameters, client, settings.limits);
    if (refusal) return refusal;
    const isUtf8 = parameters.has('SMTPUTF8');
    if (!isUtf8 && !isAscii(address)) return replies.noUtf8;
    if (!mayBeFrom(address, client, settings.directory)) return replies.notYourAddress;
    transaction.reversePath = address;
    transaction.isUtf8 = isUtf8;
    return replies.senderOk;
  },
};

/** RFC 6409 §4.3: on a port for submission nobody sends who has not logged in. */
function notAllowed({ isSubmitting, isSecure, account }: Client): Reply | undefined {
  if (!isSubmitting || account !== undefined) return undefined;
  return isSecure ? replies.loginFirst : replies.tlsFirst;
}

/** The parameters of MAIL, which come with the extensions (RFC 5321 §4.1.1.11: others get 555). */
function checkParameters(
  parameters: ReadonlyMap<string, string>,
  { isExtended }: Client,
  limits: Limits,
): Reply | undefined {
  for (const [keyword, value] of parameters) {
    if (!isExtended) return replies.unknownParameter;
    switch (keyword) {
      case 'SIZE': // RFC 1870: what the client knows beforehand need not be sent in vain.
        if (!/^\d{1,20}$/.test(value)) return replies.badParameter;
        if (Number(value) > limits.message) return replies.textTooBig;
        break;
      case 'BODY': // RFC 6152: eight bits are as good as seven here.
        if (!/^(?:7BIT|8BITMIME)$/i.test(value)) return replies.badParameter;
        break;
      case 'SMTPUTF8':
        if (value !== '') return replies.badParameter;
        break;
      case 'AUTH': // RFC 4954 §5: who sent it first, for servers that trust each other. We do not.
        if (value === '') return replies.badParameter;
        break;
      default:
        return replies.unknownParameter;
    }
  }
  return undefined;
}

/** Who has logged in sends under no name but their own, or none (RFC 6409 §6.1). */
function mayBeFrom(address: string, { account }: Client, directory: Directory): boolean {
  return account === undefined || address === '' || directory.accountOf(address) === account;
}

const RCPT: Command<Path> = {
  allowed: ['mail', 'rcpt'],
  next: 'rcpt',
  understand: understandRecipient,
  run({ recipients, isUtf8 }, { address, parameters }, { limits, directory }) {
    if (parameters.size > 0) return replies.unknownParameter;
    if (!isUtf8 && !isAscii(address)) return replies.noUtf8;
    if (!directory.isLocal(address)) return replies.noRelay;
    const mailbox = directory.receiverOf(address);
    if (mailbox === undefined) return replies.addressUnknown;
    // RFC 5321 §4.5.3.1.10: too many recipients is 452, and the ones so far stay.
    if (recipients.length >= limits.recipients) return replies.tooManyRecipients;
    recipients.push({ address, mailbox });
    return replies.recipientOk;
  },
};

const DATA: Command<string> = {
  allowed: ['rcpt'],
  next: 'data',
  understand: understandNothing,
  run: () => replies.startText,
};

const BDAT: Command<Chunk> = {
  allowed: ['rcpt', 'chunks'],
  next: 'chunks',
  understand: understandChunk,
  run: (_, chunk) => ({ chunk }),
};

const RSET: Command<string> = {
  allowed: anywhere,
  next: 'ready',
  understand: understandNothing,
  run: () => replies.ok,
};

const NOOP: Command<string> = {
  allowed: anywhere,
  next: 'same',
  understand: understandAnything,
  run: () => replies.ok,
};

const VRFY: Command<string> = {
  allowed: anywhere,
  next: 'same',
  understand: understandWhom,
  run: () => replies.noVerify,
};

const HELP: Command<string> = {
  allowed: anywhere,
  next: 'same',
  understand: understandAnything,
  run: () => tell.commands(Array.from(protocol.commands.keys())),
};

const QUIT: Command<string> = {
  allowed: anywhere,
  next: 'closed',
  understand: understandNothing,
  run: () => replies.goodbye,
};

// HELLO: some students' clients greet like this.
const table = {
  HELO,
  HELLO: HELO,
  EHLO,
  STARTTLS,
  AUTH,
  MAIL,
  RCPT,
  DATA,
  BDAT,
  RSET,
  NOOP,
  VRFY,
  HELP,
  QUIT,
};

/** What a session may say, and where it begins. */
export interface Protocol {
  /** A Map, since what a client says must not be looked up in an object: those know `constructor`. */
  commands: ReadonlyMap<string, Command>;
  start: State;
  /** What is no command has its place too: a lone dot, the last chunk, the last answer. (For the diagrams.) */
  endOfText: { allowed: readonly State[]; next: State };
  endOfLogin: { allowed: readonly State[]; next: State };
}

export const protocol: Protocol = {
  commands: new Map<string, Command>(Object.entries(table)),
  start: 'ready',
  endOfText: { allowed: ['data', 'chunks'], next: 'ready' },
  endOfLogin: { allowed: ['login'], next: 'ready' },
};

/** Commands of RFC 5321 and its extensions that this stage knows by name, and does not do. */
export const notImplemented: ReadonlySet<string> = new Set('EXPN ETRN ATRN TURN'.split(' '));

/** RFC 5321 §4.1.4: a command out of order gets 503; the text says what is missing. */
export function outOfOrder(verb: string, state: State): Reply {
  if (verb === 'AUTH') return replies.notInTransaction;
  if (state === 'chunks') return replies.lastChunkFirst;
  if (verb === 'MAIL') return replies.mailTwice;
  return state === 'ready' ? replies.mailFirst : replies.rcptFirst;
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7E]*$/.test(text);
}
