/**
 * A scenario that was played, as a dialogue to be drawn: who took part, what went over the wire, and
 * where the messages went, which the scenario's mailbox blocks tell.
 */
import type { MailboxBlock, Protocol, Scenario } from '../notation/model.ts';
import { escapeOctets } from '../notation/octets.ts';
import type { PlayedStep } from '../player/model.ts';
import type { Dialogue, DialogueEvent, Participant } from './sequence.ts';

const SERVER = 'server';

/** The dialogue of a scenario that a reference passed. */
export function dialogueOf(scenario: Scenario, steps: readonly PlayedStep[]): Dialogue {
  const protocols = protocolsOf(scenario, steps);
  const clients = [...protocols.keys()];
  const alone = clients.length === 1;
  const several = new Set(protocols.values()).size > 1;
  const mailboxes = scenario.blocks.filter((block) => block.type === 'mailbox');
  const events = withoutIds([...withMailboxes(scenario, steps, alone), ...absences(mailboxes)]);
  // Who sends stands left of the server, and who reads right of it, beside the mailbox.
  const isReader = (name: string) => several && protocols.get(name) === 'pop3';
  const label = (name: string) => {
    const protocol = several ? `\n(${protocols.get(name)!.toUpperCase()})` : '';
    return `${alone ? 'Client' : `Client ${name}`}${protocol}`;
  };
  const client = (name: string): Participant => ({ id: name, label: label(name), role: 'client' });
  return {
    title: scenario.title,
    participants: [
      ...clients.filter((name) => !isReader(name)).map(client),
      server(scenario),
      ...clients.filter(isReader).map(client),
      ...mailboxesIn(events),
    ],
    events,
  };
}

/** What each connection speaks, in the order in which they were opened. The player's own letters are none. */
function protocolsOf({ blocks }: Scenario, steps: readonly PlayedStep[]): Map<string, Protocol> {
  const dialogues = blocks.filter((block) => block.type === 'dialogue');
  return new Map(
    steps.flatMap(({ connection }) => {
      const block = dialogues.find((one) => one.connection === connection);
      return block?.mail ? [] : [[connection, block?.protocol ?? 'smtp'] as const];
    }),
  );
}

/** The mailboxes that something happens to. */
function mailboxesIn(events: readonly DialogueEvent[]): Participant[] {
  const named = events.flatMap((event) => {
    if (event.type === 'line') return [];
    return event.type === 'remark' ? event.over : [event.from, event.to];
  });
  const ids = new Set(named.filter((id) => id.startsWith(MAILBOX)));
  return Array.from(ids, (id) => {
    return { id, label: `Mailbox of\n${id.slice(MAILBOX.length)}`, role: 'mailbox' };
  });
}

function server({ stage, variant }: Scenario): Participant {
  const label = variant === undefined ? `Server ${stage}` : `Server ${stage}\n(${variant})`;
  return { id: SERVER, label, role: 'server' };
}

/** The name of a mailbox among the participants; no connection is called like this. */
const MAILBOX = 'mailbox ';

function mailbox(address: string): string {
  return `${MAILBOX}${address}`;
}

/**
 * What was said, and what happens to mailboxes meanwhile. Before the 250 for a message: RFC 5321 §4.2.5,
 * the 250 takes the responsibility, so the message lies in its mailboxes by then.
 */
function withMailboxes(
  { blocks }: Scenario,
  steps: readonly PlayedStep[],
  alone: boolean,
): DialogueEvent[] {
  const dialogues = blocks.filter((block) => block.type === 'dialogue');
  const mailboxes = blocks.filter((block) => block.type === 'mailbox');
  const waiting = mailboxes.filter(({ nothing }) => !nothing);
  const letters = new Map<string, Letter>();
  const readers = new Map<string, Reader>();
  for (const { connection, mail, protocol, login } of dialogues) {
    if (mail) letters.set(connection, newLetter());
    else if (protocol === 'pop3') readers.set(connection, newReader(login));
  }
  /** The tokens of the text that a connection has sent since the last reply but one. */
  const texts = new Map<string, string>();
  const events = steps.flatMap((step): DialogueEvent[] => {
    const { connection, from } = step;
    const letter = letters.get(connection);
    if (letter) return arrival(letter, step);
    const event = eventOf(step, alone);
    const text = texts.get(connection) ?? '';
    if (from === 'C') texts.set(connection, `${text}${step.text}\n`);
    if (from !== 'S' || awaitsChunk(text)) return [event];
    texts.set(connection, '');
    const reader = readers.get(connection);
    if (reader) return [...reading(reader, text.trim(), step.text), event];
    if (!step.text.startsWith('2')) return [event];
    const stored = waiting.filter(({ token }) => text.includes(`{${token}}`));
    waiting.splice(0, waiting.length, ...waiting.filter((block) => !stored.includes(block)));
    return [...stored.map(storeOf), event];
  });
  // Of a message whose token was in no text (it was in an address, say) the end tells.
  return [...events, ...waiting.map(storeOf)];
}

/** RFC 3030 §2: until the last chunk has been announced, there is no message. */
function awaitsChunk(text: string): boolean {
  const last = [...text.matchAll(/^BDAT \d+( LAST)?/gim)].at(-1);
  return last !== undefined && last[1] === undefined;
}

/** A message that the player sends so that there is something to read: its dialogue is not drawn. */
interface Letter {
  to: string;
  inText: boolean;
  lines: string[];
}

function newLetter(): Letter {
  return { to: '', inText: false, lines: [] };
}

/** When the letter has been sent, that it came, and into which mailbox. */
function arrival(letter: Letter, { from, text }: PlayedStep): DialogueEvent[] {
  if (from === 'S' && text.startsWith('354')) letter.inText = true;
  if (from !== 'C') return [];
  const [, to] = /^RCPT TO:<(.*)>$/.exec(text) ?? [];
  if (!letter.inText) letter.to = to ?? letter.to;
  else if (text !== '.') letter.lines.push(readable(text.replace(/^\./, '')));
  else {
    letter.inText = false;
    return [
      { type: 'remark', over: [SERVER], text: 'a message comes by SMTP' },
      { type: 'store', from: SERVER, to: mailbox(letter.to), lines: letter.lines },
    ];
  }
  return [];
}

/** Who reads mail: whose mailbox it is, and which messages are marked as deleted. */
interface Reader {
  owner: string;
  marked: Set<string>;
}

function newReader(owner = ''): Reader {
  return { owner, marked: new Set() };
}

/** What happens to the mailbox before this reply is said. */
function reading(reader: Reader, command: string, reply: string): DialogueEvent[] {
  const [verb, argument = ''] = command.toUpperCase().split(' ');
  if (!reply.startsWith('+OK')) return [];
  if (verb === 'USER') reader.owner ||= command.slice('USER '.length);
  reader.owner ||= authenticated(command);
  if (verb === 'DELE') reader.marked.add(argument);
  if (verb === 'RSET') reader.marked.clear();
  const box = mailbox(reader.owner);
  const whose = `the mailbox of ${reader.owner}`;
  if (verb === 'RETR') {
    const told = `Server reads message ${argument} from ${whose}`;
    return [{ type: 'act', from: box, to: SERVER, text: `message ${argument}`, told }];
  }
  // RFC 1939 §6: it is QUIT that deletes.
  if (verb !== 'QUIT' || reader.marked.size === 0) return [];
  const text = `delete message ${[...reader.marked].join(', ')}`;
  const told = `Server now deletes message ${[...reader.marked].join(' and ')} from ${whose}`;
  return [{ type: 'act', from: SERVER, to: box, text, told }];
}

/** RFC 4616 §2: who says AUTH PLAIN, in one line or in two. */
function authenticated(command: string): string {
  const encoded = /^(?:AUTH PLAIN )?([A-Za-z0-9+/]+=*)$/i.exec(command)?.[1] ?? '';
  const [, user, password] = Buffer.from(encoded, 'base64').toString().split('\0');
  return password === undefined ? '' : user!;
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
    case 'tls':
      return name === undefined
        ? 'TLS begins: all that follows is encrypted'
        : `TLS begins: all that ${name} says and hears is encrypted`;
    case 'tls fails':
      return `the handshake of TLS${whose} fails`;
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

/** RFC 5322 §3.3, in UTC: what a server writes into the trace of a message. */
const DATE = /\b\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \+0000/g;

/**
 * The player makes up a word for every message, and the server writes down when it came; in a diagram
 * both are always the same.
 */
function readable(text: string): string {
  return text
    .replaceAll(DATE, 'Fri, 20 Nov 2026 08:49:40 +0000')
    .replaceAll(/\{token(?:\.(\d+))?\}/g, (_, count: string | undefined) => {
      return `Hello${count ?? ''}`;
    });
}

/** What stage 4 calls a message: the time, a count, and the server. All of them are of one length. */
const ID = /\b\d{10}\.M\d{3}Q\d{6}R[0-9a-f]{8}\.stagepost\b/g;

/** The messages' names are new each time; in a diagram they are counted. */
function withoutIds(events: readonly DialogueEvent[]): DialogueEvent[] {
  const known = new Map<string, string>();
  const count = (id: string): string => {
    const number = String(known.size + 1).padStart(6, '0');
    const neutral = known.get(id) ?? `1795164580.M123Q${number}Re6403606.stagepost`;
    known.set(id, neutral);
    return neutral;
  };
  const neutral = (text: string) => text.replaceAll(ID, count);
  return events.map((event) => {
    if ('lines' in event) return { ...event, lines: event.lines.map(neutral) };
    return { ...event, text: neutral(event.text) };
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
