/**
 * A small mail server inside the test's own process, right in everything but for what a test makes it
 * do wrong, behind the interface that the player knows servers by.
 */
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { say } from '../../src/catalogue/index.ts';
import { parseScenario } from '../../src/notation/parse-scenario.ts';
import type { Port, Scenario } from '../../src/notation/model.ts';
import { playScenario } from '../../src/player/play-scenario.ts';
import type { PlayOptions, PlayResult } from '../../src/player/model.ts';
import type { Ended, RunningServer } from '../../src/server/model.ts';
import type { PortName } from '../../src/server/manifest-schema.ts';
import { servePop3, type Mailboxes, type Pop3Behaviour } from './pop3-in-test.ts';

export interface Mail {
  sender: string;
  recipients: string[];
  /** Lines with CR LF, dot-stuffing undone, without the lone dot. */
  text: string;
}

export interface Client {
  socket: net.Socket;
  /** Sends exactly these octets. */
  say: (octets: string) => void;
  /** Ends the server, as a crash does. */
  die: (how: string, output?: string[]) => void;
  folder: string;
}

export interface Behaviour {
  /** The greeting; `''`: none. */
  greeting?: string;
  /** Takes a command over from the right server, if it returns true. */
  command?(line: string, client: Client): boolean;
  /** Takes over a line of text (without CR LF, as sent), if it returns true. */
  textLine?(line: string, client: Client): boolean;
  /** Stores a message; without it, it goes to `<recipient>.txt` as mbox. */
  store?: (mail: Mail, client: Client) => void;
  /** Everything that a client sends, instead of the right server; undefined: the right one. */
  data?(octets: Buffer, client: Client): void;
  /** What happens to connections after so many. */
  connections?: number;
  /** It has a POP3 port too; what its SMTP side receives can be read there. */
  pop3?: Pop3Behaviour;
  /** What it does on ports of its own, and on `smtp` and `pop3` instead of what it does there otherwise. */
  ports?: Partial<Record<Port, (client: Client, kept: Kept) => void>>;
}

/** What the sides of the server share. */
export interface Kept {
  mailboxes: Mailboxes;
  locks: Set<string>;
}

export interface ServerInTest extends RunningServer {
  folder: string;
  /** What can be read by POP3. */
  mailboxes: Mailboxes;
}

/** Starts the server on a port of the system's choice; it ends with the test. */
export async function serverInTest(behaviour: Behaviour = {}): Promise<ServerInTest> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stagepost-player-'));
  const sockets = new Set<net.Socket>();
  const mailboxes: Mailboxes = new Map();
  const locks = new Set<string>();
  let ended: Ended | undefined;
  let count = 0;
  const { pop3, ports = {} } = behaviour;
  const kept = { mailboxes, locks };
  const servers: Partial<Record<PortName, net.Server>> = {
    smtp: listener((client) => serve(client, keeping(behaviour, mailboxes))),
    ...(pop3 && { pop3: listener((client) => servePop3(client, mailboxes, locks, pop3)) }),
    ...Object.fromEntries(
      Object.entries(ports).map(([name, serveOne]) => {
        return [name, listener((client) => serveOne(client, kept))];
      }),
    ),
  };

  function listener(serveOne: (client: Client) => void): net.Server {
    return net.createServer((socket) => {
      count += 1;
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      if (count > (behaviour.connections ?? Infinity)) return void socket.destroy();
      serveOne({
        socket,
        folder,
        say: (octets) => void socket.write(octets, 'latin1'),
        die: (how, output = []) => {
          ended = { how, output };
          for (const server of Object.values(servers)) server.close();
          for (const each of sockets) each.destroy();
        },
      });
    });
  }

  for (const server of Object.values(servers))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of Object.values(servers)) server.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    mailboxes,
    stores: [folder],
    ...(behaviour.ports && { isTold: (port) => servers[port] !== undefined }),
    connect: (port) =>
      new Promise((resolve, reject) => {
        const address = servers[port]?.address() as AddressInfo | null | undefined;
        if (address === undefined || address === null) return reject(new Error('nobody'));
        const socket = net.connect({ port: address.port, host: '127.0.0.1', noDelay: true });
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          resolve(socket);
        });
      }),
    // The server is in this process: what it was sent it has read after two turns of the event loop.
    async hasRead() {
      for (let turn = 0; turn < 4; turn += 1) await new Promise(setImmediate);
    },
    isBusy: () => Promise.resolve(false),
    ended: () => ended,
  };
}

/** A server that has POP3 keeps what it receives for that too. */
function keeping(behaviour: Behaviour, mailboxes: Mailboxes): Behaviour {
  const { pop3, store = storeRight } = behaviour;
  if (pop3 === undefined) return behaviour;
  return {
    ...behaviour,
    store(mail, client) {
      store(mail, client);
      for (const recipient of mail.recipients) {
        const key = recipient.toLowerCase();
        mailboxes.set(key, [...(mailboxes.get(key) ?? []), mail.text]);
      }
    },
  };
}

function serve(client: Client, behaviour: Behaviour): void {
  const { socket } = client;
  const greeting = behaviour.greeting ?? '220 ready\r\n';
  if (greeting !== '') client.say(greeting);
  let mail: Mail = { sender: '', recipients: [], text: '' };
  let inText = false;
  let unread = '';
  socket.on('data', (octets) => {
    if (behaviour.data) return behaviour.data(octets, client);
    unread += octets.toString('latin1');
    for (let end = unread.indexOf('\r\n'); end !== -1; end = unread.indexOf('\r\n')) {
      const line = unread.slice(0, end);
      unread = unread.slice(end + 2);
      if (inText) text(line);
      else if (behaviour.command?.(line, client) !== true) command(line);
    }
  });

  function command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    const address = /<(.*)>/.exec(line)?.[1] ?? '';
    if (verb === 'MAIL') mail = { sender: address, recipients: [], text: '' };
    if (verb === 'RCPT') mail.recipients.push(address);
    if (verb === 'DATA') {
      inText = true;
      return client.say('354 go on\r\n');
    }
    if (verb === 'QUIT') {
      client.say('221 bye\r\n');
      return void socket.end();
    }
    const known = ['MAIL', 'RCPT', 'HELO', 'NOOP'].includes(verb);
    client.say(known ? '250 ok\r\n' : '500 what?\r\n');
  }

  function text(line: string): void {
    if (behaviour.textLine?.(line, client) === true) return;
    if (line !== '.') {
      mail.text += `${line.replace(/^\./, '')}\r\n`;
      return;
    }
    inText = false;
    (behaviour.store ?? storeRight)(mail, client);
    client.say('250 stored\r\n');
  }
}

/** `mailboxes/<recipient>.txt`, as mbox. */
export function storeRight({ sender, recipients, text }: Mail, { folder }: Client): void {
  const quoted = text.replace(/^(?=>*From )/gm, '>').replaceAll('\r\n', '\n');
  for (const recipient of recipients)
    keep(folder, `mailboxes/${recipient}.txt`, `From ${sender} today\n${quoted}\n`);
}

/** Appends octets to a file below the folder, and makes its folders. */
export function keep(folder: string, name: string, text: string): void {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.appendFileSync(file, text, 'latin1');
}

/** A scenario with this body; `head` has further lines for its head. */
export function scenario(body: string, ...head: string[]): Scenario {
  const lines = ['title: A test', 'step: 1', 'points: 1', 'kind: core', ...head];
  return parseScenario(`---\n${lines.join('\n')}\n---\n${body}\n`, 'test.md', 'v1/test');
}

/** A dialogue with a message of these lines, and QUIT. */
export function sendsMail(text: string[], recipients = ['bob@example.com']): string {
  const lines = [
    'C: MAIL FROM:<alice@example.com>',
    'S: 250',
    ...recipients.flatMap((recipient) => [`C: RCPT TO:<${recipient}>`, 'S: 250']),
    'C: DATA',
    'S: 354',
    ...['Subject: {token}', '', ...text, '.'].map((line) => `C: ${line}`),
    'S: 250',
    'C: QUIT',
    'S: 221',
    'closes',
  ];
  return dialogue(...lines);
}

export function dialogue(...lines: string[]): string {
  return ['```smtp', ...lines, '```', ''].join('\n');
}

/** A dialogue by POP3; `who` stands behind the language, as `bob@example.com`. */
export function pop3(who: string, ...lines: string[]): string {
  return [`\`\`\`pop3 ${who}`.trimEnd(), ...lines, '```', ''].join('\n');
}

/** A message that the player sends. */
export function mail(to: string, ...lines: string[]): string {
  return ['```mail ' + to, ...lines, '```', ''].join('\n');
}

export function mailbox(what: string, ...lines: string[]): string {
  return [`\`\`\`mailbox ${what}`, ...lines, '```', ''].join('\n');
}

/** Waits that pass in every run: short, for what they wait for is there before they begin. */
const WAITS: PlayOptions['waits'] = {
  reply: 5000,
  surplus: 60,
  settle: 60,
  silence: 60,
  mail: 60,
  noMail: 30,
  death: 30,
};

/** For tests of silence: the whole time is waited for. */
export const SILENT = { waits: { ...WAITS, reply: 150, longest: 400 } };

/** Plays a scenario with short waits. */
export function play(
  server: RunningServer,
  what: Scenario,
  options: Partial<PlayOptions> = {},
): Promise<PlayResult> {
  let tokens = 0;
  return playScenario(what, server, {
    stage: 'v1',
    newToken: () => `sp${String((tokens += 1)).padStart(12, '0')}`,
    opening: [],
    waits: WAITS,
    ...options,
  });
}

/** The finding as students read it, behind its key; `nothing` if all was right. */
export function told({ finding }: PlayResult): string {
  return finding === undefined ? 'nothing' : `${finding.key}: ${say(finding.key, finding.values)}`;
}

/** A behaviour: one command is answered with these octets instead of the right reply. */
export const answers =
  (command: string, octets: string) =>
  (line: string, client: Client): boolean => {
    if (!line.startsWith(command)) return false;
    client.say(octets);
    return true;
  };

export const QUIT = dialogue('C: QUIT', 'S: 221', 'closes');
export const MAIL = sendsMail(['text']);
