/**
 * Listen: the shell between the network and the sessions. It moves octets and carries out what a
 * session asks for; it understands nothing of mail. This is the only file that listens on `node:net`.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Certificate } from './certificate.ts';
import { Connections } from './guards/connections.ts';
import type { Limits } from './guards/limits.ts';
import { handshake } from './handshake.ts';
import type { Log } from './log.ts';
import type { Action, AnyRequest, Served, Service, Visitor } from './services.ts';
import { closeWell } from './terminate.ts';

/** How long a message in hand may take when the server stops, in milliseconds. */
const GRACE = 10_000;

/** RFC 8446 §5.1: the octet that every TLS handshake begins with. No command does. */
const HANDSHAKE = 0x16;

/** Node's timers hold 31 bits of milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

export interface Listening {
  ports: { protocol: string; port: number }[];
  /** Takes no more connections, finishes what is in hand, takes leave of the other clients. */
  stop(): Promise<void>;
}

/** Serves all services, each on its port. Rejects if a port cannot be had. */
export async function listen(
  options: { host: string; ports: Record<string, number>; limits: Limits },
  services: readonly Service[],
  certificate: Certificate,
  log: Log,
): Promise<Listening> {
  const { host, ports, limits } = options;
  const connections = new Connections(limits);
  const open = new Set<Conversation>();
  let count = 0;

  const servers = services.map((service) => ({ service, server: serverOf(service) }));
  try {
    for (const { service, server } of servers) await bind(server, ports[service.name]!, host, log);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ports: servers.map(({ service, server }) => ({
      protocol: service.name,
      port: portOf(server),
    })),
    stop,
  };

  function serverOf(service: Service): Server {
    // A client that has said all may close its side and still wait for our replies: half open.
    return createServer({ allowHalfOpen: true }, (socket) => {
      const address = socket.remoteAddress ?? 'unknown';
      const connection = `#${(count += 1)}`;
      const visitor: Visitor = {
        name: `${connection} ${service.name}`,
        address,
        log: log.child({ connection, service: service.name }),
      };
      socket.on('error', (error) => visitor.log.info(`connection lost: ${error.message}`));
      if (!connections.admit(address)) {
        visitor.log.warn(`refused ${address}: too many connections`);
        // Before a handshake nothing can be said.
        if (!service.isSecure) socket.write(service.refusal);
        closeWell(socket);
        return;
      }
      visitor.log.info(`connection from ${address} port ${socket.remotePort}`);
      const conversation = new Conversation(socket, service, visitor, certificate, limits);
      open.add(conversation);
      socket.once('close', () => {
        visitor.log.info('connection closed');
        // What is in hand is finished, and counts, though the client has left.
        void conversation.end().then(() => {
          open.delete(conversation);
          connections.leave(address);
        });
      });
    });
  }

  async function stop(): Promise<void> {
    const closed = servers.map(({ server }) => new Promise((resolve) => server.close(resolve)));
    for (const conversation of open) conversation.stop();
    await Promise.all(closed);
    await Promise.all(Array.from(open, (conversation) => conversation.fulfilled()));
  }
}

/** Lets sessions and a socket talk: one session, and behind STARTTLS another. */
class Conversation {
  private readonly service: Service;
  private readonly visitor: Visitor;
  private readonly certificate: Certificate;
  private readonly limits: Limits;
  /** What octets are sent to and come from; with TLS, that is a layer above the connection. */
  private socket: Socket;
  /** Who is being served; during a handshake, nobody. */
  private served: Served | undefined;
  private timer: NodeJS.Timeout | undefined;
  private busy = false;
  private inHand = Promise.resolve();
  private clientIsDone = false;

  constructor(
    socket: Socket,
    service: Service,
    visitor: Visitor,
    certificate: Certificate,
    limits: Limits,
  ) {
    this.socket = socket;
    this.service = service;
    this.visitor = visitor;
    this.certificate = certificate;
    this.limits = limits;
    socket.setNoDelay(true); // a reply is small and the client waits for it
    if (service.isSecure) void this.startTls('greet');
    else this.talk(false, 'greet');
  }

  /** Makes the session come to its end. */
  stop(): void {
    const { served, socket } = this;
    if (served) this.perform(served.session.stop(Date.now(), GRACE));
    else socket.destroy(); // amid a handshake nothing can be said
  }

  /** Resolves when nothing is in hand. */
  fulfilled(): Promise<void> {
    return this.inHand;
  }

  /** The client has left. Resolves when nothing is in hand any more. */
  async end(): Promise<void> {
    clearTimeout(this.timer);
    await this.inHand;
    this.served?.leave();
  }

  /** A session begins, on what is the socket now. */
  private talk(isSecure: boolean, greeting: 'greet' | 'go on'): void {
    const { socket } = this;
    const served = this.service.serve(this.visitor, isSecure);
    this.served = served;
    let isFirst = true;
    socket.on('data', (octets: Buffer) => {
      if (isFirst && !isSecure && octets[0] === HANDSHAKE) return this.refuseHandshake();
      isFirst = false;
      this.perform(served.session.receive(octets, Date.now()));
    });
    socket.on('drain', () => this.goOn());
    socket.on('end', () => {
      this.clientIsDone = true;
      this.goOn();
    });
    this.perform(served.session.open(Date.now(), greeting));
  }

  /** The session in the clear is over, and nothing of it is left when another begins. */
  private async startTls(greeting: 'greet' | 'go on'): Promise<void> {
    const { socket, visitor } = this;
    this.served?.leave();
    this.served = undefined;
    clearTimeout(this.timer);
    for (const event of ['data', 'drain', 'end']) socket.removeAllListeners(event);
    try {
      const { context } = this.certificate;
      const secure = await handshake(socket, context, this.limits.handshakeSeconds);
      secure.on('error', (error: Error) => visitor.log.info(`connection lost: ${error.message}`));
      visitor.log.debug(`TLS has begun: ${secure.getProtocol()}`);
      this.socket = secure;
      this.talk(true, greeting);
      this.goOn();
    } catch (error) {
      visitor.log.warn(`the TLS handshake failed: ${(error as Error).message}`);
    }
  }

  /** Nobody would ever answer it: the client's user is told at once, by the connection's end. */
  private refuseHandshake(): void {
    this.visitor.log.warn(
      'a TLS handshake came too early: let the client use STARTTLS, or a port with TLS',
    );
    closeWell(this.socket);
  }

  private perform(actions: Action[]): void {
    const { socket } = this;
    socket.cork(); // all replies of a packet go out in one write
    for (const action of actions) {
      switch (action.type) {
        case 'send':
          this.send(action.text);
          break;
        case 'note':
          this.visitor.log.info(action.text);
          break;
        case 'close':
          closeWell(socket);
          // The client may take its time to close, and others wait.
          void this.inHand.then(() => this.served?.leave());
          break;
        case 'start tls':
          socket.uncork(); // the reply goes out in the clear
          void this.startTls('go on');
          return;
        default:
          this.inHand = this.ask(action);
      }
    }
    socket.uncork();
    this.setTimer();
  }

  private setTimer(): void {
    clearTimeout(this.timer);
    const { session } = this.served!;
    const wait = session.deadline - Date.now();
    if (wait === Infinity || this.socket.destroyed) return;
    const expire = () => this.perform(session.expire(Date.now()));
    this.timer = setTimeout(expire, Math.min(wait, LONGEST_TIMER));
  }

  private send(text: string | Uint8Array): void {
    // A client that does not read its replies is not read from either.
    if (this.socket.writable && !this.socket.write(text)) this.socket.pause();
  }

  private async ask(request: AnyRequest): Promise<void> {
    const { socket } = this;
    const served = this.served!;
    this.busy = true;
    socket.pause(); // what the client sends meanwhile waits in the network
    // A message is read from the disk no faster than the client takes it.
    if (request.type === 'read' || request.type === 'wait') {
      await this.taken();
      if (socket.destroyed) return; // so it has not taken it
    }
    const answer = await served.fulfil(request);
    this.busy = false;
    if (socket.destroyed) return; // nobody is there to hear how it went
    this.perform(served.session.resume(answer, Date.now()));
    this.goOn();
  }

  /** Resolves when the client has taken all that was sent, or is gone. */
  private async taken(): Promise<void> {
    await new Promise((resolve) => this.socket.write('', resolve));
  }

  private goOn(): void {
    if (this.busy || this.socket.writableNeedDrain) return;
    if (this.clientIsDone) closeWell(this.socket);
    else this.socket.resume();
  }
}

async function bind(server: Server, port: number, host: string, log: Log): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.on('error', (error) => log.error(`a connection was not accepted: ${error.message}`));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
