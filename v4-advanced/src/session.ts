/**
 * The brain: conducts one conversation with one client. It hands octets to those who understand them,
 * commands to those who process them, and says what is to be done.
 *
 * It is pure: octets and the time go in, actions come out. It knows no socket, no file and no clock.
 * So it can be tested octet by octet, and runs in a browser as well.
 */
import { ChunkReader } from './chunks.ts';
import {
  type Client,
  type Command,
  notImplemented,
  outOfOrder,
  protocol,
  type Settings,
  type State,
  type Transaction,
} from './commands.ts';
import { DataReader, type Fault } from './data.ts';
import { Deadlines } from './guards/deadlines.ts';
import { type Reply, replies, tell, write } from './replies.ts';
import { type Credentials, Exchange, type Step } from './sasl.ts';
import {
  type Chunk,
  endsInBareLineFeed,
  LineReader,
  type Login,
  understandChunk,
  understandLine,
} from './understand.ts';

/** RFC 4954 §4: a line of a login may have so many octets, whatever other commands may have. */
export const LOGIN_LINE = 12_288;

/** One character an octet. What is no base64 is refused in any case. */
const latin1 = new TextDecoder('latin1');

/** A message that has been received whole, with its envelope. */
export interface ReceivedMessage extends Transaction {
  text: Uint8Array;
  /** Milliseconds since 1970. */
  receivedAt: number;
}

/** What only the world outside can do. */
export type Request =
  /** Hand the message over. */
  | { type: 'deliver'; message: ReceivedMessage }
  /** Is this the account's password? No account: nobody's, but that must take as long. */
  | { type: 'authenticate'; account: string | undefined; password: string };

/** What became of a message: it is on the disk, or there was no space, or it failed otherwise. */
export type Delivery = 'stored' | 'full' | 'failed';

/** What became of a login; `busy`: too many at once, so nobody looked. */
export type Verdict = 'right' | 'wrong' | 'busy';

export type Answer = Delivery | Verdict;

/** What the network shell is to do. */
export type Action =
  | { type: 'send'; text: string }
  /** Tell the operator. */
  | { type: 'note'; text: string }
  /** This session is over: begin the handshake, and another session behind it. */
  | { type: 'start tls' }
  | { type: 'close' }
  /** Have it done, then call `resume`; until then no command is looked at. */
  | Request;

/** How the client has come here. */
export interface Way {
  isSubmitting: boolean;
  isSecure: boolean;
}

export class Session {
  private readonly settings: Settings;
  private readonly deadlines: Deadlines;
  private readonly client: Client;
  private state: State = protocol.start;
  private transaction: Transaction;
  private readonly line: LineReader;
  private data: DataReader;
  private chunks: ChunkReader;
  /** The chunk that is being read, and the reply that awaits its end if it was refused. */
  private chunk: { isLast: boolean; refusal?: Reply | undefined } | undefined;
  private exchange: Exchange | undefined;
  /** As whom the client is logging in. */
  private account: string | undefined;
  /** Octets that wait while something is being done. */
  private waiting: Uint8Array[] = [];
  private requested: Request['type'] | undefined;
  private stopping = false;
  private badCommands = 0;
  private wrongPasswords = 0;
  private toldOfLineFeeds = false;
  private actions: Action[] = [];

  constructor(settings: Settings, { isSubmitting, isSecure }: Way) {
    this.settings = settings;
    this.client = { isSubmitting, isSecure, helo: '', isExtended: false, account: undefined };
    this.transaction = newTransaction(this.client);
    this.deadlines = new Deadlines(settings.limits);
    this.line = new LineReader(Math.max(settings.limits.commandLine, LOGIN_LINE));
    this.data = new DataReader(settings.limits);
    this.chunks = new ChunkReader(settings.limits);
  }

  /** When to call `expire`, in milliseconds since 1970; `Infinity`: not now. */
  get deadline(): number {
    return this.deadlines.at;
  }

  /** The client has connected. Behind STARTTLS it was greeted already (RFC 3207 §4.2). */
  open(now: number, greeting: 'greet' | 'go on' = 'greet'): Action[] {
    if (greeting === 'greet') this.reply(replies.greeting);
    this.deadlines.waitForCommand(now);
    return this.takeActions();
  }

  /** Octets have come from the client. While something is being done they wait. */
  receive(octets: Uint8Array, now: number): Action[] {
    this.waiting.push(octets);
    this.work(now);
    return this.takeActions();
  }

  /** The answer to the last request. */
  resume(answer: Answer, now: number): Action[] {
    const requested = this.requested;
    this.requested = undefined;
    if (this.state === 'closed') return [];
    if (requested === 'deliver') this.endTransaction(deliveryReply(answer), now);
    else this.endLogin(answer, now);
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
    if (this.isOver()) return [];
    const isInText = this.state === 'data' || this.state === 'chunks' || this.chunk;
    if (this.requested) return [];
    if (isInText) this.deadlines.atMost(now + grace);
    else this.close(replies.serverStops);
    return this.takeActions();
  }

  private work(now: number): void {
    let octets;
    while (!this.isBusy() && (octets = this.waiting.shift())) {
      const position = this.read(octets, now);
      if (position < octets.length) this.waiting.unshift(octets.subarray(position));
    }
    if (this.state === 'tls') this.startTls();
  }

  private read(octets: Uint8Array, now: number): number {
    if (this.chunk) return this.readChunk(octets, now);
    return this.state === 'data' ? this.readText(octets, now) : this.readLine(octets, now);
  }

  /**
   * What came in the clear must never be obeyed as if it had come under TLS (RFC 3207 §4.2, §6): with this
   * session all that it knows is gone. Octets that are there before the handshake are somebody's
   * attempt at just that, so there is no handshake.
   */
  private startTls(): void {
    this.state = 'closed';
    this.deadlines.none();
    if (this.waiting.length > 0) {
      this.note('octets came behind STARTTLS, before the handshake');
      this.actions.push({ type: 'close' });
    } else {
      this.actions.push({ type: 'start tls' });
    }
  }

  /** Nothing more is read: until the request is answered, or for ever. */
  private isBusy(): boolean {
    return this.requested !== undefined || this.isOver();
  }

  private isOver(): boolean {
    return this.state === 'closed' || this.state === 'tls';
  }

  private readLine(octets: Uint8Array, now: number): number {
    const position = this.line.read(octets);
    if (this.line.tooLong) {
      // There may be no end to this line: nobody can wait for it.
      this.close(replies.lineTooLong);
    } else if (this.line.complete) {
      this.deadlines.waitForCommand(now);
      const line = this.line.take();
      if (this.state === 'login') this.takeAnswer(line);
      else this.obey(line, now);
    }
    return position;
  }

  private obey(line: Uint8Array, now: number): void {
    if (endsInBareLineFeed(line) && !this.toldOfLineFeeds) {
      this.toldOfLineFeeds = true;
      this.note('lines end in LF alone; they should end in CR LF');
    }
    const understood = understandLine(line);
    const verb = understood?.verb ?? '';
    if (line.length > this.settings.limits.commandLine && verb !== 'AUTH') {
      return this.close(replies.lineTooLong);
    }
    if (!understood) return this.finish(replies.notText);
    const checked = this.check(verb, understood.argument);
    if ('refusal' in checked) {
      // A chunk that is refused comes all the same: its octets are no commands.
      const chunk = verb === 'BDAT' ? understandChunk(understood.argument) : undefined;
      if (chunk && 'value' in chunk) return this.startChunk(chunk.value, now, checked.refusal);
      return this.finish(checked.refusal);
    }
    const { command, value } = checked;
    const outcome = command.run(this.transaction, value, this.settings);
    if ('code' in outcome) {
      if (outcome.code < 400) this.enter(command.next, now);
      this.finish(outcome);
    } else {
      this.enter(command.next, now);
      if ('login' in outcome) this.startLogin(outcome.login);
      else this.startChunk(outcome.chunk, now);
    }
  }

  /** What is asked for, or the reply that refuses it. Nothing has changed yet. */
  private check(
    verb: string,
    argument: string,
  ): { command: Command; value: unknown } | { refusal: Reply } {
    if (notImplemented.has(verb)) return { refusal: replies.notImplemented };
    const command = protocol.commands.get(verb);
    if (!command) return { refusal: replies.unknownCommand };
    if (!command.allowed.includes(this.state)) return { refusal: outOfOrder(verb, this.state) };
    const meaning = command.understand(argument);
    return 'refusal' in meaning ? meaning : { command, value: meaning.value };
  }

  private enter(state: State | 'same', now: number): void {
    if (state === 'same') return;
    this.state = state;
    if (state === 'ready') this.forgetMessage();
    if (state === 'data') this.deadlines.startText(now);
  }

  private forgetMessage(): void {
    this.transaction = newTransaction(this.client);
    this.data = new DataReader(this.settings.limits); // lets go of the text
    this.chunks = new ChunkReader(this.settings.limits);
  }

  /** A command gets one reply. To one bad command too many it is goodbye. */
  private finish(reply: Reply): void {
    if (this.state === 'closed') return this.close(reply);
    if (isBadCommand(reply)) this.badCommands += 1;
    if (this.badCommands >= this.settings.limits.badCommands) this.close(replies.tooManyErrors);
    else this.reply(reply);
  }

  // The text of a message, to the lone dot.

  private readText(octets: Uint8Array, now: number): number {
    const position = this.data.read(octets);
    this.deadlines.waitForText(now);
    if (this.data.complete) this.finishText(this.data.text(), this.data.fault, now);
    return position;
  }

  private finishText(text: Uint8Array, fault: Fault | undefined, now: number): void {
    if (fault) return this.endTransaction(faultReply(fault), now);
    // RFC 5321 §4.2.5: 250 takes the responsibility for the message. So it is stored first.
    const message = { ...this.transaction, client: { ...this.client }, text, receivedAt: now };
    this.request({ type: 'deliver', message });
  }

  private endTransaction(reply: Reply, now: number): void {
    this.enter(protocol.endOfText.next, now);
    this.deadlines.waitForCommand(now);
    this.reply(reply);
    // The client is not told 250 and then cut off: it hears that there is no more to come.
    if (this.stopping) this.close(replies.serverStops);
  }

  // The text of a message, in chunks.

  private startChunk({ octets, isLast }: Chunk, now: number, refusal?: Reply): void {
    this.chunk = { isLast, refusal };
    // The octets of a refused chunk are only counted.
    if (refusal) this.chunks = new ChunkReader({ ...this.settings.limits, message: 0 });
    // The deadline is the message's, in however many chunks it comes.
    if (this.chunks.size === 0) this.deadlines.startText(now);
    else this.deadlines.waitForText(now);
    this.chunks.begin(octets);
    if (this.chunks.complete) this.finishChunk(now);
  }

  private readChunk(octets: Uint8Array, now: number): number {
    const position = this.chunks.read(octets);
    this.deadlines.waitForText(now);
    if (this.chunks.complete) this.finishChunk(now);
    return position;
  }

  private finishChunk(now: number): void {
    const { isLast, refusal } = this.chunk!;
    this.chunk = undefined;
    this.deadlines.waitForCommand(now);
    if (refusal) {
      this.chunks = new ChunkReader(this.settings.limits);
      return this.finish(refusal);
    }
    const text = isLast ? this.chunks.text() : undefined;
    const { fault } = this.chunks;
    if (text && !fault) return this.finishText(text, fault, now);
    // RFC 3030 §2: after a failure the message is over, and the chunks that follow it are refused.
    if (fault) return this.endTransaction(faultReply(fault), now);
    this.reply(tell.chunk(this.chunks.size));
  }

  // The login: answers instead of commands.

  private startLogin({ mechanism, answer }: Login): void {
    this.exchange = new Exchange(mechanism);
    this.takeStep(answer === undefined ? this.exchange.start() : this.exchange.answer(answer));
  }

  private takeAnswer(line: Uint8Array): void {
    const answer = latin1.decode(line).replace(/\r?\n$/, '');
    // RFC 4954 §4: a client that thinks better of it says *.
    if (answer === '*') this.failLogin(replies.loginCancelled);
    else this.takeStep(this.exchange!.answer(answer));
  }

  private takeStep(step: Step): void {
    if (step.type === 'challenge') this.reply(tell.challenge(step.text));
    else if (step.type === 'malformed') this.failLogin(replies.notBase64);
    else this.authenticate(step.credentials);
  }

  private authenticate(credentials: Credentials): void {
    const { directory } = this.settings;
    this.account = directory.accountOfLogin(credentials);
    const { password } = credentials;
    this.request({ type: 'authenticate', account: this.account, password });
  }

  private endLogin(answer: Answer, now: number): void {
    this.deadlines.waitForCommand(now);
    if (answer === 'right') {
      this.client.account = this.account;
      this.enter(protocol.endOfLogin.next, now);
      this.note(`${this.account} has logged in`);
      this.reply(replies.loggedIn);
    } else if (answer === 'busy') {
      this.failLogin(replies.loginLater);
    } else {
      this.wrongPasswords += 1;
      this.note('login refused: wrong name or password');
      if (this.wrongPasswords >= this.settings.limits.wrongPasswords) {
        return this.close(replies.tooManyPasswords);
      }
      this.failLogin(replies.wrongLogin);
    }
    // It may have been one bad command too many, and said goodbye to.
    if (this.stopping && !this.isOver()) this.close(replies.serverStops);
  }

  private failLogin(reply: Reply): void {
    this.exchange = undefined;
    this.state = protocol.endOfLogin.next;
    this.finish(reply);
  }

  private request(request: Request): void {
    this.requested = request.type;
    this.deadlines.none(); // it is our turn
    this.actions.push(request);
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

  private note(text: string): void {
    this.actions.push({ type: 'note', text });
  }

  private takeActions(): Action[] {
    const actions = this.actions;
    this.actions = [];
    return actions;
  }
}

function newTransaction(client: Client): Transaction {
  return { client, reversePath: '', isUtf8: false, recipients: [] };
}

/** RFC 5321 §4.2.2: 500 to 504 and 555 say that the command itself was wrong. */
function isBadCommand({ code }: Reply): boolean {
  return (code >= 500 && code <= 504) || code === 555;
}

function deliveryReply(delivery: Answer): Reply {
  if (delivery === 'stored') return replies.stored;
  return delivery === 'full' ? replies.storeFull : replies.storeFailed;
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
