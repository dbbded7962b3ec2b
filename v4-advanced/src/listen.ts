/**
 * Listen: the shell between the network and the sessions. It moves octets and carries out what a
 * session asks for; it understands nothing of mail. This is the only file that touches `node:net`.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Settings } from './commands.ts';
import { Connections } from './guards/connections.ts';
import type { Mailboxes } from './mailboxes.ts';
import {
  type Action,
  type AnyRequest,
  type Log,
  pop3Service,
  type Served,
  type Service,
  smtpService,
} from './services.ts';
import { closeWell } from './terminate.ts';

/** How long a message in hand may take when the server stops, in milliseconds. */
const GRACE = 10_000;

/** Node's timers hold 31 bits of milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

export interface Listening {
  ports: { protocol: string; port: number }[];
  /** Takes no more connections, finishes what is in hand, takes leave of the other clients. */
  stop(): Promise<void>;
}

/** Serves SMTP and POP3. Rejects if a port cannot be had. */
export async function listen(
  options: { host: string; ports: { smtp: number; pop3: number }; settings: Settings },
  mailboxes: Mailboxes,
): Promise<Listening> {
  const { host, ports, settings } = options;
  const connections = new Connections(settings.limits);
  const open = new Set<Conversation>();
  let count = 0;

  const smtp = serverOf(smtpService(settings, mailboxes));
  const pop3 = serverOf(pop3Service(settings, mailboxes));
  const servers = [smtp, pop3];
  try {
    await bind(smtp, ports.smtp, host);
    await bind(pop3, ports.pop3, host);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ports: [
      { protocol: 'smtp', port: portOf(smtp) },
      { protocol: 'pop3', port: portOf(pop3) },
    ],
    stop,
  };

  function serverOf<Request extends AnyRequest, Answer>(service: Service<Request, Answer>): Server {
    // A client that has said all may close its side and still wait for our replies: half open.
    return createServer({ allowHalfOpen: true }, (socket) => {
      const address = socket.remoteAddress ?? 'unknown';
      const log = logger(`#${(count += 1)} ${service.protocol}`);
      if (!connections.admit(address)) {
        log(`refused ${address}: too many connections`);
        socket.on('error', () => {}); // it is refused already; how it leaves does not matter
        socket.write(service.refusal);
        closeWell(socket);
        return;
      }
      log(`connection from ${address} port ${socket.remotePort}`);
      const served = service.serve(address, log);
      const conversation = converse(socket, served, log);
      open.add(conversation);
      socket.once('close', () => {
        log('connection closed');
        // What is in hand is finished, and counts, though the client has left.
        void conversation.fulfilled().then(() => {
          served.leave();
          open.delete(conversation);
          connections.leave(address);
        });
      });
    });
  }

  async function stop(): Promise<void> {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const conversation of open) conversation.stop();
    await Promise.all(closed);
    await Promise.all(Array.from(open, ({ fulfilled }) => fulfilled()));
  }
}

interface Conversation {
  /** Makes the session come to its end. */
  stop: () => void;
  /** Resolves when nothing is in hand. */
  fulfilled: () => Promise<void>;
}

/** Lets a session and a socket talk. */
function converse<Request extends AnyRequest, Answer>(
  socket: Socket,
  { session, fulfil, leave }: Served<Request, Answer>,
  log: Log,
): Conversation {
  let timer: NodeJS.Timeout | undefined;
  let busy = false;
  let inHand = Promise.resolve();
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
    fulfilled: () => inHand,
  };

  function perform(actions: Action<Request>[]): void {
    socket.cork(); // all replies of a packet go out in one write
    for (const action of actions) {
      if (action.type === 'send') send(action.text);
      else if (action.type === 'note') log(action.text);
      else if (action.type === 'close') {
        closeWell(socket);
        void inHand.then(leave); // the client may take its time to close, and others wait
      } else inHand = ask(action);
    }
    socket.uncork();
    clearTimeout(timer);
    const wait = session.deadline - Date.now();
    if (wait === Infinity || socket.destroyed) return;
    timer = setTimeout(() => perform(session.expire(Date.now())), Math.min(wait, LONGEST_TIMER));
  }

  function send(text: string | Uint8Array): void {
    // A client that does not read its replies is not read from either.
    if (socket.writable && !socket.write(text)) socket.pause();
  }

  async function ask(request: Request): Promise<void> {
    busy = true;
    socket.pause(); // what the client sends meanwhile waits in the network
    // A message is read from the disk no faster than the client takes it.
    if (request.type === 'read' || request.type === 'wait') await taken();
    const answer = await fulfil(request);
    busy = false;
    if (socket.destroyed) return; // nobody is there to hear how it went
    perform(session.resume(answer, Date.now()));
    goOn();
  }

  /** Resolves when the client has taken all that was sent, or is gone. */
  async function taken(): Promise<void> {
    await new Promise((resolve) => socket.write('', resolve));
  }

  function goOn(): void {
    if (busy || socket.writableNeedDrain) return;
    if (clientIsDone) closeWell(socket);
    else socket.resume();
  }
}

async function bind(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.on('error', (error) => console.error(`a connection was not accepted: ${error.message}`));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** One line for each thing that happens, with the time and the number of the connection. */
function logger(connection: string): Log {
  return (text) => console.log(`${new Date().toISOString()} ${connection} ${text}`);
}
