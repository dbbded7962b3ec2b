/**
 * Stage 3 under load: while 50 clients send, each to a mailbox of its own, 50 others read these
 * mailboxes: log in, fetch, compare, delete, quit, and again. Every message that was answered with 250
 * must come once, in its order and to the octet; and the server must not grow.
 *
 * Two seconds as part of `npm test`, thirty by `npm run test:load`; SECONDS says otherwise.
 */
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { replyReader } from '../crash/load.ts';
import { Pop3Client } from '../crash/pop3-client.ts';
import { Pop3Process } from '../unit/stages/pop3-process.ts';

const seconds = Number(process.env.SECONDS ?? 2);
const pairs = 50;
/** Messages over one connection; then a sender comes back with a new one. */
const MESSAGES_PER_CONNECTION = 20;
const MIB = 1024 * 1024;
/** One in so many is large: it is read and sent in several pieces. */
const LARGE_EVERY = 100;
/** By how much the server may grow in the second half of a long run, in octets. */
const GROWTH = 32 * MIB;

/** A mailbox, with one who sends to it and one who reads it. */
class Pair {
  readonly address: string;
  answered = 0;
  read = 0;
  private hasSentAll = false;

  constructor(nth: number) {
    this.address = `reader${nth}@example.com`;
  }

  /** A message as it goes over the wire, but for the stuffing. It follows from its number. */
  text(number: number): string {
    const lines = number % LARGE_EVERY === 0 ? 3000 : 5 + ((number * 7) % 60);
    const line = `.${this.address} ${number} ${'x'.repeat((number * 13) % 70)}\r\n.\r\n`;
    return `Subject: ${number}\r\n\r\n${line.repeat(lines)}`;
  }

  /** Sends until it is told to stop. */
  async send(port: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      const reply = replyReader(socket);
      await reply('220');
      for (let nth = 0; nth < MESSAGES_PER_CONNECTION && !isOver(); nth += 1) {
        socket.write('MAIL FROM:<alice@example.com>\r\n');
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
  async receive(port: number): Promise<void> {
    while (!this.hasSentAll || this.read < this.answered) {
      const client = await Pop3Client.connect(port);
      expect(await client.logIn(this.address)).toMatch(/^\+OK /);
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
      /^Return-Path: .*\r\nDelivered-To: .*\r\nReceived: .*\r\n\t.*\r\n$/.test(trace);
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

  constructor(server: Pop3Process) {
    // Where the system tells.
    if (process.platform !== 'linux') return;
    this.samples.push(server.memory());
    this.timer = setInterval(() => this.samples.push(server.memory()), 100);
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

test(
  `stage 3 serves ${pairs} who send and ${pairs} who read for ${seconds} s: nothing is lost, nothing comes twice`,
  { timeout: 60_000 + seconds * 4000 },
  async () => {
    const server = await Pop3Process.start();
    const memory = new Memory(server);
    try {
      const all = Array.from({ length: pairs }, (_, index) => new Pair(index + 1));
      let over = false;
      const isOver = () => over;
      const clock = pause(seconds * 1000).then(() => (over = true));
      await Promise.all([
        clock,
        ...all.map((pair) => pair.send(server.started.port, isOver)),
        ...all.map((pair) => pair.receive(server.started.pop3)),
      ]).finally(() => (over = true));
      const answered = all.reduce((sum, pair) => sum + pair.answered, 0);
      console.log(
        `${Math.round(answered / seconds)} messages a second, each read; ${memory.report()}`,
      );
      expect(all.map(({ read }) => read)).toEqual(all.map((pair) => pair.answered));
      expect(answered).toBeGreaterThan(0);
      const left = await readdir(server.folder, { recursive: true, withFileTypes: true });
      expect(left.filter((entry) => entry.isFile())).toEqual([]);
      if (seconds >= 20) expect(memory.growth()).toBeLessThan(GROWTH);
    } finally {
      memory.stop();
      await server.stop();
    }
  },
);
