/** A relay between a client and a server that writes down which lines each of them sent. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Tap {
  port: number;
  /** The dialogue so far, a line an entry: `C: HELO there`, `S: 250 …`. */
  dialogue: string[];
  close(): Promise<void>;
}

/** @param target the server's port on 127.0.0.1 */
export async function openTap(target: number): Promise<Tap> {
  const dialogue: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: target });
    for (const [from, to, who] of [
      [client, upstream, 'C'],
      [upstream, client, 'S'],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
      let pending = '';
      from.on('data', (chunk: Buffer) => {
        const lines = (pending + chunk.toString()).split('\r\n');
        pending = lines.pop()!;
        dialogue.push(...lines.map((line) => `${who}: ${line}`));
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    dialogue,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A POP3 dialogue without the lines that follow replies: messages, lists. */
export function commandsAndReplies(dialogue: string[]): string[] {
  return dialogue.filter((line) => /^(?:C:|S: \+OK|S: -ERR)/.test(line));
}
