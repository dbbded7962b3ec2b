/**
 * A POP3 client for tests that read a lot: one command at a time, whole replies, every octet as it came.
 */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** The server is gone, or has closed. */
export class ConnectionEnded extends Error {}

const END = Buffer.from('\r\n.\r\n');

export class Pop3Client {
  readonly socket: Socket;
  private received: Buffer[] = [];
  private isOpen = true;
  private wake = (): void => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received.push(chunk);
      this.wake();
    });
    socket.on('close', () => {
      this.isOpen = false;
      this.wake();
    });
    socket.on('error', () => undefined); // it closes then
  }

  /** Resolves after the greeting. Rejects if there is none. */
  static async connect(port: number): Promise<Pop3Client> {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
    const client = new Pop3Client(socket);
    try {
      await once(socket, 'connect');
    } catch {
      throw new ConnectionEnded('nobody listens');
    }
    await client.line();
    return client;
  }

  /** The same over a connection with TLS that is there. */
  static async over(socket: Socket): Promise<Pop3Client> {
    const client = new Pop3Client(socket);
    await client.line();
    return client;
  }

  /** Says a line; gives the reply, which is one line. */
  async ask(line: string): Promise<string> {
    this.socket.write(`${line}\r\n`, 'latin1');
    return this.line();
  }

  /**
   * Says a line that is answered with many. Gives what stands between the status line and the lone dot,
   * without the stuffing, one character an octet.
   * @throws Error if the answer is -ERR
   */
  async askForLines(line: string): Promise<string> {
    this.socket.write(`${line}\r\n`, 'latin1');
    // The server says nothing behind its reply before it is asked again. And the dots of the text are
    // stuffed: so the first CR LF . CR LF is the end.
    await this.until(() => this.endsWith(this.isRefused() ? END.subarray(-2) : END));
    const reply = this.take();
    if (!reply.startsWith('+OK')) throw new Error(`${line}: ${reply.trimEnd()}`);
    return reply
      .slice(reply.indexOf('\n') + 1, -3)
      .replace(/^\./, '')
      .replaceAll('\r\n.', '\r\n');
  }

  /** Says USER and PASS. Gives the answer to PASS. */
  async logIn(name: string, password = 'secret'): Promise<string> {
    await this.ask(`USER ${name}`);
    return this.ask(`PASS ${password}`);
  }

  /**
   * Itself, with a mailbox open; `undefined`, and gone, if another reader has it.
   * @param answer to the login. If it is any other refusal, this throws it
   */
  unlessInUse(answer: string): this | undefined {
    if (answer.startsWith('+OK')) return this;
    if (!answer.startsWith('-ERR [IN-USE]')) throw new Error(answer);
    this.socket.destroy();
    return undefined;
  }

  /** Says QUIT, and waits until the server has closed. Gives its last words. */
  async quit(): Promise<string> {
    const goodbye = await this.ask('QUIT');
    await this.until(() => !this.isOpen).catch(() => undefined);
    return goodbye;
  }

  /** The sizes that LIST tells, by their numbers. */
  async list(): Promise<Map<number, number>> {
    const lines = (await this.askForLines('LIST')).split('\r\n').slice(0, -1);
    return new Map(lines.map((line) => line.split(' ').map(Number) as [number, number]));
  }

  /** The names that UIDL tells, by their numbers. */
  async uidl(): Promise<Map<number, string>> {
    const lines = (await this.askForLines('UIDL')).split('\r\n').slice(0, -1);
    return new Map(lines.map((line) => [parseInt(line), line.slice(line.indexOf(' ') + 1)]));
  }

  private async line(): Promise<string> {
    await this.until(() => this.endsWith(END.subarray(-2)));
    return this.take().slice(0, -2);
  }

  private isRefused(): boolean {
    return this.received[0]?.subarray(0, 1).toString() === '-';
  }

  /** Whether these are the last octets that have come. */
  private endsWith(octets: Buffer): boolean {
    while (this.received.length > 1 && this.received.at(-1)!.length < octets.length) {
      this.received.push(Buffer.concat(this.received.splice(-2)));
    }
    return this.received.at(-1)?.subarray(-octets.length).equals(octets) ?? false;
  }

  private take(): string {
    return Buffer.concat(this.received.splice(0)).toString('latin1');
  }

  private async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (!this.isOpen) throw new ConnectionEnded(`closed after ${JSON.stringify(this.take())}`);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
