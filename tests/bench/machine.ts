/** The machine that the figures are of. */
import { statfs } from 'node:fs/promises';
import os from 'node:os';

/** What is said about the machine; figures without it say nothing. */
export function describeMachine(): {
  cores: number;
  processor: string;
  memoryBytes: number;
  system: string;
  node: string;
} {
  const cores = os.cpus();
  return {
    cores: cores.length,
    processor: cores[0]?.model.trim() ?? 'unknown processor',
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
  };
}

/** How many processes wanted to run, on average of the last minute. Windows does not count. */
export function load(): number | null {
  return process.platform === 'win32' ? null : os.loadavg()[0]!;
}

const TMPFS = 0x01021994;

/** Whether the files lie in memory, where fsync has nothing to do (Linux; elsewhere it is not asked). */
export async function liesInMemory(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  return (await statfs(folder)).type === TMPFS;
}
