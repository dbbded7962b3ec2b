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

function tokenOf(whole: string): string | undefined {
  return /^X-Token: (.*)\n/m.exec(whole)?.[1];
}

/** True if the stored message is what was sent, with nothing before it but trace header fields. */
export function isWhole(stored: StoredMessage, sent: string): boolean {
  if (!stored.whole.endsWith(sent)) return false;
  const trace = stored.whole.slice(0, -sent.length);
  return /^(?:(?:Return-Path|Received|Delivered-To): .*\n(?:[ \t].*\n)*)*$/.test(trace);
}
