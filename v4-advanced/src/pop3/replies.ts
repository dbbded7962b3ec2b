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

/** The replies that are always the same. */
export const replies = {
  greeting: { ok: true, text: 'localhost Stagepost POP3 ready' },
  nameOk: { ok: true, text: 'And the password?' },
  ok: { ok: true, text: 'OK' },
  goodbye: { ok: true, text: 'localhost goodbye' },

  sayName: { ok: false, text: 'Say USER and your address', bad: true },
  sayPassword: { ok: false, text: 'Say PASS and your password', bad: true },
  sayNumber: { ok: false, text: 'Say the number of a message', bad: true },
  noArgument: { ok: false, text: 'This command takes no argument', bad: true },
  wrongLogin: { ok: false, text: 'Wrong name or password', bad: true },
  userFirst: { ok: false, text: 'Say USER first', bad: true },
  loginFirst: { ok: false, text: 'Log in first, with USER and PASS', bad: true },
  loggedIn: { ok: false, text: 'You are logged in already', bad: true },
  // Not bad: mail programs try what may be there, some for every message.
  notImplemented: { ok: false, text: 'Command not implemented' },
  unknownCommand: { ok: false, text: 'Unknown command', bad: true },
  notText: { ok: false, text: 'A command is a line of ASCII or UTF-8 text', bad: true },

  noSuchMessage: { ok: false, text: 'There is no message with this number' },
  deletedAlready: { ok: false, text: 'This message is marked as deleted' },
  // RFC 2449 §8.1.2: a program can tell by the word in brackets that it may try again later.
  inUse: { ok: false, text: '[IN-USE] This mailbox is open in another session' },
  mailboxFailed: { ok: false, text: 'The mailbox cannot be read, try later' },
  messageFailed: { ok: false, text: 'The message cannot be read' },
  updateFailed: { ok: false, text: 'Some messages could not be deleted' },

  lineTooLong: { ok: false, text: 'Line too long' },
  tooManyErrors: { ok: false, text: 'localhost has seen too many bad commands, goodbye' },
  tooManyConnections: { ok: false, text: 'localhost has too many connections, try later' },
  serverStops: { ok: false, text: 'localhost is stopping, goodbye' },
} as const satisfies Record<string, Reply>;

const plural = (count: number) => `${count} ${count === 1 ? 'message' : 'messages'}`;

/** The replies with numbers in them. Sizes are in octets. */
export const tell = {
  loggedIn: (count: number): Reply => ({ ok: true, text: `Welcome, you have ${plural(count)}` }),
  /** RFC 1939 §5, STAT: the two numbers come first, with one blank each: programs read them. */
  state: (count: number, size: number): Reply => ({ ok: true, text: `${count} ${size}` }),
  list: (count: number, lines: string[]): Reply => ({ ok: true, text: plural(count), lines }),
  size: (number: number, size: number): Reply => ({ ok: true, text: `${number} ${size}` }),
  retrieve: (size: number): Reply => ({ ok: true, text: `${size} octets` }),
  deleted: (number: number): Reply => ({ ok: true, text: `Message ${number} marked as deleted` }),
  restored: (count: number): Reply => ({ ok: true, text: `You have ${plural(count)}` }),
};

/** RFC 1939 §3: every line ends in CR LF. Lines of numbers never begin with a dot: nothing to stuff. */
export function write({ ok, text, lines }: Reply): string {
  const status = `${ok ? '+OK' : '-ERR'} ${text}`;
  return (lines ? [status, ...lines, '.'] : [status]).map((line) => `${line}\r\n`).join('');
}
