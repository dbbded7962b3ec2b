/**
 * What people see of the journal: the story of a message, and the tracker, which says what has become
 * of all of them.
 */
import { localTime, visible } from './guards/visible.ts';
import { type Entry, OUTSIDE } from './journal.ts';

/** What the text is for. */
export interface Page {
  /** Where a line ends; `Infinity` where nobody looks at it, so that an entry stays a line. */
  columns: number;
  /** Sets apart what need not be read at first; does nothing where there are no colours. */
  faint: (text: string) => string;
}

/** Characters of an id: enough to tell messages apart, and to name one. */
const ID = 22;
/** RFC 5321 §4.5.3.1.3: a path has no more characters than that. */
const LONGEST = 256;
/** Recipients that are named. */
const NAMED = 5;

/** Where the words begin, behind time and event. */
const MARGIN = '2026-11-20 15:02:03  delivered  '.length;

/** One entry, with its line end. The id is left out where there is a heading that says it. */
export function tellEntry(entry: Entry, page: Page, withId = true): string {
  const time = localTime(entry.time).slice(0, 19);
  const event = entry.event.padEnd(9);
  const id = withId ? `${shortId(entry.message).padEnd(ID)}  ` : '';
  const lines = wrap(wordsOf(entry), page.columns - MARGIN, page.columns - MARGIN - id.length);
  const words = lines.join(`\n${' '.repeat(MARGIN)}`);
  return `${page.faint(time)}  ${event}  ${id && page.faint(id)}${words}\n`;
}

function wordsOf(entry: Entry): string {
  const mailbox = short(entry.mailbox ?? '');
  switch (entry.event) {
    case 'received':
      return receivedOf(entry);
    case 'delivered':
      return entry.session === OUTSIDE ? `to ${mailbox}, ${whoOf(entry)}` : `to ${mailbox}`;
    case 'deleted':
      return `from ${mailbox}, ${whoOf(entry)}`;
    default:
      return `in ${mailbox}, ${whoOf(entry)}`;
  }
}

function receivedOf({ from = '', to = [], octets, session, account, client }: Entry): string {
  const named = to.slice(0, NAMED).map(short).join(', ');
  const others = to.length > NAMED ? ` and ${to.length - NAMED} more` : '';
  return [
    // RFC 5321 §4.5.5: a report of what could not be delivered comes from nobody.
    `from ${from === '' ? '<>' : short(from)} for ${named}${others}`,
    ...(octets === undefined ? [] : [`${octets} octets`]),
    short(session),
    ...(account !== undefined ? [`account ${short(account)}`] : []),
    ...(account === undefined && client !== undefined ? [`client ${short(client)}`] : []),
  ].join(', ');
}

function whoOf({ account, session }: Entry): string {
  if (session === OUTSIDE) return 'by another program';
  return account === undefined ? short(session) : `by ${short(account)}, ${short(session)}`;
}

const short = (text: string) => visible(text, LONGEST);

/** The beginning of an id is enough: `--message` takes it. */
function shortId(id: string): string {
  return visible(id.slice(0, ID), ID);
}

/** Breaks a text into lines between its phrases, and within a phrase that is longer than a line. */
function wrap(text: string, columns: number, columnsOfFirst: number): string[] {
  const lines = [''];
  for (const phrase of text.split(/(?<=,) | (?=for |and )/)) {
    const line = lines.at(-1)!;
    const longer = line === '' ? phrase : `${line} ${phrase}`;
    const room = lines.length === 1 ? columnsOfFirst : columns;
    if (longer.length <= room) lines[lines.length - 1] = longer;
    else lines.push(...piecesOf(phrase, columns));
  }
  return lines;
}

function piecesOf(phrase: string, length: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of phrase) {
    if (piece.length + character.length > length) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}

/** What has become of a message in a mailbox. Times are ISO 8601. */
export interface Tracked {
  message: string;
  state: 'unread' | 'read' | 'deleted';
  /** When the journal first knew of it. */
  came: string;
  firstRead?: string;
  /** Who read it first. */
  by?: string;
}

export interface TrackedMailbox {
  mailbox: string;
  /** How many there are now, and how many there were. */
  messages: number;
  read: number;
  unread: number;
  deleted: number;
  /** In the order in which they came. */
  list: Tracked[];
}

/** Follows all messages through the journal. */
export class Tracker {
  private readonly mailboxes = new Map<string, Map<string, Tracked>>();

  add({ event, message, mailbox, time, account, session }: Entry): void {
    if (mailbox === undefined) return;
    let messages = this.mailboxes.get(mailbox);
    if (!messages) this.mailboxes.set(mailbox, (messages = new Map<string, Tracked>()));
    let tracked = messages.get(message);
    if (!tracked) messages.set(message, (tracked = { message, state: 'unread', came: time }));
    if (event === 'deleted') tracked.state = 'deleted';
    else if (event === 'read') {
      tracked.state = 'read';
      tracked.firstRead ??= time;
      tracked.by ??= session === OUTSIDE ? 'another program' : (account ?? session);
    } else if (event !== 'listed' || tracked.state === 'deleted') tracked.state = 'unread';
  }

  /** Mailboxes by name. */
  result(): TrackedMailbox[] {
    return Array.from(this.mailboxes, ([mailbox, messages]) => {
      const list = [...messages.values()];
      const count = (state: Tracked['state']) =>
        list.filter((tracked) => tracked.state === state).length;
      const [read, unread, deleted] = [count('read'), count('unread'), count('deleted')];
      return { mailbox, messages: read + unread, read, unread, deleted, list };
    }).sort((one, other) => (one.mailbox < other.mailbox ? -1 : 1));
  }
}

/** One mailbox as a table, with its line end. */
export function tellMailbox(tracked: TrackedMailbox, page: Page): string {
  const { mailbox, messages, read, unread, deleted, list } = tracked;
  const counts = `${read} read, ${unread} unread, ${deleted} deleted`;
  const row = (state: string, id: string, came: string, firstRead: string, by: string) =>
    `  ${state.padEnd(7)}  ${id.padEnd(ID)}  ${came.padEnd(16)}  ${firstRead.padEnd(16)}  ${by}`;
  const minute = (time: string) => localTime(time).slice(0, 16);
  return [
    `${short(mailbox)}: ${messages} ${messages === 1 ? 'message' : 'messages'}, ${counts}`,
    page.faint(row('', 'message', 'came', 'first read', 'by')),
    ...list.map(({ message, state, came, firstRead, by = '' }) => {
      const first = firstRead === undefined ? '' : minute(firstRead);
      return row(state, shortId(message), minute(came), first, short(by));
    }),
  ]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
