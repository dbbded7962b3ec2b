/** Reads everything that a server stored, however it is filed, without any help of the server's. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readMbox } from '../interop/mbox.ts';

export interface StoredMessage {
  /** Whom it is stored for. */
  recipients: string[];
  /** The word after `X-Token:`, unless the message was torn before it. */
  token: string | undefined;
  /** Trace header, header and text, one character an octet. */
  whole: string;
}

/** Mailbox files `<recipient>.txt`, in mbox format. */
export async function readMailboxFiles(folder: string): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  for (const file of await readdir(folder)) {
    const recipients = [path.basename(file, '.txt')];
    for (const { whole } of readMbox(await readFile(path.join(folder, file)), 'latin1')) {
      messages.push({ recipients, token: tokenOf(whole), whole });
    }
  }
  return messages;
}

/** A folder for each sender, in it a file for each message (`--file-by sender`). */
export async function readMessageFiles(folder: string): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const whole = await readFile(path.join(file.parentPath, file.name), 'latin1');
    const recipients = [...whole.matchAll(/^Delivered-To: (.*)$/gm)].map(([, address]) => address!);
    messages.push({ recipients, token: tokenOf(whole), whole });
  }
  return messages;
}

/** The files of a folder of mailboxes, one file a message (from stage 3 on). */
export async function readReceptions(folder: string): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  for (const file of await filesBelow(folder)) {
    const [recipient, box] = path.relative(folder, file).split(path.sep);
    if (box === 'tmp') continue;
    if (box !== 'reception') throw new Error(`there must be no ${file}`);
    const octets = await readFile(file, 'latin1');
    if (/\r(?!\n)|(?<!\r)\n/.test(octets)) throw new Error(`not all lines end in CR LF: ${file}`);
    const whole = octets.replaceAll('\r\n', '\n');
    messages.push({ recipients: [recipient!], token: tokenOf(whole), whole });
  }
  return messages;
}

/** The files of a folder of Maildirs, each an account of example.com (stage 4). */
export async function readMaildirs(folder: string): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  for (const file of await filesBelow(folder)) {
    const [account, box, ...name] = path.relative(folder, file).split(path.sep);
    if (box === 'tmp') continue;
    const octets = await readFile(file, 'latin1');
    const [, size, flags] = MAILDIR_NAME.exec(name.join('/')) ?? [];
    const isSeen = flags !== undefined;
    if (!(box === 'new' && !isSeen) && !(box === 'cur' && isSeen)) {
      throw new Error(`there must be no ${file}`);
    }
    if (Number(size) !== octets.length) throw new Error(`${octets.length} octets in ${file}`);
    if (/\r(?!\n)|(?<!\r)\n/.test(octets)) throw new Error(`not all lines end in CR LF: ${file}`);
    const whole = octets.replaceAll('\r\n', '\n');
    messages.push({ recipients: [`${account}@example.com`], token: tokenOf(whole), whole });
  }
  return messages;
}

/** With its size, twice, and behind the colon its flags: what nobody has listed yet has none. */
const MAILDIR_NAME = /^\d+\.M\d{3}Q\d{6}R[0-9a-f]{8}\.stagepost,S=(\d+),W=\1(?:[:;]2,(S?))?$/;

/** What a server has not finished: the files in the folders named `tmp` (from stage 3 on). */
export async function unfinishedIn(folder: string): Promise<string[]> {
  return (await filesBelow(folder)).filter((file) => path.basename(path.dirname(file)) === 'tmp');
}

/** All files in a folder and the folders in it. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** The word after `X-Token:` in a message with line ends LF. */
export function tokenOf(whole: string): string | undefined {
  return /^X-Token: (.*)\n/m.exec(whole)?.[1];
}

/** True if the stored message is what was sent, with nothing before it but trace header fields. */
export function isWhole(stored: StoredMessage, sent: string): boolean {
  if (!stored.whole.endsWith(sent)) return false;
  const trace = stored.whole.slice(0, -sent.length);
  return /^(?:(?:Return-Path|Received|Delivered-To): .*\n(?:[ \t].*\n)*)*$/.test(trace);
}

/** A message for one of its recipients. */
export const keyOf = (token: string | undefined, recipient: string): string =>
  `${token ?? 'no token'} for ${recipient}`;

/** How often each message is there for each recipient. */
export function copiesOf(stored: readonly StoredMessage[]): Map<string, StoredMessage[]> {
  const copies = new Map<string, StoredMessage[]>();
  for (const message of stored) {
    for (const recipient of message.recipients) {
      const key = keyOf(message.token, recipient);
      copies.set(key, [...(copies.get(key) ?? []), message]);
    }
  }
  return copies;
}
