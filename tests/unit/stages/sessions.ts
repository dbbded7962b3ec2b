/**
 * The sessions of the stages, for tests that hold for all of them: what stage 1 promises, the later
 * stages keep.
 */
import { defaultLimits, type Limits } from '../../../v1-smtp/src/guards/limits.ts';
import * as v1 from '../../../v1-smtp/src/session.ts';
import * as v2 from '../../../v2-helo/src/session.ts';
import { defaultLimits as limitsOfV3 } from '../../../v3-pop3/src/guards/limits.ts';
import * as v3 from '../../../v3-pop3/src/session.ts';

export type Session = v1.Session | v2.Session | v3.Session;
export type Action = v1.Action | v2.Action | v3.Action;
/** From stage 2 on a message says what its client called itself. */
export type ReceivedMessage = v1.ReceivedMessage & { helo?: string };

export const plain = { limits: defaultLimits, strict: false, fileBy: 'recipient' } as const;
export const plainV3 = { limits: limitsOfV3, strict: false } as const;

export const stages: { stage: string; session: (limits?: Partial<Limits>) => Session }[] = [
  {
    stage: 'v1',
    session: (limits) => new v1.Session({ limits: { ...defaultLimits, ...limits } }),
  },
  {
    stage: 'v2',
    session: (limits) => new v2.Session({ ...plain, limits: { ...defaultLimits, ...limits } }),
  },
  {
    stage: 'v3',
    session: (limits) => new v3.Session({ ...plainV3, limits: { ...limitsOfV3, ...limits } }),
  },
];

export const octets = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** What a conversation came to: all that was sent, and the messages that were handed over. */
export interface Outcome {
  sent: string;
  /** The codes of the replies, in their order. */
  codes: number[];
  messages: ReceivedMessage[];
  notes: string[];
  closed: boolean;
}

/** Plays pieces of input to a session that stores everything it is asked to. */
export function play(
  session: Session,
  pieces: Uint8Array[],
  store: (message: ReceivedMessage) => v1.Delivery = () => 'stored',
): Outcome {
  const outcome: Outcome = { sent: '', codes: [], messages: [], notes: [], closed: false };
  perform(session.open(0));
  for (const piece of pieces) perform(session.receive(piece, 0));
  outcome.codes = [...outcome.sent.matchAll(/^(\d{3}) .*\r\n/gm)].map(([, code]) => Number(code));
  return outcome;

  function perform(actions: Action[]): void {
    for (const action of actions) {
      if (action.type === 'send') outcome.sent += action.text;
      if (action.type === 'note') outcome.notes.push(action.text);
      if (action.type === 'close') outcome.closed = true;
      if (action.type === 'deliver') {
        outcome.messages.push(action.message);
        perform(session.resume(store(action.message), 0));
      }
    }
  }
}

/** Says lines to a session, each with its CR LF. */
export function say(session: Session, ...lines: string[]): Outcome {
  return play(session, [octets(lines.map((line) => `${line}\r\n`).join(''))]);
}

export const text = (message: ReceivedMessage | undefined): string =>
  Buffer.from(message?.text ?? []).toString('latin1');
