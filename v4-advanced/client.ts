/**
 * The mail client of this stage: `npx tsx client.ts [host] [port]`, or `--help`.
 *
 * Read next, in this order: src/client/delivery.ts and smtp-opening.ts (the brain), message.ts
 * (write), conversation.ts (listen, send, terminate), replies.ts and capabilities.ts (understand),
 * menu.ts. Then, to read mail: maildrop.ts and pop3-opening.ts (the brain), pop3-replies.ts
 * (understand), received.ts and mailbox-menu.ts (process). At last tls.ts and login.ts: whom to trust.
 */
import { buffer } from 'node:stream/consumers';
import { stderr, stdin, stdout } from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Complaint, visible } from './src/client/complaint.ts';
import type { ServerAddress, Show } from './src/client/conversation.ts';
import { deliver } from './src/client/delivery.ts';
import { Keyboard } from './src/client/keyboard.ts';
import { table } from './src/client/mailbox-menu.ts';
import { checkPassword, type Login } from './src/client/login.ts';
import { visit, type Maildrop } from './src/client/maildrop.ts';
import { addressOf, menu, testMessage } from './src/client/menu.ts';
import { Message } from './src/client/message.ts';
import { readingServer, readOptions, sendingServer, type Options } from './src/client/options.ts';
import { readable, type Head } from './src/client/received.ts';
import { words } from './src/client/words.ts';

/** Where the dialogue goes: without a wish of the person's to standard output. */
function begin({ quiet, dialogue }: Options, { host, port }: ServerAddress): Show {
  if (quiet && !dialogue) return () => undefined;
  const screen = dialogue ? stderr : stdout;
  // Colour is a second sign only: C and S say the same. Node's `hasColors` obeys NO_COLOR.
  const hasColour = screen.isTTY && screen.hasColors();
  const colours = { C: 32, S: 36, '-': 33 };
  screen.write(`${words.connecting(host, port)}\n`);
  return (who, line) => {
    const said = line === '' ? `${who}:` : `${who}: ${visible(line)}`;
    const text = who === '-' ? `--- ${visible(line)}` : said;
    screen.write(hasColour ? `\x1B[${colours[who]}m${text}\x1B[0m\n` : `${text}\n`);
  };
}

/** Sends a message and says to whom it went. Gives false if somebody was left out. */
async function send(message: Message, options: Options, login?: Login): Promise<boolean> {
  const server = sendingServer(options, login !== undefined);
  const { accepted, refused } = await deliver(message, server, begin(options, server), login);
  if (accepted.length > 0) console.log(words.sent(accepted));
  for (const { recipient, reply } of refused) {
    console.error(visible(words.refusedRecipient(recipient, reply)));
  }
  return refused.length === 0;
}

/** What standard input held behind the password. */
let rest: Uint8Array | undefined;

async function readBody(): Promise<string> {
  if (stdin.isTTY) console.error(words.typeText);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(rest ?? (await buffer(stdin)));
  } catch {
    throw new Complaint(words.notUtf8, 2);
  }
}

/** Visits a mailbox, and says what was deleted when it was left. */
async function open(login: Login, options: Options, work: (maildrop: Maildrop) => Promise<void>) {
  const { quiet } = options;
  const server = readingServer(options);
  const deleted = await visit(login, server, begin(options, server), work, headsOf(login));
  const isFile = quiet && options.read !== undefined; // `> letter.eml`: nothing but the letter.
  if (deleted.length > 0 && !isFile) console.log(words.deleted(deleted));
}

const heads = new Map<string, Map<string, Head>>();

/** What is known of a mailbox from earlier visits. */
function headsOf({ user }: Login): Map<string, Head> {
  const known = heads.get(user) ?? new Map<string, Head>();
  heads.set(user, known);
  return known;
}

/** Does what --list, --read and --delete ask for. */
async function readMail(login: Login, options: Options): Promise<void> {
  const { list, read, delete: marks = [], quiet } = options;
  let answer = '';
  await open(login, options, async (maildrop) => {
    if (list) answer = table(await maildrop.list());
    // First it is written, then it is deleted.
    if (read !== undefined) await print(read, await maildrop.read(read), quiet);
    for (const number of marks) await maildrop.mark(number);
  });
  if (list) console.log(answer);
}

/** Whoever was named on the command line, with a password. */
async function loginOf({ user, password }: Options): Promise<Login | undefined> {
  if (user === '') return undefined;
  return { user, password: password || checkPassword(await askPassword()) };
}

async function askPassword(): Promise<string> {
  if (!stdin.isTTY) {
    const piped = await buffer(stdin);
    const end = piped.indexOf('\n') + 1 || piped.length;
    rest = piped.subarray(end);
    return piped.toString('utf8', 0, end).replace(/\r?\n$/, '');
  }
  const keyboard = new Keyboard(stderr, () => process.exit(130));
  try {
    return await keyboard.secret(words.password);
  } catch {
    return ''; // Ctrl-D
  } finally {
    keyboard.close();
    await nextTurn(); // Node stops the terminal then; the text is typed there, too.
  }
}

/** Prints a message: a file gets its octets, but a terminal would obey what it holds. */
async function print(number: number, message: Uint8Array, quiet?: boolean): Promise<void> {
  if (!quiet) console.log(words.messageBegins(number, message.length));
  await new Promise<void>((resolve, reject) => {
    stdout.write(stdout.isTTY ? readable(message) : message, (error) => {
      if (error) reject(new Complaint(words.notWritten(error.message)));
      else resolve();
    });
  });
  if (!quiet) console.log(words.messageEnds(number));
}

async function run(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const { host, port, user, to = [], subject = '' } = options;
  const from = options.from ?? (user && addressOf(user));
  if (options.help) {
    console.log(words.help);
    return 0;
  }
  if (options.test) {
    const message = testMessage(from, to.join());
    return (await send(message, options, await loginOf(options))) ? 0 : 1;
  }
  if (options.to) {
    const login = await loginOf(options);
    const body = options.body ?? (await readBody());
    return (await send(new Message(from, to.join(), subject, body), options, login)) ? 0 : 1;
  }
  if (options.isReading) {
    await readMail((await loginOf(options))!, options);
    return 0;
  }
  await menu(port === undefined ? host : `${host}:${port}`, options, {
    send: (message, login) => send(message, options, login),
    visit: (login, work) => open(login, options, work),
  });
  return 0;
}

stdout.on('error', () => undefined); // `client.ts … | head`: the mail is sent, read or not.
try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof Complaint)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
