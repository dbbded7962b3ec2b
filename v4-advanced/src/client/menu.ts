/**
 * The menu: asks for a message line by line, and sends it; or for a mailbox, and opens it.
 * Role: write, together with message.ts.
 */
import process, { stdout } from 'node:process';
import { complain, Keyboard, Leaving } from './keyboard.ts';
import { mailboxMenu } from './mailbox-menu.ts';
import { checkPassword, Refused, type Login, type Maildrop } from './maildrop.ts';
import { checkAddress, checkAddresses, checkLine, checkSubject, Message } from './message.ts';
import { words } from './words.ts';

/** What the menu leads to. */
export interface Jobs {
  /** Sends a message and says how it went. */
  send: (message: Message) => Promise<unknown>;
  /** Opens a mailbox, does the work, and leaves it. */
  visit: (login: Login, work: (maildrop: Maildrop) => Promise<void>) => Promise<void>;
}

/**
 * Shows the menu until the person leaves.
 * @param server for the heading
 * @param login is offered when a mailbox is to be read
 */
export async function menu(server: string, { user, password }: Login, { send, visit }: Jobs) {
  const keyboard = new Keyboard(stdout, () => {
    console.log(words.bye);
    process.exit(0); // In the midst of sending, too: a server drops what it got only half.
  });

  // Offered again the next time; the subject and the text only if they were not sent.
  const last = { from: '', to: '', subject: '', text: '', user, password };

  async function write(): Promise<void> {
    last.from = await keyboard.ask(words.from, checkAddress, last.from);
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
    await send(new Message(last.from, last.to, last.subject, last.text));
    last.subject = last.text = '';
  }

  async function read(): Promise<void> {
    const user = checkAddress(await keyboard.ask(words.user, checkAddress, last.user));
    if (user !== last.user) last.password = '';
    last.user = user;
    last.password ||= checkPassword(await keyboard.secret(words.password));
    try {
      await visit(last, (maildrop) => mailboxMenu(keyboard, user, maildrop));
    } catch (error) {
      if (error instanceof Refused) last.password = '';
      throw error;
    }
  }

  try {
    for (;;) {
      console.log(words.menu(server));
      const choice = (await keyboard.line(words.choice)).trim();
      try {
        if (choice === '1') await write();
        else if (choice === '2') await send(testMessage(last.from, last.to));
        else if (choice === '3') await read();
        else if (choice === '4') break;
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
export function testMessage(from: string, to: string): Message {
  const { subject, text } = words.test;
  return new Message(from || 'alice@example.com', to || 'bob@example.com', subject, text);
}
