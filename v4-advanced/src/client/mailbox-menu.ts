/**
 * The menu of a mailbox: shows what is in it; a message is read, or marked for deletion.
 * Role: process, together with received.ts.
 */
import { complain, type Keyboard } from './keyboard.ts';
import { Refused, type Listed, type Maildrop } from './maildrop.ts';
import { readable } from './received.ts';
import { thousands, words } from './words.ts';

/** So much of a long message is shown. */
const SHOWN_OCTETS = 20_000;

/** Shows the menu until the person leaves, or if the mailbox is empty not at all. */
export async function mailboxMenu(keyboard: Keyboard, user: string, maildrop: Maildrop) {
  async function list(): Promise<number> {
    const listed = await maildrop.list();
    console.log(`\n${table(listed)}`);
    return listed.length;
  }

  async function read(number: number): Promise<void> {
    const message = await maildrop.read(number);
    console.log(words.messageBegins(number, message.length));
    console.log(readable(message.subarray(0, SHOWN_OCTETS)).trimEnd());
    const isWhole = message.length <= SHOWN_OCTETS;
    console.log(isWhole ? words.messageEnds(number) : words.messageGoesOn(number, SHOWN_OCTETS));
  }

  if ((await list()) === 0) {
    console.log(words.isAddressRight(user));
    return;
  }
  for (;;) {
    console.log(words.mailbox(user, [...maildrop.marked]));
    const choice = (await keyboard.line(words.choice)).trim().toLowerCase();
    const [, verb, digits] = /^([a-z]?) *(\d{0,9})$/.exec(choice) ?? [];
    try {
      if (verb === '' && digits) await read(Number(digits));
      else if (verb === 'd' && digits) {
        await maildrop.mark(Number(digits));
        console.log(words.marked(Number(digits)));
      } else if (choice === 'u') {
        await maildrop.unmark();
        console.log(words.unmarked);
      } else if (choice === 'l') await list();
      else if (choice === 'q') return;
      else console.log(words.mailboxAgain);
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // Whatever else it is, the visit is over.
      complain(error);
    }
  }
}

/** The messages for a terminal of 80 columns, one a line. */
export function table(listed: Listed[]): string {
  const rows = listed.map(({ number, octets, head }) =>
    row(String(number), thousands(octets), head?.from ?? '', head?.subject ?? words.notFetched),
  );
  const [no, size, from, subject] = words.columns;
  const sum = listed.reduce((total, { octets }) => total + octets, 0);
  const heading = rows.length > 0 ? [row(no, size, from, subject)] : [];
  return [words.inMailbox(rows.length, sum), ...heading, ...rows].join('\n');
}

function row(number: string, octets: string, from: string, subject: string): string {
  return `${number.padStart(5)} ${octets.padStart(10)}  ${cut(from, 26).padEnd(26)}  ${cut(subject, 34)}`.trimEnd();
}

function cut(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}
