/**
 * The go-between: takes a message to the mailboxes of its recipients, and hands it out again. A mailbox
 * is a Maildir, so that other mail programs can work in it too:
 *
 *     <folder>/<account>/{tmp,new,cur}
 *
 * What happens to a message is written down in the journal: by us, or, when a mailbox is listed, by
 * another program since we last looked.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Recipient } from './commands.ts';
import { foldersIn, syncFolder } from './files.ts';
import { differences, type Entry, type Event, type Journal } from './journal.ts';
import { type Kept, Maildir } from './maildir.ts';
import { NewNames, readName, withSize } from './maildir-name.ts';
import { oldMailboxesIn } from './migration.ts';
import type { StoredMessage } from './pop3/maildrop.ts';
import type { Delivery, ReceivedMessage } from './session.ts';

/** Who does something, for the journal. */
export interface By {
  /** Who is logged in, if somebody is. */
  account?: string | undefined;
  /** `#12 pop3`. */
  session: string;
  /** The client's address. */
  client: string;
}

export class Mailboxes {
  private readonly folder: string;
  private readonly journal: Journal;
  private readonly tell: (text: string) => void;
  private readonly names = new NewNames(randomBytes(4).toString('hex'));
  /** Mailboxes whose names are known to be on the disk. */
  private readonly made = new Set<string>();
  private readonly locked = new Set<string>();
  private readonly turns = new Turns();
  /** Mailboxes of stage 3, which nobody has moved here yet: `migrate.ts` does it. */
  readonly oldMailboxes: readonly string[];

  private constructor(
    folder: string,
    journal: Journal,
    tell: (text: string) => void,
    oldMailboxes: readonly string[],
  ) {
    this.folder = folder;
    this.journal = journal;
    this.tell = tell;
    this.oldMailboxes = oldMailboxes;
  }

  /**
   * Makes the folder if it is not there. Rejects if it cannot be made or written to.
   * @param tell hears in a line what the operator should know, such as why a message was not stored
   */
  static async open(
    folder: string,
    journal: Journal,
    tell: (text: string) => void,
  ): Promise<Mailboxes> {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return new Mailboxes(folder, journal, tell, await oldMailboxesIn(folder));
  }

  /**
   * Removes what a server that was killed had not finished; nobody was told 250 for it. To be called
   * when the ports are ours: a server that was started twice has ended by then, and removed nothing.
   */
  async removeUnfinished(): Promise<void> {
    for (const name of await foldersIn(this.folder)) {
      await this.maildir(name).removeUnfinished(Date.now());
    }
  }

  /**
   * Stores the message for every recipient, or for none. When it says `stored`, it is on the disk.
   * @param trace the lines above the copy of a recipient, given the message's id
   */
  async deliver(
    message: ReceivedMessage,
    trace: (recipient: Recipient, id: string) => string,
    by: By,
  ): Promise<Delivery> {
    const id = this.names.next(message.receivedAt);
    // Twice RCPT for one mailbox is still one message.
    const recipients = new Map(message.recipients.map((each) => [each.mailbox, each]));
    const copies = Array.from(recipients, ([mailbox, recipient]) => {
      const head = Buffer.from(trace(recipient, id));
      const base = withSize(id, head.length + message.text.length);
      return { mailbox, maildir: this.maildir(mailbox), base, octets: [head, message.text] };
    });
    return this.turns.share(Array.from(recipients.keys()), async () => {
      try {
        // Nobody gets it before there is a whole copy for everybody.
        for (const { mailbox, maildir, base, octets } of copies) {
          await this.make(mailbox);
          await maildir.write(base, octets);
        }
        for (const { maildir, base } of copies) await maildir.show(base);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        this.tell(`could not store a message: ${message}`);
        // It was promised to nobody, so nobody keeps it: the client will send it again.
        for (const { maildir, base } of copies) await maildir.takeBack(base);
        return code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'failed';
      }
      await this.journal.record(deliveryOf(message, id, Array.from(recipients.keys()), by));
      return 'stored';
    });
  }

  /** Locks a mailbox for a reader, and lists what is in it. `undefined`: another reader has it. */
  async lock(mailbox: string, by: By): Promise<OpenMailbox | undefined> {
    if (this.locked.has(mailbox)) return undefined;
    this.locked.add(mailbox);
    const unlock = () => this.locked.delete(mailbox);
    try {
      const maildir = this.maildir(mailbox);
      const messages = await this.turns.takeAlone(mailbox, async () => {
        const { messages, fresh } = await maildir.list(this.tell);
        const found = messages.map(({ id, name }) => ({
          id,
          read: readName(name).flags.includes('S'),
        }));
        const outside = differences(this.journal.known(mailbox), found, { mailbox, time: now() });
        const listed = messages.filter(({ id }) => fresh.has(id));
        await this.journal.record([
          ...outside,
          ...listed.map(({ id }) => entry('listed', id, mailbox, by)),
        ]);
        return messages;
      });
      const record = (event: Event, ids: readonly string[]) =>
        this.journal.record(ids.map((id) => entry(event, id, mailbox, by)));
      return new OpenMailbox(maildir, messages, record, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  private maildir(mailbox: string): Maildir {
    return new Maildir(path.join(this.folder, mailbox), this.names);
  }

  /** Makes a mailbox, if it is not there: somebody may have removed it by hand. */
  private async make(mailbox: string): Promise<void> {
    await this.maildir(mailbox).make();
    if (this.made.has(mailbox)) return;
    // A new folder is safe only when its name is, and that is written in the folder above.
    await syncFolder(path.join(this.folder, mailbox));
    await syncFolder(this.folder);
    this.made.add(mailbox);
  }
}

/** A mailbox that one reader has for himself, as it was when he came. */
export class OpenMailbox {
  private readonly maildir: Maildir;
  private readonly byId: ReadonlyMap<string, Kept>;
  private readonly record: (event: Event, ids: readonly string[]) => Promise<void>;
  private unlock: () => void;
  /** In the order in which they came. */
  readonly messages: readonly StoredMessage[];

  constructor(
    maildir: Maildir,
    messages: readonly Kept[],
    record: (event: Event, ids: readonly string[]) => Promise<void>,
    unlock: () => void,
  ) {
    this.maildir = maildir;
    this.messages = messages.map(({ id, size }) => ({ id, size }));
    this.byId = new Map(messages.map((each) => [each.id, each]));
    this.record = record;
    this.unlock = unlock;
  }

  /**
   * At most so many octets of a message, from an octet on; none behind its end. Rejects if another
   * program has removed it meanwhile.
   */
  async piece(id: string, from: number, most: number): Promise<Uint8Array> {
    return this.maildir.piece(this.byId.get(id)!, from, most);
  }

  /** The message has been read, for the first time or again. */
  async markRead(id: string): Promise<void> {
    await this.maildir.flag(this.byId.get(id)!, 'S');
    await this.record('read', [id]);
  }

  /** Deletes messages. One that is gone already is no error. */
  async remove(ids: readonly string[]): Promise<void> {
    const removed = await this.maildir.remove(ids.map((id) => this.byId.get(id)!));
    await this.record('deleted', removed.map(({ id }) => id)); // prettier-ignore
  }

  /** Lets others in. */
  close(): void {
    this.unlock();
    this.unlock = () => {};
  }
}

/** Many deliver into a mailbox at once, but nobody while it is listed. Who asks first is first. */
class Turns {
  /** For each mailbox, when all who share it have done. */
  private readonly shared = new Map<string, Promise<unknown>>();
  /** The same, for the last who wants it alone. */
  private readonly alone = new Map<string, Promise<unknown>>();

  /** Works in these mailboxes when they are no longer listed. */
  share<T>(mailboxes: readonly string[], work: () => Promise<T>): Promise<T> {
    // The turns are taken at once, in all of them: so no two wait for each other.
    const result = allDone(mailboxes.map((each) => this.alone.get(each))).then(work);
    for (const each of mailboxes) this.shared.set(each, allDone([this.shared.get(each), result]));
    return result;
  }

  /** Works in a mailbox when nobody else does. */
  takeAlone<T>(mailbox: string, work: () => Promise<T>): Promise<T> {
    const before = [this.alone.get(mailbox), this.shared.get(mailbox)];
    const result = allDone(before).then(work);
    this.alone.set(mailbox, allDone([result]));
    return result;
  }
}

/** Fulfils when all of these are done, however they end. */
async function allDone(works: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  await Promise.allSettled(works.filter((each) => each !== undefined));
}

const now = () => new Date().toISOString();

function entry(event: Event, message: string, mailbox: string, { account, session }: By): Entry {
  return {
    time: now(),
    event,
    message,
    mailbox,
    session,
    ...(account !== undefined && { account }),
  };
}

function deliveryOf(
  { reversePath, recipients, text, receivedAt }: ReceivedMessage,
  id: string,
  mailboxes: readonly string[],
  by: By,
): Entry[] {
  const received: Entry = {
    time: new Date(receivedAt).toISOString(),
    event: 'received',
    message: id,
    session: by.session,
    from: reversePath,
    to: recipients.map(({ address }) => address),
    octets: text.length,
    client: by.client,
    ...(by.account !== undefined && { account: by.account }),
  };
  return [received, ...mailboxes.map((mailbox) => entry('delivered', id, mailbox, by))];
}
