/**
 * The server of stage 4 with folders of its own that outlive it, and clients that log in under TLS.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { costOf, hashPassword, withAccount } from '../../v4-advanced/src/accounts.ts';
import { repository } from '../interop/stage.ts';
import { type Started, startServer } from '../unit/stages/process.ts';
import { connect, replyReader, type Sender } from './load.ts';
import type { JournalWatch } from './journal.ts';
import { ConnectionEnded, Pop3Client } from './pop3-client.ts';
import { filesBelow } from './store.ts';

export const password = 'secret';

/** Where a server keeps its mail and its data. */
export class House {
  readonly folder: string;
  readonly mailboxes: string;
  readonly data: string;
  private readonly servers: Server[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.mailboxes = path.join(folder, 'mailboxes');
    this.data = path.join(folder, 'data');
  }

  /** @param names of the accounts; none: the server makes its own, when it starts first */
  static async make(names: readonly string[] = []): Promise<House> {
    const house = new House(await mkdtemp(path.join(tmpdir(), 'stagepost-house-')));
    await mkdir(house.data);
    if (names.length === 0) return house;
    // What a login costs is tested elsewhere: here it is next to nothing.
    const hash = await hashPassword(password, costOf(1));
    const accounts = names.map((name) => ({ name, hash, demo: false }));
    await writeFile(path.join(house.data, 'accounts'), accounts.reduce(withAccount, ''));
    return house;
  }

  get journal(): string {
    return path.join(this.data, 'journal.jsonl');
  }

  /** The words of the command line that name the folders. */
  get words(): string[] {
    return ['--mailboxes', this.mailboxes, '--data', this.data, '--log-level', 'warn'];
  }

  async start(...words: string[]): Promise<Server> {
    const stage = path.join(repository, 'v4-advanced');
    const started = await startServer(stage, [...this.words, ...words]);
    const server = new Server(started, await readFile(path.join(this.data, 'cert.pem'), 'latin1'));
    this.servers.push(server);
    return server;
  }

  /**
   * Has all mailboxes listed, so that a server notes what those that were killed had no time to note, and
   * compares the journal with what is there.
   */
  async compare(journal: JournalWatch, names: readonly string[]): Promise<void> {
    const server = await this.start();
    for (const name of names) await (await server.opened(name)).quit();
    await server.end('SIGTERM');
    await journal.look();
    journal.compare(await this.ids());
  }

  /** The ids of the messages in each mailbox, by their file names, and whether each is read. */
  private async ids() {
    const found = new Map<string, Map<string, boolean>>();
    for (const file of await filesBelow(this.mailboxes)) {
      const [mailbox, , name] = path.relative(this.mailboxes, file).split(path.sep);
      const messages = found.get(mailbox!) ?? new Map<string, boolean>();
      found.set(mailbox!, messages.set(name!.replace(/,.*/, ''), /[:;]2,S$/.test(name!)));
    }
    return found;
  }

  /** Ends the servers, too. */
  async remove(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.end('SIGKILL')));
    await rm(this.folder, { recursive: true, force: true });
  }
}

export class Server {
  readonly started: Started;
  private readonly ca: string;

  /** @param ca the certificate that clients trust: the server's own */
  constructor(started: Started, ca: string) {
    this.started = started;
    this.ca = ca;
  }

  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.started.kill(signal);
    return this.started.ended;
  }

  /** A client that nobody knows, on the port for mail to the accounts here. */
  deliver(): Promise<Sender> {
    return connect(this.started.port);
  }

  /** A client that has logged in under TLS, on a port for submission. */
  async submit(name: string, port: 'submission' | 'smtps' = 'submission'): Promise<Sender> {
    let socket: Socket;
    if (port === 'smtps') {
      socket = await this.secure(this.started.ports.smtps!);
    } else {
      const plain = await connect(this.started.ports.submission!);
      plain.socket.write('EHLO client.example.com\r\n');
      await plain.reply('250');
      plain.socket.write('STARTTLS\r\n');
      await plain.reply('220');
      plain.socket.removeAllListeners('data');
      socket = await this.secure(plain.socket);
    }
    const reply = replyReader(socket);
    if (port === 'smtps') await reply('220');
    socket.write('EHLO client.example.com\r\n');
    await reply('250');
    const initial = Buffer.from(`\0${name}\0${password}`).toString('base64');
    // 454: many others of this address are logging in.
    do socket.write(`AUTH PLAIN ${initial}\r\n`);
    while ((await reply('235', '454')) === '454');
    return { socket, reply };
  }

  /** A POP3 client with TLS that has not logged in. */
  async reader(): Promise<Pop3Client> {
    return Pop3Client.over(await this.secure(this.started.ports.pop3s!));
  }

  /** A POP3 client that has a mailbox open; `undefined`: another one has it. */
  async open(name: string): Promise<Pop3Client | undefined> {
    const client = await this.reader();
    for (;;) {
      const answer = await client.logIn(name, password);
      // Else many others of this address are logging in.
      if (!answer.startsWith('-ERR [SYS/TEMP] Too many')) return client.unlessInUse(answer);
    }
  }

  /** The same, as soon as no other one has it. */
  async opened(name: string): Promise<Pop3Client> {
    for (;;) {
      const client = await this.open(name);
      if (client) return client;
    }
  }

  /** @param to a port, or a connection on which TLS may begin */
  private async secure(to: number | Socket): Promise<TLSSocket> {
    const host = '127.0.0.1';
    const way = typeof to === 'number' ? { port: to, host, noDelay: true } : { socket: to };
    const socket = connectTls({ ...way, ca: this.ca, servername: 'localhost' });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('close', () => reject(new ConnectionEnded('closed amid the handshake')));
      socket.on('error', (error: NodeJS.ErrnoException) => {
        const isGone = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(error.code ?? '');
        // That the certificate is not trusted, for example, is no matter of the connection.
        if (!isGone) reject(error);
      });
    });
    return socket;
  }
}
