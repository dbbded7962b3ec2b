/**
 * Second reading: what wrong passwords may cost. A password is checked slowly on purpose (scrypt), so
 * whoever may ask for many checks at once can stop a server; and whoever may try many passwords in a
 * short time finds one.
 *
 * So checks are made one after the other, the clients' addresses take turns, and a wrong password is
 * answered the later the more wrong ones its address has given. A right one is answered at once: the
 * others behind the same address have not to wait for what one of them does.
 */

export interface AttemptsOptions {
  /** Checks under way at the same time. The threads that make them also serve the files. */
  atOnce: number;
  /** Checks that may wait for each address. */
  waiting: number;
  /** How long a wrong password's answer is held back, in milliseconds, for each recent failure. */
  delay: number;
  /** How long a failure counts, in milliseconds. */
  window: number;
  /** The time, in milliseconds. */
  now?: () => number;
  /** Calls back after so many milliseconds; what it returns calls it off. */
  after?: (milliseconds: number, call: () => void) => () => void;
}

/** Nobody is held back for more failures than these, so no more are remembered of an address. */
const MOST_FAILURES = 20;

/** Addresses whose failures are remembered: beyond them the oldest are forgotten. */
const MOST_ADDRESSES = 10_000;

interface Waiting {
  start: () => void;
  refuse: () => void;
}

export class Attempts {
  readonly #options: Required<AttemptsOptions>;
  /** Who waits, by address; the address whose turn is next comes first. */
  readonly #queue = new Map<string, Waiting[]>();
  /** When each address failed; the one that failed last comes last. */
  readonly #failures = new Map<string, number[]>();
  /** Ends the wait of each answer that is held back. */
  readonly #held = new Set<() => void>();
  #running = 0;
  #closed = false;

  constructor(options: AttemptsOptions) {
    this.#options = { now: () => performance.now(), after: afterTimeout, ...options };
  }

  /**
   * Makes a check when its turn has come. Rejects only as the check itself does.
   * @param address the client's
   * @returns what the check says, or that too many of this address wait already: nothing was checked
   */
  async run(address: string, check: () => Promise<boolean>): Promise<boolean | 'too many'> {
    const from = blockOf(address);
    if (!(await this.#turn(from))) return 'too many';
    let isRight: boolean;
    try {
      isRight = await check();
    } finally {
      this.#running -= 1;
      this.#next();
    }
    if (!isRight) await this.#holdBack(this.#fail(from));
    return isRight;
  }

  /** The server stops: those who wait are refused, and no answer is held back any longer. */
  close(): void {
    this.#closed = true;
    const waiting = Array.from(this.#queue.values()).flat();
    this.#queue.clear();
    for (const { refuse } of waiting) refuse();
    for (const release of this.#held) release();
  }

  /** Resolves when it is this address's turn; `false`: it will not be. */
  async #turn(from: string): Promise<boolean> {
    const { atOnce, waiting } = this.#options;
    if (this.#closed) return false;
    if (this.#running < atOnce) {
      this.#running += 1;
      return true;
    }
    const before = this.#queue.get(from) ?? [];
    if (before.length >= waiting) return false;
    return new Promise((resolve) => {
      before.push({ start: () => resolve(true), refuse: () => resolve(false) });
      this.#queue.set(from, before);
    });
  }

  #next(): void {
    const [next] = this.#queue;
    if (!next) return;
    const [from, waiting] = next;
    const first = waiting.shift();
    // The other checks of this address wait until all the others have had their turn.
    this.#queue.delete(from);
    if (waiting.length > 0) this.#queue.set(from, waiting);
    this.#running += 1;
    first?.start();
  }

  /** @returns how many failures of this address count now, with this one */
  #fail(from: string): number {
    const now = this.#options.now();
    const isOver = (time: number) => time <= now - this.#options.window;
    const times = (this.#failures.get(from) ?? []).filter((time) => !isOver(time));
    times.push(now);
    this.#failures.delete(from);
    this.#failures.set(from, times.slice(-MOST_FAILURES));
    for (const [oldest, failures] of this.#failures) {
      if (this.#failures.size <= MOST_ADDRESSES && !isOver(failures.at(-1) ?? 0)) break;
      this.#failures.delete(oldest);
    }
    return Math.min(times.length, MOST_FAILURES);
  }

  async #holdBack(failures: number): Promise<void> {
    const { delay, after } = this.#options;
    if (this.#closed || delay <= 0) return;
    await new Promise<void>((resolve) => {
      const release = () => {
        callOff();
        this.#held.delete(release);
        resolve();
      };
      const callOff = after(delay * failures, release);
      this.#held.add(release);
    });
  }
}

/**
 * Whom an address belongs to. Whoever has one address of IPv6 has 2^64 of them: a network's first
 * half counts. An address of IPv4 is the same one when IPv6 wraps it up.
 */
function blockOf(address: string): string {
  const [, ipv4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (ipv4 !== undefined) return ipv4;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  // `::` stands for as many groups of zeros as are missing of eight.
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(8 - groups.length - behind.length, 0);
  const all = [...groups, ...Array<string>(zeros).fill('0'), ...behind];
  return all
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}

function afterTimeout(milliseconds: number, call: () => void): () => void {
  // Node's timers hold 31 bits of milliseconds, and take more for none: nobody would be held back.
  const timer = setTimeout(call, Math.min(milliseconds, 2 ** 31 - 1));
  return () => clearTimeout(timer);
}
