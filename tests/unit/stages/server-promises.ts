/**
 * What the server of every stage promises, as a process of its own. A file for each stage plays it, so
 * that they run side by side.
 */
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, runServer, type Started, startServer, type Way } from './process.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const ENVELOPE = ['MAIL FROM:<alice@example.com>', 'RCPT TO:<bob@example.com>', 'DATA'];

/** The mail of a recipient, with the line ends of a text file: as it lies there, whatever the filing. */
export type MailOf = (mailboxes: string, recipient: string) => Promise<string>;

export const inOneFile: MailOf = (mailboxes, recipient) =>
  readFile(path.join(mailboxes, `${recipient}.txt`), 'utf8');

export const inAFolder: MailOf = async (mailboxes, recipient) => {
  const reception = path.join(mailboxes, recipient, 'reception');
  const names = (await readdir(reception)).sort();
  const files = names.map((name) => readFile(path.join(reception, name), 'utf8'));
  return (await Promise.all(files)).join('\r\n').replaceAll('\r\n', '\n');
};

/** @param otherPorts options that let the system choose the ports beside that of SMTP */
export function serves(stage: string, mailOf: MailOf, otherPorts: readonly string[] = []): void {
  describe(`the server of ${stage}`, () => {
    let folder: string;
    let mailboxes: string;
    const servers: Started[] = [];

    // A copy of the stage alone, in a folder of its own: it needs nothing of the kit.
    beforeAll(async () => {
      folder = await mkdtemp(path.join(os.tmpdir(), 'stagepost-server-'));
      await cp(path.join(ROOT, stage), path.join(folder, stage), {
        recursive: true,
        filter: (name) => !/node_modules|mailboxes$/.test(name),
      });
      folder = path.join(folder, stage);
      mailboxes = path.join(folder, 'mailboxes');
    });
    afterEach(async () => {
      for (const server of servers.splice(0)) {
        server.kill('SIGKILL');
        await server.ended;
      }
      await rm(mailboxes, { recursive: true, force: true });
    });
    afterAll(() => rm(path.dirname(folder), { recursive: true, force: true }));

    async function start(...args: string[]): Promise<Started> {
      return startIn('bundled', ...args);
    }
    async function startIn(way: Way, ...args: string[]): Promise<Started> {
      const server = await startServer(folder, args, way);
      servers.push(server);
      return server;
    }

    const samePop3 = ({ pop3 }: Started) => (Number.isNaN(pop3) ? [] : ['--pop3', String(pop3)]);

    it('makes its mailboxes at start, logs what happens, and stores what it acknowledges', async () => {
      // Here as its users start it, without a bundle.
      const server = await startIn('by tsx');
      expect(await readdir(mailboxes)).toEqual([]);
      const client = await connect(server.port);
      client.say(...ENVELOPE, 'hello', '.', 'QUIT');
      expect(await client.end()).toMatch(/\r\n354 .*\r\n250 .*\r\n221 .*\r\n$/);
      expect(await mailOf(mailboxes, 'bob@example.com')).toContain('\nhello\n');
      expect(server.output()).toMatch(/#1 (?:smtp )?connection from 127\.0\.0\.1 port \d+\n/);
      expect(server.output()).toMatch(
        /#1 (?:smtp )?message from <alice@example\.com> for <bob@example\.com>, 7 octets: stored\n/,
      );
    });

    it('keeps nothing of a message whose client leaves', async () => {
      const server = await start();
      const client = await connect(server.port);
      client.say(...ENVELOPE, 'half a message');
      await client.hear(354);
      client.socket.destroy();
      const next = await connect(server.port);
      next.say('QUIT');
      await next.end();
      expect(await readdir(mailboxes)).toEqual([]);
    });

    it('answers a client that has said all and closed its side', async () => {
      const server = await start();
      const client = await connect(server.port);
      const letter = [...ENVELOPE, 'hello', '.'];
      client.socket.end([...letter, ...letter, 'MAIL FROM:<x>', ''].join('\r\n'));
      const codes = (await client.end()).match(/^\d+/gm)?.map(Number);
      expect(codes).toEqual([220, 250, 250, 354, 250, 250, 250, 354, 250, 250]);
    });

    it('serves many clients at once', async () => {
      const server = await start();
      const clients = await Promise.all(Array.from({ length: 60 }, () => connect(server.port)));
      for (const client of clients) client.say(...ENVELOPE);
      for (const client of clients) await client.hear(354);
      clients.forEach((client, index) => client.say(`letter ${index}.`, '.', 'QUIT'));
      for (const client of clients) await client.end();
      const mailbox = await mailOf(mailboxes, 'bob@example.com');
      for (const index of clients.keys())
        expect(mailbox.split(`letter ${index}.\n`)).toHaveLength(2);
    });

    it('says 421 to more clients than it may serve', async () => {
      const server = await start('--max-connections', '1');
      const first = await connect(server.port);
      await first.hear(220);
      expect(await (await connect(server.port)).end()).toMatch(/^421 /);
      first.say('QUIT');
      await first.end();
      // The server hears of the end a little later than the client.
      while (!(await (await connect(server.port)).hear('\r\n')).startsWith('220'));
    });

    it('closes on a client that says nothing', async () => {
      const server = await start('--command-timeout', '1');
      expect(await (await connect(server.port)).end()).toMatch(/^220 .*\r\n421 .*\r\n$/);
    });

    it('lets the last reply reach a client that is still sending', async () => {
      const server = await start();
      const client = await connect(server.port);
      client.socket.write('x'.repeat(2_000_000));
      expect(await client.end()).toMatch(/^220 .*\r\n500 .*\r\n$/);
    });

    it.runIf(process.platform !== 'win32').each(['SIGINT', 'SIGTERM'] as const)(
      'finishes the message in hand at %s, closes the others with 421, and ends with 0',
      async (signal) => {
        const server = await start();
        const [idle, busy] = [await connect(server.port), await connect(server.port)];
        await idle.hear(220);
        busy.say(...ENVELOPE);
        await busy.hear(354);
        server.kill(signal);
        expect(await idle.end()).toMatch(/\r\n421 .*\r\n$/);
        busy.say('the rest', '.');
        expect(await busy.end()).toMatch(/\r\n250 .*\r\n421 .*\r\n$/);
        expect(await server.ended).toBe(0);
        expect(await mailOf(mailboxes, 'bob@example.com')).toContain('the rest');
      },
    );

    it('goes on when nobody reads its log any more', async () => {
      const server = await start();
      server.closeOutput();
      for (let count = 0; count < 3; count += 1) {
        const client = await connect(server.port);
        client.say(...ENVELOPE, 'hello', '.', 'QUIT');
        expect(await client.end()).toMatch(/\r\n221 .*\r\n$/);
      }
    });

    it.runIf(process.platform !== 'win32')(
      'finishes at SIGTERM the message in hand of a client that has left',
      async () => {
        const server = await start();
        const client = await connect(server.port);
        const recipients = Array.from({ length: 300 }, (_, index) => `RCPT TO:<reader${index}>`);
        client.say('MAIL FROM:<a>', ...recipients, 'DATA');
        await client.hear(354);
        client.say('hello', '.');
        while ((await readdir(mailboxes)).length === 0);
        client.socket.resetAndDestroy();
        server.kill('SIGTERM');
        expect(await server.ended).toBe(0);
        expect(await readdir(mailboxes)).toHaveLength(300);
        expect(await mailOf(mailboxes, 'reader299')).toMatch(/\nhello\n+$/);
      },
    );

    it('listens on this computer alone when the host is left empty', async () => {
      const server = await start('--host', '');
      expect(server.output()).toMatch(/^smtp 127\.0\.0\.1:\d+$/m);
    });

    it('can be started again at once', async () => {
      const server = await start();
      const client = await connect(server.port);
      await client.hear(220);
      server.kill('SIGKILL');
      await server.ended;
      const again = await start('--smtp', String(server.port), ...samePop3(server));
      await (await connect(again.port)).hear(220);
    });

    it('prints its help', async () => {
      const { code, output } = await runServer(folder, ['--help']);
      expect(code).toBe(0);
      expect(output).toMatch(/^Usage: server\.ts \[port\] \[options\]\n/);
      expect(output.split('\n').every((line) => line.length <= 80)).toBe(true);
    });

    it.concurrent.each([
      [['--nonsense'], /^Unknown option '--nonsense'.*--help/],
      [['--smtp', '-1'], /^Option '--smtp' argument is ambiguous\. See server\.ts --help\.$/],
      [['70000'], /^The (?:smtp )?port must be a whole number from 0 to 65535, not "70000"\.$/],
      [['x'], /^The (?:smtp )?port must be/],
      [['1', '2'], /^One port is enough/],
      [['2525', '--smtp', '2525'], /^The port was given twice/],
      [['0', '--max-message', '0'], /^--max-message must be/],
      [['0', '--host', '192.0.2.1'], /^This machine does not have the address 192\.0\.2\.1/],
      [
        ['0', '--mailboxes', path.join('server.ts', 'x')],
        /^\S*server\.ts\S* cannot be used \(\w+\)/,
      ],
    ])('refuses %j in one line, with exit code 1', async (args, message) => {
      const { code, output } = await runServer(folder, [
        // These run side by side, and the folder that the others use comes and goes.
        ...(args.includes('--mailboxes') ? [] : ['--mailboxes', path.join(folder, 'unused')]),
        ...otherPorts,
        ...args,
      ]);
      expect(output.trimEnd()).toMatch(message);
      expect(output.trimEnd()).not.toContain('\n');
      expect(code).toBe(1);
    });

    it('says that the port is taken', async () => {
      const { port } = await start();
      const { code, output } = await runServer(folder, [String(port), ...otherPorts]);
      expect(output).toMatch(new RegExp(`^Port ${port} is taken\\. .*\n$`));
      expect(code).toBe(1);
    });
  });
}
