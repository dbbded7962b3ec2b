/**
 * The journal: what has happened to each message, by whom, and when. It is a list of entries that only
 * grows; what a mailbox looks like now follows from it. Here is all that needs no file.
 */

/** In the order of a message's life. */
export const EVENTS = ['received', 'delivered', 'listed', 'read', 'unread', 'deleted'] as const;

export type Event = (typeof EVENTS)[number];

/** The session of what another program has done in a mailbox, such as mutt. */
export const OUTSIDE = 'outside';

export interface Entry {
  /** ISO 8601. */
  time: string;
  event: Event;
  /** The id of the message, the same in all mailboxes. */
  message: string;
  /** Every event but `received` happens in one. */
  mailbox?: string;
  /** Who did it. Absent: nobody was logged in. */
  account?: string;
  /** `#12 submission`, or `outside`. */
  session: string;
  /** The reverse-path: with `received` only, like all that follows. */
  from?: string;
  to?: readonly string[];
  octets?: number;
  /** The client's address. */
  client?: string;
}

export interface Journal {
  /** Writes them down, in this order. Never rejects: no mail is lost because a journal is full. */
  record(entries: readonly Entry[]): Promise<void>;
  /** The messages of a mailbox as the journal last knew them: is it read? Changes with every entry. */
  known(mailbox: string): ReadonlyMap<string, boolean>;
}

/** What a line says; `undefined` if it is no entry: it was torn, or edited by hand. */
export function readEntry(line: string): Entry | undefined {
  let value: Record<keyof Entry, unknown>;
  try {
    value = JSON.parse(line) as typeof value;
  } catch {
    return undefined;
  }
  return isEntry(value) ? value : undefined;
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { time, event, message, mailbox, session, to, octets, ...rest } = value as Record<
    keyof Entry,
    unknown
  >;
  return (
    typeof time === 'string' &&
    /^\d{4}-\d\d-\d\dT/.test(time) &&
    !Number.isNaN(Date.parse(time)) &&
    EVENTS.includes(event as Event) &&
    [message, session].every((field) => typeof field === 'string' && field !== '') &&
    (typeof mailbox === 'string' || (mailbox === undefined && event === 'received')) &&
    [rest.account, rest.from, rest.client].every(
      (field) => field === undefined || typeof field === 'string',
    ) &&
    (octets === undefined || typeof octets === 'number') &&
    (to === undefined || (Array.isArray(to) && to.every((each) => typeof each === 'string')))
  );
}

/** What the mailboxes look like, after the entries so far. */
export class Known {
  private readonly mailboxes = new Map<string, Map<string, boolean>>();

  add({ event, message, mailbox }: Entry): void {
    if (mailbox === undefined) return;
    const messages = this.of(mailbox);
    if (event === 'deleted') messages.delete(message);
    else if (event === 'read') messages.set(message, true);
    else if (event === 'listed') messages.set(message, messages.get(message) ?? false);
    else messages.set(message, false);
  }

  /** Message id: is it read? */
  of(mailbox: string): Map<string, boolean> {
    const messages = this.mailboxes.get(mailbox) ?? new Map<string, boolean>();
    this.mailboxes.set(mailbox, messages);
    return messages;
  }
}

/**
 * What other programs have done in a mailbox since the journal last knew it: entries, not yet recorded.
 * @param found the messages that are there now
 */
export function differences(
  known: ReadonlyMap<string, boolean>,
  found: Iterable<{ readonly id: string; readonly read: boolean }>,
  { mailbox, time }: { mailbox: string; time: string },
): Entry[] {
  const entries: Entry[] = [];
  const there = new Set<string>();
  const note = (event: Event, message: string) =>
    entries.push({ time, event, message, mailbox, session: OUTSIDE });
  for (const { id, read } of found) {
    there.add(id);
    if (!known.has(id)) note('delivered', id);
    if (read !== (known.get(id) ?? false)) note(read ? 'read' : 'unread', id);
  }
  for (const id of known.keys()) if (!there.has(id)) note('deleted', id);
  return entries;
}
