/**
 * Every sentence that the client says to a person. Another language is another file of this shape;
 * what goes over the wire stays as the RFC writes it.
 */
export const words = {
  help: `Sends mail to an SMTP server, reads mail from a POP3 server, and shows the
dialogue.

  npx tsx client.ts [host] [port]  a menu (127.0.0.1 if not said)
  npx tsx client.ts --test         sends a test message
  npx tsx client.ts --user alice --to bob@example.com --body Hello
  npx tsx client.ts --list --user bob
  npx tsx client.ts --read 1 --quiet --user bob > letter.eml

To log in:
  --user NAME         who you are: the name of an account, or its address
  --password WORD     without it you are asked; if there is no terminal, it is
                      the first line of standard input

To send:
  --from ADDRESS      who sends; without it the user
  --to ADDRESS        who receives; may be given several times
  --subject TEXT      what it is about
  --body TEXT         the text; without it the text is read from standard input
  --test              a test message, to bob@example.com if nobody else is named
  The port, if it is not said, is 2525; with --user 5870.

To read:
  --list              lists the messages
  --read N            prints message N as it is
  --delete N          deletes message N; may be given several times
  --pop3 PORT         the port of the POP3 server (1110)

TLS begins when the server offers it; on ports 4650, 9950, 465 and 995 at once.
  --tls               at once on every port; without a port, on 4650 and 9950
  --no-tls            never. Then no password is sent: see what the server says
  --ca FILE           believes a server with this certificate, or one from there
  --insecure          believes any server

  --quiet             does not show the dialogue
  --dialogue          shows it on standard error. Passwords are never shown
  --timeout SECONDS   how long the server may be silent (60)
  --help              this page

Ends with 0 if it was done, 1 if not (or not for everybody), 2 if the command
line is wrong.`,
  seeHelp: (problem: string) => `${problem} Try --help.`,
  surplus: (argument: string) => `"${argument}" is one argument too many.`,
  badNumber: (what: string, given: string, most: number) =>
    `${what} is a number from 1 to ${most}, not "${given}".`,
  port: 'The port',
  unpaired: 'To send a message, say --to, and --from or --user.',
  testHasText: '--test has a subject and a text of its own: leave out --subject and --body.',
  oneJob: 'Sending and reading are two jobs: do one at a time.',
  listAlone: '--list goes without --read and --delete.',
  readOne: '--read prints one message at a time.',
  whose: 'Who are you? Say --user bob.',
  whichPort: (port: string) => `The port of the POP3 server is said like this: --pop3 ${port}.`,
  noMessageNumber: (option: string, given: string) =>
    `${option} wants the number of a message, as --list shows it, not "${given}".`,
  noTlsAlone: '--no-tls goes without --tls, --ca and --insecure.',
  caOrInsecure: 'Say --ca or --insecure: whom to believe, or everybody.',
  unreadable: (file: string, why: string) => `The file ${file} cannot be read: ${why}.`,
  noCertificate: (file: string) =>
    `The file ${file} holds no certificate: it should have a line -----BEGIN CERTIFICATE-----.`,
  typeText: 'Type the text. Ctrl-D on a line of its own ends it (Windows: Ctrl-Z, Enter).',
  notUtf8: 'The text is not UTF-8: save it as UTF-8 and send it again.',

  noAddress: 'An address is missing.',
  badAddress: (given: string) => `"${given}" is no address: write it like alice@example.com.`,
  control: 'The subject holds a line end or another control character: not allowed.',
  nul: (line: number) => `Line ${line} of the text holds a NUL character: not allowed in mail.`,
  longLine: (line: number, octets: number, most: number) =>
    `Line ${line} of the text has ${octets} octets; ${most} is the most: break it in two.`,

  connecting: (host: string, port: number) => `Connecting to ${host}:${port}`,
  nobodyListens: (host: string, port: number, option?: string) =>
    `Nobody listens on ${host}:${port}. Is the server running? ` +
    `Start it: npx tsx server.ts ${option ? `${option} ` : ''}${port}`,
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
  maybeTls: ' (If it wants TLS from the first octet, say --tls.)',
  owed: {
    greeting: 'sending its greeting',
    handshake: 'shaking hands for TLS',
    text: 'answering the text of the message',
    answer: (command: string) => `answering ${command}`,
    dot: (owed: string) => `${owed} to its end, CR LF . CR LF`,
  },
  unasked: (reply: string) => `The server said "${reply}" unasked: every command gets one reply.`,
  noReply: (line: string) => `The server said "${line}", which is not an SMTP reply.`,
  noPop3Reply: (line: string) => `The server said "${line}", which is not a POP3 reply.`,
  noListing: (line: string) =>
    `The server's list has a line "${line}": a number and a size were expected.`,
  injected: (octets: string) =>
    `Behind its answer to the command that begins TLS, the server said "${octets.slice(0, 80).trim()}" ` +
    'without TLS. Anybody may have put that in: it was thrown away, and the connection closed.',
  secured: (protocol: string) => `${protocol.replace('v', ' ')} from here on`,
  nobodyVouches: 'nobody known vouches for it',
  expired: (when: string) => `it has expired (${when})`,
  notYetValid: (when: string) => `it is not valid yet (but from ${when})`,
  otherName: (names: string, host: string) => `it is for ${names}, not for ${host}`,
  believed: (why: string) => `The certificate is in doubt: ${why}. Accepted: --insecure.`,
  unknownHere: 'Unknown issuer of the certificate: accepted, the server is on this computer.',
  selfSignedHere: 'Self-signed certificate: accepted, since the server is on this computer.',
  notBelieved: (host: string, why: string, isUnknown: boolean) =>
    `The certificate of ${host} cannot be believed: ${why}. ` +
    (isUnknown ? 'If you have it as a file, say --ca FILE; ' : 'Ask whoever runs the server; ') +
    '--insecure believes anybody.',
  noTlsThere: 'What the server says is not TLS: does it begin without? Leave out --tls.',
  noTlsAfterAll: 'The server agreed to begin TLS, but what it says is not TLS.',
  oldTls: 'The server knows no TLS that is safe: 1.2 is the least.',
  handshakeFailed: (why: string) => `There is no TLS with this server: ${why}.`,
  goOnWithoutTls: ' (--no-tls does without.)',
  noTls: (command: string) =>
    `The server does not offer TLS (${command}), and without it no password is sent. ` +
    'If it has a port for TLS, say that port and --tls.',
  wouldTakePassword: 'The server would take the password without TLS. It was not sent.',
  noKnownLogin: (mechanisms: readonly string[]) =>
    mechanisms.length === 0
      ? 'The server does not offer a login: there is no AUTH in its answer to EHLO.'
      : `The server offers the logins ${mechanisms.join(', ')}: this client knows PLAIN and LOGIN.`,
  wantsLogin: ' (Log in: --user NAME.)',
  tooBig: (octets: number, most: number) =>
    `Not sent: the message has ${thousands(octets)} octets, the server takes ${thousands(most)}.`,
  onlyAscii: (address: string) =>
    `Not sent: the server takes ASCII addresses only (no SMTPUTF8), and not ${address}.`,
  endlessReply: 'The server sends a reply that does not end.',
  tooLong: (most: number) =>
    `The server sends more than ${most / 2 ** 20} MiB: more than this client takes at once.`,
  moreLines: (count: number) => `… (${count} more)`,

  refused: (what: string, reply: string) => `Not sent: the server refused ${what}: ${reply}`,
  theConnection: 'the connection',
  theText: 'the text',
  refusedRecipient: (address: string, reply: string) => `Not sent to ${address}: ${reply}`,
  refuses: (what: string, reply: string) => `The server refused ${what}: ${reply}`,
  theLogin: (user: string) => `the login of ${user}`,
  inUse: ' (Is it open in another program? Close that, and try again.)',
  nothingDeleted: ' (Nothing was deleted.)',
  maybeDeleted: ' (What was marked may be deleted, or not.)',
  notWritten: (why: string) => `The message could not be written: ${why}.`,
  sent: (recipients: string[]) => `Sent to ${recipients.join(', ')}.`,

  menu: (server: string, user?: string) => `
Mail client for the server ${server}, ${user ? `as ${user}` : 'nobody is logged in'}
  1  write a message
  2  send a test message
  3  read your mailbox
  4  ${user ? 'log out' : 'log in'}
  5  quit`,
  choice: 'Your choice: ',
  chooseAgain: 'Please type 1, 2, 3, 4 or 5.',
  from: 'From: ',
  to: 'To (several: with commas): ',
  subject: 'Subject: ',
  text: 'Text, line by line. A line with only . or FIN ends it:',
  keptText: 'Text (. or FIN at once sends the text that was not sent):',
  bye: 'Goodbye.',

  user: 'Name: ',
  password: 'Password (it is not shown): ',
  passwordOf: (user: string) => `Password of ${user} (it is not shown): `,
  noPassword: 'A password is missing.',
  badPassword: 'The password holds a control character: not allowed.',
  inMailbox: (count: number, octets: number) =>
    count === 0 ? 'No messages.' : `${plural(count)}, ${thousands(octets)} octets:`,
  columns: ['No.', 'Octets', 'From', 'Subject'] as const,
  notFetched: '(not fetched yet)',
  isAddressRight: (user: string) => `Is ${user} the right name?`,
  mailbox: (user: string, marked: number[]) => `
Mailbox of ${user}${marked.length > 0 ? `, marked for deletion: ${marked.join(', ')}` : ''}
  1  read message 1                  d 1  mark message 1 for deletion
  l  list the messages                 u  take all marks back
  q  leave: what is marked is deleted then, and not before`,
  mailboxAgain: 'Please type the number of a message, d and a number, l, u or q.',
  messageBegins: (number: number, octets: number) =>
    `--- message ${number}, ${thousands(octets)} octets ---`,
  messageEnds: (number: number) => `--- end of message ${number} ---`,
  messageGoesOn: (number: number, shown: number) =>
    `--- the first ${thousands(shown)} octets; all of it: client.ts --read ${number} ---`,
  marked: (number: number) => `Message ${number} is marked: it is deleted when you leave with q.`,
  unmarked: 'No message is marked any more.',
  deleted: (numbers: number[]) => `Deleted: ${numbers.join(', ')}.`,
  test: {
    subject: 'A test message: bien reçu ?',
    text: `Hello,

this message was sent by the mail client to see whether the server works.
.This line begins with a dot: it should arrive with one dot.
These letters should arrive as they are: à é ü ñ ç œ €
`,
  },
};

function plural(count: number): string {
  return count === 1 ? '1 message' : `${thousands(count)} messages`;
}

/** `1234567` as `1,234,567`. */
export function thousands(count: number): string {
  return count.toLocaleString('en');
}
