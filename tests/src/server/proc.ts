/**
 * What Linux tells of other processes in `/proc`: which belong together, which are working, and which
 * sockets they hold. Everything here is read synchronously: these files are memory, not disk, and a
 * round through the thread pool would take longer than the answer. On other systems: nothing found.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessInfo {
  pid: number;
  parent: number;
  group: number;
  /** R running, S sleeping, D waiting for a disk, Z ended but not yet buried, … */
  state: string;
}

/** All processes that can be seen. */
export function processes(): ProcessInfo[] {
  return pids()
    .map((pid) => processInfo(pid))
    .filter((info) => info !== undefined);
}

function pids(): number[] {
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => Number(name));
}

function processInfo(pid: number): ProcessInfo | undefined {
  const fields = statFields(`/proc/${pid}/stat`);
  if (fields === undefined) return undefined;
  const [state, parent, group] = fields;
  return { pid, state: state!, parent: Number(parent), group: Number(group) };
}

/** Is it there, and not only as a zombie that nobody has buried yet? */
export function isAlive(pid: number): boolean {
  const info = processInfo(pid);
  return info !== undefined && isLiving(info);
}

function isLiving({ state }: ProcessInfo): boolean {
  return state !== 'Z' && state !== 'X';
}

/**
 * The living processes that were started by `leaders`: those of their process groups, and their
 * descendants, themselves included.
 */
export function treeOf(
  leaders: readonly number[],
  all: readonly ProcessInfo[] = processes(),
): number[] {
  const tree = new Set(leaders);
  const living = all.filter((info) => isLiving(info));
  let grew = true;
  while (grew) {
    grew = false;
    for (const { pid, parent, group } of living) {
      if (tree.has(pid) || !(tree.has(parent) || leaders.includes(group))) continue;
      tree.add(pid);
      grew = true;
    }
  }
  return living.filter(({ pid }) => tree.has(pid)).map(({ pid }) => pid);
}

/**
 * The living processes whose environment holds `NAME=value`. Finds also those that left their process
 * group and their parents, as a daemon does. Only one's own processes can be looked into.
 */
export function processesWithVariable(assignment: string): number[] {
  return pids()
    .filter((pid) => `\0${read(`/proc/${pid}/environ`) ?? ''}`.includes(`\0${assignment}\0`))
    .filter((pid) => isAlive(pid));
}

/** Does a process of the group still live? */
export function isGroupAlive(group: number): boolean {
  // Its leader most often does, and then the others need not be looked for.
  const leader = processInfo(group);
  if (leader?.group === group && isLiving(leader)) return true;
  return processes().some((info) => info.group === group && isLiving(info));
}

/** What the threads of some processes are doing. */
export interface Activity {
  /** A thread is running, or waiting for a disk. */
  atWork: boolean;
  /** How often a thread has gone to sleep, since they were started, all together. */
  sleeps: number;
  /** How many threads there are. */
  threads: number;
}

/** Undefined where the system does not tell, or none of the processes is there. */
export function activityOf(pids: readonly number[]): Activity | undefined {
  const threads = pids.flatMap((pid) =>
    entries(`/proc/${pid}/task`).map((thread) => read(`/proc/${pid}/task/${thread}/status`)),
  );
  const known = threads.filter((status) => status !== undefined);
  if (known.length === 0) return undefined;
  return {
    atWork: known.some((status) => /^State:\s*[RD]/m.test(status)),
    sleeps: known
      .map((status) => Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? 0))
      .reduce((sum, count) => sum + count, 0),
    threads: known.length,
  };
}

/** Milliseconds for which a look at all processes of the system holds. */
const SCAN_HOLDS = 500;

/**
 * The same as `treeOf` for somebody who asks often: processes that were started since the last look at
 * the whole system are found as children of those that are known.
 */
export function watchTree(leaders: readonly number[]): () => number[] {
  let scanned = -Infinity;
  let known: number[] = [];
  // A program that could not be started has the number of no process.
  const started = leaders.filter((pid) => pid !== 0);
  return () => {
    const now = performance.now();
    if (now - scanned > SCAN_HOLDS) {
      known = treeOf(started);
      scanned = now;
    }
    const tree = new Set(known);
    for (const pid of tree) for (const child of childrenOf(pid)) tree.add(child);
    known = [...tree];
    return known;
  };
}

function childrenOf(pid: number): number[] {
  return entries(`/proc/${pid}/task`)
    .flatMap((thread) => (read(`/proc/${pid}/task/${thread}/children`) ?? '').split(' '))
    .filter((child) => child !== '')
    .map(Number);
}

/** Inodes of the sockets that the processes hold open. */
export function socketsOf(pids: readonly number[]): Set<string> {
  const inodes = new Set<string>();
  for (const pid of pids) {
    for (const descriptor of entries(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  }
  return inodes;
}

/** Fields of a `stat` file from the state on: what stands before may hold blanks and parentheses. */
function statFields(file: string): string[] | undefined {
  const text = read(file);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined; // The process has ended meanwhile, or belongs to somebody else.
  }
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
