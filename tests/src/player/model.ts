/** What playing a scenario takes and yields: the dialogue as it happened, and what was found, if anything. */
import type { Key, Value } from '../catalogue/index.ts';
import type { Delivery, Protocol, Stage } from '../notation/model.ts';
import type { RunningServer } from '../server/model.ts';
import type { Login } from './login.ts';

/** How a scenario is played. All times are milliseconds. */
export interface PlayOptions {
  /** The stage that the server is at. */
  stage: Stage;
  /** Instead of the scenario's own delivery. */
  delivery?: Delivery;
  /** What the player says after the greeting in a scenario with `opening: stage`: `HELO client.example.com`. */
  opening: string[];
  /** Who may log in by POP3, and how. Default: as where a manifest says nothing of it. */
  login?: Login;
  /** The server ends its replies with nothing at all, and has been told so: see `LineEnds`. */
  noLineEnds?: boolean;
  /** Protocols in which the server hangs up at QUIT without a word, and has been told so. */
  silentAtQuit?: ReadonlySet<Protocol>;
  /** Starts the server again, for a second play: where mailboxes cannot be emptied. */
  anew?: () => Promise<RunningServer>;
  /** Silence is this long after the server has read everything and is idle. Default 1,000. */
  replyTimeout?: number;
  /** Makes a new token: a word that exists nowhere else. Default: `sp` and 12 random letters and digits. */
  newToken?: () => string;
  /** Shorter waits, for tests. */
  waits?: Partial<Waits>;
}

/** How long the player waits for what, in milliseconds. */
export interface Waits {
  /** A reply, a greeting, the close: since the server had read everything and was idle. */
  reply: number;
  /** The reply to a password, which a good server holds back for a while if it is wrong. */
  login: number;
  /** A reply, for a server that is busy all the time. */
  longest: number;
  /** After a wrong reply: is it that an earlier command was answered twice? */
  surplus: number;
  /** A reply without a line end is taken for whole when nothing more has come. */
  whole: number;
  /** In a play that is repeated slowly: after each reply, for another. */
  settle: number;
  /** How long the server must say nothing for `silence`. */
  silence: number;
  /** How soon a message must be found after its 250. */
  mail: number;
  /** How long a message must stay absent after the dialogue. */
  noMail: number;
  /** How long a death may take to become known once a connection has ended. */
  death: number;
}

/** So many times as long as for another reply. */
const LOGIN = 4;

export const DEFAULT_WAITS: Readonly<Waits> = {
  reply: 1000,
  login: LOGIN * 1000,
  longest: 5000,
  surplus: 100,
  whole: 25,
  settle: 80,
  silence: 250,
  mail: 1000,
  noMail: 120,
  death: 150,
};

export function waitsOf({
  waits,
  replyTimeout,
}: Pick<PlayOptions, 'waits' | 'replyTimeout'>): Waits {
  const reply = replyTimeout ?? waits?.reply ?? DEFAULT_WAITS.reply;
  return { ...DEFAULT_WAITS, login: LOGIN * reply, ...waits, reply };
}

/** One line of a dialogue as it was played; the text has placeholders for what differs from run to run. */
export interface PlayedStep {
  connection: string;
  /** `C`: the client sent it. `S`: the server did. `-`: a remark: `connects`, `closes`, `leaves`, `silence`, `died`. */
  from: 'C' | 'S' | '-';
  /** Without its CR LF; control octets as `\r`, `\0`, `\x1b`. */
  text: string;
  /** Exactly these octets were sent: `text` shows its line ends, if it has any. */
  raw?: true;
  /** The line of the scenario that asked for it, as written there. */
  expected?: string;
  /** Line of the scenario file; absent for the player's own opening. */
  line?: number;
  ok: boolean;
}

/** What went wrong: a key of the catalogue, and the values for its sentence. */
export interface Finding {
  key: Key;
  values: Record<string, Value>;
  /** Index into `steps` of the line that differed, if it was one. */
  step?: number;
  /** Line of the scenario file: of the `S:` line or the mailbox fence. */
  line?: number;
}

export interface PlayResult {
  ok: boolean;
  finding?: Finding;
  steps: PlayedStep[];
  /** True if the server has to be started again before the next scenario: it died, or no longer answers. */
  restart: boolean;
  delivery: Delivery;
  durationMs: number;
}
