/**
 * The mail client of this stage: `npx tsx client.ts [host] [port]`, or `--help`.
 *
 * Read next, in this order: src/client/delivery.ts (the brain), message.ts (write), conversation.ts
 * (listen, send, terminate), replies.ts (understand), menu.ts. Then, to read mail: maildrop.ts (the
 * brain), pop3-replies.ts (understand), received.ts and mailbox-menu.ts (process).
 */
import { buffer, text as textOf } from 'node:stream/consumers';
import { stderr, stdin, stdout } from 'node:process';
import { Complaint, visible } from './src/client/complaint.ts';
import { deliver } from './src/client/delivery.ts';
import { Keyboard } from './src/client/keyboard.ts';
import { table } from './src/client/mailbox-menu.ts';
import { checkPassword, visit, type Login, type Maildrop } from './src/client/maildrop.ts';
import { menu, testMessage } from './src/client/menu.ts';
import { Message } from './src/client/message.ts';
import { readOptions, type Options } from './src/client/options.ts';
import { readable } from './src/client/received.ts';
import { words } from './src/client/words.ts';

/** Colour is a second sign only: C and S say the same. Node's `hasColors` obeys NO_COLOR. */
const hasColour = stdout.isTTY && stdout.hasColors();

function show(who: 'C' | 'S', line: string): void {
  const text = line === '' ? `${who}:` : `${who}: ${visible(line)}`;
  console.log(hasColour ? `\x1B[${who === 'C' ? 32 : 36}m${text}\x1B[0m` : text);
}

/** Sends a message and says to whom it went. Gives false if somebody was left out. */
async function send(message: Message, options: Options): Promise<boolean> {
  const { host, port, quiet } = options;
  if (!quiet) console.log(words.connecting(host, port));
  const { accepted, refused } = await deliver(message, options, quiet ? () => undefined : show);
  if (accepted.length > 0) console.log(words.sent(accepted));
  for (const { recipient, reply } of refused) {
    console.error(visible(words.refusedRecipient(recipient, reply)));
  }
  return refused.length === 0;
}

async function readBody(): Promise<string> {
  if (stdin.isTTY) console.error(words.typeText);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await buffer(stdin));
  } catch {
    throw new Complaint(words.notUtf8, 2);
  }
}

/** Visits a mailbox, and says what was deleted when it was left. */
async function open(login: Login, options: Options, work: (maildrop: Maildrop) => Promise<void>) {
  const { host, pop3: port, timeout, quiet } = options;
  if (!quiet) console.log(words.connecting(host, port));
  const server = { host, port, option: '--pop3', timeout } as const;
  const deleted = await visit(login, server, quiet ? () => undefined : show, work);
  const isFile = quiet && options.read !== undefined; // `> letter.eml`: nothing but the letter.
  if (deleted.length > 0 && !isFile) console.log(words.deleted(deleted));
}

/** Does what --list, --read and --delete ask for. */
async function readMail(options: Options): Promise<void> {
  const { user, list, read, delete: marks = [], quiet } = options;
  const password = options.password || checkPassword(await askPassword());
  let answer = '';
  await open({ user, password }, options, async (maildrop) => {
    if (list) answer = table(await maildrop.list());
    // First it is written, then it is deleted.
    if (read !== undefined) await print(read, await maildrop.read(read), quiet);
    for (const number of marks) await maildrop.mark(number);
  });
  if (list) console.log(answer);
}

async function askPassword(): Promise<string> {
  if (!stdin.isTTY) return (await textOf(stdin)).split(/\r?\n/)[0]!;
  const keyboard = new Keyboard(stderr, () => process.exit(130));
  try {
    return await keyboard.secret(words.password);
  } catch {
    return ''; // Ctrl-D
  } finally {
    keyboard.close();
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
  const { host, port, from = '', to = [], subject = '' } = options;
  if (options.help) {
    console.log(words.help);
    return 0;
  }
  if (options.test) {
    return (await send(testMessage(from, to.join()), options)) ? 0 : 1;
  }
  if (options.to) {
    const body = options.body ?? (await readBody());
    return (await send(new Message(from, to.join(), subject, body), options)) ? 0 : 1;
  }
  if (options.isReading) {
    await readMail(options);
    return 0;
  }
  await menu(`${host}:${port}`, options, {
    send: (message) => send(message, options),
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
