/**
 * The load: clients that send as fast as they are answered, and a clock. Runs in a process of its own
 * (load-process.ts), since it would take the time of whatever else shares its event loop.
 */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { conversation, type Expected, type Speaker } from './conversation.ts';
import type { Workload } from './workloads.ts';

export interface Load {
  port: number;
  workload: Workload;
  /** Begin with HELO. */
  hello: boolean;
  /** Milliseconds before the clock starts: programs get faster in their first moments. */
  warmUp: number;
  /** Milliseconds to measure. */
  window: number;
}

export interface Measured {
  /** Messages a second that were answered with 250, in the window. */
  rate: number;
  /** All messages that were answered with 250, before and after the window too. */
  answered: number;
  /** How busy the load itself was in the window, 0 to 1. Near 1 it measures itself. */
  busy: number;
}

/** Milliseconds for the messages in hand when the window closes. */
const LAST_MESSAGES = 5_000;

/** Puts a server under load. Rejects if a connection fails or a reply is another than awaited. */
export async function putLoad({ port, workload, hello, warmUp, window }: Load): Promise<Measured> {
  let answered = 0;
  let goesOn = true;
  let wake = (): void => undefined;
  const clients = Array.from({ length: workload.connections }, async (_, client) => {
    let already = 0;
    while (goesOn) {
      const count = (): void => {
        answered += 1;
        already += 1;
        wake();
      };
      await converse(port, { workload, hello, client, already, goOn: () => goesOn }, count);
    }
  });
  const sent = Promise.all(clients);
  const measured = (async () => {
    await pause(warmUp);
    const [from, before] = [performance.now(), answered];
    const idle = performance.eventLoopUtilization();
    const first = new Promise<void>((resolve) => (wake = resolve));
    await pause(window);
    await first; // on a machine that is very slow the window lasts until something was measured
    const seconds = (performance.now() - from) / 1000;
    const busy = performance.eventLoopUtilization(idle).utilization;
    const rate = (answered - before) / seconds;
    goesOn = false;
    return { rate, busy };
  })();
  // A client that fails ends the run at once.
  const figures = await Promise.race([measured, sent.then(() => measured)]);
  await Promise.race([sent, pause(LAST_MESSAGES, undefined, { ref: false }).then(tooLate)]);
  return { ...figures, answered };
}

function tooLate(): never {
  throw new Error(`messages in hand were not answered within ${LAST_MESSAGES} ms`);
}

/** One connection, from the greeting to the end. Calls `stored` for each message that got its 250. */
function converse(port: number, speaker: Speaker, stored: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const steps = conversation(speaker);
    let awaited: readonly Expected[] = [];
    let answered = 0;
    let received = '';
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const fail = (what: string): void => {
      reject(new Error(what));
      socket.destroy();
    };
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => reject(new Error('the server hung up')));
    socket.on('data', (octets) => {
      received += octets.toString('latin1');
      let start = 0;
      for (let end; (end = received.indexOf('\r\n', start)) >= 0; start = end + 2) {
        hear(received.slice(start, end));
      }
      received = received.slice(start);
      if (answered === awaited.length && !socket.destroyed) goOn();
    });
    goOn();

    function hear(line: string): void {
      if (line[3] === '-') return; // more of this reply follows
      const expected = awaited[answered];
      if (expected === undefined) return fail(`a reply to nothing: "${line}"`);
      const code = expected === 'stored' ? '250' : expected;
      if (!line.startsWith(code)) {
        return fail(`waited for ${code}, got "${line}"`);
      }
      answered += 1;
      if (expected === 'stored') stored();
    }

    function goOn(): void {
      const step = steps.next();
      if (step.done) {
        socket.removeAllListeners('close').once('close', () => resolve());
        socket.end();
        return;
      }
      awaited = step.value.replies;
      answered = 0;
      if (step.value.send !== '') socket.write(step.value.send, 'latin1');
    }
  });
}
