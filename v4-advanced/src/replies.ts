/**
 * Send: every reply that the server can give, and how a reply is written on the wire.
 *
 * RFC 5321 §4.2: the code is for the program at the other end, the text is for people. The first
 * digit says it all: 2 done, 3 go on, 4 not now, 5 not like this.
 *
 * RFC 2034: before the text stands an enhanced code (RFC 3463), which says more closely what is wrong, so
 * that a program can tell it to its user in any language. A greeting has none, nor has what follows
 * HELO and EHLO, nor 3xx.
 */

export interface Reply {
  code: number;
  /** `5.1.1`: class, subject, detail. */
  enhanced?: string;
  text: string;
  /** Further lines; the last of them ends the reply. */
  lines?: readonly string[];
}

export const replies = {
  greeting: { code: 220, text: 'localhost ESMTP Stagepost ready' },
  hello: { code: 250, text: 'localhost greets you' },
  goodbye: { code: 221, enhanced: '2.0.0', text: 'localhost goodbye' },
  ok: { code: 250, enhanced: '2.0.0', text: 'OK' },
  senderOk: { code: 250, enhanced: '2.1.0', text: 'Sender OK' },
  recipientOk: { code: 250, enhanced: '2.1.5', text: 'Recipient OK' },
  stored: { code: 250, enhanced: '2.0.0', text: 'Message stored' },
  startTls: { code: 220, enhanced: '2.0.0', text: 'Begin TLS now' },
  loggedIn: { code: 235, enhanced: '2.7.0', text: 'You are logged in' },
  // RFC 5321 §3.5.3: whom there is, and whom not, is not told to everybody who asks.
  noVerify: { code: 252, enhanced: '2.5.0', text: 'Send the message, and you will see' },
  startText: { code: 354, text: 'Send the text, end it with a dot alone on a line' },

  serverStops: { code: 421, enhanced: '4.3.2', text: 'localhost is stopping, goodbye' },
  tooSlow: { code: 421, enhanced: '4.4.2', text: 'localhost has waited too long, goodbye' },
  tooManyErrors: {
    code: 421,
    enhanced: '4.7.0',
    text: 'localhost has seen too many bad commands, goodbye',
  },
  tooManyPasswords: {
    code: 421,
    enhanced: '4.7.0',
    text: 'localhost has seen too many wrong passwords, goodbye',
  },
  tooManyConnections: {
    code: 421,
    enhanced: '4.7.0',
    text: 'localhost has too many connections, try later',
  },
  storeFailed: { code: 451, enhanced: '4.3.0', text: 'The message could not be stored, try later' },
  storeFull: { code: 452, enhanced: '4.3.1', text: 'No space left for the message, try later' },
  tooManyRecipients: {
    code: 452,
    enhanced: '4.5.3',
    text: 'Too many recipients, send to the others later',
  },
  loginLater: { code: 454, enhanced: '4.7.0', text: 'Too many logins at once, try later' },

  unknownCommand: { code: 500, enhanced: '5.5.1', text: 'Unknown command' },
  lineTooLong: { code: 500, enhanced: '5.5.6', text: 'Line too long' },
  notText: { code: 500, enhanced: '5.5.2', text: 'A command is a line of ASCII or UTF-8 text' },
  sayHelo: { code: 501, enhanced: '5.5.4', text: 'Say EHLO and the name of your computer' },
  sayMail: { code: 501, enhanced: '5.5.4', text: 'Say MAIL FROM:<address>' },
  sayRcpt: { code: 501, enhanced: '5.5.4', text: 'Say RCPT TO:<address>' },
  sayAuth: { code: 501, enhanced: '5.5.4', text: 'Say AUTH PLAIN or AUTH LOGIN' },
  sayChunk: { code: 501, enhanced: '5.5.4', text: 'Say BDAT, the number of octets, and LAST' },
  sayWhom: { code: 501, enhanced: '5.5.4', text: 'Say VRFY and a name' },
  badParameter: { code: 501, enhanced: '5.5.4', text: 'A parameter has a value it cannot have' },
  noArgument: { code: 501, enhanced: '5.5.4', text: 'This command takes no argument' },
  notBase64: { code: 501, enhanced: '5.5.2', text: 'This is not the base64 that was asked for' },
  loginCancelled: { code: 501, enhanced: '5.7.0', text: 'Login cancelled' },
  notImplemented: { code: 502, enhanced: '5.5.1', text: 'Command not implemented' },
  mailFirst: { code: 503, enhanced: '5.5.1', text: 'Say MAIL first' },
  rcptFirst: { code: 503, enhanced: '5.5.1', text: 'Say RCPT first' },
  mailTwice: { code: 503, enhanced: '5.5.1', text: 'MAIL was said already' },
  lastChunkFirst: { code: 503, enhanced: '5.5.1', text: 'Finish with BDAT what BDAT has begun' },
  notInTransaction: { code: 503, enhanced: '5.5.1', text: 'Not while a message is being sent' },
  tlsAlready: { code: 503, enhanced: '5.5.1', text: 'This is TLS already' },
  loginTwice: { code: 503, enhanced: '5.5.1', text: 'You are logged in already' },
  unknownMechanism: { code: 504, enhanced: '5.5.4', text: 'Say AUTH PLAIN or AUTH LOGIN' },
  tlsFirst: { code: 530, enhanced: '5.7.0', text: 'Say STARTTLS first' },
  loginFirst: { code: 530, enhanced: '5.7.0', text: 'Log in first, with AUTH' },
  wrongLogin: { code: 535, enhanced: '5.7.8', text: 'Wrong name or password' },
  tlsBeforeLogin: { code: 538, enhanced: '5.7.11', text: 'Passwords only under TLS: say STARTTLS' },
  addressUnknown: { code: 550, enhanced: '5.1.1', text: 'Address unknown' },
  noRelay: {
    code: 550,
    enhanced: '5.7.1',
    text: 'This server takes mail for its own domains only',
  },
  textTooBig: { code: 552, enhanced: '5.3.4', text: 'The message is too big' },
  notYourAddress: { code: 553, enhanced: '5.7.1', text: 'This is not your address' },
  badMailbox: {
    code: 553,
    enhanced: '5.1.3',
    text: 'Control characters have no place in an address',
  },
  noUtf8: {
    code: 553,
    enhanced: '5.6.7',
    text: 'For such an address MAIL must say SMTPUTF8',
  },
  badText: {
    code: 554,
    enhanced: '5.6.0',
    text: 'Lines must end in CR LF, and NUL is not text: message refused',
  },
  unknownParameter: {
    code: 555,
    enhanced: '5.5.4',
    text: 'This parameter is not known here, or needs EHLO first',
  },
} as const satisfies Record<string, Reply>;

/** The replies with something in them that changes. */
export const tell = {
  extensions: (keywords: readonly string[]): Reply => ({ ...replies.hello, lines: keywords }),
  commands: (verbs: readonly string[]): Reply => ({
    code: 214,
    enhanced: '2.0.0',
    text: `Commands: ${verbs.join(' ')}`,
  }),
  /** RFC 4954 §4: what the mechanism asks, in base64. */
  challenge: (base64: string): Reply => ({ code: 334, text: base64 }),
  /** RFC 3030 §2: how much of the message has come. */
  chunk: (octets: number): Reply => ({
    code: 250,
    enhanced: '2.0.0',
    text: `${octets} octets received`,
  }),
};

/**
 * The octets of a reply are ASCII, so a string will do. RFC 5321 §4.2.1: CR LF ends a line, and in all
 * lines but the last a hyphen follows the code.
 */
export function write({ code, enhanced, text, lines = [] }: Reply): string {
  const first = enhanced === undefined ? text : `${enhanced} ${text}`;
  const all = [first, ...lines];
  return all.map((line, n) => `${code}${n + 1 < all.length ? '-' : ' '}${line}\r\n`).join('');
}
