/**
 * What is measured: five ways in which mail comes in. They differ in one thing each from the first, so
 * that a difference between two figures has one reason.
 */

export interface Workload {
  /** What `--only` calls it. */
  id: string;
  title: string;
  connections: number;
  /** The text of a message as it is sent, header and line ends too, in octets. */
  octets: number;
  /** Mailboxes that the messages go to. */
  recipients: number;
  /** Messages over one connection. */
  perConnection: number;
  /** Commands go out in groups, as RFC 2920 §3.1 allows; otherwise each waits for its reply. */
  pipelined: boolean;
}

const KIB = 1024;

const first: Workload = {
  id: 'kept-open',
  title: '10 connections kept open, 1 KiB, different recipients',
  connections: 10,
  octets: KIB,
  // A multiple of the connections: no two of them write to the same mailbox.
  recipients: 100,
  perConnection: Infinity,
  pipelined: false,
};

export const workloads: readonly Workload[] = [
  first,
  {
    ...first,
    id: 'one-recipient',
    title: '10 connections kept open, 1 KiB, all to one recipient',
    recipients: 1,
  },
  {
    ...first,
    id: 'one-message',
    title: '10 connections at a time, one message each, 1 KiB',
    perConnection: 1,
  },
  { ...first, id: 'large', title: '10 connections kept open, 100 KiB', octets: 100 * KIB },
  {
    ...first,
    id: 'pipelined',
    title: '20 connections kept open, pipelined, 1 KiB',
    connections: 20,
    pipelined: true,
  },
];

/** The octets of a line of text, its end too. */
const LINE = 72;

/** A message of exactly so many octets, with the lone dot (which does not count) after it. */
export function messageText(octets: number): string {
  const header = 'From: <alice@example.com>\r\nSubject: A message to measure with\r\n\r\n';
  let left = octets - header.length;
  const lines = [header];
  while (left > 0) {
    // The last line takes what is left; no line may be too short for its own end.
    const length = left < 2 * LINE ? left : LINE;
    lines.push('x'.repeat(length - 2), '\r\n');
    left -= length;
  }
  return `${lines.join('')}.\r\n`;
}

/** What is left of a message in a file that ends lines by LF, in octets. */
export function storedText({ octets }: Workload): number {
  const lines = messageText(octets).split('\r\n').length - 2; // without the lone dot
  return octets - lines;
}

/** The recipient of a client's nth message: clients do not meet unless there is one mailbox for all. */
export function recipientOf(workload: Workload, client: number, nth: number): string {
  const number = (client + nth * workload.connections) % workload.recipients;
  return `user${number}@example.com`;
}
