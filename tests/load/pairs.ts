/**
 * A stage under load: while 50 clients send, each to a mailbox of its own, 50 others read these
 * mailboxes: log in, fetch, compare, delete, quit, and again. Every message that was answered with 250
 * must come once, in its order and to the octet; and the server must not grow.
 *
 * Two seconds as part of `npm test`, thirty by `npm run test:load`; SECONDS says otherwise.
 */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Sender } from '../crash/load.ts';
import type { Pop3Client } from '../crash/pop3-client.ts';

const seconds = Number(process.env.SECONDS ?? 2);
const pairs = 50;
const MIB = 1024 * 1024;
/** One in so many is large: it is read and sent in several pieces. */
const LARGE_EVERY = 100;
/** By how much the server may grow in the second half of a long run, in octets. */
const GROWTH = 32 * MIB;

/** The names of the mailboxes. */
export const names = Array.from({ length: pairs }, (_, index) => `reader${index + 1}`);

/** A server under load. */
export interface Loaded {
  pid: number;
  /** Of the mailboxes. */
  folder: string;
  /** A connection for one who sends as `name`, and for how many messages. */
  connect(name: string): Promise<Sender & { most: number }>;
  /** Connects and logs in. */
  open(name: string): Promise<Pop3Client>;
  /** What must be true in the end. The server has nothing more to do. */
  lookAround?: (answered: number) => Promise<void>;
  stop(): Promise<void>;
}

/** A mailbox, with one who sends to it and one who reads it. */
class Pair {
  private readonly name: string;
  private readonly address: string;
  answered = 0;
  read = 0;
  private hasSentAll = false;

  constructor(name: string) {
    this.name = name;
    this.address = `${name}@example.com`;
  }

  /** A message as it goes over the wire, but for the stuffing. It follows from its number. */
  text(number: number): string {
    const lines = number % LARGE_EVERY === 0 ? 3000 : 5 + ((number * 7) % 60);
    const line = `.${this.address} ${number} ${'x'.repeat((number * 13) % 70)}\r\n.\r\n`;
    return `Subject: ${number}\r\n\r\n${line.repeat(lines)}`;
  }

  /** Sends until it is told to stop. */
  async send(server: Loaded, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const { socket, reply, most } = await server.connect(this.name);
      for (let nth = 0; nth < most && !isOver(); nth += 1) {
        socket.write(`MAIL FROM:<${this.address}>\r\n`);
        await reply('250');
        socket.write(`RCPT TO:<${this.address}>\r\n`);
        await reply('250');
        socket.write('DATA\r\n');
        await reply('354');
        const text = this.text(this.answered + 1).replace(/^\./gm, '..');
        socket.write(`${text}.\r\n`, 'latin1');
        await reply('250');
        this.answered += 1;
      }
      socket.write('QUIT\r\n');
      await reply('221');
      socket.destroy();
    }
    this.hasSentAll = true;
  }

  /** Reads until everything has been sent, and read. */
  async receive(server: Loaded): Promise<void> {
    while (!this.hasSentAll || this.read < this.answered) {
      const client = await server.open(this.name);
      for (const [number, size] of await client.list()) {
        const text = await client.askForLines(`RETR ${number}`);
        this.compare(text, size);
        expect(await client.ask(`DELE ${number}`)).toMatch(/^\+OK /);
        this.read += 1;
      }
      expect(await client.quit()).toMatch(/^\+OK /);
    }
  }

  private compare(text: string, size: number): void {
    const expected = this.text(this.read + 1);
    const trace = text.slice(0, -expected.length);
    // Not `toBe`: of a large message nobody wants to see the difference.
    const isRight =
      text.length === size &&
      text.endsWith(expected) &&
      /^Return-Path: .*\r\nDelivered-To: .*\r\nReceived: .*\r\n(?:\t.*\r\n)+$/.test(trace);
    if (isRight) return;
    const subject = /^Subject: (.*)\r$/m.exec(text)?.[1];
    throw new Error(
      `${this.address}: message ${this.read + 1} was to come, and ${subject} came: ` +
        `${text.length} octets, LIST said ${size}, sent were ${expected.length} and the trace`,
    );
  }
}

/** How much memory the server has, looked at again and again. */
class Memory {
  private readonly samples: number[] = [];
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(pid: number) {
    // Where the system tells.
    if (process.platform !== 'linux') return;
    const look = () => {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      this.samples.push(Number(/^VmRSS:\s*(\d+) kB/m.exec(status)![1]) * 1024);
    };
    look();
    this.timer = setInterval(look, 100);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** From the second quarter of the time to the last: the first is for getting warm. */
  growth(): number {
    const quarter = Math.floor(this.samples.length / 4);
    return median(this.samples.slice(-quarter)) - median(this.samples.slice(quarter, 2 * quarter));
  }

  report(): string {
    const { samples } = this;
    if (samples.length === 0) return 'memory not known on this system';
    const moments = [0, Math.floor(samples.length / 2), samples.length - 1];
    const [start, middle, end] = moments.map((at) => Math.round(samples[at]! / MIB));
    return `memory ${start} MiB at the start, ${middle} in the middle, ${end} at the end`;
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

/** The test of one stage. */
export function servesMany(stage: string, start: () => Promise<Loaded>): void {
  test(
    `${stage} serves ${pairs} who send and ${pairs} who read for ${seconds} s: nothing is lost, nothing comes twice`,
    { timeout: 60_000 + seconds * 4000 },
    async () => {
      const server = await start();
      const memory = new Memory(server.pid);
      try {
        const all = names.map((name) => new Pair(name));
        let over = false;
        const isOver = () => over;
        const clock = pause(seconds * 1000).then(() => (over = true));
        await Promise.all([
          clock,
          ...all.map((pair) => pair.send(server, isOver)),
          ...all.map((pair) => pair.receive(server)),
        ]).finally(() => (over = true));
        memory.stop(); // the server may end now
        const answered = all.reduce((sum, pair) => sum + pair.answered, 0);
        console.log(
          `${stage}: ${Math.round(answered / seconds)} messages a second, each read; ${memory.report()}`,
        );
        expect(all.map(({ read }) => read)).toEqual(all.map((pair) => pair.answered));
        expect(answered).toBeGreaterThan(0);
        const left = await readdir(server.folder, { recursive: true, withFileTypes: true });
        expect(left.filter((entry) => entry.isFile())).toEqual([]);
        await server.lookAround?.(answered);
        if (seconds >= 20) expect(memory.growth()).toBeLessThan(GROWTH);
      } finally {
        memory.stop();
        await server.stop();
      }
    },
  );
}
