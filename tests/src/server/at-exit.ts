/**
 * What has to be undone if this process ends early: by Ctrl-C, by a signal, by an error. Nothing that
 * was started here may outlive it, and no folder may be left behind.
 */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const tasks = new Set<() => void>();

/** Registers a task (synchronous: an ending process waits for nothing). Returns how to take it back. */
export function atExit(task: () => void): () => void {
  if (tasks.size === 0) {
    process.on('exit', runAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  tasks.add(task);
  return () => {
    if (!tasks.delete(task) || tasks.size > 0) return;
    unregister();
  };
}

function runAll(): void {
  // Last registered, first undone: programs end before the folders that they run in go.
  for (const task of [...tasks].reverse()) {
    try {
      task();
    } catch {
      // One that cannot be undone must not keep the others from it.
    }
  }
  tasks.clear();
}

/** Undoes everything, then lets the signal do what it does to a program that has no handler for it. */
function onSignal(signal: NodeJS.Signals): void {
  runAll();
  unregister();
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function unregister(): void {
  process.off('exit', runAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
