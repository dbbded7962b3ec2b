/**
 * The menu: asks for a message line by line, and sends it; or who you are, and opens your mailbox.
 * Role: write, together with message.ts.
 */
import process, { stdout } from 'node:process';
import { complain, Keyboard, Leaving } from './keyboard.ts';
import { mailboxMenu } from './mailbox-menu.ts';
import { checkPassword, Refused, type Login } from './login.ts';
import type { Maildrop } from './maildrop.ts';
import { checkAddress, checkAddresses, checkLine, checkSubject, Message } from './message.ts';
import { words } from './words.ts';

/** What the menu leads to. */
export interface Jobs {
  /** Sends a message, as somebody or without login, and says how it went. */
  send: (message: Message, login?: Login) => Promise<unknown>;
  /** Opens a mailbox, does the work, and leaves it. */
  visit: (login: Login, work: (maildrop: Maildrop) => Promise<void>) => Promise<void>;
}

/**
 * Shows the menu until the person leaves.
 * @param server for the heading
 * @param login whoever is logged in at first; without a password it is asked for
 */
export async function menu(server: string, { user, password }: Login, { send, visit }: Jobs) {
  const keyboard = new Keyboard(stdout, () => {
    console.log(words.bye);
    process.exit(0); // In the midst of sending, too: a server drops what it got only half.
  });

  // Offered again the next time; the subject and the text only if they were not sent.
  const last = { from: '', to: '', subject: '', text: '' };
  /** Whoever is logged in. The server hears of it with the next message, or visit. */
  let login: Login | undefined = user ? { user, password } : undefined;

  async function write(): Promise<void> {
    const usual = last.from || (login ? addressOf(login.user) : '');
    last.from = await keyboard.ask(words.from, checkAddress, usual);
    last.to = await keyboard.ask(words.to, checkAddresses, last.to);
    last.subject = await keyboard.ask(words.subject, checkSubject, last.subject);
    console.log(last.text ? words.keptText : words.text);
    let text = '';
    for (let count = 0; ; count++) {
      const line = await keyboard.ask('', (answer) => checkLine(answer, count));
      if (line === '.' || line === 'FIN') break;
      text += `${line}\n`;
    }
    last.text = text || last.text;
    await submit(new Message(last.from, last.to, last.subject, last.text));
    last.subject = last.text = '';
  }

  async function submit(message: Message): Promise<void> {
    if (login) await withPassword((whole) => send(message, whole));
    else await send(message);
  }

  async function logIn(): Promise<void> {
    const user = checkAddress(await keyboard.ask(words.user, checkAddress));
    login = { user, password: checkPassword(await keyboard.secret(words.password)) };
    last.from = '';
  }

  async function read(): Promise<void> {
    if (!login) await logIn();
    await withPassword((whole) =>
      visit(whole, (maildrop) => mailboxMenu(keyboard, whole.user, maildrop)),
    );
  }

  /** A password that was refused is asked for again the next time. */
  async function withPassword(work: (login: Login) => Promise<unknown>): Promise<void> {
    const whole = login!;
    whole.password ||= checkPassword(await keyboard.secret(words.passwordOf(whole.user)));
    try {
      await work(whole);
    } catch (error) {
      if (error instanceof Refused) whole.password = '';
      throw error;
    }
  }

  try {
    for (;;) {
      console.log(words.menu(server, login?.user));
      const choice = (await keyboard.line(words.choice)).trim();
      try {
        if (choice === '1') await write();
        else if (choice === '2') await submit(testMessage(last.from, last.to, login?.user));
        else if (choice === '3') await read();
        else if (choice === '4' && login) login = undefined;
        else if (choice === '4') await logIn();
        else if (choice === '5') break;
        else console.log(words.chooseAgain);
      } catch (error) {
        complain(error);
      }
    }
  } catch (error) {
    if (!(error instanceof Leaving)) throw error;
    console.log(error.message && `\n${error.message.trim()}`);
  }
  keyboard.close();
  console.log(words.bye);
}

/** A message that shows whether dots and accents survive the journey. */
export function testMessage(from: string, to: string, user = 'alice'): Message {
  const { subject, text } = words.test;
  return new Message(from || addressOf(user), to || 'bob@example.com', subject, text);
}

/** An account may be called by its name alone, a sender has an address. */
export function addressOf(user: string): string {
  return user.includes('@') ? user : `${user}@example.com`;
}
