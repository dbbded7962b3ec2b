/**
 * Send: what the POP3 server can answer, and how an answer is written on the wire.
 *
 * RFC 1939 §3: POP3 has no codes. A reply begins with `+OK` or `-ERR`, and the text behind it is for
 * people (but for the numbers of STAT and LIST). Where lines follow, a lone dot ends them.
 */

export interface Reply {
  ok: boolean;
  text: string;
  /** The lines that follow the first one; none, and there is no dot either. */
  lines?: readonly string[];
  /** The command itself was wrong. Twenty of these, and it is goodbye. */
  bad?: true;
}

/**
 * The replies that are always the same. A word in brackets tells a program why (RFC 2449 §8, RFC 3206): that
 * the password is wrong, or that it may try again later.
 */
export const replies = {
  greeting: { ok: true, text: 'localhost Stagepost POP3 ready' },
  nameOk: { ok: true, text: 'And the password?' },
  startTls: { ok: true, text: 'Begin TLS now' },
  top: { ok: true, text: 'The beginning of the message' },
  ok: { ok: true, text: 'OK' },
  goodbye: { ok: true, text: 'localhost goodbye' },

  sayName: { ok: false, text: 'Say USER and your address', bad: true },
  sayPassword: { ok: false, text: 'Say PASS and your password', bad: true },
  sayTop: { ok: false, text: 'Say TOP, the number of a message, and how many lines', bad: true },
  sayNumber: { ok: false, text: 'Say the number of a message', bad: true },
  noArgument: { ok: false, text: 'This command takes no argument', bad: true },
  unknownMechanism: { ok: false, text: 'Say AUTH PLAIN or AUTH LOGIN', bad: true },
  notBase64: { ok: false, text: 'This is not the base64 that was asked for', bad: true },
  loginCancelled: { ok: false, text: 'Login cancelled', bad: true },
  wrongLogin: { ok: false, text: '[AUTH] Wrong name or password' },
  loginLater: { ok: false, text: '[SYS/TEMP] Too many logins at once, try later' },
  tlsFirst: { ok: false, text: 'Passwords only under TLS: say STLS' },
  tlsAlready: { ok: false, text: 'This is TLS already', bad: true },
  userFirst: { ok: false, text: 'Say USER first', bad: true },
  loginFirst: { ok: false, text: 'Log in first, with AUTH, or with USER and PASS', bad: true },
  loggedIn: { ok: false, text: 'You are logged in already', bad: true },
  // Not bad: mail programs try what may be there, some for every message.
  notImplemented: { ok: false, text: 'Command not implemented' },
  unknownCommand: { ok: false, text: 'Unknown command', bad: true },
  notText: { ok: false, text: 'A command is a line of ASCII or UTF-8 text', bad: true },

  noSuchMessage: { ok: false, text: 'There is no message with this number' },
  deletedAlready: { ok: false, text: 'This message is marked as deleted' },
  inUse: { ok: false, text: '[IN-USE] This mailbox is open in another session' },
  mailboxFailed: { ok: false, text: '[SYS/TEMP] The mailbox cannot be read, try later' },
  messageFailed: { ok: false, text: 'The message cannot be read' },
  updateFailed: { ok: false, text: 'Some messages could not be deleted' },

  lineTooLong: { ok: false, text: 'Line too long' },
  tooManyErrors: { ok: false, text: 'localhost has seen too many bad commands, goodbye' },
  tooManyPasswords: {
    ok: false,
    text: '[AUTH] localhost has seen too many wrong passwords, goodbye',
  },
  tooManyConnections: { ok: false, text: 'localhost has too many connections, try later' },
  serverStops: { ok: false, text: 'localhost is stopping, goodbye' },
} as const satisfies Record<string, Reply>;

const plural = (count: number) => `${count} ${count === 1 ? 'message' : 'messages'}`;

/** The replies with numbers in them. Sizes are in octets. */
export const tell = {
  loggedIn: (count: number): Reply => ({ ok: true, text: `Welcome, you have ${plural(count)}` }),
  /** RFC 1939 §5, STAT: the two numbers come first, with one blank each: programs read them. */
  state: (count: number, size: number): Reply => ({ ok: true, text: `${count} ${size}` }),
  /** RFC 2449 §5: what a client may use. */
  capabilities: (lines: string[]): Reply => ({ ok: true, text: 'What can be said here', lines }),
  mechanisms: (lines: string[]): Reply => ({ ok: true, text: 'Ways to log in', lines }),
  list: (count: number, lines: string[]): Reply => ({ ok: true, text: plural(count), lines }),
  size: (number: number, size: number): Reply => ({ ok: true, text: `${number} ${size}` }),
  uid: (number: number, id: string): Reply => ({ ok: true, text: `${number} ${id}` }),
  retrieve: (size: number): Reply => ({ ok: true, text: `${size} octets` }),
  deleted: (number: number): Reply => ({ ok: true, text: `Message ${number} marked as deleted` }),
  restored: (count: number): Reply => ({ ok: true, text: `You have ${plural(count)}` }),
};

/** RFC 5034 §4: what a mechanism asks, in base64. It is neither yes nor no. */
export function writeChallenge(base64: string): string {
  return `+ ${base64}\r\n`;
}

/** RFC 1939 §3: every line ends in CR LF. None of ours begins with a dot: nothing to stuff. */
export function write({ ok, text, lines }: Reply): string {
  const status = `${ok ? '+OK' : '-ERR'} ${text}`;
  return (lines ? [status, ...lines, '.'] : [status]).map((line) => `${line}\r\n`).join('');
}
