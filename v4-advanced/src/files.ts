/**
 * Small tools for files, shared by all that keeps something on the disk: the mailboxes, the accounts,
 * the certificate, the journal.
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * What was asked of the file system; `undefined` if there is no such file or folder, or no longer.
 * Rejects as `asked` does for any other reason.
 */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The names of the files in a folder; none if there is no such folder. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = (await ifThere(readdir(folder, { withFileTypes: true }))) ?? [];
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** The names of the folders in a folder; none if there is no such folder. */
export async function foldersIn(folder: string): Promise<string[]> {
  const entries = (await ifThere(readdir(folder, { withFileTypes: true }))) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/**
 * Writes a file that must not be there yet. Afterwards its octets are on the disk; its name is when
 * its folder is synced too.
 */
export async function writeNew(
  name: string,
  octets: readonly Uint8Array[],
  mode = 0o666,
): Promise<void> {
  const file = await open(name, 'wx', mode);
  try {
    for (const part of octets) await file.appendFile(part);
    // Without fsync the octets may be in memory only when the power fails.
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Afterwards the names in the folder are on the disk. */
export async function syncFolder(name: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows cannot, and does it by itself
  const folder = await open(name, 'r');
  await folder.sync().finally(() => folder.close());
}

/**
 * Puts a text in the place of a file, or makes it: whoever reads the file, even after a crash, finds
 * the old text or the new one, whole.
 * @param mode who may read and write it, whatever the old file said
 */
export async function writeSafely(file: string, text: string, mode: number): Promise<void> {
  const folder = path.dirname(file);
  const unfinished = path.join(
    folder,
    `.${path.basename(file)}.${randomBytes(4).toString('hex')}.tmp`,
  );
  try {
    await writeNew(unfinished, [Buffer.from(text)], mode);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}
