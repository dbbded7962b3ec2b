/**
 * Understand: the arguments of POP3's commands. Lines, verbs and arguments are told apart as in SMTP.
 */
import { hasControls } from '../guards/mailbox-name.ts';
import { type Reply, replies } from './replies.ts';

/** What an argument meant, or the reply that refuses it. */
export type Understood = { value: string } | { refusal: Reply };

/** The name after USER. What it could do in a log or as a file name, it must not: no control octets. */
export function understandName(argument: string): Understood {
  const isName = argument !== '' && !hasControls(argument);
  return isName ? { value: argument } : { refusal: replies.sayName };
}

/** RFC 1939 §7, PASS: it has one argument, so blanks in it are part of the password. */
export function understandPassword(argument: string): Understood {
  return argument === '' ? { refusal: replies.sayPassword } : { value: argument };
}

/** Digits, and nothing else: whether there is such a message is another question. */
export function understandNumber(argument: string): Understood {
  return /^\d+$/.test(argument) ? { value: argument } : { refusal: replies.sayNumber };
}

/** LIST may be given a number, or stand alone. */
export function understandNumberOrNothing(argument: string): Understood {
  return argument === '' ? { value: '' } : understandNumber(argument);
}

/** STAT, RSET, NOOP and QUIT stand alone. */
export function understandNothing(argument: string): Understood {
  return argument === '' ? { value: '' } : { refusal: replies.noArgument };
}
