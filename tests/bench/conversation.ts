/**
 * What one client of the load says over one connection, and which replies it waits for. Pure: it knows
 * no socket.
 */
import { messageText, recipientOf, type Workload } from './workloads.ts';

/** `stored` is the 250 that answers the text of a message: the one reply that counts. */
export type Expected = '220' | '250' | '354' | '221' | 'stored';

/** Octets that go out in one write, and the replies to await before the next one. */
export interface Step {
  send: string;
  replies: readonly Expected[];
}

export interface Speaker {
  workload: Workload;
  /** Stage 1 has no HELO; its peers insist on one. */
  hello: boolean;
  /** Which of the clients speaks, from 0. */
  client: number;
  /** Messages that this client has sent before, over earlier connections. */
  already: number;
  /** Asked before each message. */
  goOn: () => boolean;
}

/** The steps of a connection, from the greeting to QUIT. */
export function* conversation(speaker: Speaker): Generator<Step, void, void> {
  yield { send: '', replies: ['220'] };
  if (speaker.hello) yield { send: 'HELO bench.example.com\r\n', replies: ['250'] };
  yield* speaker.workload.pipelined ? inGroups(speaker) : oneByOne(speaker);
  yield { send: 'QUIT\r\n', replies: ['221'] };
}

function* oneByOne({ workload, client, already, goOn }: Speaker): Generator<Step, void, void> {
  const text = messageText(workload.octets);
  for (let sent = 0; sent < workload.perConnection && goOn(); sent += 1) {
    yield { send: 'MAIL FROM:<alice@example.com>\r\n', replies: ['250'] };
    const recipient = recipientOf(workload, client, already + sent);
    yield { send: `RCPT TO:<${recipient}>\r\n`, replies: ['250'] };
    yield { send: 'DATA\r\n', replies: ['354'] };
    yield { send: text, replies: ['stored'] };
  }
}

/** RFC 2920 §3.1: DATA ends a group, and the text of a message may begin the next one. */
function* inGroups({ workload, client, already, goOn }: Speaker): Generator<Step, void, void> {
  const text = messageText(workload.octets);
  let sent = 0;
  for (; sent < workload.perConnection && goOn(); sent += 1) {
    const recipient = recipientOf(workload, client, already + sent);
    const envelope = `MAIL FROM:<alice@example.com>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`;
    yield sent === 0
      ? { send: envelope, replies: ['250', '250', '354'] }
      : { send: text + envelope, replies: ['stored', '250', '250', '354'] };
  }
  if (sent > 0) yield { send: text, replies: ['stored'] };
}
