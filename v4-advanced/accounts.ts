/**
 * Accounts: who receives mail on this server, and with which password it is read. The server may run
 * meanwhile: it follows the file.
 *
 *     npx tsx accounts.ts add carol
 */
import { stdin } from 'node:process';
import { Mistake, runAccounts } from './src/accounts-command.ts';
import { Keyboard, Leaving } from './src/client/keyboard.ts';

// `accounts.ts list | head`: nobody reads on, and that is no error.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  await runAccounts(process.argv.slice(2), {
    say: console.log,
    warn: console.error,
    password: (name) => (stdin.isTTY ? typedTwice(name) : readLine()),
    isSure,
  });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function typedTwice(name: string): Promise<string> {
  return withKeyboard(async (keyboard) => {
    const password = await keyboard.secret(`Password for ${name}: `);
    if (password === '') return ''; // it is refused, and need not be typed again
    if ((await keyboard.secret('The same again: ')) === password) return password;
    throw new Mistake('These were two different passwords. Nothing was changed.');
  });
}

async function isSure(question: string): Promise<boolean> {
  if (!stdin.isTTY) throw new Mistake('Nobody is here to be asked: say --yes.');
  return withKeyboard(async (keyboard) => /^y(es)?$/i.test((await keyboard.line(question)).trim()));
}

/** Whatever happens, the terminal shows again afterwards what is typed. */
async function withKeyboard<T>(ask: (keyboard: Keyboard) => Promise<T>): Promise<T> {
  const keyboard = new Keyboard(process.stderr, () => process.exit(130)); // as Ctrl-C ends a program
  try {
    return await ask(keyboard);
  } catch (error) {
    if (error instanceof Leaving) throw new Mistake('Nothing was changed.');
    throw error;
  } finally {
    keyboard.close();
  }
}

/** The first line of what is piped in, without its line end. */
async function readLine(): Promise<string> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of stdin as AsyncIterable<Buffer>) {
    pieces.push(piece);
    octets += piece.length;
    if (piece.includes('\n') || octets > 65_536) break;
  }
  const all = Buffer.concat(pieces);
  const end = all.indexOf('\n');
  try {
    const line = new TextDecoder('utf-8', { fatal: true }).decode(
      end < 0 ? all : all.subarray(0, end),
    );
    return line.replace(/\r$/, '');
  } catch {
    throw new Mistake('The password that was piped in is no text in UTF-8.');
  }
}
