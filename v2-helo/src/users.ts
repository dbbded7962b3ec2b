/**
 * The closed list: with `--users FILE`, only those named in the file receive mail.
 *
 * A name stands for an address by the part before the `@`, in lower case: `Bob@anywhere` is bob.
 */
import { mailboxName } from './guards/mailbox-name.ts';

/**
 * Reads a users file: one name a line. Empty lines and lines that begin with `#` are left out.
 * @returns the users' mailboxes
 * @throws Error with the line's number if a line is no name
 */
export function readUsers(text: string): Set<string> {
  const users = new Set<string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const name = line.trim();
    if (name === '' || name.startsWith('#')) continue;
    const mailbox = /^[^\s@:<>]+$/.test(name) ? mailboxName(name) : undefined;
    if (mailbox === undefined) {
      throw new Error(`line ${index + 1} must be one name, such as alice, not "${name}"`);
    }
    users.add(mailbox);
  }
  return users;
}

/** The mailbox of the user that an address stands for, or `undefined` if there is none. */
export function userOf(address: string, users: ReadonlySet<string>): string | undefined {
  const mailbox = mailboxName(address.replace(/@[^@]*$/, ''));
  return mailbox !== undefined && users.has(mailbox) ? mailbox : undefined;
}
