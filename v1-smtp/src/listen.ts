/**
 * Listen: the shell between the network and the sessions. It moves octets and carries out what a
 * session asks for; it understands nothing of mail. This is the only file that touches `node:net`.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Settings } from './commands.ts';
import { Connections } from './guards/connections.ts';
import type { Mailboxes } from './mailboxes.ts';
import { replies, write } from './replies.ts';
import { type Action, type ReceivedMessage, Session } from './session.ts';
import { closeWell } from './terminate.ts';

/** How long a message in hand may take when the server stops, in milliseconds. */
const GRACE = 10_000;

/** Node's timers hold 31 bits of milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

export interface Listening {
  port: number;
  /** Takes no more connections, finishes the messages in hand, closes the others with 421. */
  stop(): Promise<void>;
}

/** Serves SMTP. Rejects if the port cannot be had. */
export async function listen(
  { host, port, settings }: { host: string; port: number; settings: Settings },
  mailboxes: Mailboxes,
): Promise<Listening> {
  const connections = new Connections(settings.limits);
  const open = new Set<Conversation>();
  let count = 0;

  // A client that has said all may close its side and still wait for our replies: half open.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const address = socket.remoteAddress ?? 'unknown';
    const log = logger(`#${(count += 1)}`);
    if (!connections.admit(address)) {
      log(`refused ${address}: too many connections`);
      socket.on('error', () => {}); // it is refused already; how it leaves does not matter
      socket.write(write(replies.tooManyConnections));
      closeWell(socket);
      return;
    }
    log(`connection from ${address} port ${socket.remotePort}`);
    const conversation = serve(socket, address, new Session(settings), mailboxes, log);
    open.add(conversation);
    socket.once('close', () => {
      log('connection closed');
      // A message in hand is finished, and counts, though its client has left.
      void conversation.delivered().then(() => {
        open.delete(conversation);
        connections.leave(address);
      });
    });
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.on('error', (error) => console.error(`a connection was not accepted: ${error.message}`));
  return {
    port: portOf(server),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const { stop } of open) stop();
      await closed;
      await Promise.all(Array.from(open, ({ delivered }) => delivered()));
    },
  };
}

interface Conversation {
  /** Makes the session come to its end. */
  stop: () => void;
  /** Resolves when no message is in hand. */
  delivered: () => Promise<void>;
}

/** Lets a session and a socket talk. */
function serve(
  socket: Socket,
  client: string,
  session: Session,
  mailboxes: Mailboxes,
  log: (text: string) => void,
): Conversation {
  let timer: NodeJS.Timeout | undefined;
  let delivering = false;
  let delivery = Promise.resolve();
  let clientIsDone = false;
  socket.setNoDelay(true); // a reply is small and the client waits for it
  socket.on('error', (error) => log(`connection lost: ${error.message}`));
  socket.on('close', () => clearTimeout(timer));
  socket.on('data', (octets) => perform(session.receive(octets, Date.now())));
  socket.on('drain', goOn);
  socket.on('end', () => {
    clientIsDone = true;
    goOn();
  });
  perform(session.open(Date.now()));
  return {
    stop: () => perform(session.stop(Date.now(), GRACE)),
    delivered: () => delivery,
  };

  function perform(actions: Action[]): void {
    // All replies of a packet go out in one write.
    const text = actions.map((action) => (action.type === 'send' ? action.text : '')).join('');
    // A client that does not read its replies is not read from either.
    if (text !== '' && socket.writable && !socket.write(text)) socket.pause();
    for (const action of actions) {
      if (action.type === 'note') log(action.text);
      if (action.type === 'deliver') delivery = deliver(action.message);
      if (action.type === 'close') closeWell(socket);
    }
    clearTimeout(timer);
    const wait = session.deadline - Date.now();
    if (wait === Infinity || socket.destroyed) return;
    timer = setTimeout(() => perform(session.expire(Date.now())), Math.min(wait, LONGEST_TIMER));
  }

  async function deliver(message: ReceivedMessage): Promise<void> {
    delivering = true;
    socket.pause(); // what the client sends meanwhile waits in the network
    const outcome = await mailboxes.deliver(message, client);
    delivering = false;
    const recipients = message.recipients.map(({ address }) => `<${address}>`).join(' ');
    log(
      `message from <${message.reversePath}> for ${recipients}, ${message.text.length} octets: ${outcome}`,
    );
    if (socket.destroyed) return; // nobody is there to hear what became of it
    perform(session.resume(outcome, Date.now()));
    goOn();
  }

  function goOn(): void {
    if (delivering || socket.writableNeedDrain) return;
    if (clientIsDone) closeWell(socket);
    else socket.resume();
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** One line for each thing that happens, with the time and the number of the connection. */
function logger(connection: string): (text: string) => void {
  return (text) => console.log(`${new Date().toISOString()} ${connection} ${text}`);
}
