/**
 * The brain of POP3: conducts one conversation with one client who reads mail.
 *
 * It is as pure as the brain of SMTP: octets and the time go in, actions come out. What only the world
 * outside can do (open a mailbox, read a piece of a message, delete) is an action too; until it is
 * answered by `resume`, what the client has sent waits.
 */
import type { Settings } from '../commands.ts';
import type { Directory } from '../directory.ts';
import { Deadlines } from '../guards/deadlines.ts';
import type { Limits } from '../guards/limits.ts';
import { type Credentials, Exchange, mechanisms, type Step } from '../sasl.ts';
import { LOGIN_LINE, type Verdict } from '../session.ts';
import { type CommandLine, endsInBareLineFeed, LineReader, understandLine } from '../understand.ts';
import {
  type Client,
  type Command,
  commands,
  endOfLogin,
  notImplemented,
  outOfOrder,
  start,
  type State,
} from './commands.ts';
import { DotStuffer } from './dots.ts';
import { Maildrop, type StoredMessage } from './maildrop.ts';
import { type Reply, replies, tell, write, writeChallenge } from './replies.ts';
import { TopCutter } from './top.ts';
import type { Login } from './understand.ts';

/** So many octets of a message are read at once: a large message is never in memory as a whole. */
const PIECE = 64 * 1024;

/** One character an octet. What is no base64 is refused in any case. */
const latin1 = new TextDecoder('latin1');

/** What only the go-between can do. */
export type Request =
  /** Is this the account's password? No account: nobody's, but that must take as long. */
  | { type: 'authenticate'; account: string | undefined; password: string }
  /** Lock a mailbox, and say what is in it. */
  | { type: 'open'; mailbox: string }
  /** Read a piece of a message, `most` octets or fewer; nothing is left if it is empty. */
  | { type: 'read'; id: string; from: number; most: number }
  /** Wait until the client has taken what was said: a long list, or a message, which it has then read. */
  | { type: 'wait'; read?: string | undefined }
  /** Delete these messages, and unlock the mailbox. */
  | { type: 'update'; remove: string[] };

/** The answer to a request. */
export type Answer =
  | { type: 'verdict'; verdict: Verdict }
  | { type: 'opened'; messages: readonly StoredMessage[] }
  /** Another session has it open. */
  | { type: 'in use' }
  | { type: 'piece'; octets: Uint8Array }
  | { type: 'waited' }
  | { type: 'updated' }
  | { type: 'failed' };

/** What the network shell is to do. */
export type Action =
  | { type: 'send'; text: string | Uint8Array }
  /** Tell the operator. */
  | { type: 'note'; text: string }
  /** This session is over: begin the handshake, and another session behind it. */
  | { type: 'start tls' }
  | { type: 'close' }
  /** Have it done, then call `resume`; until then no command is looked at. */
  | Request;

/** A message on its way to the client. */
interface Sending {
  message: StoredMessage;
  stuffer: DotStuffer;
  /** Only its beginning is wanted. */
  top: TopCutter | undefined;
  /** So many octets of it have been read. */
  from: number;
}

export class Pop3Session {
  private readonly limits: Limits;
  private readonly directory: Directory;
  private readonly deadlines: Deadlines;
  private readonly line: LineReader;
  private readonly client: Client;
  private state: State = start;
  /** The message that is being sent. */
  private sending: Sending | undefined;
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

  constructor({ limits, directory }: Settings, { isSecure }: { isSecure: boolean }) {
    this.limits = limits;
    this.directory = directory;
    this.client = { isSecure, name: '', maildrop: new Maildrop([]) };
    // RFC 1939 §3: who reads mail may think for ten minutes; SMTP's clients are programs.
    this.deadlines = new Deadlines({ ...limits, commandSeconds: limits.pop3Seconds });
    this.line = new LineReader(Math.max(limits.commandLine, LOGIN_LINE));
  }

  /** When to call `expire`, in milliseconds since 1970; `Infinity`: not now. */
  get deadline(): number {
    return this.deadlines.at;
  }

  /** The client has connected. Behind STLS it was greeted already (RFC 2595 §4). */
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
    if (requested === 'authenticate') this.endLogin(answer);
    if (requested === 'open') this.enterMailbox(answer);
    if (requested === 'read') this.sendPiece(answer, now);
    if (requested === 'update') {
      this.close(answer.type === 'updated' ? replies.goodbye : replies.updateFailed);
    }
    if (!this.isBusy()) {
      this.deadlines.waitForCommand(now);
      if (this.stopping) this.close(replies.serverStops);
    }
    this.work(now);
    return this.takeActions();
  }

  /** The client's time is up. RFC 1939 §3: it is not told, and nothing is deleted. */
  expire(now: number): Action[] {
    if (now >= this.deadline) this.close();
    return this.takeActions();
  }

  /** The server is about to stop: what is being done is finished first, but for `grace` ms at most. */
  stop(now: number, grace: number): Action[] {
    this.stopping = true;
    if (this.state === 'closed') return [];
    const isTaking = this.requested === 'read' || this.requested === 'wait';
    if (isTaking) this.deadlines.atMost(now + grace);
    else if (!this.isBusy()) this.close(replies.serverStops);
    return this.takeActions();
  }

  private work(now: number): void {
    let octets;
    while (!this.isBusy() && (octets = this.waiting.shift())) {
      const position = this.readLine(octets, now);
      if (position < octets.length) this.waiting.unshift(octets.subarray(position));
    }
    if (this.state === 'tls') this.startTls();
  }

  /**
   * What came in the clear must never be obeyed as if it had come under TLS (RFC 2595 §4): with this
   * session all that it knows is gone. Octets that are there before the handshake are somebody's
   * attempt at just that, so there is no handshake.
   */
  private startTls(): void {
    this.state = 'closed';
    this.deadlines.none();
    if (this.waiting.length > 0) {
      this.note('octets came behind STLS, before the handshake');
      this.actions.push({ type: 'close' });
    } else {
      this.actions.push({ type: 'start tls' });
    }
  }

  /** Nothing more is read: until the request is answered, or for ever. */
  private isBusy(): boolean {
    return this.requested !== undefined || this.state === 'closed' || this.state === 'tls';
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
    if (line.length > this.limits.commandLine && understood?.verb !== 'AUTH') {
      return this.close(replies.lineTooLong);
    }
    const checked = understood ? this.check(understood) : { refusal: replies.notText };
    if ('refusal' in checked) return this.refuse(checked.refusal);
    const { command, value } = checked;
    const outcome = command.run(this.client, value);
    if ('ok' in outcome) return this.finish(command, outcome);
    if ('login' in outcome) this.startLogin(command, outcome.login);
    else if ('credentials' in outcome) this.authenticate(outcome.credentials);
    else this.startSending(outcome, now);
  }

  /** What the line asks for, or the reply that refuses it. Nothing has changed yet. */
  private check({
    verb,
    argument,
    asItCame,
  }: CommandLine): { command: Command; value: unknown } | { refusal: Reply } {
    if (notImplemented.has(verb)) return { refusal: replies.notImplemented };
    const command = commands.get(verb);
    if (!command) return { refusal: replies.unknownCommand };
    if (!command.moves[this.state]) return { refusal: outOfOrder(verb, this.state) };
    const meaning = command.understand(argument, asItCame);
    return 'refusal' in meaning ? meaning : { command, value: meaning.value };
  }

  /** The command has come to a reply: the state follows from it. */
  private finish({ moves, otherwise }: Command, reply: Reply): void {
    if (!reply.ok) {
      this.state = otherwise ?? this.state;
      return this.refuse(reply);
    }
    this.state = moves[this.state] ?? this.state;
    if (this.state === 'closed') return this.close(reply);
    // RFC 1939 §6: what is marked is deleted first. The reply says how that went.
    if (this.state === 'update') {
      return this.request({ type: 'update', remove: this.client.maildrop.toRemove() });
    }
    this.reply(reply);
    // A thousand times LIST in one packet must not pile up a thousand lists.
    if (reply.lines) this.request({ type: 'wait' });
  }

  // The login: with AUTH by answers instead of commands, with USER and PASS by commands.

  private startLogin({ moves }: Command, { mechanism, answer }: Login): void {
    if (!mechanism) return this.reply(tell.mechanisms([...mechanisms]));
    this.state = moves[this.state] ?? this.state;
    this.exchange = new Exchange(mechanism);
    this.takeStep(answer === undefined ? this.exchange.start() : this.exchange.answer(answer));
  }

  private takeAnswer(line: Uint8Array): void {
    const answer = latin1.decode(line).replace(/\r?\n$/, '');
    // RFC 5034 §4: a client that thinks better of it says *.
    if (answer === '*') this.failLogin(replies.loginCancelled);
    else this.takeStep(this.exchange!.answer(answer));
  }

  private takeStep(step: Step): void {
    if (step.type === 'challenge') this.send(writeChallenge(step.text));
    else if (step.type === 'malformed') this.failLogin(replies.notBase64);
    else this.authenticate(step.credentials);
  }

  private authenticate(credentials: Credentials): void {
    this.account = this.directory.accountOfLogin(credentials);
    const { password } = credentials;
    this.request({ type: 'authenticate', account: this.account, password });
  }

  private endLogin(answer: Answer): void {
    const verdict = answer.type === 'verdict' ? answer.verdict : 'busy';
    if (verdict === 'right') return this.request({ type: 'open', mailbox: this.account! });
    if (verdict === 'busy') return this.failLogin(replies.loginLater);
    this.wrongPasswords += 1;
    this.note('login refused: wrong name or password');
    if (this.wrongPasswords < this.limits.wrongPasswords) this.failLogin(replies.wrongLogin);
    else this.close(replies.tooManyPasswords);
  }

  private enterMailbox(answer: Answer): void {
    if (answer.type === 'opened') {
      this.state = 'transaction';
      this.client.maildrop = new Maildrop(answer.messages);
      this.reply(tell.loggedIn(this.client.maildrop.count));
    } else {
      this.failLogin(answer.type === 'in use' ? replies.inUse : replies.mailboxFailed);
    }
  }

  private failLogin(reply: Reply): void {
    this.exchange = undefined;
    this.state = endOfLogin.otherwise;
    this.refuse(reply);
  }

  // A message, piece by piece.

  private startSending(
    { retrieve, lines }: { retrieve: StoredMessage; lines?: number },
    now: number,
  ): void {
    const top = lines === undefined ? undefined : new TopCutter(lines);
    this.sending = { message: retrieve, stuffer: new DotStuffer(), top, from: 0 };
    this.deadlines.startText(now);
    this.readPiece();
  }

  private readPiece(): void {
    const { message, from } = this.sending!;
    const most = Math.min(PIECE, message.size - from);
    this.request({ type: 'read', id: message.id, from, most });
  }

  /** RFC 1939 §5, RETR: `+OK`, the message, a lone dot. No more is sent than was announced. */
  private sendPiece(answer: Answer, now: number): void {
    const sending = this.sending!;
    const { message, stuffer, top } = sending;
    const isFirst = sending.from === 0;
    if (answer.type !== 'piece') {
      this.sending = undefined;
      // Once +OK was said, the only way to take it back is to leave before the lone dot.
      if (isFirst) this.refuse(replies.messageFailed);
      else this.close();
      return;
    }
    if (isFirst) this.reply(top ? replies.top : tell.retrieve(message.size));
    this.deadlines.waitForText(now);
    sending.from += answer.octets.length;
    const octets = top ? top.take(answer.octets) : answer.octets;
    if (octets.length > 0) this.send(stuffer.stuff(octets));
    const isEnd = top?.done || answer.octets.length === 0 || sending.from >= message.size;
    if (!isEnd) return this.readPiece();
    this.sending = undefined;
    this.send(stuffer.end());
    // DELE and QUIT may have come already: nothing is deleted before the client has taken it. And who
    // has only seen the top of a message has not read it.
    this.request({ type: 'wait', read: top ? undefined : message.id });
  }

  private request(request: Request): void {
    this.requested = request.type;
    // A client that does not take what it asked for is late. With a mailbox, it is our turn.
    if (request.type !== 'read' && request.type !== 'wait') this.deadlines.none();
    this.actions.push(request);
  }

  private refuse(reply: Reply): void {
    if (reply.bad) this.badCommands += 1;
    // A command gets one reply. To one bad command too many it is goodbye.
    if (this.badCommands >= this.limits.badCommands) this.close(replies.tooManyErrors);
    else this.reply(reply);
  }

  /** Says a last word, if there is one, and closes. */
  private close(reply?: Reply): void {
    this.state = 'closed';
    this.sending = undefined;
    this.deadlines.none();
    if (reply) this.reply(reply);
    this.actions.push({ type: 'close' });
  }

  private reply(reply: Reply): void {
    this.send(write(reply));
  }

  private send(text: string | Uint8Array): void {
    this.actions.push({ type: 'send', text });
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
