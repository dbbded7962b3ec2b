/**
 * The menu: asks for a message line by line, and sends it.
 * Role: write, together with message.ts.
 */
import { createInterface } from 'node:readline';
import process, { stdin, stdout } from 'node:process';
import { Complaint } from './complaint.ts';
import { checkAddress, checkAddresses, checkLine, checkSubject, Message } from './message.ts';
import { words } from './words.ts';

/** Ctrl-D was pressed, or the piped input has ended. */
class Leaving extends Error {}

/**
 * Shows the menu until the person leaves.
 * @param server for the heading
 * @param send sends a message and says how it went
 */
export async function menu(server: string, send: (message: Message) => Promise<unknown>) {
  const isTerminal = stdin.isTTY && stdout.isTTY;
  const keyboard = createInterface({ input: stdin, output: stdout, terminal: isTerminal });
  // An iterator keeps lines that come before they are asked for, as they do from a pipe;
  // readline's `question()` loses them.
  const typed = keyboard[Symbol.asyncIterator]();
  let isOpen = true;
  keyboard.on('close', () => (isOpen = false));
  keyboard.on('SIGINT', () => {
    keyboard.close();
    console.log(`\n${words.bye}`);
    process.exit(0); // In the midst of sending, too: a server drops what it got only half.
  });

  async function readLine(prompt: string): Promise<string> {
    keyboard.setPrompt(prompt);
    if (isOpen) keyboard.prompt();
    else stdout.write(prompt);
    const line = await typed.next();
    if (line.done) throw new Leaving();
    if (!isTerminal) console.log(line.value); // A terminal shows what is typed, a pipe does not.
    return line.value;
  }

  /** Asks until the answer passes the check; an empty answer means `usual`. */
  async function ask(question: string, check: (answer: string) => unknown, usual = '') {
    for (;;) {
      const answer = (await readLine(question + (usual && `[${usual}] `))) || usual;
      try {
        check(answer);
        return answer;
      } catch (error) {
        complain(error);
      }
    }
  }

  // Offered again the next time; the subject and the text only if they were not sent.
  const last = { from: '', to: '', subject: '', text: '' };

  async function write(): Promise<void> {
    last.from = await ask(words.from, checkAddress, last.from);
    last.to = await ask(words.to, checkAddresses, last.to);
    last.subject = await ask(words.subject, checkSubject, last.subject);
    console.log(last.text ? words.keptText : words.text);
    let text = '';
    for (let count = 0; ; count++) {
      const line = await ask('', (answer) => checkLine(answer, count));
      if (line === '.' || line === 'FIN') break;
      text += `${line}\n`;
    }
    last.text = text || last.text;
    await send(new Message(last.from, last.to, last.subject, last.text));
    last.subject = last.text = '';
  }

  try {
    for (;;) {
      console.log(words.menu(server));
      const choice = (await readLine(words.choice)).trim();
      try {
        if (choice === '1') await write();
        else if (choice === '2') await send(testMessage(last.from, last.to));
        else if (choice === '3') break;
        else console.log(words.chooseAgain);
      } catch (error) {
        complain(error);
      }
    }
  } catch (error) {
    if (!(error instanceof Leaving)) throw error;
    console.log();
  }
  keyboard.close();
  console.log(words.bye);
}

/** A message that shows whether dots and accents survive the journey. */
export function testMessage(from: string, to: string): Message {
  const { subject, text } = words.test;
  return new Message(from || 'alice@example.com', to || 'bob@example.com', subject, text);
}

/** Says what is wrong and lets the person go on. Anything but a Complaint is a fault, goes up. */
function complain(error: unknown): void {
  if (!(error instanceof Complaint)) throw error;
  console.error(error.message);
}
