/**
 * The closed list: with `--users FILE`, only those named in the file receive mail and read it.
 *
 * A name stands for an address by the part before the `@`, in lower case: `Bob@anywhere` is bob.
 */
import { mailboxName } from './guards/mailbox-name.ts';

/** The users' mailboxes, each with its password; `undefined`: any will do. */
export type Users = ReadonlyMap<string, string | undefined>;

/**
 * Reads a users file: one name a line, or `name:password`. Empty lines and lines that begin with `#`
 * are left out.
 * @throws Error with the line's number if a line is no name, or one that was there before
 */
export function readUsers(text: string): Users {
  const users = new Map<string, string | undefined>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const [, name = '', password] = /^([^\s@:<>]+)(?::\s*(.+))?$/.exec(entry) ?? [];
    const mailbox = mailboxName(name);
    if (mailbox === undefined) {
      // What stands behind a colon or a blank may be a password: it is not repeated.
      const begun = entry.replace(/([:\s])[^]*/, '$1…');
      throw new Error(
        `line ${index + 1} must be a name, or name:password, such as alice, not "${begun}"`,
      );
    }
    if (users.has(mailbox)) {
      throw new Error(
        `line ${index + 1} names ${mailbox} again: which password would be the right one?`,
      );
    }
    users.set(mailbox, password);
  }
  return users;
}

/** The mailbox of the user that an address stands for, or `undefined` if there is none. */
export function userOf(address: string, users: Users): string | undefined {
  const mailbox = mailboxName(address.replace(/@[^@]*$/, ''));
  return mailbox !== undefined && users.has(mailbox) ? mailbox : undefined;
}

/**
 * The mailbox that a name (or an address) and a password open; `undefined`: none. Without a list of
 * users everybody may read everything: this stage teaches the protocol, stage 4 guards it.
 */
export function mailboxFor(
  name: string,
  password: string,
  users: Users | undefined,
): string | undefined {
  if (!users) return mailboxName(name);
  const mailbox = userOf(name, users);
  if (mailbox === undefined) return undefined;
  const wanted = users.get(mailbox);
  return wanted === undefined || wanted === password ? mailbox : undefined;
}
