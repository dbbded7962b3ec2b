/**
 * A small mail server for the client's tests, of SMTP or POP3. It answers as told, and remembers what
 * it heard.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * What to answer: octets to send as they are, `null` for silence, `close` to hang up, `reset` to
 * break the connection off, `silence` to say nothing more. `undefined` stands for what a good server says.
 */
export type Answer =
  string | Uint8Array | null | { end: 'close' | 'reset' | 'silence'; say?: string } | undefined;

/** Is asked once for the greeting (`''`), for each command, and for the text (`'.'`). */
export type Script = (command: string) => Answer;

/** The key and certificate of a server that knows TLS: from the first octet, or behind STARTTLS and STLS. */
export interface Tls {
  key: string;
  cert: string;
  atOnce?: boolean;
}

export interface SampleServer {
  port: number;
  /** Every command, in order; `(TLS)` where TLS began. */
  commands: string[];
  /** Every text, up to its lone dot, as it came. */
  texts: string[];
  /** Commands that came before the reply to the one before. */
  early: string[];
  /** Resolves when every connection that there was is closed. */
  allClosed: () => Promise<void>;
  [Symbol.asyncDispose]: () => Promise<void>;
}

/** What a good server says: to what, and what. */
export type Good = readonly (readonly [RegExp, string])[];

const SMTP: Good = [
  [/^$/, '220 ready\r\n'],
  [/^DATA$/, '354 go on\r\n'],
  [/^QUIT$/, '221 bye\r\n'],
  [/^(HELO |MAIL FROM:<|RCPT TO:<|\.$)/, '250 ok\r\n'],
  [/./, '500 what?\r\n'],
];

/** A mailbox with two messages. Any password will do. */
export const POP3: Good = [
  [/^$/, '+OK ready\r\n'],
  [/^USER .|^PASS .|^DELE [12]$|^RSET$|^NOOP$|^QUIT$/, '+OK\r\n'],
  [/^LIST$/, '+OK 2 messages\r\n1 52\r\n2 11\r\n.\r\n'],
  [/^RETR 1$/, '+OK\r\nFrom: alice\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n\r\n..é\r\n.\r\n'],
  [/^RETR 2$/, '+OK\r\n\r\nno head\r\n.\r\n'],
  [/./, '-ERR no\r\n'],
];

export async function sampleServer(
  script: Script = () => undefined,
  goodServer = SMTP,
  tls?: Tls,
): Promise<SampleServer> {
  const commands: string[] = [];
  const texts: string[] = [];
  const early: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (tls?.atOnce) secure(socket, (secured) => converse(secured));
    else converse(socket);
  });

  function secure(socket: Socket, begin: (secured: TLSSocket) => void): void {
    const secured = new TLSSocket(socket, { isServer: true, ...tls });
    secured.on('error', () => undefined);
    secured.on('secure', () => {
      commands.push('(TLS)');
      begin(secured);
    });
  }

  function converse(socket: Socket, greets = true): void {
    let rest = '';
    let inText = false;
    let isPlain = true;

    const answer = (command: string) => {
      const good = goodServer.find(([pattern]) => pattern.test(command))![1];
      const scripted = script(command);
      const said = scripted === undefined ? good : scripted;
      if (said === null || !socket.writable) return;
      if (typeof said === 'object' && 'end' in said) {
        if (said.end === 'reset') socket.resetAndDestroy();
        else if (said.end === 'silence') socket.removeAllListeners('data').write(said.say ?? '');
        else socket.end(said.say ?? '');
        return;
      }
      inText = command === 'DATA' && typeof said === 'string' && said.startsWith('354');
      socket.write(said);
      if (command === 'QUIT') socket.end();
      if (tls && /^(STARTTLS|STLS)$/.test(command) && /^(2|\+OK)/.test(String(said))) {
        isPlain = false;
        socket.removeAllListeners('data');
        secure(socket, (secured) => converse(secured, false));
      }
    };

    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      rest += piece;
      while (isPlain) {
        const end = inText ? ('\r\n' + rest).indexOf('\r\n.\r\n') : rest.indexOf('\r\n');
        if (end < 0) return;
        const heard = rest.slice(0, end);
        rest = rest.slice(end + (inText ? 3 : 2));
        if (rest !== '') early.push(rest);
        (inText ? texts : commands).push(heard);
        answer(inText ? '.' : heard);
      }
    });
    if (greets) answer('');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    texts,
    early,
    allClosed: async () => {
      await Promise.all(
        [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
      );
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
