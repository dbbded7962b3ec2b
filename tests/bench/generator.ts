/** The load's process, as its parent sees it. One serves the whole run: it is warm, alike for all. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { atExit } from '../src/server/at-exit.ts';
import type { Load, Measured } from './load.ts';
import type { LoadReply } from './load-process.ts';

export interface Generator {
  /** Puts a server under load. Rejects if the server does not do its part, or nothing comes back. */
  measure(load: Load): Promise<Measured>;
  end(): void;
}

/** Milliseconds after which a run has failed, its own time aside. */
const PATIENCE = 15_000;

export function startGenerator(): Generator {
  const child = fork(path.join(import.meta.dirname, 'load-process.ts'), {
    execArgv: ['--import', import.meta.resolve('tsx')],
    // An `Infinity` passes to the other side unharmed.
    serialization: 'advanced',
  });
  const forget = atExit(() => child.kill('SIGKILL'));
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the load ended before it had measured')));
  });
  ended.catch(() => undefined); // told to whoever measures; when nobody does, it has ended as it should
  return {
    async measure(load) {
      const limit = AbortSignal.timeout(load.warmUp + load.window + PATIENCE);
      const answer = once(child, 'message', { signal: limit }).catch(() => {
        throw new Error(`nothing was measured within ${PATIENCE / 1000} s`);
      });
      child.send(load);
      const [reply] = (await Promise.race([answer, ended])) as [LoadReply];
      if ('error' in reply) throw new Error(reply.error);
      return reply.measured;
    },
    end() {
      forget();
      child.kill('SIGKILL');
    },
  };
}
