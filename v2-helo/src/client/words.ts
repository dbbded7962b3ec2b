/**
 * Every sentence that the client says to a person. Another language is another file of this shape;
 * what goes over the wire stays as the RFC writes it.
 */
export const words = {
  help: `Sends mail to an SMTP server and shows the dialogue.

  npx tsx client.ts [host] [port]  a menu (127.0.0.1 2525 if not said)
  npx tsx client.ts --test         sends a test message
  npx tsx client.ts --from alice@example.com --to bob@example.com --body Hello

  --from ADDRESS      who sends
  --to ADDRESS        who receives; may be given several times
  --subject TEXT      what it is about
  --body TEXT         the text; without it the text is read from standard input
  --test              a test message, from alice@example.com to bob@example.com
  --quiet             does not show the dialogue
  --timeout SECONDS   how long the server may be silent (60)
  --help              this page

Ends with 0 if the message was sent, 1 if not (or not to everybody), 2 if the
command line is wrong.`,
  seeHelp: (problem: string) => `${problem} Try --help.`,
  surplus: (argument: string) => `"${argument}" is one argument too many.`,
  badNumber: (what: string, given: string, most: number) =>
    `${what} is a number from 1 to ${most}, not "${given}".`,
  port: 'The port',
  unpaired: 'To send a message, say both --from and --to.',
  testHasText: '--test has a subject and a text of its own: leave out --subject and --body.',
  typeText: 'Type the text. Ctrl-D on a line of its own ends it (Windows: Ctrl-Z, Enter).',
  notUtf8: 'The text is not UTF-8: save it as UTF-8 and send it again.',

  noAddress: 'An address is missing.',
  badAddress: (given: string) => `"${given}" is no address: write it like alice@example.com.`,
  control: 'The subject holds a line end or another control character: not allowed.',
  nul: (line: number) => `Line ${line} of the text holds a NUL character: not allowed in mail.`,
  longLine: (line: number, octets: number, most: number) =>
    `Line ${line} of the text has ${octets} octets; ${most} is the most: break it in two.`,

  connecting: (host: string, port: number) => `Connecting to ${host}:${port}`,
  nobodyListens: (host: string, port: number) =>
    `Nobody listens on ${host}:${port}. Is the server running? Start it: npx tsx server.ts ${port}`,
  noHost: (host: string) => `There is no host called "${host}".`,
  unreachable: (host: string, port: number, why: string) =>
    `${host}:${port} cannot be reached: ${why}.`,
  noAnswer: (seconds: number) => `no answer within ${seconds} s`,
  closed: (owed: string) => `The server closed the connection instead of ${owed}.`,
  silent: (owed: string, seconds: number) =>
    `The server was silent for ${seconds} s instead of ${owed}.`,
  closing: (reply: string) => `Not sent: the server closes the connection: ${reply}`,
  unfinished: (reply: string) => ` It began a reply but sent no CRLF: "${reply}".`,
  maybeTaken: ' It may have taken the message, or not.',
  owed: {
    greeting: 'sending its greeting',
    text: 'answering the text of the message',
    answer: (command: string) => `answering ${command}`,
  },
  unasked: (reply: string) => `The server said "${reply}" unasked: every command gets one reply.`,
  noReply: (line: string) => `The server said "${line}", which is not an SMTP reply.`,
  endlessReply: 'The server sends a reply that does not end.',

  refused: (what: string, reply: string) => `Not sent: the server refused ${what}: ${reply}`,
  theConnection: 'the connection',
  theText: 'the text',
  refusedRecipient: (address: string, reply: string) => `Not sent to ${address}: ${reply}`,
  sent: (recipients: string[]) => `Sent to ${recipients.join(', ')}.`,

  menu: (server: string) => `
Mail client for the server ${server}
  1  write a message
  2  send a test message
  3  quit`,
  choice: 'Your choice: ',
  chooseAgain: 'Please type 1, 2 or 3.',
  from: 'From: ',
  to: 'To (several: with commas): ',
  subject: 'Subject: ',
  text: 'Text, line by line. A line with only . or FIN ends it:',
  keptText: 'Text (. or FIN at once sends the text that was not sent):',
  bye: 'Goodbye.',
  test: {
    subject: 'A test message: bien reçu ?',
    text: `Hello,

this message was sent by the mail client to see whether the server works.
.This line begins with a dot: it should arrive with one dot.
These letters should arrive as they are: à é ü ñ ç œ €
`,
  },
};
