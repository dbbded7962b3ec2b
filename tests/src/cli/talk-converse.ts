/**
 * Two who talk: lines that are typed go to the server, what it says is shown. After STARTTLS, or STLS in
 * POP3, the rest goes through TLS.
 */
import net from 'node:net';
import { Transform, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import tls from 'node:tls';
import pc from 'picocolors';
import { JobError } from './job-error.ts';
import { visibleText } from './visible.ts';

/** A server that has said nothing for so long has answered all that was sent before, in milliseconds. */
const QUIET = 100;
/** Of a line that the server says, as much as shows what it is. */
const LONGEST_REPLY = 1000;
/** RFC 3207, RFC 2595: commands behind whose reply TLS begins. */
const BEGINS_TLS = /^(?:STARTTLS|STLS)\s*\n$/i;
/** How long a server may think about the last line of a file that is piped in, in milliseconds. */
const LAST_WORDS = 2000;

export function tlsOptions(host: string): tls.ConnectionOptions {
  return {
    // Students' servers make their own certificates; talk shows a protocol, it keeps no secrets.
    rejectUnauthorized: false,
    // RFC 6066 §3: a name, never an address.
    servername: net.isIP(host) === 0 ? host : '',
  };
}

/** Carries lines to the server and its words back until one side has had enough. */
export async function converse(socket: net.Socket, host: string): Promise<void> {
  const input = process.stdin;
  let left = false;
  // Every octet of the server's is a sign that it is still at work.
  let lastWords: NodeJS.Timeout | undefined;
  let channel = socket;
  // The greeting may take its time.
  let lastHeard = performance.now() + LAST_WORDS;
  /** Waits for something that the server says; is told every line. */
  let onLine: (line: string) => void = () => undefined;
  let over: () => void = () => undefined;
  let broken: (error: Error) => void = () => undefined;

  const listenTo = (to: net.Socket): void => {
    const visible = visibleText();
    let line = '';
    channel = to;
    to.on('data', (chunk: Buffer) => {
      process.stdout.write(visible(chunk));
      lastWords?.refresh();
      lastHeard = performance.now();
      const lines = (line + chunk.toString('latin1')).split('\n');
      line = lines.pop()!.slice(0, LONGEST_REPLY);
      for (const whole of lines) onLine(whole);
    });
    to.once('end', () => {
      if (!left && channel === to) remark('The server closed the connection.');
    });
    to.once('error', (error) => broken(error));
    to.once('close', () => {
      if (channel === to) over();
    });
  };
  const ended = new Promise<void>((resolve, reject) => {
    over = resolve;
    broken = reject;
  });
  listenTo(socket);

  /** Is the next reply the permission to begin TLS? Other replies, or none for a while: it is not. */
  const isPermitted = (): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), LAST_WORDS);
      onLine = (line) => {
        if (!/^(?:\d{3}(?!-)|\+OK|-ERR)/.test(line)) return;
        clearTimeout(timer);
        onLine = () => undefined;
        resolve(/^(?:220|\+OK)/.test(line));
      };
    });
  const beginTls = (): Promise<void> =>
    new Promise((resolve) => {
      socket.removeAllListeners('data');
      const secure = tls.connect({ socket, ...tlsOptions(host) });
      listenTo(secure);
      secure.once('secureConnect', () => {
        remark(
          'TLS begins: all that follows is encrypted. Whose certificate it is was not checked.',
        );
        resolve();
      });
    });
  const send = (octets: Buffer): Promise<void> =>
    new Promise((resolve) => channel.write(octets, () => resolve()));

  /** What has been sent of the line that is not complete yet. */
  let begun = '';
  const say = async (octets: Buffer): Promise<void> => {
    for (const piece of linesIn(octets)) {
      if (begun.length < LONGEST_REPLY) begun += piece.toString('latin1');
      const asksForTls = BEGINS_TLS.test(begun) && !(channel instanceof tls.TLSSocket);
      if (piece.at(-1) === 0x0a) begun = '';
      if (!asksForTls) {
        await send(piece);
        continue;
      }
      // Of a file that is piped in, the lines before may not have been answered yet.
      while (performance.now() - lastHeard < QUIET) await delay(QUIET / 10);
      const permitted = isPermitted();
      await send(piece);
      if (await permitted) await beginTls();
    }
  };
  const mouth = new Writable({
    write(octets: Buffer, _, done) {
      void say(octets).then(() => done());
    },
  });

  const leave = (): void => {
    left = true;
    channel.destroySoon();
  };
  input.pipe(lineEnds()).pipe(mouth);
  mouth.once('finish', () => {
    // A file ends long before the server has answered; only a person who types the end wants to leave.
    if (process.stdin.isTTY) leave();
    else lastWords = setTimeout(leave, LAST_WORDS);
  });
  try {
    await ended;
  } catch (error) {
    const { code = '', message, reason } = error as NodeJS.ErrnoException & { reason?: string };
    if (code.startsWith('ERR_SSL'))
      throw new JobError(`The handshake of TLS failed: ${reason ?? message}.`, 1);
    const how = code === 'ECONNRESET' || code === 'EPIPE' ? 'the server broke it off' : message;
    throw new JobError(`The connection is lost: ${how}.`, 1);
  } finally {
    clearTimeout(lastWords);
    input.unpipe();
    socket.destroy();
  }
}

/** The octets, cut behind each line end. */
function linesIn(octets: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < octets.length;) {
    const end = octets.indexOf(0x0a, from);
    const to = end === -1 ? octets.length : end + 1;
    pieces.push(octets.subarray(from, to));
    from = to;
  }
  return pieces;
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
export function remark(text: string): void {
  console.error(pc.dim(text));
}
