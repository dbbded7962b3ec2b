/**
 * What has happened to the mail: `npx tsx journal.ts`, or `--help`. It reads the journal that the server
 * writes; the server may be running.
 */
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { jsonLine, visible } from './src/guards/visible.ts';
import type { Entry } from './src/journal.ts';
import { readJournal } from './src/journal-file.ts';
import { type Page, tellEntry, tellMailbox, Tracker } from './src/journal-story.ts';

const usage = `Usage: journal.ts [options]

What has happened to the mail, as the server has written it down: what was
received, delivered, listed, read, marked as unread, deleted, by whom and when.
The newest comes last.

  --mailbox NAME   only what has happened in this mailbox
  --message ID     only this message; a part of its id will do
  --tracker        what has become of all messages: per mailbox how many are
                   read and unread; per message when it came, when it was
                   first read and by whom
  --json           lines of JSON, for programs: times are UTC, ids are whole
  --data DIR       the server's data folder (./data)
  --help           this text

Times are those of your own clock.
`;

/** There is nothing to show, and this is why. */
class Complaint extends Error {}

// `journal.ts | head`: whoever has seen enough need not hear of it.
process.stdout.on('error', () => process.exit());

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(
    visible(error instanceof Complaint ? error.message : `journal.ts: ${error.message}`),
  );
  process.exitCode = 1;
}

async function run(args: string[]): Promise<void> {
  const options = readOptions(args);
  if (options.help) return print(usage);
  const file = path.join(options.data ?? process.env.DATA ?? './data', 'journal.jsonl');
  try {
    await show(file, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Complaint(
      `There is no journal ${file}. Has the server run? Name its data folder with --data.`,
    );
  }
}

function readOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        mailbox: { type: 'string' },
        message: { type: 'string' },
        tracker: { type: 'boolean' },
        json: { type: 'boolean' },
        data: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new Complaint(`${(error as Error).message.split(/\.\s/)[0]}. See journal.ts --help.`);
  }
}

async function show(file: string, options: ReturnType<typeof readOptions>): Promise<void> {
  const { mailbox, message, tracker: asTracker, json } = options;
  const page = pageFor(process.stdout);
  const chosen = await choose(file, { mailbox: mailbox?.toLowerCase(), message });
  const tracker = new Tracker();
  let shown = 0;
  let unreadable = 0;

  if (message !== undefined && !asTracker && !json) await print(`message ${visible(chosen.id!)}\n`);
  for await (const lines of readJournal(file)) {
    const entries = lines.filter((entry) => entry !== undefined);
    unreadable += lines.length - entries.length;
    const wanted = entries.filter(chosen.wants);
    shown += wanted.length;
    if (asTracker) wanted.forEach((entry) => tracker.add(entry));
    else if (json) await print(wanted.map((entry) => `${jsonLine(entry)}\n`).join(''));
    else {
      await print(wanted.map((entry) => tellEntry(entry, page, message === undefined)).join(''));
    }
  }
  const mailboxes = tracker.result();
  if (json) await print(mailboxes.map((each) => `${jsonLine(each)}\n`).join(''));
  else await print(mailboxes.map((each) => tellMailbox(each, page)).join('\n'));
  if (shown === 0) console.error(`No mail has come yet: there is no entry in ${visible(file)}.`);
  if (unreadable > 0) {
    console.error(`Lines of ${visible(file)} that cannot be read, and are left out: ${unreadable}`);
  }
}

interface Choice {
  /** The message, if one was asked for. */
  id: string | undefined;
  wants: (entry: Entry) => boolean;
}

/** Goes through the journal to see what the names mean. Throws if they mean nothing. */
async function choose(
  file: string,
  { mailbox, message }: { mailbox: string | undefined; message: string | undefined },
): Promise<Choice> {
  if (mailbox === undefined && message === undefined) return { id: undefined, wants: () => true };
  const mailboxes = new Set<string>();
  /** The messages that are or were there. */
  const ids = new Set<string>();
  for await (const lines of readJournal(file)) {
    for (const entry of lines) {
      if (entry?.mailbox !== undefined) mailboxes.add(entry.mailbox);
      if (entry && (mailbox === undefined || entry.mailbox === mailbox)) ids.add(entry.message);
    }
  }
  if (mailbox !== undefined && !mailboxes.has(mailbox)) {
    const known = someOf([...mailboxes].sort());
    throw new Complaint(`Nothing has happened in a mailbox "${mailbox}". There are: ${known}.`);
  }
  const id = message === undefined ? undefined : oneOf(ids, message);
  return {
    id,
    // To be received is not yet to be in a mailbox; but it belongs to the story of what then was.
    wants: (entry) =>
      (id === undefined ? ids.has(entry.message) : entry.message === id) &&
      (mailbox === undefined || entry.mailbox === undefined || entry.mailbox === mailbox),
  };
}

/** The id that is this, or begins like this, or has this in it. */
function oneOf(ids: ReadonlySet<string>, part: string): string {
  if (ids.has(part)) return part;
  const having = [...ids].filter((id) => id.includes(part));
  const beginning = having.filter((id) => id.startsWith(part));
  const found = beginning.length > 0 ? beginning : having;
  if (found.length === 1) return found[0]!;
  throw new Complaint(
    found.length === 0
      ? `There is no message "${part}" here. Without --message all are shown, with their ids.`
      : `${found.length} messages have "${part}" in their ids: ${someOf(found)}. Say more of it.`,
  );
}

function someOf(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const some = names.slice(0, 5).map((name) => visible(name, 80));
  return some.join(', ') + (names.length > some.length ? ', and others' : '');
}

function pageFor(stream: NodeJS.WriteStream): Page {
  if (!stream.isTTY) return { columns: Infinity, faint: (text) => text };
  return {
    columns: Math.max(stream.columns, 60),
    faint: stream.hasColors() ? (text) => styleText('gray', text) : (text) => text,
  };
}

/** Resolves when more may be printed. */
async function print(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}
