/**
 * A dialogue as a Mermaid sequence diagram. Pure: events in, text out, and equal events give equal
 * octets. It knows neither scenarios nor sockets, so whatever can tell who said what (a scenario that
 * was played, a recording of somebody's own programs) can be drawn, in SMTP, POP3 and IMAP.
 */
import { type Arrow, toArrows } from './arrows.ts';
import { describe } from './describe.ts';
import { accessibleText, blockLabel, escapeLabel } from './mermaid-text.ts';

export interface Participant {
  /** How events name it. */
  id: string;
  /** How the diagram names it; `\n` breaks the line. */
  label: string;
  role: 'client' | 'server' | 'mailbox';
}

export type DialogueEvent =
  /** A line that went over a connection, without its CR LF. */
  | { type: 'line'; from: string; to: string; text: string }
  /** The server puts a message into a mailbox. Without lines: no matter what it says. */
  | { type: 'store'; from: string; to: string; lines: readonly string[] }
  /** What else happens between a server and a mailbox; `told` says it in a sentence. */
  | { type: 'act'; from: string; to: string; text: string; told: string }
  /** What happens without words: someone connects, leaves, is silent. */
  | { type: 'remark'; over: readonly string[]; text: string };

export interface Dialogue {
  /** What the dialogue shows, in a sentence. */
  title: string;
  /** In the order in which they are drawn, from the left. */
  participants: readonly Participant[];
  events: readonly DialogueEvent[];
}

/** The dialogue as the source of a diagram, with a title and a description for who cannot see it. */
export function sequenceDiagram(dialogue: Dialogue): string {
  const names = new Map(dialogue.participants.map(({ id }, index) => [id, `P${index + 1}`]));
  const name = (id: string): string => {
    const found = names.get(id);
    if (found === undefined) throw new Error(`An event names "${id}", who does not take part`);
    return found;
  };
  const arrows = toArrows(dialogue);
  const lines = [
    `accTitle: ${accessibleText(dialogue.title)}`,
    `accDescr: ${accessibleText(describe(dialogue.participants, arrows))}`,
    'autonumber',
    ...dialogue.participants.map(({ id, label }) => {
      return `participant ${name(id)} as ${label.split('\n').map(escapeLabel).join('<br/>')}`;
    }),
    ...arrows.map((arrow) => drawArrow(arrow, name)),
  ];
  return ['sequenceDiagram', ...lines.map((line) => `    ${line}`), ''].join('\n');
}

function drawArrow(arrow: Arrow, name: (id: string) => string): string {
  switch (arrow.type) {
    case 'remark':
      return `Note over ${arrow.over.map(name).join(',')}: ${escapeLabel(arrow.text)}`;
    case 'act':
      return `${name(arrow.from)}->>${name(arrow.to)}: ${escapeLabel(arrow.text)}`;
    case 'store':
      return `${name(arrow.from)}->>${name(arrow.to)}: ${blockLabel(arrow.lines)}`;
    case 'command':
      return `${name(arrow.from)}->>${name(arrow.to)}: ${blockLabel(arrow.lines)}`;
    case 'reply': {
      // Colour is never the only sign: a refusal has another arrow and says so in a word.
      const shaft = arrow.refused ? '--x' : '-->>';
      return `${name(arrow.from)}${shaft}${name(arrow.to)}: ${blockLabel(arrow.lines)}`;
    }
  }
}
