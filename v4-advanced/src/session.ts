/**
 * The brain: conducts one conversation with one client. It hands octets to those who understand them,
 * commands to those who process them, and says what is to be done.
 *
 * It is pure: octets and the time go in, actions come out. It knows no socket, no file and no clock.
 * So it can be tested octet by octet, and runs in a browser as well.
 */
import {
  type Command,
  notImplemented,
  outOfOrder,
  type Protocol,
  protocol,
  type Settings,
  type State,
  type Transaction,
} from './commands.ts';
import { DataReader, type Fault } from './data.ts';
import { Deadlines } from './guards/deadlines.ts';
import { type Reply, replies, write } from './replies.ts';
import { strictProtocol } from './strict.ts';
import { endsInBareLineFeed, LineReader, understandLine } from './understand.ts';

/** A message that has been received whole, with its envelope. */
export interface ReceivedMessage extends Transaction {
  text: Uint8Array;
  /** Milliseconds since 1970. */
  receivedAt: number;
}

/** What became of a message: it is on the disk, or there was no space, or it failed otherwise. */
export type Delivery = 'stored' | 'full' | 'failed';

/** What the network shell is to do. */
export type Action =
  | { type: 'send'; text: string }
  /** Hand the message over, then call `resume`; until then no command is looked at. */
  | { type: 'deliver'; message: ReceivedMessage }
  /** Tell the operator. */
  | { type: 'note'; text: string }
  | { type: 'close' };

export class Session {
  private readonly settings: Settings;
  private readonly deadlines: Deadlines;
  private readonly protocol: Protocol;
  private state: State;
  /** Where a transaction begins, and where it ends if it fails: the strict order moves on to `sent`. */
  private idle: State;
  private transaction: Transaction = newTransaction('');
  private readonly line: LineReader;
  private data: DataReader;
  /** Octets that wait while a message is being delivered. */
  private waiting: Uint8Array[] = [];
  private delivering = false;
  private stopping = false;
  private badCommands = 0;
  private toldOfLineFeeds = false;
  private actions: Action[] = [];

  constructor(settings: Settings) {
    this.settings = settings;
    this.protocol = settings.strict ? strictProtocol : protocol;
    this.state = this.idle = this.protocol.start;
    this.deadlines = new Deadlines(settings.limits);
    this.line = new LineReader(settings.limits.commandLine);
    this.data = new DataReader(settings.limits);
  }

  /** When to call `expire`, in milliseconds since 1970; `Infinity`: not now. */
  get deadline(): number {
    return this.deadlines.at;
  }

  /** The client has connected. */
  open(now: number): Action[] {
    this.reply(replies.greeting);
    this.deadlines.waitForCommand(now);
    return this.takeActions();
  }

  /** Octets have come from the client. While a message is being delivered they wait. */
  receive(octets: Uint8Array, now: number): Action[] {
    this.waiting.push(octets);
    this.work(now);
    return this.takeActions();
  }

  /** The message of the last `deliver` has been stored, or not. */
  resume(delivery: Delivery, now: number): Action[] {
    this.delivering = false;
    const outcome = {
      stored: replies.stored,
      full: replies.storeFull,
      failed: replies.storeFailed,
    };
    this.endTransaction(outcome[delivery], now);
    this.work(now);
    return this.takeActions();
  }

  /** The client's time is up. */
  expire(now: number): Action[] {
    if (now >= this.deadline) this.close(this.stopping ? replies.serverStops : replies.tooSlow);
    return this.takeActions();
  }

  /** The server is about to stop: a message in hand is finished first, but for `grace` ms at most. */
  stop(now: number, grace: number): Action[] {
    this.stopping = true;
    if (this.state === 'closed') return [];
    if (this.state !== 'data') this.close(replies.serverStops);
    else if (!this.delivering) this.deadlines.atMost(now + grace);
    return this.takeActions();
  }

  private work(now: number): void {
    let octets;
    while (!this.isBusy() && (octets = this.waiting.shift())) {
      const position =
        this.state === 'data' ? this.readText(octets, now) : this.readCommand(octets, now);
      if (position < octets.length) this.waiting.unshift(octets.subarray(position));
    }
  }

  /** Nothing more is read: until the message is stored, or for ever. */
  private isBusy(): boolean {
    return this.delivering || this.state === 'closed';
  }

  private readCommand(octets: Uint8Array, now: number): number {
    const position = this.line.read(octets);
    if (this.line.tooLong) {
      // There may be no end to this line: nobody can wait for it.
      this.close(replies.lineTooLong);
    } else if (this.line.complete) {
      this.deadlines.waitForCommand(now);
      this.obey(this.line.take(), now);
    }
    return position;
  }

  private obey(line: Uint8Array, now: number): void {
    if (endsInBareLineFeed(line) && !this.toldOfLineFeeds) {
      this.toldOfLineFeeds = true;
      this.actions.push({ type: 'note', text: 'lines end in LF alone; they should end in CR LF' });
    }
    const reply = this.process(line, now);
    if (this.state === 'closed') return this.close(reply);
    // A command gets one reply. To one bad command too many it is goodbye.
    if (isBadCommand(reply) && this.isTooMany()) return this.close(replies.tooManyErrors);
    this.reply(reply);
  }

  /** Checks, then acts. */
  private process(line: Uint8Array, now: number): Reply {
    const checked = this.check(line);
    // The strict order has one answer for all that is out of order, unknown or badly written.
    if ('refusal' in checked) return this.settings.strict ? replies.syntaxError : checked.refusal;
    const { command, value } = checked;
    const reply = command.run(this.transaction, value, this.settings);
    if (reply.code < 400) this.enter(command.next, now);
    else if (this.settings.strict) this.enter(this.idle, now);
    return reply;
  }

  /** What the line asks for, or the reply that refuses it. Nothing has changed yet. */
  private check(line: Uint8Array): { command: Command; value: string } | { refusal: Reply } {
    const understood = understandLine(line);
    if (!understood) return { refusal: replies.notText };
    const { verb, argument } = understood;
    if (notImplemented.has(verb)) return { refusal: replies.notImplemented };
    const command = this.protocol.commands.get(verb);
    if (!command) return { refusal: replies.unknownCommand };
    if (!command.allowed.includes(this.state)) return { refusal: outOfOrder(verb, this.state) };
    const meaning = command.understand(argument);
    return 'refusal' in meaning ? meaning : { command, value: meaning.value };
  }

  private enter(state: State | 'same', now: number): void {
    if (state === 'same') return;
    this.state = state;
    if (state === 'ready' || state === 'sent') {
      this.idle = state;
      this.transaction = newTransaction(this.transaction.helo);
    }
    if (state === 'data') this.deadlines.startText(now);
  }

  private readText(octets: Uint8Array, now: number): number {
    const position = this.data.read(octets);
    this.deadlines.waitForText(now);
    if (this.data.complete) this.finishText(now);
    return position;
  }

  private finishText(now: number): void {
    if (this.data.fault) {
      this.endTransaction(faultReply(this.data.fault), now);
      return;
    }
    // RFC 5321 §4.2.5: 250 takes the responsibility for the message. So it is stored first.
    this.delivering = true;
    this.deadlines.none();
    const message = { ...this.transaction, text: this.data.text(), receivedAt: now };
    this.actions.push({ type: 'deliver', message });
  }

  private endTransaction(reply: Reply, now: number): void {
    this.data = new DataReader(this.settings.limits); // lets go of the text
    this.enter(reply.code < 400 ? this.protocol.endOfText.next : this.idle, now);
    this.deadlines.waitForCommand(now);
    this.reply(reply);
    // The client is not told 250 and then cut off: it hears that there is no more to come.
    if (this.stopping) this.close(replies.serverStops);
  }

  /** Counts a bad command. */
  private isTooMany(): boolean {
    this.badCommands += 1;
    return this.badCommands >= this.settings.limits.badCommands;
  }

  /** Says a last word and closes. */
  private close(reply: Reply): void {
    this.state = 'closed';
    this.deadlines.none();
    this.reply(reply);
    this.actions.push({ type: 'close' });
  }

  private reply(reply: Reply): void {
    this.actions.push({ type: 'send', text: write(reply) });
  }

  private takeActions(): Action[] {
    const actions = this.actions;
    this.actions = [];
    return actions;
  }
}

function newTransaction(helo: string): Transaction {
  return { helo, reversePath: '', recipients: [] };
}

/** RFC 5321 §4.2.2: 500 to 504 and 555 say that the command itself was wrong. */
function isBadCommand({ code }: Reply): boolean {
  return (code >= 500 && code <= 504) || code === 555;
}

function faultReply(fault: Fault): Reply {
  switch (fault) {
    case 'bad octets':
      return replies.badText;
    case 'line too long':
      return replies.lineTooLong;
    case 'too big':
      return replies.textTooBig;
  }
}
