/**
 * Waits until a server listens, without connecting: some serve exactly one connection, and a probe
 * would be it. Linux tells of listening sockets in `/proc/net/tcp`, other systems by `netstat`; only
 * where neither is to be had a connection is made, which is said in `docs/manifest.md`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { openConnection } from './connection.ts';
import type { OutputTail } from './output-tail.ts';
import { saysPortIsForbidden, saysPortIsTaken } from './ports.ts';
import { activityOf, socketsOf, watchTree } from './proc.ts';
import type { Activity } from './proc.ts';
import type { ProcessGroup } from './process-group.ts';
import { listeningPorts, listeningSockets, udpSockets } from './sockets.ts';
import { Trouble } from './trouble.ts';

/** Milliseconds between two looks: at /proc, and by netstat, which is a program. */
const PAUSE = process.platform === 'linux' ? 10 : 100;
/** A server that works, or sleeps on, is looked at all the same after so many milliseconds. */
const ALL_THE_SAME = 100;
/** Milliseconds after which a server that idles on another port is not waited for any longer. */
const ELSEWHERE = 1_000;
/** Milliseconds that a working server gets for ports that nobody said anything about. */
const PERHAPS = 1_000;
/** Milliseconds between two looks at where else it listens. */
const LOOK_ELSEWHERE = 200;
/** Lines of output that are shown when a start fails. */
const LAST_LINES = 12;

export interface Awaited {
  groups: readonly ProcessGroup[];
  /** Ports that must listen before the server counts as ready. */
  ports: readonly number[];
  /** Others that it may know from its environment: they are awaited while the server is at work. */
  perhaps?: readonly number[];
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
  const { groups, ports, perhaps = [], smtp, output, limit } = awaited;
  const members = watchTree(groups.map(({ pid }) => pid));
  const start = performance.now();
  let ready: number | undefined;
  let before: Activity | undefined;
  let atWork = start;
  let elsewhere = { found: NOWHERE, since: start, looked: start };
  for (let looked = start; ; await delay(PAUSE)) {
    // To look at the sockets can cost some milliseconds. A server that still works does not listen yet,
    // and one that has slept since the last look has not begun to.
    const activity = activityOf(members());
    if (activity?.atWork !== false) atWork = performance.now();
    const isVain = activity?.atWork === true || hasSleptOn(before, activity);
    if (performance.now() - looked < ALL_THE_SAME && isVain) continue;
    looked = performance.now();
    before = activity;
    const listening = await portsInUse([...ports, ...perhaps]);
    if (ports.every((port) => listening.has(port))) {
      ready ??= looked;
      const isComplete = perhaps.every((port) => listening.has(port));
      if (isComplete || activity?.atWork !== true || looked - ready > PERHAPS) return;
      continue;
    }
    const dead = groups.find((group) => group.ended() !== undefined && !group.isAlive());
    if (dead !== undefined) throw await endedEarly(dead, smtp, output);
    const now = performance.now();
    const late = now - start > limit;
    // Whose sockets they are takes a look at all their files: not at every turn.
    const idles = activity?.atWork !== true;
    if (late || (idles && now - elsewhere.looked > LOOK_ELSEWHERE)) {
      const found = lookElsewhere(members(), ports);
      const same = JSON.stringify(found) === JSON.stringify(elsewhere.found);
      elsewhere = { found, since: same ? elsewhere.since : now, looked: now };
    }
    const { found, since } = elsewhere;
    const somewhere = found.udp || found.ports.length > 0;
    const settled = somewhere && now - since > ELSEWHERE && idles;
    // It takes mail already, and does nothing more: the other ports will not come.
    const isAtRest = listening.has(smtp) && now - atWork > ELSEWHERE;
    if (late || settled || isAtRest) {
      if (listening.has(smtp)) return;
      throw notListening(awaited, found);
    }
  }
}

/** Has no thread of it done anything in between? */
function hasSleptOn(before: Activity | undefined, now: Activity | undefined): boolean {
  if (before === undefined || now === undefined || before.atWork || now.atWork) return false;
  return before.sleeps === now.sleeps && before.threads === now.threads;
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

/** Where a server is to be found that is not where it should be (Linux; elsewhere nobody can tell). */
interface Elsewhere {
  ports: number[];
  /** It has a socket of the other kind. */
  udp: boolean;
}

const NOWHERE: Elsewhere = { ports: [], udp: false };

function lookElsewhere(members: readonly number[], given: readonly number[]): Elsewhere {
  const inodes = socketsOf(members);
  const ports = (listeningSockets() ?? [])
    .filter(({ inode }) => inodes.has(inode))
    .map(({ localPort }) => localPort)
    .filter((port) => !given.includes(port));
  return {
    ports: [...new Set(ports)].sort((a, b) => a - b),
    udp: udpSockets().some(({ inode }) => inodes.has(inode)),
  };
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

function notListening({ smtp, output, limit }: Awaited, { ports, udp }: Elsewhere): Trouble {
  const values = { port: smtp, others: ports.join(', '), seconds: limit / 1_000 };
  const key =
    ports.length > 0 ? 'startListensElsewhere' : udp ? 'startListensByUdp' : 'startNotListening';
  return new Trouble(key, values, output.lines(LAST_LINES));
}
