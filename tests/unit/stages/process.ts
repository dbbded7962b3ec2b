/** Starts a stage as its users do, on ports that the system gives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** tsx by its full name, so that a stage can be started from any folder. */
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** What each stage serves, in the order in which it says so. */
const PROTOCOLS: Record<string, readonly string[]> = {
  'v1-smtp': ['smtp'],
  'v2-helo': ['smtp'],
  'v3-pop3': ['smtp', 'pop3'],
};

export interface Started {
  pid: number;
  /** Of SMTP. */
  port: number;
  /** Of POP3; `NaN` in stages that have none. */
  pop3: number;
  output: () => string;
  /** Resolves when this has been printed, with what was found. */
  printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Reads no more of what it prints, as `| head` does. */
  closeOutput: () => void;
  kill: (signal: NodeJS.Signals) => void;
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
}

function run(folder: string, args: string[]) {
  const child = spawn(process.execPath, ['--import', TSX, 'server.ts', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot },
  });
  let output = '';
  child.stdout.on('data', (text) => (output += String(text)));
  child.stderr.on('data', (text) => (output += String(text)));
  const ended = once(child, 'close').then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals,
  );
  return { child, ended, output: () => output };
}

/** Runs it to its end: for bad options and the like. */
export async function runServer(folder: string, args: string[]) {
  const { ended, output } = run(folder, args);
  return { code: await ended, output: output() };
}

/**
 * Resolves when it has said its ports. Rejects with what it printed if it ends before.
 * @param folder a stage's, or a copy of it under the same name
 */
export async function startServer(folder: string, args: string[]): Promise<Started> {
  const protocols = PROTOCOLS[path.basename(folder)]!;
  const ports = protocols.flatMap((protocol) => [`--${protocol}`, '0']);
  const { child, ended, output } = run(folder, [...ports, ...args]);
  const [port = NaN, pop3 = NaN] = await new Promise<number[]>((resolve, reject) => {
    child.stdout.on('data', () => {
      const said = output().matchAll(/^(?:smtp|pop3) \S+:(\d+)$/gm);
      const numbers = Array.from(said, ([, number]) => Number(number));
      if (numbers.length === protocols.length) resolve(numbers);
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${output()}`)));
  });
  const closeOutput = () => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const printed = async (pattern: RegExp) => {
    for (;;) {
      const found = pattern.exec(output());
      if (found) return found;
      await once(child.stdout, 'data');
    }
  };
  const kill = (signal: NodeJS.Signals) => child.kill(signal);
  return { pid: child.pid!, port, pop3, output, printed, closeOutput, ended, kill };
}

/** A client that says what it is told and hears what it waits for. */
export async function connect(port: number) {
  const socket = createConnection(port, '127.0.0.1');
  await once(socket, 'connect');
  let heard = '';
  let closed = false;
  let wake = () => {};
  socket.on('data', (octets) => {
    heard += octets.toString('latin1');
    wake();
  });
  socket.on('close', () => {
    closed = true;
    wake();
  });
  socket.on('error', () => {});
  const until = async (done: () => boolean): Promise<string> => {
    while (!done()) {
      if (closed) throw new Error(`closed after ${JSON.stringify(heard)}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return heard;
  };
  return {
    socket,
    say: (...lines: string[]) => void socket.write(lines.map((line) => `${line}\r\n`).join('')),
    /** Everything heard so far, once it holds a line that begins like this. */
    hear: (start: string | number) => until(() => heard.includes(`${start}`)),
    /** Everything heard, once the server has closed. */
    end: () => until(() => closed),
  };
}
