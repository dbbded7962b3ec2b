/**
 * A small mail server for the client's tests. It answers as told, and remembers what it heard.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * What to answer: octets to send as they are, `null` for silence, `close` to hang up, `reset` to
 * break the connection off. `undefined` stands for what a good server says.
 */
export type Answer = string | null | { end: 'close' | 'reset'; say?: string } | undefined;

/** Is asked once for the greeting (`''`), for each command, and for the text (`'.'`). */
export type Script = (command: string) => Answer;

export interface SampleServer {
  port: number;
  /** Every command, in order. */
  commands: string[];
  /** Every text, up to its lone dot, as it came. */
  texts: string[];
  /** Commands that came before the reply to the one before. */
  early: string[];
  /** Resolves when every connection that there was is closed. */
  allClosed: () => Promise<void>;
  [Symbol.asyncDispose]: () => Promise<void>;
}

const GOOD: [RegExp, string][] = [
  [/^$/, '220 ready\r\n'],
  [/^DATA$/, '354 go on\r\n'],
  [/^QUIT$/, '221 bye\r\n'],
  [/^(HELO |MAIL FROM:<|RCPT TO:<|\.$)/, '250 ok\r\n'],
  [/./, '500 what?\r\n'],
];

export async function sampleServer(script: Script = () => undefined): Promise<SampleServer> {
  const commands: string[] = [];
  const texts: string[] = [];
  const early: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    converse(socket);
  });

  function converse(socket: Socket): void {
    let rest = '';
    let inText = false;

    const answer = (command: string) => {
      const good = GOOD.find(([pattern]) => pattern.test(command))![1];
      const scripted = script(command);
      const said = scripted === undefined ? good : scripted;
      if (said === null || !socket.writable) return;
      if (typeof said === 'object') {
        if (said.end === 'reset') socket.resetAndDestroy();
        else socket.end(said.say ?? '');
        return;
      }
      inText = command === 'DATA' && said.startsWith('354');
      socket.write(said);
      if (command === 'QUIT') socket.end();
    };

    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      rest += piece;
      for (;;) {
        const end = inText ? ('\r\n' + rest).indexOf('\r\n.\r\n') : rest.indexOf('\r\n');
        if (end < 0) return;
        const heard = rest.slice(0, end);
        rest = rest.slice(end + (inText ? 3 : 2));
        if (rest !== '') early.push(rest);
        (inText ? texts : commands).push(heard);
        answer(inText ? '.' : heard);
      }
    });
    answer('');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    texts,
    early,
    allClosed: async () => {
      await Promise.all([...sockets].map((socket) => once(socket, 'close')));
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
