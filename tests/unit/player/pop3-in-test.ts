/**
 * The POP3 side of the small server in a test: right in everything but for what a test makes it do
 * wrong. It keeps its messages in memory, as the SMTP side receives them.
 */
import type { Client } from './server-in-test.ts';

export interface Pop3Behaviour {
  /** The greeting; `''`: none. */
  greeting?: string;
  /** Takes a command over from the right server, if it returns true. */
  command?(line: string, client: Client, session: Pop3Session): boolean;
  /** Everything that a client sends, instead of the right server. */
  data?(octets: Buffer, client: Client): void;
  /** What STAT and LIST say of a message. */
  size?: (text: string) => number;
  /** What RETR sends behind its status line. */
  wire?: (text: string) => string;
  /** What LIST sends behind its status line. */
  list?: (lines: string[]) => string;
  /** A mailbox that was opened once is in use for ever. */
  keepsLocks?: boolean;
}

export interface Pop3Session {
  user: string;
  /** The messages as they were when the mailbox was opened; undefined before. */
  texts: string[] | undefined;
  deleted: Set<number>;
}

/** Messages by the address in small letters: lines with CR LF, not stuffed. */
export type Mailboxes = Map<string, string[]>;

/** Dots stuffed, and the lone dot. */
export function stuffed(text: string): string {
  return `${text.replace(/^\./gm, '..')}.\r\n`;
}

export function servePop3(
  client: Client,
  mailboxes: Mailboxes,
  locks: Set<string>,
  behaviour: Pop3Behaviour,
): void {
  const { socket } = client;
  const {
    greeting = '+OK ready\r\n',
    size = (text: string) => text.length,
    wire = stuffed,
    list = (lines: string[]) => stuffed(lines.map((line) => `${line}\r\n`).join('')),
  } = behaviour;
  const session: Pop3Session = { user: '', texts: undefined, deleted: new Set() };
  const release = () => {
    if (session.texts !== undefined && behaviour.keepsLocks !== true) locks.delete(session.user);
    session.texts = undefined;
  };
  const say = (line: string) => client.say(`${line}\r\n`);
  let unread = '';
  if (greeting !== '') client.say(greeting);
  socket.on('close', release);
  socket.on('data', (octets) => {
    if (behaviour.data) return behaviour.data(octets, client);
    unread += octets.toString('latin1');
    for (let end = unread.indexOf('\r\n'); end !== -1; end = unread.indexOf('\r\n')) {
      const line = unread.slice(0, end);
      unread = unread.slice(end + 2);
      if (behaviour.command?.(line, client, session) !== true) command(line);
    }
  });

  function command(line: string): void {
    const [word = '', argument] = line.split(' ');
    const verb = word.toUpperCase();
    if (verb === 'QUIT') return quit();
    if (session.texts === undefined) return logIn(verb, argument);
    const { texts, deleted } = session;
    const numbers = texts.flatMap((_, index) => (deleted.has(index + 1) ? [] : [index + 1]));
    const scan = (n: number) => `${n} ${size(texts[n - 1]!)}`;
    const sum = numbers.reduce((total, n) => total + size(texts[n - 1]!), 0);
    if (verb === 'STAT') return say(`+OK ${numbers.length} ${sum}`);
    if (verb === 'NOOP') return say('+OK');
    if (verb === 'LIST' && argument === undefined) {
      return client.say(`+OK here they are\r\n${list(numbers.map(scan))}`);
    }
    const number = Number(argument);
    if (!['LIST', 'RETR', 'DELE'].includes(verb) || !numbers.includes(number))
      return say('-ERR no');
    if (verb === 'LIST') return say(`+OK ${scan(number)}`);
    if (verb === 'RETR') return client.say(`+OK here it is\r\n${wire(texts[number - 1]!)}`);
    deleted.add(number);
    say('+OK marked');
  }

  function logIn(verb: string, argument = ''): void {
    if (verb === 'USER') {
      session.user = argument.toLowerCase();
      return say('+OK');
    }
    if (verb !== 'PASS' || session.user === '') return say('-ERR who are you?');
    if (locks.has(session.user)) return say('-ERR [IN-USE] somebody else reads it');
    locks.add(session.user);
    session.texts = [...(mailboxes.get(session.user) ?? [])];
    say('+OK');
  }

  function quit(): void {
    const { user, texts, deleted } = session;
    if (texts !== undefined) {
      const kept = texts.filter((_, index) => !deleted.has(index + 1));
      const later = mailboxes.get(user)?.slice(texts.length) ?? [];
      mailboxes.set(user, [...kept, ...later]);
    }
    release();
    say('+OK bye');
    socket.end();
  }
}
