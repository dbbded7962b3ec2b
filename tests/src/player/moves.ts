/**
 * A scenario as a flat list of moves: blocks one after the other, repeats written out. And what a
 * move sends, once the placeholders have values.
 */
import type { MailboxBlock, Part, Protocol, Scenario, Step } from '../notation/model.ts';
import type { Tokens } from './tokens.ts';

/** One line of a dialogue, or one mailbox block. */
export type Move = DialogueMove | { type: 'mailbox'; block: MailboxBlock };

export interface DialogueMove {
  type: 'dialogue';
  connection: string;
  protocol: Protocol;
  step: PlainStep;
  /** Round of the innermost repeat, from 1; 0 outside. */
  round: number;
}

/** A step that is no repeat. */
export type PlainStep = Exclude<Step, { type: 'repeat' }>;
export type SendStep = Extract<PlainStep, { type: 'send' }>;
export type ExpectStep = Extract<PlainStep, { type: 'expect' }>;

/** The moves of a scenario, in the order in which they are played. */
export function movesOf(scenario: Scenario): Move[] {
  const moves: Move[] = [];
  for (const block of scenario.blocks) {
    if (block.type === 'mailbox') {
      moves.push({ type: 'mailbox', block });
      continue;
    }
    const { connection, protocol } = block;
    const add = (steps: Step[], round: number): void => {
      for (const step of steps) {
        if (step.type === 'repeat') {
          for (let n = 1; n <= step.times; n += 1) add(step.steps, n);
        } else {
          moves.push({ type: 'dialogue', connection, protocol, step, round });
        }
      }
    };
    add(block.steps, 0);
  }
  return moves;
}

/** Where placeholders get their values. */
export interface Fillings {
  tokens: Tokens;
  captured: Map<string, string>;
}

/** The octets that a send step stands for, its CR LF included. */
export function octetsToSend(move: DialogueMove, step: SendStep, fillings: Fillings): Buffer {
  const pieces = step.parts.map((part) => fill(part, move.round, fillings));
  if (step.crlf) pieces.push(Buffer.from('\r\n'));
  return Buffer.concat(pieces);
}

function fill(part: Part, round: number, { tokens, captured }: Fillings): Uint8Array {
  switch (part.type) {
    case 'octets':
      return part.octets;
    case 'times':
      return Buffer.alloc(part.octets.length * part.times, part.octets);
    case 'token':
      return Buffer.from(tokens.word(part.name));
    case 'counter':
      return Buffer.from(String(round));
    case 'captured':
      // A reply that did not match never gets this far, so an absent name was an empty group.
      return Buffer.from(captured.get(part.name) ?? '');
  }
}

/** Names of captured values that a send step needs. */
export function capturedNames(step: SendStep): string[] {
  return step.parts.flatMap((part) => (part.type === 'captured' ? [part.name] : []));
}
