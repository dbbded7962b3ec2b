/** Connections to a server under test. */
import net from 'node:net';

/** Where servers listen: most on IPv4, some only on IPv6. */
const HOSTS = ['127.0.0.1', '::1'];
/** Milliseconds until an attempt to connect is given up: the queue of a hung server may be full. */
const CONNECT_LIMIT = 5_000;

/** Connects to a port of this machine, by IPv4 and then by IPv6. Rejects if nobody accepts. */
export async function openConnection(port: number): Promise<net.Socket> {
  let first: unknown;
  for (const host of HOSTS) {
    try {
      return await connect(port, host);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function connect(port: number, host: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host, noDelay: true });
    const settle = (error?: Error) => {
      clearTimeout(timer);
      socket.off('error', settle);
      if (error === undefined) return resolve(socket);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => settle(new Error(`nobody accepted a connection on port ${port}`)),
      CONNECT_LIMIT,
    );
    socket.once('connect', () => settle());
    socket.once('error', settle);
  });
}
