/**
 * The mail client of this stage: `npx tsx client.ts [host] [port]`, or `--help`.
 *
 * Read next, in this order: src/client/delivery.ts (the brain), message.ts (write), conversation.ts
 * (listen, send, terminate), replies.ts (understand), menu.ts.
 */
import { buffer } from 'node:stream/consumers';
import { stdin, stdout } from 'node:process';
import { Complaint, visible } from './src/client/complaint.ts';
import { deliver } from './src/client/delivery.ts';
import { menu, testMessage } from './src/client/menu.ts';
import { Message } from './src/client/message.ts';
import { readOptions, type Options } from './src/client/options.ts';
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
  await menu(`${host}:${port}`, (message) => send(message, options));
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
