/**
 * The job `talk`: a telnet that every system has. A line that is typed is sent with CR LF; what the
 * server says is shown as it comes.
 */
import net from 'node:net';
import { Transform } from 'node:stream';
import tls from 'node:tls';
import type { Command } from 'commander';
import pc from 'picocolors';
import { JobError } from './job-error.ts';
import { visibleText } from './visible.ts';

/** How long a server may think about the last line of a file that is piped in, in milliseconds. */
const LAST_WORDS = 2000;

export function addTalk(program: Command): void {
  program
    .command('talk')
    .summary('type to a server, as in telnet')
    .description(
      'Connects to a server (127.0.0.1, port 2525, if none is named). What you type is sent ' +
        'line by line with CR LF, what the server says is shown. Ctrl-D or Ctrl-C leaves.',
    )
    .argument('[host]', 'name or address of the server')
    .argument('[port]', 'its port')
    .option('--tls', 'speak TLS from the beginning (no certificate is checked)')
    .addHelpText(
      'after',
      `
Examples:
  npx stagepost talk
  npx stagepost talk 127.0.0.1 2600
  npx stagepost talk mail.example.com 465 --tls
  npx stagepost talk < dialogue.txt       the lines of a file, one after the other`,
    )
    .action(async (host: string | undefined, port: string | undefined, options: { tls?: true }) => {
      // `talk 2600` means a port, as it does for the servers.
      const alone = port === undefined && /^\d+$/.test(host ?? '');
      await talk(
        alone ? '127.0.0.1' : (host ?? '127.0.0.1'),
        portNumber(alone ? host! : (port ?? '2525')),
        options.tls === true,
      );
    });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port;
  throw new JobError(`A port is a whole number from 1 to 65535, not "${text}".`);
}

/** Resolves when either side has closed. Throws a JobError if there is, or was, no connection. */
async function talk(host: string, port: number, secure: boolean): Promise<void> {
  const socket = await connect(host, port, secure);
  const leave = process.stdin.isTTY ? ' Ctrl-D or Ctrl-C leaves.' : '';
  remark(`Connected to ${host}, port ${port}.${leave}`);
  if (secure) remark('The connection is encrypted; whose certificate it is was not checked.');
  await converse(socket);
  process.stdin.destroy();
}

async function connect(host: string, port: number, secure: boolean): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = secure
      ? tls.connect({
          host,
          port,
          // Students' servers make their own certificates; talk shows a protocol, it keeps no secrets.
          rejectUnauthorized: false,
          // RFC 6066 §3: a name, never an address.
          servername: net.isIP(host) === 0 ? host : '',
        })
      : net.connect({ host, port });
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(new JobError(whyNot(error, host, port), 1));
    };
    socket.once('error', failed);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function whyNot(error: NodeJS.ErrnoException, host: string, port: number): string {
  const code = error.code ?? '';
  if (code === 'ECONNREFUSED') {
    return `Nobody listens on ${host}, port ${port}. Is the server running? (npx stagepost start)`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `No computer is called "${host}".`;
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return `There is no TLS on ${host}, port ${port}: try it without --tls.`;
  }
  return `${host}, port ${port}, cannot be reached: ${error.message}`;
}

/** Carries lines to the server and its words back until one side has had enough. */
async function converse(socket: net.Socket): Promise<void> {
  const input = process.stdin;
  const visible = visibleText();
  // Every octet of the server's is a sign that it is still at work.
  let lastWords: NodeJS.Timeout | undefined;
  socket.on('data', (chunk: Buffer) => {
    process.stdout.write(visible(chunk));
    lastWords?.refresh();
  });
  let left = false;
  const leave = (): void => {
    left = true;
    socket.destroySoon();
  };
  const lines = lineEnds();
  input.pipe(lines).pipe(socket, { end: false });
  lines.once('end', () => {
    // A file ends long before the server has answered; only a person who types the end wants to leave.
    if (process.stdin.isTTY) leave();
    else socket.write('', () => (lastWords = setTimeout(leave, LAST_WORDS)));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('end', () => {
        if (!left) remark('The server closed the connection.');
      });
      socket.once('error', reject);
      socket.once('close', () => resolve());
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const how = code === 'ECONNRESET' || code === 'EPIPE' ? 'the server broke it off' : message;
    throw new JobError(`The connection is lost: ${how}.`, 1);
  } finally {
    clearTimeout(lastWords);
    input.unpipe();
  }
}

/** Makes every line end CR LF, and ends the last line of a file that has no end. */
function lineEnds(): Transform {
  let last = 0x0a;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const octets: number[] = [];
      for (const octet of chunk) {
        if (octet === 0x0a && last !== 0x0d) octets.push(0x0d);
        octets.push(octet);
        last = octet;
      }
      done(null, Buffer.from(octets));
    },
    flush(done) {
      done(null, last === 0x0a ? undefined : '\r\n');
    },
  });
}

/** What is not the server's goes to stderr, so that `talk > file` holds the server's words alone. */
function remark(text: string): void {
  console.error(pc.dim(text));
}
