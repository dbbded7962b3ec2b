/**
 * Looks at sockets from outside, without touching them. Some student servers serve exactly one
 * connection: a probe that connects would use it up. Linux has `/proc/net/tcp`; elsewhere
 * `netstat -an` at least knows which ports are listened on.
 */
import { execFile } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';

export interface TcpSocket {
  localPort: number;
  remotePort: number;
  state: 'listen' | 'established' | 'time-wait' | 'other';
  /** Octets that arrived and were not read yet. */
  unread: number;
  inode: string;
}

/** Where Linux tells of its sockets. A process's own network is in `/proc/<pid>/net`. */
const PROC_NET = '/proc/net';
const STATES: Partial<Record<string, TcpSocket['state']>> = {
  '0A': 'listen',
  '01': 'established',
  '06': 'time-wait',
};
/** Octets of a table that are asked for at once; of the listeners, which come first, only a few lines. */
const PIECE = 64 * 1024;
const FEW_LINES = 600;

/** All TCP sockets, of IPv4 and IPv6; undefined where the system does not tell. */
export function tcpSockets(dir = PROC_NET): TcpSocket[] | undefined {
  const tables = ['tcp', 'tcp6'].map((name) => readTable(path.join(dir, name)));
  if (tables.every((table) => table === undefined)) return undefined;
  return tables.flatMap((table) => parseSocketTable(table ?? ''));
}

/**
 * The same for those who look often: without the connections that are closed and only remembered, of
 * which there may be thousands, and each socket as it is found. For every table that is read to its end
 * Linux goes through all places where sockets could be, which takes milliseconds.
 */
export function openTcpSockets(dir = PROC_NET): Iterable<TcpSocket> | undefined {
  return existsSync(path.join(dir, 'tcp')) ? eachOpenSocket(dir) : tcpSockets(dir);
}

function* eachOpenSocket(dir: string): Generator<TcpSocket> {
  for (const name of tablesInUse(dir)) {
    for (const line of linesOf(path.join(dir, name), PIECE)) {
      const socket = IS_REMEMBERED.test(line) ? undefined : parseSocketLine(line);
      if (socket !== undefined) yield socket;
    }
  }
}

/** On most systems IPv6 has not one socket, and it takes little to know that. */
function tablesInUse(dir: string): string[] {
  const counts = readTable(path.join(dir, 'sockstat6')) ?? '';
  return /^TCP6: inuse 0\b/m.test(counts) ? ['tcp'] : ['tcp', 'tcp6'];
}

function* linesOf(file: string, piece: number): Generator<string> {
  let rest = '';
  for (const text of piecesOf(file, piece)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
}

function* piecesOf(file: string, size: number): Generator<string> {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return;
  }
  try {
    const buffer = Buffer.allocUnsafe(size);
    for (let length; (length = readSync(descriptor, buffer)) > 0;)
      yield buffer.toString('latin1', 0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Ports of UDP sockets, for those who took SOCK_DGRAM, by inode. */
export function udpSockets(dir = PROC_NET): TcpSocket[] {
  return ['udp', 'udp6'].flatMap((name) => parseSocketTable(readTable(path.join(dir, name)) ?? ''));
}

/** The lines of `/proc/net/tcp`: `sl local rem st tx:rx tr:when retrnsmt uid timeout inode …`. */
export function parseSocketTable(table: string): TcpSocket[] {
  return table
    .split('\n')
    .map((line) => parseSocketLine(line))
    .filter((socket) => socket !== undefined);
}

const LINE =
  /^\s*\d+: [0-9A-F]+:([0-9A-F]+) [0-9A-F]+:([0-9A-F]+) ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+) \S+ \S+\s+\d+\s+\d+ (\d+)/;
const IS_REMEMBERED = /^\s*\d+: \S+ \S+ 06 /;

/** Undefined for the head of the table, and for its end. */
function parseSocketLine(line: string): TcpSocket | undefined {
  const [, local, remote, state, unread, inode] = LINE.exec(line) ?? [];
  if (inode === undefined) return undefined;
  return {
    localPort: Number.parseInt(local!, 16),
    remotePort: Number.parseInt(remote!, 16),
    state: STATES[state!] ?? 'other',
    unread: Number.parseInt(unread!, 16),
    inode,
  };
}

function readTable(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

/** The sockets that listen; undefined where the system does not tell. */
export function listeningSockets(dir = PROC_NET): TcpSocket[] | undefined {
  if (!existsSync(path.join(dir, 'tcp')))
    return tcpSockets(dir)?.filter(({ state }) => state === 'listen');
  return tablesInUse(dir).flatMap((name) => {
    const found: TcpSocket[] = [];
    // They stand before all others, and what comes then takes long to read.
    for (const line of linesOf(path.join(dir, name), FEW_LINES)) {
      const socket = parseSocketLine(line);
      if (socket === undefined) continue;
      if (socket.state !== 'listen') break;
      found.push(socket);
    }
    return found;
  });
}

/** Ports that somebody listens on; undefined where there is no way to know but to connect. */
export async function listeningPorts(): Promise<Set<number> | undefined> {
  const sockets = listeningSockets();
  if (sockets !== undefined) return new Set(sockets.map(({ localPort }) => localPort));
  const table = await netstat();
  return table === undefined ? undefined : parseNetstat(table);
}

/**
 * Listening ports in the output of `netstat -an` of macOS, BSD or Windows. Windows translates the word
 * LISTENING, so there a TCP socket listens whose other end is `0.0.0.0:0` or `[::]:0`.
 */
export function parseNetstat(table: string): Set<number> {
  const ports = new Set<number>();
  for (const line of table.split(/\r?\n/)) {
    const words = line.trim().split(/\s+/);
    if (!/^tcp/i.test(words[0] ?? '')) continue;
    const windows = /^(0\.0\.0\.0|\[::\]):0$/.test(words[2] ?? '');
    const local = windows ? words[1] : /\bLISTEN/.test(line) ? words[3] : undefined;
    const port = /[.:](\d+)$/.exec(local ?? '')?.[1];
    if (port !== undefined) ports.add(Number(port));
  }
  return ports;
}

function netstat(): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('netstat', ['-an'], { windowsHide: true, timeout: 5_000 }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}
