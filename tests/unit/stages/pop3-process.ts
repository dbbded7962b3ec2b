/** The server of stage 3 as a process of its own, with what a test wants of it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Pop3Client } from '../../crash/pop3-client.ts';
import { connect, type Started, startServer } from './process.ts';
import { ROOT } from './server-promises.ts';

export class Pop3Process {
  readonly started: Started;
  /** Of the mailboxes. */
  readonly folder: string;

  private constructor(started: Started, folder: string) {
    this.started = started;
    this.folder = folder;
  }

  static async start(...args: string[]): Promise<Pop3Process> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-pop3-'));
    const stage = path.join(ROOT, 'v3-pop3');
    return new Pop3Process(await startServer(stage, ['--mailboxes', folder, ...args]), folder);
  }

  async stop(): Promise<void> {
    this.started.kill('SIGKILL');
    await this.started.ended;
    rmSync(this.folder, { recursive: true });
  }

  /** How much memory it has now, in octets. Where there is `/proc`. */
  memory(): number {
    const status = readFileSync(`/proc/${this.started.pid}/status`, 'latin1');
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)![1]) * 1024;
  }

  private reception(mailbox: string): string {
    return path.join(this.folder, mailbox, 'reception');
  }

  /** Puts a message into a mailbox, of zeros: a quick way to a large one. */
  put(mailbox: string, name: string, size: number): void {
    mkdirSync(this.reception(mailbox), { recursive: true });
    const file = path.join(this.reception(mailbox), `${name}.eml`);
    writeFileSync(file, '');
    truncateSync(file, size);
  }

  /** The messages of a mailbox by their file names, as they lie there. */
  lying(mailbox: string): Map<string, string> {
    const names = readdirSync(this.reception(mailbox)).sort();
    return new Map(
      names.map((name) => [name, readFileSync(path.join(this.reception(mailbox), name), 'latin1')]),
    );
  }

  /** Sends a message by SMTP. */
  async send(to: string, ...lines: string[]): Promise<void> {
    const client = await connect(this.started.port);
    client.socket.write('MAIL FROM:<alice>\r\n');
    client.say(`RCPT TO:<${to}>`, 'DATA', ...lines, '.', 'QUIT');
    const replies = await client.end();
    if (!/\r\n354 .*\r\n250 .*\r\n221 .*\r\n$/.test(replies)) throw new Error(replies);
  }

  /** A client that has a mailbox open. */
  async reader(name: string): Promise<Pop3Client> {
    const client = await Pop3Client.connect(this.started.pop3);
    const answer = await client.logIn(name);
    if (!answer.startsWith('+OK')) throw new Error(answer);
    return client;
  }

  /** The same, as soon as the server has noticed that the one before has left. */
  async nextReader(name: string): Promise<Pop3Client> {
    for (;;) {
      const client = await Pop3Client.connect(this.started.pop3);
      const answer = await client.logIn(name);
      if (answer.startsWith('+OK')) return client;
      if (!answer.startsWith('-ERR [IN-USE] ')) throw new Error(answer);
      client.socket.destroy();
    }
  }
}
