/**
 * Waits until a server listens, without connecting: some serve exactly one connection, and a probe
 * would be it. Linux tells of listening sockets in `/proc/net/tcp`, other systems by `netstat`; only
 * where neither is to be had a connection is made, which is said in `docs/manifest.md`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { openConnection } from './connection.ts';
import type { OutputTail } from './output-tail.ts';
import { saysPortIsForbidden, saysPortIsTaken } from './ports.ts';
import { anyAtWork, socketsOf } from './proc.ts';
import type { ProcessGroup } from './process-group.ts';
import { listeningPorts, tcpSockets, udpSockets } from './sockets.ts';
import { Trouble } from './trouble.ts';

/** Milliseconds between two looks: at /proc, which costs nothing, and by netstat, which does. */
const PAUSE = process.platform === 'linux' ? 5 : 100;
/** Milliseconds after which a server that idles on another port is not waited for any longer. */
const ELSEWHERE = 1_500;
/** Lines of output that are shown when a start fails. */
const LAST_LINES = 12;

export interface Awaited {
  groups: readonly ProcessGroup[];
  /** Ports that must listen before the server counts as ready. */
  ports: readonly number[];
  /** The port that it cannot do without: where mail comes in. */
  smtp: number;
  output: OutputTail;
  /** Milliseconds that it gets. */
  limit: number;
}

/**
 * Resolves when all ports listen; or when the SMTP port does and the others did not within the limit
 * (the scenarios about them will say so). Otherwise throws a Trouble that says why.
 */
export async function awaitListening(awaited: Awaited): Promise<void> {
  const { groups, ports, smtp, output, limit } = awaited;
  const start = performance.now();
  let elsewhere = { ports: '', since: start };
  for (;;) {
    const listening = await portsInUse(ports);
    if (ports.every((port) => listening.has(port))) return;
    const dead = groups.find((group) => group.ended() !== undefined && !group.isAlive());
    if (dead !== undefined) throw await endedEarly(dead, smtp, output);
    const now = performance.now();
    const others = portsOf(groups, ports);
    if (others.join() !== elsewhere.ports) elsewhere = { ports: others.join(), since: now };
    const settled = others.length > 0 && now - elsewhere.since > ELSEWHERE && !isAtWork(groups);
    if (now - start > limit || settled) {
      if (listening.has(smtp)) return;
      throw notListening(awaited, others);
    }
    await delay(PAUSE);
  }
}

/** Which of the ports are listened on. Where the system does not tell, by trying. */
async function portsInUse(ports: readonly number[]): Promise<Set<number>> {
  const listening = await listeningPorts();
  if (listening !== undefined) return listening;
  const answers = await Promise.all(
    ports.map((port) =>
      openConnection(port).then(
        (connection) => (connection.destroy(), true),
        () => false,
      ),
    ),
  );
  return new Set(ports.filter((_, index) => answers[index]));
}

/** Ports that the server's processes listen on beside those it was given (Linux; elsewhere none). */
function portsOf(groups: readonly ProcessGroup[], given: readonly number[]): number[] {
  const inodes = socketsOf(groups.flatMap((group) => group.members()));
  const ports = (tcpSockets() ?? [])
    .filter(({ state, inode }) => state === 'listen' && inodes.has(inode))
    .map(({ localPort }) => localPort)
    .filter((port) => !given.includes(port));
  return [...new Set(ports)].sort((a, b) => a - b);
}

function isAtWork(groups: readonly ProcessGroup[]): boolean {
  return anyAtWork(groups.flatMap((group) => group.members()));
}

async function endedEarly(dead: ProcessGroup, port: number, output: OutputTail): Promise<Trouble> {
  await dead.drained();
  const lines = output.lines(LAST_LINES);
  const text = output.text();
  const how = dead.ended()!;
  if (saysPortIsTaken(text)) return new Trouble('startPortTaken', { port, how }, lines);
  if (saysPortIsForbidden(text)) return new Trouble('startPortForbidden', { port, how }, lines);
  if (dead.pid === 0) return new Trouble('startNoProgram', { how });
  return new Trouble(lines.length > 0 ? 'startEnded' : 'startEndedSilently', { port, how }, lines);
}

function notListening({ groups, smtp, output, limit }: Awaited, others: number[]): Trouble {
  const lines = output.lines(LAST_LINES);
  const values = { port: smtp, others: others.join(', '), seconds: limit / 1_000 };
  if (others.length > 0) return new Trouble('startListensElsewhere', values, lines);
  const inodes = socketsOf(groups.flatMap((group) => group.members()));
  const udp = udpSockets().some(({ inode }) => inodes.has(inode));
  return new Trouble(udp ? 'startListensByUdp' : 'startNotListening', values, lines);
}
