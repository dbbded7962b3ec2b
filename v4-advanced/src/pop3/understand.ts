/**
 * Understand: the arguments of POP3's commands. Lines, verbs and arguments are told apart as in SMTP.
 */
import { hasControls } from '../guards/mailbox-name.ts';
import { type Mechanism, mechanisms } from '../sasl.ts';
import { type Reply, replies } from './replies.ts';

/** What an argument meant, or the reply that refuses it. */
export type Understood<Value> = { value: Value } | { refusal: Reply };

/** The name after USER. What it could do in a log or as a file name, it must not: no control octets. */
export function understandName(argument: string): Understood<string> {
  const isName = argument !== '' && !hasControls(argument);
  return isName ? { value: argument } : { refusal: replies.sayName };
}

/** RFC 1939 §7, PASS: it has one argument, so blanks are part of the password, around it too. */
export function understandPassword(argument: string, asItCame: string): Understood<string> {
  return argument === '' ? { refusal: replies.sayPassword } : { value: asItCame };
}

/** AUTH names a mechanism, and may bring the first answer along (RFC 5034 §4). */
export interface Login {
  /** None: which are there? */
  mechanism: Mechanism | undefined;
  /** In base64. */
  answer: string | undefined;
}

export function understandLogin(argument: string): Understood<Login> {
  if (argument === '') return { value: { mechanism: undefined, answer: undefined } };
  const [, name = '', answer] = /^(\S+)(?: +(\S+))?$/.exec(argument) ?? [];
  const mechanism = mechanisms.find((one) => one === name.toUpperCase());
  return mechanism ? { value: { mechanism, answer } } : { refusal: replies.unknownMechanism };
}

/** Digits, and nothing else: whether there is such a message is another question. */
export function understandNumber(argument: string): Understood<number> {
  return /^\d+$/.test(argument) ? { value: Number(argument) } : { refusal: replies.sayNumber };
}

/** LIST and UIDL may be given a number, or stand alone. */
export function understandNumberOrNothing(argument: string): Understood<number | undefined> {
  return argument === '' ? { value: undefined } : understandNumber(argument);
}

/** TOP wants two numbers: the message's, and how many lines of its body. */
export function understandTop(argument: string): Understood<{ number: number; lines: number }> {
  const [, number, lines] = /^(\d+) +(\d+)$/.exec(argument) ?? [];
  if (number === undefined) return { refusal: replies.sayTop };
  return { value: { number: Number(number), lines: Number(lines) } };
}

/** STAT, RSET, NOOP and QUIT stand alone. */
export function understandNothing(argument: string): Understood<string> {
  return argument === '' ? { value: '' } : { refusal: replies.noArgument };
}
