/** The server of stage 4 as a process of its own, with what a test wants of it, and its clients. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { costOf, hashPassword, withAccount } from '../../../v4-advanced/src/accounts.ts';
import type { Entry } from '../../../v4-advanced/src/journal.ts';
import { startServer, type Started, type Way } from './process.ts';
import { ROOT } from './server-promises.ts';
import { base64, PASSWORDS, plain } from './v4-sessions.ts';

export const STAGE = path.join(ROOT, 'v4-advanced');

/** The accounts of the tests. Their hashes cost next to nothing, if nothing else is said. */
export async function accountsText(logN = 1): Promise<string> {
  let text = '';
  for (const [name, password] of PASSWORDS) {
    text = withAccount(text, {
      name: name!,
      hash: await hashPassword(password, costOf(logN)),
      demo: false,
    });
  }
  return text;
}

export class V4Process {
  readonly started: Started;
  /** Of all that it keeps. */
  readonly folder: string;

  private constructor(started: Started, folder: string) {
    this.started = started;
    this.folder = folder;
  }

  static async start(
    args: readonly string[] = [],
    { way = 'bundled', logN = 1 }: { way?: Way; logN?: number } = {},
  ) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-v4-'));
    mkdirSync(path.join(folder, 'data'));
    writeFileSync(path.join(folder, 'data', 'accounts'), await accountsText(logN));
    return V4Process.startIn(folder, args, way);
  }

  /** @param folder with `data` in it, or without */
  static async startIn(folder: string, args: readonly string[], way: Way = 'bundled') {
    const places = [...['--mailboxes', path.join(folder, 'mailboxes')], ...['--data', path.join(folder, 'data')]];
    return new V4Process(await startServer(STAGE, [...places, ...args], way), folder);
  } // prettier-ignore

  async stop(): Promise<void> {
    this.started.kill('SIGKILL');
    await this.started.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Connects to a service; with TLS from the first octet where it begins so. */
  async client(service: string, localAddress = '127.0.0.1'): Promise<Client> {
    const client = await Client.connect(this.started.ports[service]!, localAddress);
    if (service === 'smtps' || service === 'pop3s') await client.beginTls(this.certificate);
    return client;
  }

  /** Somebody under TLS, greeted, who has begun with it as mail programs do. */
  async secureClient(service: string, localAddress?: string): Promise<Client> {
    const client = await this.client(service, localAddress);
    await client.reply();
    if (service === 'pop3') {
      await client.ask('STLS');
      await client.beginTls(this.certificate);
    } else if (service !== 'pop3s') {
      if (service !== 'smtps') {
        await client.ask('EHLO pc');
        await client.ask('STARTTLS');
        await client.beginTls(this.certificate);
      }
      await client.ask('EHLO pc');
    }
    return client;
  }

  get certificate(): string {
    return readFileSync(path.join(this.folder, 'data', 'cert.pem'), 'latin1');
  }

  get journal(): Entry[] {
    return this.journalText.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Entry);
  } // prettier-ignore

  get journalText(): string {
    return readFileSync(path.join(this.folder, 'data', 'journal.jsonl'), 'utf8');
  }

  /** The messages of a mailbox, read or not. */
  lying(mailbox: string): string[] {
    return ['new', 'cur'].flatMap((name) => {
      const folder = path.join(this.folder, 'mailboxes', mailbox, name);
      return namesIn(folder).map((file) => readFileSync(path.join(folder, file), 'latin1'));
    });
  }

  /** What is in a mailbox's `tmp`. */
  unfinished(mailbox: string): string[] {
    return namesIn(path.join(this.folder, 'mailboxes', mailbox, 'tmp'));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A client that says what it is told, and hears. */
export class Client {
  socket: Socket;
  /** All that has come since the connection, or the last `take`. One character an octet. */
  heard = '';
  closed = false;
  #wake = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  static async connect(port: number, localAddress = '127.0.0.1'): Promise<Client> {
    const socket = createConnection({ port, host: '127.0.0.1', localAddress, noDelay: true });
    await once(socket, 'connect');
    return new Client(socket);
  } // prettier-ignore

  #listen(): void {
    const { socket } = this;
    socket.on('data', (octets: Buffer) => {
      this.heard += octets.toString('latin1');
      this.#wake();
    });
    const end = () => {
      this.closed = true;
      this.#wake();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      if (this.closed) throw new Error(`closed after ${JSON.stringify(this.heard)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Octets, as they are. */
  write(octets: string): void {
    this.socket.write(octets, 'latin1');
  }

  say(...lines: string[]): void {
    this.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** What has been heard is forgotten. */
  take(): string {
    const heard = this.heard;
    this.heard = '';
    return heard;
  }

  /** A whole reply of SMTP, or the first line of one of POP3, and what came before it. */
  async reply(): Promise<string> {
    return this.hear(/^(?:\d{3} |\+OK|-ERR|\+ ).*\r\n/m);
  }

  /** Everything so far, once this is in it; it is then forgotten. */
  async hear(pattern: RegExp | string): Promise<string> {
    const isHeard = () =>
      typeof pattern === 'string' ? this.heard.includes(pattern) : pattern.test(this.heard);
    await this.#until(isHeard);
    return this.take();
  }

  async ask(line: string): Promise<string> {
    this.say(line);
    return this.reply();
  }

  /** Everything heard, once the server has closed. */
  async end(): Promise<string> {
    await this.#until(() => this.closed);
    return this.take();
  }

  /** The server's side is closed, in whatever way. */
  async gone(): Promise<void> {
    await this.#until(() => this.closed);
  }

  /**
   * Rejects if the server does not go along.
   * @param ca the certificate that is trusted
   */
  async beginTls(ca: string): Promise<void> {
    const below = this.socket;
    below.removeAllListeners();
    const socket = connectTls({
      socket: below,
      ca,
      servername: 'localhost',
      checkServerIdentity: () => undefined,
    });
    below.on('error', () => {});
    below.once('close', () => socket.destroy(new Error('closed')));
    await once(socket, 'secureConnect');
    this.socket = socket;
    this.#listen();
  }

  /** Logs in, by whichever protocol this is. */
  async logIn(name = 'bob', password = PASSWORDS.get(name)!): Promise<string> {
    return this.ask(`AUTH PLAIN ${plain(name, password)}`);
  }

  /** Sends a message of these lines to bob. */
  async deliver(from: string, ...lines: string[]): Promise<string> {
    this.say(`MAIL FROM:<${from}>`, 'RCPT TO:<bob>', 'DATA', ...lines, '.');
    return this.hear(/^(?:25|4|5\d\d).*stored.*\r\n|^[45].*\r\n/m);
  }
}

export { base64, plain };
