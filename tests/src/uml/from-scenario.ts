/**
 * A scenario that was played, as a dialogue to be drawn: who took part, what went over the wire, and
 * where the messages went, which the scenario's mailbox blocks tell.
 */
import type { MailboxBlock, Scenario } from '../notation/model.ts';
import { escapeOctets } from '../notation/octets.ts';
import type { PlayedStep } from '../player/model.ts';
import type { Dialogue, DialogueEvent, Participant } from './sequence.ts';

const SERVER = 'server';

/** The dialogue of a scenario that a reference passed. */
export function dialogueOf(scenario: Scenario, steps: readonly PlayedStep[]): Dialogue {
  const connections = [...new Set(steps.map(({ connection }) => connection))];
  const alone = connections.length === 1;
  const mailboxes = scenario.blocks.filter((block) => block.type === 'mailbox');
  const addresses = new Set(mailboxes.flatMap(({ address }) => address ?? []));
  return {
    title: scenario.title,
    participants: [
      ...connections.map((connection) => client(connection, alone)),
      server(scenario),
      ...[...addresses].map((address): Participant => {
        return { id: mailbox(address), label: `Mailbox of\n${address}`, role: 'mailbox' };
      }),
    ],
    events: [...withDeliveries(steps, mailboxes, alone), ...absences(mailboxes)],
  };
}

function client(connection: string, alone: boolean): Participant {
  return { id: connection, label: alone ? 'Client' : `Client ${connection}`, role: 'client' };
}

function server({ stage, variant }: Scenario): Participant {
  const label = variant === undefined ? `Server ${stage}` : `Server ${stage}\n(${variant})`;
  return { id: SERVER, label, role: 'server' };
}

/** The name of a mailbox among the participants; no connection is called like this. */
function mailbox(address: string): string {
  return `mailbox ${address}`;
}

/**
 * What was said, and before the 250 for a message what the server does first: RFC 5321 §4.2.5, the
 * 250 takes the responsibility, so the message lies in its mailboxes by then.
 */
function withDeliveries(
  steps: readonly PlayedStep[],
  mailboxes: readonly MailboxBlock[],
  alone: boolean,
): DialogueEvent[] {
  const waiting = mailboxes.filter(({ nothing }) => !nothing);
  /** The tokens of the text that a connection has sent since the last reply but one. */
  const texts = new Map<string, string>();
  const events = steps.flatMap((step): DialogueEvent[] => {
    const { connection, from } = step;
    const event = eventOf(step, alone);
    const text = texts.get(connection) ?? '';
    if (from === 'C') texts.set(connection, `${text}${step.text}\n`);
    if (from !== 'S') return [event];
    texts.set(connection, '');
    if (!step.text.startsWith('2')) return [event];
    const stored = waiting.filter(({ token }) => text.includes(`{${token}}`));
    waiting.splice(0, waiting.length, ...waiting.filter((block) => !stored.includes(block)));
    return [...stored.map(storeOf), event];
  });
  // Of a message whose token was in no text (it was in an address, say) the end tells.
  return [...events, ...waiting.map(storeOf)];
}

function eventOf({ connection, from, text }: PlayedStep, alone: boolean): DialogueEvent {
  switch (from) {
    case 'C':
      return { type: 'line', from: connection, to: SERVER, text: readable(text) };
    case 'S':
      return { type: 'line', from: SERVER, to: connection, text: readable(text) };
    case '-': {
      const words = remark(text, alone ? undefined : `client ${connection}`);
      return { type: 'remark', over: [connection, SERVER], text: words };
    }
  }
}

/** What the player remarks, as a sentence. The client has a name if there are several. */
function remark(text: string, name: string | undefined): string {
  const who = name ?? 'the client';
  const whose = name === undefined ? '' : ` of ${name}`;
  switch (text) {
    case 'connects':
      return `${who} connects`;
    case 'closes':
      return `the server closes the connection${whose}`;
    case 'leaves':
      return `${who} drops the connection`;
    case 'silence':
      return `the server says nothing to ${who}`;
    default:
      return text;
  }
}

function storeOf({ address, lines }: MailboxBlock): DialogueEvent {
  const shown = lines.map((line) => readable(showOctets(line)));
  return { type: 'store', from: SERVER, to: mailbox(address ?? ''), lines: shown };
}

/** What must not have arrived is said at the end. */
function absences(mailboxes: readonly MailboxBlock[]): DialogueEvent[] {
  const several = new Set(mailboxes.map(({ token }) => token)).size > 1;
  return mailboxes
    .filter(({ nothing }) => nothing)
    .map(({ address, token }): DialogueEvent => {
      const what = several ? `no message "${readable(`{${token}}`)}"` : 'no message';
      return address === undefined
        ? { type: 'remark', over: [SERVER], text: `${what} is stored` }
        : { type: 'remark', over: [mailbox(address)], text: `${what} arrives for ${address}` };
    });
}

/** The player makes up a word for every message; in a diagram it is always the same. */
function readable(text: string): string {
  return text.replaceAll(/\{token(?:\.(\d+))?\}/g, (_, count: string | undefined) => {
    return `Hello${count ?? ''}`;
  });
}

/** UTF-8 as it reads; whatever is not, or cannot be seen, as escapes. */
function showOctets(octets: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(octets);
    return text.replaceAll(/[\x00-\x1f\x7f]/g, (control) => escapeOctets(Buffer.from(control)));
  } catch {
    return escapeOctets(octets);
  }
}
