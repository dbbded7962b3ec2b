/**
 * Looks for a message through POP3, from stage 3 on: a server may keep its mail where no file shows it,
 * in memory or in a database of its own. What POP3 gives out is then looked at as a file would be.
 */
import { openMailbox, countMessages, type Manners } from '../mailbox-session.ts';
import type { RunningServer } from '../../server/model.ts';
import type { StoredFile } from './files.ts';

/** Of a mailbox so many messages are looked at, the last ones. */
const MOST_MESSAGES = 48;

/**
 * The messages that hold `token`, as files that are named after their owners. Undefined if POP3 says
 * nothing of any of these mailboxes: somebody else has them open, or nobody answers.
 */
export async function messagesByPop3(
  token: string,
  addresses: readonly string[],
  server: RunningServer,
  manners: Manners,
  patience: number,
): Promise<StoredFile[] | undefined> {
  const found: StoredFile[] = [];
  let isAnswered = false;
  for (const address of addresses) {
    const session = await openMailbox(server, address, manners, patience);
    if (session === 'unserved') break;
    if (session === 'refused') continue;
    isAnswered = true;
    const count = (await countMessages(session)) ?? 0;
    const first = Math.max(1, count - MOST_MESSAGES + 1);
    // The last one first: an old one that comes badly may spoil the session for those after it.
    for (let n = count; n >= first; n -= 1) {
      const octets = (await session.ask(`RETR ${n}`))?.content;
      if (octets?.includes(token) !== true) continue;
      found.push({ name: `${address} by POP3`, octets: withoutStuffing(octets) });
    }
    await session.quit();
  }
  return isAnswered ? found : undefined;
}

/** RFC 1939 §3: a line that begins with a dot was sent with one more. */
function withoutStuffing(content: Buffer): Buffer {
  const text = content.toString('latin1').replace(/(^|\n)\./g, '$1');
  return Buffer.from(text, 'latin1');
}
