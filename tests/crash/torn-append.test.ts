/**
 * What a kill can leave of a message that it tore, octet by octet: the mailbox ends anywhere inside
 * the last message, which was never answered with 250. The message before it and the one after it must
 * not notice.
 */
import { connect } from 'node:net';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMbox } from '../interop/mbox.ts';
import { startStage, type Stage, type StageName } from '../interop/stage.ts';

const stages: StageName[] = ['v1-smtp', 'v2-helo'];

/** Every message has lines that could be taken for something else if they were cut. */
const textOf = (name: string): string =>
  `Subject: ${name}\n\nFrom ${name} to ${name}\n\nFriends,\n\n>From ${name}\nFrom\n\nF\n`;

describe.each(stages)('%s', (name) => {
  let stage: Stage;
  let mailbox: string;
  let before: Buffer;
  let torn: Buffer;
  beforeAll(async () => {
    stage = await startStage(name, { bundled: true });
    mailbox = path.join(stage.mailboxes, 'bob@example.com.txt');
    await send(stage.port, textOf('before'));
    before = await readFile(mailbox);
    await send(stage.port, textOf('torn'));
    torn = (await readFile(mailbox)).subarray(before.length);
  });
  afterAll(() => stage.close());

  test('a message after a torn one, and the one before it, are whole, wherever the tear is', async () => {
    const damaged: string[] = [];
    for (let cut = 0; cut < torn.length; cut += 1) {
      await writeFile(mailbox, Buffer.concat([before, torn.subarray(0, cut)]));
      await send(stage.port, textOf('after'));
      if (!(await holdsWhole('before', 'after'))) damaged.push(tearAt(cut));
    }
    expect(damaged).toEqual([]);
  });

  test('a message after a torn one is whole where the torn one was the first of the mailbox', async () => {
    const damaged: string[] = [];
    for (let cut = 0; cut < torn.length; cut += 1) {
      await writeFile(mailbox, torn.subarray(0, cut));
      await send(stage.port, textOf('after'));
      if (!(await holdsWhole('after'))) damaged.push(tearAt(cut));
    }
    expect(damaged).toEqual([]);
  });

  async function holdsWhole(...names: string[]): Promise<boolean> {
    const octets = await readFile(mailbox);
    if (!octets.toString().startsWith('From ')) return false; // no reader would take it for a mailbox
    const messages = readMbox(octets);
    return names.every((each) => {
      const found = messages.filter(({ headers }) => headers.get('subject') === each);
      return found.length === 1 && found[0]!.whole.endsWith(`\n${textOf(each)}`);
    });
  }

  function tearAt(cut: number): string {
    return `after ${cut} octets: …${JSON.stringify(torn.toString('latin1', Math.max(0, cut - 20), cut))}`;
  }
});

/** Sends without waiting for replies: this test is about the file, not the dialogue. */
async function send(port: number, message: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  const lines = message.replaceAll('\n', '\r\n');
  const envelope = 'MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n';
  socket.write(`${envelope}${lines}.\r\nQUIT\r\n`);
  const replies = await text(socket);
  if (!/^354 .*\r\n250 /m.test(replies))
    throw new Error(`The server did not store it:\n${replies}`);
}
