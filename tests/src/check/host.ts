/** Keeps one server running for as many scenarios as it can serve; starts it again when it cannot. */
import type { ServerUnderTest } from '../server/model.ts';

export interface Host {
  /** The running server, started if none is. Rejects with a Trouble if it cannot be started. */
  server(): Promise<ServerUnderTest>;
  /** Has the server been started for the next scenario alone? */
  isFresh(): boolean;
  /** Has the server ended by itself? */
  hasEnded(): boolean;
  /** A scenario was played on it. */
  used(): void;
  /** Ends the server: the next scenario gets a new one. */
  drop(): Promise<void>;
}

/**
 * @param start Starts a server.
 * @param onNote Is told what the author should know of the way the server was started.
 */
export function makeHost(
  start: () => Promise<ServerUnderTest>,
  onNote: (note: ServerUnderTest['notes'][number]) => void,
): Host {
  let running: ServerUnderTest | undefined;
  let plays = 0;
  const drop = async () => {
    const server = running;
    running = undefined;
    plays = 0;
    await server?.stop();
  };
  return {
    async server() {
      if (running?.ended() !== undefined) await drop();
      if (running === undefined) {
        running = await start();
        running.notes.forEach(onNote);
      }
      return running;
    },
    isFresh: () => plays === 0,
    used() {
      plays++;
    },
    hasEnded: () => running?.ended() !== undefined,
    drop,
  };
}
