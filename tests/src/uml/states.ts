/**
 * The command table of a stage as a Mermaid state diagram. Pure: a table in, text out. What the
 * table allows is drawn, and nothing else: a command that no arrow shows is refused in that state.
 */
import { accessibleText, escapeLabel } from './mermaid-text.ts';

/** The part of a stage's command table that a diagram needs. */
export interface StateTable {
  title: string;
  /** The state of a session that has just been opened. */
  initial: string;
  /** The state in which nothing is awaited any more. */
  final: string;
  /** In the order of the table. A command without arrows (`next: 'same'`) leads back to its state. */
  rows: readonly StateRow[];
}

export interface StateRow {
  /** The verb, or what else makes the session go on: `a lone dot`. `\n` breaks the line. */
  event: string;
  allowed: readonly string[];
  /** A state, or `same`. */
  next: string;
}

/** The table as the source of a diagram, with a title and a description for who cannot see it. */
export function stateDiagram(table: StateTable): string {
  const transitions = mergeTransitions(table);
  const states = statesOf(table, transitions);
  const name = (state: string): string => (state === table.final ? '[*]' : state);
  const lines = [
    `accTitle: ${accessibleText(table.title)}`,
    `accDescr: ${accessibleText(describeStates(table, transitions))}`,
    ...states
      .filter((state) => state !== table.final)
      .flatMap((state) => drawState(state, transitions)),
    `[*] --> ${table.initial}: the client connects`,
    ...inDrawingOrder(transitions, states, table.final).map(({ from, to, events }) => {
      return `${from} --> ${name(to)}: ${events.map(eventLabel).join('<br/>')}`;
    }),
  ];
  return ['stateDiagram-v2', ...lines.map((line) => `    ${line}`), ''].join('\n');
}

interface Transition {
  from: string;
  to: string;
  events: string[];
}

/** One arrow between two states carries everything that leads from one to the other. */
function mergeTransitions({ rows }: StateTable): Transition[] {
  const transitions: Transition[] = [];
  for (const { event, allowed, next } of rows) {
    for (const from of allowed) {
      const to = next === 'same' ? from : next;
      const known = transitions.find((one) => one.from === from && one.to === to);
      if (known) known.events.push(event);
      else transitions.push({ from, to, events: [event] });
    }
  }
  return transitions;
}

/** The states that a session can come to, in the order in which it can first come to them. */
function statesOf({ initial }: StateTable, transitions: readonly Transition[]): string[] {
  const states = new Set([initial]);
  for (const state of states) {
    for (const { from, to } of transitions) if (from === state) states.add(to);
  }
  return [...states];
}

function eventLabel(event: string): string {
  return event.split('\n').map(escapeLabel).join('<br/>');
}

/** A state, and below its name the commands that leave it as it is. */
function drawState(state: string, transitions: readonly Transition[]): string[] {
  const inside = transitions.find(({ from, to }) => from === state && to === state);
  const named = `state "${escapeLabel(state)}" as ${state}`;
  return inside ? [named, `${state}: ${inside.events.map(eventLabel).join(', ')}`] : [named];
}

/** Ends first, then ways back, then ways on: in this order Mermaid lets the fewest lines cross. */
function inDrawingOrder(
  transitions: readonly Transition[],
  states: readonly string[],
  final: string,
): Transition[] {
  const reached = transitions.filter(({ from, to }) => from !== to && states.includes(from));
  const rank = ({ from, to }: Transition): number => {
    if (to === final) return 0;
    return states.indexOf(to) < states.indexOf(from) ? 1 : 2;
  };
  return reached.sort((a, b) => rank(a) - rank(b));
}

/** "A session begins in state ready. In state ready, MAIL leads to state mail. …" */
function describeStates(table: StateTable, transitions: readonly Transition[]): string {
  const sentences = [`A session begins in state ${table.initial}`];
  for (const from of statesOf(table, transitions)) {
    const ways = transitions
      .filter((transition) => transition.from === from)
      .map(({ to, events }) => `${events.join(' or ')} ${whereTo(from, to, table.final)}`);
    if (ways.length > 0) sentences.push(`In state ${from}, ${ways.join(', ')}`);
  }
  return sentences.map((sentence) => `${sentence}.`).join(' ');
}

function whereTo(from: string, to: string, final: string): string {
  if (to === final) return 'ends the session';
  return to === from ? 'changes nothing' : `leads to ${to}`;
}
