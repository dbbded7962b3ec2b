/**
 * Who wants in, and the words that prove it.
 * RFC 4616 (PLAIN). How they are said: smtp-opening.ts, pop3-opening.ts.
 */
import { Complaint } from './complaint.ts';
import { words } from './words.ts';

export interface Login {
  user: string;
  password: string;
}

/** The server said no, to the login or to a command of POP3. The conversation can go on. */
export class Refused extends Complaint {}

/** What is shown in place of a secret, whatever its length. */
export const MASK = '********';

/** RFC 4616 §2: nobody else's rights are asked for, then name and password, with NUL between them. */
export function plain({ user, password }: Login): string {
  return base64(`\0${user}\0${password}`);
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** What a server may know, but shall not repeat: the password in every form that is sent. */
export function secretsOf(login: Login): string[] {
  return [plain(login), base64(login.password), login.password];
}

/** A password fills one line of the dialogue, whatever else it holds. */
export function checkPassword(password: string): string {
  if (password === '') throw new Complaint(words.noPassword, 2);
  if (/[\0-\x1F\x7F]/.test(password)) throw new Complaint(words.badPassword, 2);
  return password;
}
