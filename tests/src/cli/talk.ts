/**
 * The job `talk`: a telnet that every system has. A line that is typed is sent with CR LF; what the
 * server says is shown as it comes. After STARTTLS, or STLS in POP3, it begins TLS by itself.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { Command } from 'commander';
import { JobError } from './job-error.ts';
import { converse, remark, tlsOptions } from './talk-converse.ts';

export function addTalk(program: Command): void {
  program
    .command('talk')
    .summary('type to a server, as in telnet')
    .description(
      'Connects to a server (127.0.0.1, port 2525, if none is named). What you type is sent ' +
        'line by line with CR LF, what the server says is shown. After STARTTLS (in POP3: STLS) all is ' +
        'encrypted. Ctrl-D or Ctrl-C leaves.',
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
  npx stagepost talk 5870                 and type EHLO me, STARTTLS, EHLO me
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
  await converse(socket, host);
  process.stdin.destroy();
}

async function connect(host: string, port: number, secure: boolean): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = secure
      ? tls.connect({ host, port, ...tlsOptions(host) })
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
