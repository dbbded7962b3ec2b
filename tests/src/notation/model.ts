/**
 * What a scenario is, once it has been read: the shape that the player plays, the report tells and
 * the diagrams draw. The notation that these types hold is documented in `docs/notation.md`.
 */

/** The stages of the course, in their order. */
export const STAGES = ['v1', 'v2', 'v3', 'v4'] as const;
export type Stage = (typeof STAGES)[number];

/** The protocols that a dialogue can be in. (`imap` comes with stage 4.) */
export type Protocol = 'smtp' | 'pop3' | 'imap';

/** The ports that a dialogue can be on: the word of its fence. On `smtps` and `pop3s` TLS begins with the first octet. */
export const PORTS = {
  smtp: { protocol: 'smtp', tls: false },
  submission: { protocol: 'smtp', tls: false },
  smtps: { protocol: 'smtp', tls: true },
  pop3: { protocol: 'pop3', tls: false },
  pop3s: { protocol: 'pop3', tls: true },
} as const satisfies Record<string, { protocol: Protocol; tls: boolean }>;
export type Port = keyof typeof PORTS;

/**
 * How the octets of a dialogue are cut into packets:
 * - `line`: a line a packet, each reply awaited, as a person types in telnet;
 * - `text`: the same, but the text of a message goes in one write, as every mail program sends it;
 * - `pipelined`: every command up to DATA in one write, then the text and what follows it in one;
 * - `bytes`: every octet in a write of its own.
 */
export const DELIVERIES = ['line', 'text', 'pipelined', 'bytes'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** One scenario: one file `tests/golden/<stage>/<slug>.md`. */
export interface Scenario {
  /** `v1/dot-stuffing`: the path of the file below `tests/golden`, without its ending. */
  id: string;
  /** The stage that the scenario belongs to, from its folder. */
  stage: Stage;
  /** The file it was read from, for messages. */
  file: string;
  /** A sentence that is true of a right server. */
  title: string;
  /** The order in which a student meets it, over all stages. */
  step: number;
  points: number;
  /** `core` decides whether a stage is passed; `extra` earns points. */
  kind: 'core' | 'extra';
  /** Section of an RFC as people write it: `5321 §4.5.2`. */
  rfc: string | undefined;
  /** A question that leads to the answer; not the answer. */
  hint: string | undefined;
  /** Ids of scenarios without which this one makes no sense. */
  needs: string[];
  /** The last stage to which the scenario applies. */
  until: Stage | undefined;
  /** Draw it: `uml/<stage>/<slug>.mmd`. */
  diagram: boolean;
  /** The server is started as this variant of the manifest says. */
  variant: string | undefined;
  /** `stage`: the player greets as the stage does (HELO from v2, EHLO from v4). `none`: the dialogue does it itself. */
  opening: 'stage' | 'none';
  delivery: Delivery;
  /** `strict`: a reply that does not end in CR LF is a failure here; elsewhere it is forgiven. */
  lineEnds: 'strict' | 'forgiven';
  /** Something that a server may die of: afterwards a new connection must be served. */
  hostile: boolean;
  /** The server is started anew for it: nobody has had any mail yet. */
  fresh: boolean;
  /** `user-pass`: it is about USER and PASS, and left out where a manifest's `login` says other lines. */
  login: 'user-pass' | undefined;
  /** The prose before, between and after the blocks, as Markdown. */
  prose: string;
  /** Dialogues and mailboxes, in the order of the file: that is the order they are played in. */
  blocks: Block[];
}

export type Block = DialogueBlock | MailboxBlock;

/** A fence ```` ```smtp [name] ````: a stretch of the dialogue on one connection. */
export interface DialogueBlock {
  type: 'dialogue';
  protocol: Protocol;
  port: Port;
  /** The player logs in as this address before the dialogue begins: in SMTP, and from stage 4 on, under TLS. */
  login?: string;
  /** `over tls`: the player says STARTTLS or STLS, and the dialogue begins under TLS. */
  overTls?: true;
  /** `in clear`: on a port where TLS begins with the first octet, the player does not begin it. */
  inClear?: true;
  /** It was written as a fence ```` ```mail ````: the player sends a message, by SMTP. */
  mail?: true;
  /** The connection's name; a second block with the same name goes on with the same connection. */
  connection: string;
  steps: Step[];
  /** Line of the fence in the file, from 1. */
  line: number;
}

/** A line of a dialogue. `line` is its number in the file, from 1. */
export type Step =
  | { type: 'send'; parts: Part[]; /** CRLF is added. */ crlf: true; source: string; line: number }
  | {
      type: 'send';
      parts: Part[];
      /** `C raw:`: exactly these octets. */ crlf: false;
      source: string;
      line: number;
    }
  | { type: 'expect'; expectation: Expectation; source: string; line: number }
  /** The server closes the connection, and sends nothing more before it does. */
  | { type: 'closes'; source: string; line: number }
  /** The client leaves without a word: its socket is destroyed. */
  | { type: 'leaves'; source: string; line: number }
  /** The handshake of TLS begins here; from here on all is said through TLS. */
  | {
      type: 'tls';
      /** `either`: where it fails, the rest of this connection's dialogue is passed over. */
      outcome: 'succeeds' | 'fails' | 'either';
      /** Octets that go out in one packet with the first ones of the handshake, before them. */
      behind: Part[];
      source: string;
      line: number;
    }
  /** The reply before has no line that is these words, or begins with them. */
  | { type: 'without'; words: Part[]; source: string; line: number }
  /** POP3: the text of the last reply has so many octets, as they count in LIST. */
  | { type: 'octets'; parts: Part[]; source: string; line: number }
  /** The server says nothing for a while. */
  | { type: 'silence'; source: string; line: number }
  /** `repeat N` … `end`; `{n}` counts from 1. */
  | { type: 'repeat'; times: number; steps: Step[]; source: string; line: number };

/** A piece of what the client sends; placeholders are filled in when it is played. */
export type Part =
  /** Octets known beforehand. */
  | { type: 'octets'; octets: Uint8Array }
  /** `{"a" * 2000000}`: octets, repeated. */
  | { type: 'times'; octets: Uint8Array; times: number }
  /** `{token}`, `{token.2}`: a unique word, new for every play. */
  | { type: 'token'; name: string }
  /** `{n}` of the innermost repeat. */
  | { type: 'counter' }
  /** `{id}`: what an earlier pattern captured under that name. */
  | { type: 'captured'; name: string }
  /** `{user.bob}`, `{password.bob}`: what bob@example.com says behind USER and PASS. */
  | { type: 'account'; what: 'user' | 'password'; name: string }
  /** `{base64 "text"}`, `{auth.bob}`: what the parts stand for, in base64. */
  | { type: 'base64'; parts: Part[] };

/** What a reply must be: any one of `oneOf`. */
export interface Expectation {
  oneOf: ReplyPattern[];
  /** `or closes`: hanging up instead is right too, and ends this connection's dialogue. */
  orCloses: boolean;
  /** Lines that a multi-line reply must hold, in any order, among others (`S: 250-SIZE`). */
  lines: string[];
  /** POP3: what stands between the first line and the lone dot. Absent: whatever there is. */
  content?: ContentLine[];
}

/** What a line of a reply of several lines must be, as it goes over the wire. */
export type ContentLine =
  /** `…`: any number of lines, none too. */
  | { type: 'any' }
  | { type: 'line'; parts: Part[] }
  /** The whole line must match; named groups are captured. */
  | { type: 'pattern'; pattern: RegExp };

export interface ReplyPattern {
  /** `250`, or a class: `5xx`. (`+OK` and `-ERR` in POP3, and `+` where a login goes on.) */
  code: string;
  /** SMTP: the text must be this, to the letter. */
  text?: string;
  /** POP3: the text must begin with these words. */
  words?: Part[];
  /** The text must match; named groups are captured for later lines. */
  pattern?: RegExp;
}

/** A fence ```` ```mailbox ADDRESS … ````: what must have arrived, or not, and for whom. */
export interface MailboxBlock {
  type: 'mailbox';
  /** Whose mailbox; `undefined` for `mailbox *`: any. */
  address: string | undefined;
  /** The token of the message that is meant: `token`, `token.2`, … */
  token: string;
  /** `nothing`: no message with that token may be there. */
  nothing: boolean;
  /** Lines that must follow each other in the message, as octets. Empty: the message only has to be there. */
  lines: Uint8Array[];
  line: number;
}
