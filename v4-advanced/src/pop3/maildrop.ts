/**
 * A mailbox as one session sees it: the messages that lay there at the login, numbered from 1. The
 * numbers stay, whatever is deleted or arrives meanwhile (RFC 1939 §4).
 */

/** A message as the store knows it. */
export interface StoredMessage {
  /** The store's name for it. */
  id: string;
  /** In octets as they are sent, a line end counted as two, stuffed dots not counted. */
  size: number;
}

export class Maildrop {
  private readonly messages: readonly StoredMessage[];
  private readonly marked = new Set<StoredMessage>();
  private octets = 0;

  /** @param messages in the order in which they came */
  constructor(messages: readonly StoredMessage[]) {
    this.messages = messages;
    for (const { size } of messages) this.octets += size;
  }

  /** How many there are, but for those that are marked as deleted. */
  get count(): number {
    return this.messages.length - this.marked.size;
  }

  /** In octets, the same. It is kept, since STAT may come a thousand times in one packet. */
  get size(): number {
    return this.octets;
  }

  /** The messages with their numbers, but for those that are marked as deleted. */
  numbered(): [number: number, message: StoredMessage][] {
    return this.messages
      .map((message, index): [number, StoredMessage] => [index + 1, message])
      .filter(([, message]) => !this.marked.has(message));
  }

  /** The message of a number, marked as deleted or not. */
  message(number: number): StoredMessage | undefined {
    return this.messages[number - 1];
  }

  isMarked(message: StoredMessage): boolean {
    return this.marked.has(message);
  }

  /** RFC 1939 §5, DELE: it is only marked. The message goes when the session ends with QUIT. */
  mark(message: StoredMessage): void {
    if (this.marked.has(message)) return;
    this.marked.add(message);
    this.octets -= message.size;
  }

  unmarkAll(): void {
    for (const { size } of this.marked) this.octets += size;
    this.marked.clear();
  }

  /** The store's names of the messages that are to go. */
  toRemove(): string[] {
    return Array.from(this.marked, ({ id }) => id);
  }
}
