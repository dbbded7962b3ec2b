/** Starts a stage on ports that the system gives: its bundle, or as users do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundledProgram } from '../../bundled.ts';

/** tsx by its full name, so that a stage can be started from any folder. */
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** What each stage serves. */
const PROTOCOLS: Record<string, readonly string[]> = {
  'v1-smtp': ['smtp'],
  'v2-helo': ['smtp'],
  'v3-pop3': ['smtp', 'pop3'],
  'v4-advanced': ['smtp', 'submission', 'smtps', 'pop3', 'pop3s'],
};

/** How a program is started: in one file of JavaScript, quickly, or by tsx, as its users do. */
export type Way = 'bundled' | 'by tsx';

export interface Started {
  pid: number;
  /** Of SMTP. */
  port: number;
  /** Of POP3; `NaN` in stages that have none. */
  pop3: number;
  /** All of them by protocol, as it said them. */
  ports: Record<string, number>;
  output: () => string;
  /** Resolves when this has been printed, with what was found. */
  printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Reads no more of what it prints, as `| head` does. */
  closeOutput: () => void;
  kill: (signal: NodeJS.Signals) => void;
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
}

async function run(folder: string, args: string[], way: Way) {
  const words =
    way === 'by tsx' ? ['--import', TSX, 'server.ts'] : await bundledProgram(folder, 'server.ts');
  const child = spawn(process.execPath, [...words, ...args], {
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
export async function runServer(folder: string, args: string[], way: Way = 'bundled') {
  const { ended, output } = await run(folder, args, way);
  return { code: await ended, output: output() };
}

/**
 * Resolves when it has said its ports. Rejects with what it printed if it ends before.
 * @param folder a stage's, or a copy of it under the same name
 */
export async function startServer(
  folder: string,
  args: string[],
  way: Way = 'bundled',
): Promise<Started> {
  const protocols = PROTOCOLS[path.basename(folder)]!;
  const asked = protocols.flatMap((protocol) => [`--${protocol}`, '0']);
  const { child, ended, output } = await run(folder, [...asked, ...args], way);
  const ports = await new Promise<Record<string, number>>((resolve, reject) => {
    child.stdout.on('data', function look() {
      const said = output().matchAll(/^([a-z0-9]+) \S+:(\d+)$/gm);
      const all = Object.fromEntries(Array.from(said, ([, name, port]) => [name!, Number(port)]));
      if (!protocols.every((protocol) => protocol in all)) return;
      child.stdout.off('data', look); // or it reads the whole log again with each line
      resolve(all);
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${output()}`)));
  });
  const { smtp: port = NaN, pop3 = NaN } = ports;
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
  return { pid: child.pid!, port, pop3, ports, output, printed, closeOutput, ended, kill };
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
