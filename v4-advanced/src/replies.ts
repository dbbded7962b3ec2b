/**
 * Send: every reply that the server can give, and how a reply is written on the wire.
 *
 * RFC 5321 §4.2: the code is for the program at the other end, the text is for people. The first
 * digit says it all: 2 done, 3 go on, 4 not now, 5 not like this.
 */

export interface Reply {
  code: number;
  text: string;
}

export const replies = {
  greeting: { code: 220, text: 'localhost Stagepost ready' },
  hello: { code: 250, text: 'localhost greets you' },
  goodbye: { code: 221, text: 'localhost goodbye' },
  ok: { code: 250, text: 'OK' },
  senderOk: { code: 250, text: 'Sender OK' },
  recipientOk: { code: 250, text: 'Recipient OK' },
  stored: { code: 250, text: 'Message stored' },
  startText: { code: 354, text: 'Send the text, end it with a dot alone on a line' },

  serverStops: { code: 421, text: 'localhost is stopping, goodbye' },
  tooSlow: { code: 421, text: 'localhost has waited too long, goodbye' },
  tooManyErrors: { code: 421, text: 'localhost has seen too many bad commands, goodbye' },
  tooManyConnections: { code: 421, text: 'localhost has too many connections, try later' },
  storeFailed: { code: 451, text: 'The message could not be stored, try later' },
  storeFull: { code: 452, text: 'No space left to store the message, try later' },
  tooManyRecipients: { code: 452, text: 'Too many recipients, send to the others later' },

  unknownCommand: { code: 500, text: 'Unknown command' },
  syntaxError: { code: 500, text: 'Syntax error, command unrecognized' },
  lineTooLong: { code: 500, text: 'Line too long' },
  notText: { code: 500, text: 'A command is a line of ASCII or UTF-8 text' },
  sayHelo: { code: 501, text: 'Say HELO and the name of your computer' },
  sayMail: { code: 501, text: 'Say MAIL FROM:<address>' },
  sayRcpt: { code: 501, text: 'Say RCPT TO:<address>' },
  noArgument: { code: 501, text: 'This command takes no argument' },
  notImplemented: { code: 502, text: 'Command not implemented' },
  mailFirst: { code: 503, text: 'Say MAIL first' },
  rcptFirst: { code: 503, text: 'Say RCPT first' },
  mailTwice: { code: 503, text: 'MAIL was said already' },
  addressUnknown: { code: 550, text: 'Address unknown' },
  textTooBig: { code: 552, text: 'The message is too big' },
  badMailbox: { code: 553, text: 'This address cannot be a mailbox name' },
  badText: { code: 554, text: 'Lines must end in CR LF, and NUL is not text: message refused' },
  unknownParameter: { code: 555, text: 'Parameters after the address are not known here' },
} as const satisfies Record<string, Reply>;

/** The octets of a reply are ASCII, so a string will do. RFC 5321 §4.2.1: CR LF ends it. */
export function write(reply: Reply): string {
  return `${reply.code} ${reply.text}\r\n`;
}
