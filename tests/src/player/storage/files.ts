/**
 * Looks through the folders in which a server keeps its mail, for files that hold a token. Which
 * layout they have is the server's business, so every file is a candidate.
 */
import fs from 'node:fs';
import path from 'node:path';

/** A file that holds the token. */
export interface StoredFile {
  /** Path below the store, parted by `/` on every system. */
  name: string;
  octets: Buffer;
}

/** Folders that hold programs, and no mail. */
const NO_MAIL = new Set(['node_modules', '.git', '.hg', '__pycache__', '.venv', 'venv']);
/** Larger files are no mailboxes, in octets. */
const LARGEST = 64 * 1024 * 1024;
/** More files than this are not looked at. */
const MOST_FILES = 20_000;
/** Clocks of file systems are coarse (FAT: two seconds), in milliseconds. */
const CLOCK_SLACK = 2_500;

/**
 * The files that hold `token`, in the order of their names.
 * @param since Files that were last written before this time (milliseconds since 1970) are passed over.
 */
export function filesWith(token: string, stores: string[], since: number): StoredFile[] {
  const wanted = Buffer.from(token);
  const found: StoredFile[] = [];
  let left = MOST_FILES;

  const look = (store: string, folder: string): void => {
    for (const entry of entriesOf(path.join(store, folder))) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      // A link may lead anywhere, and in circles: what it points to is not in the store.
      if (entry.isDirectory()) {
        if (!NO_MAIL.has(entry.name)) look(store, name);
      } else if (entry.isFile() && left > 0 && !isLog(name)) {
        left -= 1;
        const octets = readIfRecent(path.join(store, name), since - CLOCK_SLACK);
        if (octets?.includes(wanted) === true) found.push({ name, octets });
      }
    }
  };
  for (const store of stores) look(store, '');
  return found;
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // Not made yet, or removed while we look.
    return [];
  }
}

function readIfRecent(file: string, since: number): Buffer | undefined {
  try {
    const { mtimeMs, size } = fs.statSync(file);
    return mtimeMs < since || size > LARGEST ? undefined : fs.readFileSync(file);
  } catch {
    // Renamed or removed while we look: the next look finds it.
    return undefined;
  }
}

/** A server's log tells what it was sent; that is no mailbox: `server.log`, `logs/today.txt`, `smtp_log.txt`. */
function isLog(name: string): boolean {
  return name.split('/').some((part) => /(?:^|[._-])(?:logs?|nohup)(?:[._-]|$)/i.test(part));
}

/** A message being written: folders named `tmp` (as in Maildir) hold what is not delivered yet. */
export function isUnfinished(name: string): boolean {
  return name.split('/').slice(0, -1).includes('tmp');
}

/** SQLite keeps pages it has replaced, and its write-ahead log holds them again. */
export function isDatabase({ name, octets }: StoredFile): boolean {
  return (
    octets.subarray(0, 15).toString('latin1') === 'SQLite format 3' ||
    /-(?:wal|journal|shm)$/.test(name)
  );
}

/** The name without what differs from run to run: `…` for times and random words. */
export function neutralName(name: string): string {
  return name
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '…')
    .replace(/\d+(?:[-_.:T ]\d+){2,}/g, '…')
    .replace(/[0-9a-z]+/gi, (word) => (word.replace(/\D/g, '').length < 5 ? word : '…'));
}
