/** From the traces of a message to what is said about them. Pure. */
import type { MailboxBlock } from '../../notation/model.ts';
import type { SentMessage } from '../client-side.ts';
import { find } from '../failure.ts';
import type { Finding } from '../model.ts';
import { whatDiffers } from './compare.ts';
import { isUnfinished, neutralName } from './files.ts';
import { findLines, linesOf, wantedLines } from './lines.ts';
import type { Trace } from './traces.ts';

/** What the dialogue tells of the message. */
export interface Told {
  message: SentMessage | undefined;
  leftInText: boolean;
}

/** The message must be there for the block's address, once, with its lines. Undefined if so. */
export function present(traces: Trace[], block: MailboxBlock, told: Told): Finding | undefined {
  const address = block.address?.toLowerCase() ?? '';
  const mail = mailAmong(traces);
  const mine = ownedBy(mail, address);
  if (mine.length === 0) return whereElse(mail, address, told);

  const wanted = wantedLines(block.lines);
  const whole = mine.filter(({ texts }) => texts.some((text) => findLines(text, wanted) !== -1));
  if (whole.length === 0) {
    const texts = mine.flatMap((trace) => trace.texts);
    return whatDiffers(texts, wanted, address);
  }
  const count = copies(whole, wanted.length > 0 ? [] : lastLineOf(told.message));
  return count > 1 ? find('mailTwice', { address, count }) : undefined;
}

/** No message with the token may be there. Undefined if so. */
export function absent(traces: Trace[], block: MailboxBlock, told: Told): Finding | undefined {
  const mail = traces.filter(({ file }) => !isUnfinished(file));
  const address = block.address?.toLowerCase();
  const [there] = address === undefined ? mail : ownedBy(mailAmong(mail), address);
  if (there === undefined) return undefined;
  const file = neutralName(there.file);
  if (told.leftInText && told.message?.accepted !== true) return find('mailHalf', { file });
  return address === undefined
    ? find('mailUnexpectedAnywhere', { file })
    : find('mailUnexpected', { address, file });
}

/**
 * The traces that are mail: where there are files that are named after people, other files that hold
 * the token are copies for the server's own use; and what lies in `tmp` counts only if all of it does.
 */
function mailAmong(traces: Trace[]): Trace[] {
  const finished = traces.filter(({ file }) => !isUnfinished(file));
  const all = finished.length > 0 ? finished : traces;
  const byPath = all.filter(({ by }) => by === 'path');
  return byPath.length > 0 ? byPath : all;
}

/** The traces that are for an address. `alice/sent/to-bob` is Bob's only if he has nothing of his own. */
function ownedBy(mail: Trace[], address: string): Trace[] {
  const mine = mail.filter(({ owners }) => owners.includes(address));
  const alone = mine.filter(({ owners, by }) => by === 'beside' || owners.length === 1);
  return alone.length > 0 ? alone : mine;
}

/**
 * How often the message is there. What is said above it, its subject for instance, may hold the token
 * as well: a copy is what holds the last line too.
 */
function copies(traces: Trace[], lastLine: string[]): number {
  const complete = traces.filter(({ texts }) =>
    texts.some((text) => text.some((line) => lastLine.length === 0 || lastLine.includes(line))),
  );
  const counted = complete.length > 0 ? complete : traces.slice(0, 1);
  const files = counted.filter(({ database }) => !database).length;
  return files + (counted.some(({ database }) => database) ? 1 : 0);
}

/** The last line of a message that is not empty, as sent and as it should be stored. */
function lastLineOf(message: SentMessage | undefined): string[] {
  const line = linesOf(message?.text ?? '')
    .filter((text) => text !== '')
    .at(-1);
  return line === undefined ? [] : [line, line.replace(/^\./, '')];
}

/** The message is not where it should be: where is it? */
function whereElse(mail: Trace[], address: string, { message }: Told): Finding {
  const [first] = mail;
  if (first === undefined) return find('mailNotFound', { address });
  const owners = new Set(mail.flatMap((trace) => trace.owners));
  const recipients = message?.recipients ?? [];
  const having = recipients.filter((recipient) => owners.has(recipient));
  const [other] = having;
  if (recipients.length > 1 && having.length === 1 && other !== undefined) {
    const values = { recipients: recipients.length, other, address };
    if (other === recipients[0]) return find('mailOnlyFirst', values);
    if (other === recipients.at(-1)) return find('mailOnlyLast', values);
  }
  const file = neutralName(first.file);
  const owner = first.owners[0];
  if (owner === undefined) return find('mailForNobody', { address, file });
  return owner === message?.sender && !recipients.includes(owner)
    ? find('mailInSender', { address, other: owner, file })
    : find('mailInOther', { address, other: owner, file });
}
