import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pop3Process } from './pop3-process.ts';

const MIB = 1024 * 1024;
const LARGE = 30 * MIB;
const LISTS = 10_000;

// Where the system tells how much memory a process has.
describe.runIf(process.platform === 'linux')('the POP3 server', () => {
  let server: Pop3Process;
  let looks: NodeJS.Timeout | undefined;
  beforeAll(async () => {
    server = await Pop3Process.start('--text-timeout', '2', '--pop3-timeout', '2');
  });
  afterAll(async () => {
    clearInterval(looks);
    await server.stop();
  });

  it('is patient with clients that take nothing of what they ask for, but not for ever, and keeps none of it', async () => {
    const ofMessages = ['bob', 'carol', 'dave'];
    const ofLists = ['erin', 'frank'];
    for (const name of ofMessages) server.put(name, 'large', LARGE);
    for (const name of ofLists) for (let n = 0; n < 500; n += 1) server.put(name, String(n), 0);
    // What it takes to do this once.
    const first = await server.reader('bob');
    await first.askForLines('RETR 1');
    await first.quit();
    const second = await server.reader('erin');
    const listSize = (await second.askForLines('LIST')).length;
    await second.quit();
    const before = server.memory();

    let most = before;
    looks = setInterval(() => (most = Math.max(most, server.memory())), 20);
    const clients = await Promise.all(
      [...ofMessages, ...ofLists].map(async (name) => {
        const client = await server.reader(name);
        client.socket.pause();
        client.socket.write(ofLists.includes(name) ? 'LIST\r\n'.repeat(LISTS) : 'RETR 1\r\n');
        return client;
      }),
    );
    const { printed } = server.started;
    for (const { socket } of clients) {
      const itself = new RegExp(`(#\\d+) pop3 connection from \\S+ port ${socket.localPort}\n`);
      const [, number] = await printed(itself);
      await printed(new RegExp(`${number} pop3 connection closed\n`));
    }
    clearInterval(looks);
    expect(ofMessages.length * LARGE + ofLists.length * LISTS * listSize).toBeGreaterThan(
      150 * MIB,
    );
    expect(most - before).toBeLessThan(64 * MIB);
    // And their mailboxes are free.
    for (const name of [...ofMessages, ...ofLists]) await (await server.reader(name)).quit();
    for (const { socket } of clients) socket.destroy();
  });
});
