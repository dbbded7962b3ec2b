/**
 * The four deliveries: which lines of a dialogue go into one write. TCP is a stream; these are four
 * ways in which a network may cut it, and a server must be right in all of them.
 */
import type { Delivery, Expectation } from '../notation/model.ts';
import { endsPacket, sent, type ClientSide } from './client-side.ts';
import {
  capturedNames,
  octetsToSend,
  type DialogueMove,
  type ExpectStep,
  type Fillings,
  type Move,
  type SendStep,
} from './moves.ts';

/** Lines that go into one write. */
export interface Group {
  sends: { move: DialogueMove; step: SendStep; octets: Buffer }[];
  /** Replies that are looked at only after the write: they were passed over. */
  expects: { move: DialogueMove; step: ExpectStep }[];
  /** Index of the first move behind the group. */
  next: number;
}

/**
 * The group that begins at move `at`, which is a send.
 * @param side Where the dialogue is; it is not changed.
 */
export function groupAt(
  moves: Move[],
  at: number,
  delivery: Delivery,
  side: ClientSide,
  fillings: Fillings,
): Group {
  const group: Group = { sends: [], expects: [], next: at };
  const first = moves[at];
  if (first?.type !== 'dialogue') return group;
  // What the dialogue will be like after each line, worked out on a copy.
  const ahead: ClientSide = { ...structuredClone({ ...side, messages: [] }), messages: [] };
  let passed: Group['expects'] = [];

  for (let index = at; index < moves.length; index += 1) {
    const move = moves[index]!;
    if (move.type !== 'dialogue' || move.connection !== first.connection) break;
    const { step } = move;
    if (step.type === 'send') {
      if (needsAnswer(step, passed)) break;
      const octets = octetsToSend(move, step, fillings);
      const wasText = ahead.inText;
      const before = ahead.unanswered.length;
      sent(ahead, octets);
      group.sends.push({ move, step, octets });
      group.expects.push(...passed);
      group.next = index + 1;
      passed = [];
      if (delivery === 'line' || delivery === 'bytes') break;
      if (delivery === 'text' && (!wasText || !ahead.inText)) break;
      if (ahead.unanswered.slice(before).some(endsPacket)) break;
    } else if (step.type === 'expect' && delivery === 'pipelined') {
      // The text of a message waits for 354, a further line of a login for 334, or + in POP3.
      if (asksForMore(step.expectation)) break;
      passed.push({ move, step });
    } else break;
  }
  return group;
}

/** Does the line hold a value that one of these replies has yet to give? */
function needsAnswer(step: SendStep, passed: Group['expects']): boolean {
  const names = capturedNames(step);
  return passed.some(({ step: { expectation } }) => {
    const lines = [...expectation.oneOf, ...(expectation.content ?? [])];
    const patterns = lines.map((line) => ('pattern' in line ? line.pattern?.source : undefined));
    return names.some((name) => patterns.some((pattern) => pattern?.includes(`(?<${name}>`)));
  });
}

function asksForMore({ oneOf }: Expectation): boolean {
  return oneOf.some(({ code }) => code.startsWith('3') || code === '+');
}
