/**
 * Looks at sockets from outside, without touching them. Some student servers serve exactly one
 * connection: a probe that connects would use it up. Linux has `/proc/net/tcp`; elsewhere
 * `netstat -an` at least knows which ports are listened on.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

/** All TCP sockets, of IPv4 and IPv6; undefined where the system does not tell. */
export function tcpSockets(dir = PROC_NET): TcpSocket[] | undefined {
  const tables = ['tcp', 'tcp6'].map((name) => readTable(path.join(dir, name)));
  if (tables.every((table) => table === undefined)) return undefined;
  return tables.flatMap((table) => parseSocketTable(table ?? ''));
}

/** Ports of UDP sockets, for those who took SOCK_DGRAM, by inode. */
export function udpSockets(dir = PROC_NET): TcpSocket[] {
  return ['udp', 'udp6'].flatMap((name) => parseSocketTable(readTable(path.join(dir, name)) ?? ''));
}

/** The lines of `/proc/net/tcp`: `sl local rem st tx:rx tr:when retrnsmt uid timeout inode …`. */
export function parseSocketTable(table: string): TcpSocket[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 10)
    .map((fields) => ({
      localPort: portOf(fields[1]!),
      remotePort: portOf(fields[2]!),
      state: STATES[fields[3]!] ?? 'other',
      unread: Number.parseInt(fields[4]!.split(':')[1] ?? '0', 16),
      inode: fields[9]!,
    }));
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
}

function readTable(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

/** Ports that somebody listens on; undefined where there is no way to know but to connect. */
export async function listeningPorts(): Promise<Set<number> | undefined> {
  const sockets = tcpSockets();
  if (sockets !== undefined) {
    return new Set(
      sockets.filter(({ state }) => state === 'listen').map(({ localPort }) => localPort),
    );
  }
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
