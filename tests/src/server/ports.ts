/** Ports for a server under test: from the system, so that nothing is ever in anybody's way. */
import net from 'node:net';
import { once } from 'node:events';

/**
 * Ports that were free a moment ago: the system gave each to a listener that is closed again at once.
 * All listen together first, so that no port is given twice.
 */
export async function freePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(Array.from({ length: count }, () => listenOn(0)));
  const ports = listeners.map((listener) => (listener.address() as net.AddressInfo).port);
  await Promise.all(listeners.map((listener) => close(listener)));
  return ports;
}

async function listenOn(port: number): Promise<net.Server> {
  const listener = net.createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  await once(listener, 'listening');
  return listener;
}

async function close(listener: net.Server): Promise<void> {
  listener.close();
  await once(listener, 'close');
}

const PORT_TAKEN =
  /EADDRINUSE|port \d+ is (already )?(taken|in use|used)|address (is )?already in use|already bound|Address in use|WSAEADDRINUSE|WinError 10048|Only one usage of each socket address|Errno (48|98)\b/i;

/** Does a program's output say that its port was taken? */
export function saysPortIsTaken(output: string): boolean {
  return PORT_TAKEN.test(output);
}

/** Does it say that it may not have that port (below 1024)? */
export function saysPortIsForbidden(output: string): boolean {
  return /EACCES|Permission denied|WinError 10013/i.test(output);
}
