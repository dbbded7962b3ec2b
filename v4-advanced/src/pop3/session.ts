/**
 * The brain of POP3: conducts one conversation with one client who reads mail.
 *
 * It is as pure as the brain of SMTP: octets and the time go in, actions come out. What only the world
 * outside can do (open a mailbox, read a piece of a message, delete) is an action too; until it is
 * answered by `resume`, what the client has sent waits.
 */
import { Deadlines } from '../guards/deadlines.ts';
import type { Limits } from '../guards/limits.ts';
import { endsInBareLineFeed, LineReader, understandLine } from '../understand.ts';
import type { Users } from '../users.ts';
import {
  type Client,
  type Command,
  commands,
  notImplemented,
  outOfOrder,
  start,
  type State,
} from './commands.ts';
import { DotStuffer } from './dots.ts';
import { Maildrop, type StoredMessage } from './maildrop.ts';
import { type Reply, replies, tell, write } from './replies.ts';

/** So many octets of a message are read at once: a large message is never in memory as a whole. */
const PIECE = 64 * 1024;

/** What only the go-between can do. */
export type Request =
  /** Lock a mailbox, and say what is in it. */
  | { type: 'open'; mailbox: string }
  /** Read a piece of a message, `most` octets or fewer; nothing is left if it is empty. */
  | { type: 'read'; id: string; from: number; most: number }
  /** Wait until the client has taken what was said: a message, or a long list. */
  | { type: 'wait' }
  /** Delete these messages, and unlock the mailbox. */
  | { type: 'update'; remove: string[] };

/** The answer to a request. */
export type Answer =
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
  | { type: 'close' }
  /** Have it done, then call `resume`; until then no command is looked at. */
  | Request;

export class Pop3Session {
  private readonly limits: Limits;
  private readonly users: Users | undefined;
  private readonly deadlines: Deadlines;
  private readonly line: LineReader;
  private state: State = start;
  private readonly client: Client = { name: '', maildrop: new Maildrop([]) };
  /** The message that is being sent, and how far we are. */
  private sending: { message: StoredMessage; stuffer: DotStuffer; from: number } | undefined;
  /** Octets that wait while something is being done. */
  private waiting: Uint8Array[] = [];
  private requested: Request['type'] | undefined;
  /** The command that waits for the answer. */
  private obeying: Command | undefined;
  private stopping = false;
  private badCommands = 0;
  private toldOfLineFeeds = false;
  private actions: Action[] = [];

  constructor({ limits, users }: { limits: Limits; users?: Users | undefined }) {
    this.limits = limits;
    this.users = users;
    // RFC 1939 §3: who reads mail may think for ten minutes; SMTP's clients are programs.
    this.deadlines = new Deadlines({ ...limits, commandSeconds: limits.pop3Seconds });
    this.line = new LineReader(limits.commandLine);
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
    if (requested === 'open') this.login(answer);
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
      const position = this.readCommand(octets, now);
      if (position < octets.length) this.waiting.unshift(octets.subarray(position));
    }
  }

  /** Nothing more is read: until the request is answered, or for ever. */
  private isBusy(): boolean {
    return this.requested !== undefined || this.state === 'closed';
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
      this.note('lines end in LF alone; they should end in CR LF');
    }
    const checked = this.check(line);
    if ('refusal' in checked) return this.refuse(checked.refusal);
    const { command, value } = checked;
    const outcome = command.run(this.client, value, this.users);
    if ('open' in outcome) {
      this.obeying = command;
      this.request({ type: 'open', mailbox: outcome.open });
    } else if ('retrieve' in outcome) {
      this.startSending(outcome.retrieve, now);
    } else {
      this.finish(command, outcome);
    }
  }

  /** What the line asks for, or the reply that refuses it. Nothing has changed yet. */
  private check(line: Uint8Array): { command: Command; value: string } | { refusal: Reply } {
    const understood = understandLine(line);
    if (!understood) return { refusal: replies.notText };
    const { verb, argument } = understood;
    if (notImplemented.has(verb)) return { refusal: replies.notImplemented };
    const command = commands.get(verb);
    if (!command) return { refusal: replies.unknownCommand };
    if (!command.moves[this.state]) return { refusal: outOfOrder(verb, this.state) };
    const meaning = command.understand(argument);
    return 'refusal' in meaning ? meaning : { command, value: meaning.value };
  }

  private login(answer: Answer): void {
    const command = this.obeying!;
    if (answer.type === 'opened') {
      this.client.maildrop = new Maildrop(answer.messages);
      this.finish(command, tell.loggedIn(this.client.maildrop.count));
    } else {
      this.finish(command, answer.type === 'in use' ? replies.inUse : replies.mailboxFailed);
    }
  }

  /** The command has come to a reply: the state follows from it. */
  private finish({ moves, otherwise }: Command, reply: Reply): void {
    if (!reply.ok) {
      this.state = otherwise ?? this.state;
      if (reply === replies.wrongLogin) this.note(`login refused: ${this.client.name}`);
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

  private startSending(message: StoredMessage, now: number): void {
    this.sending = { message, stuffer: new DotStuffer(), from: 0 };
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
    const { message, stuffer } = sending;
    const isFirst = sending.from === 0;
    if (answer.type !== 'piece') {
      this.sending = undefined;
      // Once +OK was said, the only way to take it back is to leave before the lone dot.
      if (isFirst) this.refuse(replies.messageFailed);
      else this.close();
      return;
    }
    if (isFirst) this.reply(tell.retrieve(message.size));
    this.deadlines.waitForText(now);
    sending.from += answer.octets.length;
    if (answer.octets.length > 0) this.send(stuffer.stuff(answer.octets));
    if (answer.octets.length > 0 && sending.from < message.size) {
      this.readPiece();
    } else {
      this.sending = undefined;
      this.send(stuffer.end());
      // DELE and QUIT may have come already: nothing is deleted before the client has taken it.
      this.request({ type: 'wait' });
    }
  }

  private request(request: Request): void {
    this.requested = request.type;
    // A client that does not take what it asked for is late. With a mailbox, it is our turn.
    if (request.type === 'open' || request.type === 'update') this.deadlines.none();
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
