/**
 * A scenario as a flat list of moves: blocks one after the other, repeats written out. And what a
 * move sends, once the placeholders have values.
 */
import type {
  DialogueBlock,
  MailboxBlock,
  Part,
  Port,
  Protocol,
  Scenario,
  Step,
} from '../notation/model.ts';
import { accountNamed, wordFor, type Login } from './login.ts';
import type { Tokens } from './tokens.ts';

/** One line of a dialogue, or one mailbox block. */
export type Move = DialogueMove | { type: 'mailbox'; block: MailboxBlock };

export interface DialogueMove {
  type: 'dialogue';
  /** Where it stands: the connection that it is said on, and how that begins. */
  connection: string;
  protocol: Protocol;
  port: Port;
  login: DialogueBlock['login'];
  overTls: boolean;
  inClear: boolean;
  mail: boolean;
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
    const { connection, protocol, port, login } = block;
    const { overTls = false, inClear = false, mail = false } = block;
    const place = { connection, protocol, port, login, overTls, inClear, mail };
    const add = (steps: Step[], round: number): void => {
      for (const step of steps) {
        if (step.type === 'repeat') {
          for (let n = 1; n <= step.times; n += 1) add(step.steps, n);
        } else {
          moves.push({ type: 'dialogue', ...place, step, round });
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
  login: Login;
}

/** The octets that a send step stands for, its CR LF included. */
export function octetsToSend(move: DialogueMove, step: SendStep, fillings: Fillings): Buffer {
  const octets = fill(step.parts, move.round, fillings);
  return step.crlf ? Buffer.concat([octets, Buffer.from('\r\n')]) : octets;
}

/** The octets that the parts stand for. `round`: of the innermost repeat. */
export function fill(parts: readonly Part[], round: number, fillings: Fillings): Buffer {
  return Buffer.concat(parts.map((part) => fillPart(part, round, fillings)));
}

function fillPart(part: Part, round: number, fillings: Fillings): Uint8Array {
  const { tokens, captured, login } = fillings;
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
    case 'account':
      return Buffer.from(wordFor(part.what, accountNamed(part.name, login), login));
    case 'base64':
      return Buffer.from(fill(part.parts, round, fillings).toString('base64'));
  }
}

/** Names of captured values that a send step needs. */
export function capturedNames(step: SendStep): string[] {
  return partsWithin(step.parts).flatMap((part) => (part.type === 'captured' ? [part.name] : []));
}

/** The parts, and those that are encoded in them. */
export function partsWithin(parts: readonly Part[]): Part[] {
  return parts.flatMap((part) => (part.type === 'base64' ? partsWithin(part.parts) : [part]));
}
