/**
 * The lines of a dialogue block, read into steps. What a step may be depends on what came before it,
 * on this connection (`S:` before any `C:`) and in the whole scenario (captured names).
 */
import { ScenarioError, type Place } from './error.ts';
import type { Expectation, Part, Port, Protocol, Step } from './model.ts';
import {
  addContentLine,
  awaitsContent,
  isPlainOk,
  openContent,
  unfinishedContent,
  type OpenContent,
} from './parse-content.ts';
import { parseParts, type Known, type Setting } from './parse-parts.ts';
import { namesIn } from './parse-pattern.ts';
import { beginsWithCode, groupLine, parseExpectation, type GroupLine } from './parse-reply.ts';

/** A line of a block. */
export interface WrittenLine {
  text: string;
  /** Its number in the file, from 1. */
  line: number;
}

/** What the scenario's blocks so far have done with one connection. */
export interface Connection {
  protocol: Protocol;
  port: Port;
  /** As whom the player has logged in before the dialogue begins. */
  login: string | undefined;
  /** The player has begun TLS before the dialogue begins, on a port where it does not begin by itself. */
  overTls: boolean;
  /** The player has not begun TLS, on a port where it belongs to the connection. */
  inClear: boolean;
  /** What is said now goes through TLS. */
  secure: boolean;
  /** There has been a reply to wait for: the client spoke, or the greeting is the dialogue's own. */
  mayBeAnswered: boolean;
  /** Line on which the connection ended by `closes` or `leaves`. */
  endedOn: number | undefined;
}

/** More rounds than this are a slip. */
const MOST_ROUNDS = 1_000_000;

interface OpenRepeat {
  line: number;
  source: string;
  times: number;
  steps: Step[];
}

interface OpenGroup {
  line: number;
  source: string[];
  lines: GroupLine[];
}

/**
 * @param lines     The lines between the fences.
 * @param place     The place of the opening fence.
 * @param connection The connection that the block goes on with; it is brought up to date.
 * @param known     Names and tokens of the scenario; they are brought up to date.
 */
export function parseDialogue(
  lines: WrittenLine[],
  place: Place,
  connection: Connection,
  known: Known,
): Step[] {
  const { protocol } = connection;
  const steps: Step[] = [];
  const repeats: OpenRepeat[] = [];
  let group: OpenGroup | undefined;
  let content: OpenContent | undefined;

  const siblings = (): Step[] => repeats.at(-1)?.steps ?? steps;
  const add = (step: Step): void => {
    siblings().push(step);
  };

  for (const { text: written, line } of lines) {
    const source = written.trimStart();
    const here: Place = { file: place.file, line };
    const word = source.trimEnd();
    if (word === '' || word.startsWith('#')) continue;

    if (connection.endedOn !== undefined) {
      throw new ScenarioError(
        here,
        `the connection is over since line ${connection.endedOn}`,
        'take the line out, or give a new connection a name of its own, as in ```smtp again',
      );
    }
    const setting = (from: 'C' | 'S', raw: boolean): Setting => {
      return { from, raw, depth: repeats.length, known, place: here };
    };
    const reply = textAfter('S', source, here);
    const rawReply = textAfter('S raw', source, here);
    const sent = textAfter('C', source, here);
    const raw = textAfter('C raw', source, here);

    if (reply !== undefined || rawReply !== undefined) {
      if (!connection.mayBeAnswered) throw answerToNothing(connection, here);
      const before = siblings().at(-1);
      const further =
        reply === undefined || (!beginsWithCode(reply, protocol) && awaitsContent(before));
      if (protocol === 'pop3' && content === undefined && further) {
        content = openContent(before, word, here);
      }
      if (content !== undefined) {
        const isRaw = reply === undefined;
        const ended = addContentLine(content, reply ?? rawReply!, source, setting('S', isRaw));
        if (ended) content = undefined;
        continue;
      }
      if (reply === undefined) throw rawOutsidePop3(here);
      const text = reply.trimEnd();
      const groupPart = protocol === 'smtp' ? groupLine(text, here) : undefined;
      if (groupPart !== undefined) {
        group ??= { line, source: [], lines: [] };
        group.lines.push(groupPart);
        group.source.push(word);
        sameCode(group, groupPart.code, here);
      } else if (group !== undefined) {
        add(finish(group, parseExpectation(text, protocol, setting('S', false)), word, here));
        group = undefined;
      } else {
        const expectation = parseExpectation(text, protocol, setting('S', false));
        for (const { pattern } of expectation.oneOf) {
          if (pattern !== undefined) for (const name of namesIn(pattern)) known.captured.add(name);
        }
        add({ type: 'expect', expectation, source, line });
      }
      continue;
    }
    if (group !== undefined) throw unfinished(group, here.file);
    if (content !== undefined) throw unfinishedContent(content, here.file);

    if (sent !== undefined || raw !== undefined) {
      if (raw === '') {
        throw new ScenarioError(
          here,
          '`C raw:` sends nothing',
          'write octets behind it, as \\r\\n',
        );
      }
      const parts = parseParts(sent ?? raw!, setting('C', sent === undefined));
      connection.mayBeAnswered = true;
      add({ type: 'send', parts, crlf: sent !== undefined, source, line });
    } else if (word === 'silence') {
      add({ type: 'silence', source: word, line });
    } else if (word === 'closes' || word === 'leaves') {
      if (repeats.length > 0) {
        throw new ScenarioError(
          here,
          `\`${word}\` stands in a \`repeat\`, but a connection ends only once`,
          'put it behind the `end`',
        );
      }
      connection.endedOn = line;
      add({ type: word, source: word, line });
    } else if (/^tls\b/.test(word)) {
      if (repeats.length > 0) throw tlsInRepeat(here);
      const step = tlsStep(word, siblings().at(-1), connection, setting('C', true));
      connection.secure = true;
      if (step.outcome === 'fails') connection.endedOn = line;
      add(step);
    } else if (/^without\b/.test(word)) {
      add(withoutStep(word, siblings().at(-1), setting('S', false)));
    } else if (/^octets\b/.test(word)) {
      const before = siblings().at(-1);
      if (before?.type !== 'expect' || !isPlainOk(before.expectation)) throw octetsOfNothing(here);
      add({ type: 'octets', parts: countOf(word, setting('S', false)), source: word, line });
    } else if (word.startsWith('repeat')) {
      repeats.push({ line, source: word, times: rounds(word, here), steps: [] });
    } else if (word === 'end') {
      const repeat = repeats.pop();
      if (repeat === undefined) {
        throw new ScenarioError(
          here,
          '`end` has no `repeat`',
          'take it out, or begin with `repeat 10`',
        );
      }
      if (repeat.steps.length === 0) {
        throw new ScenarioError(here, 'the `repeat` holds no line', 'put what is repeated between');
      }
      add({ type: 'repeat', ...repeat });
    } else {
      throw unknownLine(word, here);
    }
  }

  if (content !== undefined) throw unfinishedContent(content, place.file);
  if (group !== undefined) throw unfinished(group, place.file);
  const open = repeats.at(-1);
  if (open !== undefined) {
    throw new ScenarioError(
      { file: place.file, line: open.line },
      `\`${open.source}\` has no \`end\` in its block`,
      'write `end` on the line behind what is repeated',
    );
  }
  if (steps.length === 0) {
    throw new ScenarioError(place, 'the dialogue holds no line', 'write one, or remove the block');
  }
  return steps;
}

/** What stands behind `C: `, blanks at the end included; `undefined` if the line is of another kind. */
function textAfter(
  who: 'C' | 'C raw' | 'S' | 'S raw',
  source: string,
  place: Place,
): string | undefined {
  if (!source.startsWith(`${who}:`)) return undefined;
  const text = source.slice(who.length + 1);
  if (text === '') return '';
  if (!text.startsWith(' ')) {
    throw new ScenarioError(
      place,
      `there is no blank behind \`${who}:\``,
      `write \`${who}: \` and then the text; the blank is not part of it`,
    );
  }
  return text.slice(1);
}

/** What stands behind `octets`: a number, or the name of one. */
function countOf(source: string, setting: Setting): Part[] {
  const text = /^octets +(\d{1,15}|\{[a-z]+\})$/.exec(source)?.[1];
  const parts = text === undefined ? [] : parseParts(text, setting);
  if (parts.length > 0 && parts[0]!.type !== 'token') return parts;
  throw new ScenarioError(
    setting.place,
    `\`${source}\` says no number of octets`,
    'write `octets 120`, or `octets {octets}` if a reply before captures the number',
  );
}

function octetsOfNothing(place: Place): ScenarioError {
  return new ScenarioError(
    place,
    '`octets` counts what a reply of several lines holds, and the line before it is none',
    'put it behind the `S: +OK`, or the `S: .`, that ends the reply to RETR',
  );
}

/** `tls`, `tls fails`, `tls or fails`, and each of them with octets that go out just before the handshake. */
function tlsStep(
  source: string,
  before: Step | undefined,
  connection: Connection,
  setting: Setting,
): Extract<Step, { type: 'tls' }> {
  const { place } = setting;
  const written = /^tls(?: (fails|or fails))?(?: behind (\S.*))?$/.exec(source);
  if (written === null) {
    throw new ScenarioError(
      place,
      `\`${source}\` says nothing of TLS`,
      'write `tls`, `tls fails` or `tls or fails`, each with ` behind NOOP\\r\\n` if octets come just before it',
    );
  }
  if (connection.secure) {
    throw new ScenarioError(
      place,
      'the connection speaks TLS already',
      'take the line out, or write a fence without `over tls` and without an address',
    );
  }
  if (before?.type !== 'expect') {
    throw new ScenarioError(
      place,
      '`tls` stands behind no reply',
      connection.protocol === 'pop3'
        ? 'put it behind the `S: +OK` that answers STLS'
        : 'put it behind the `S: 220` that answers STARTTLS',
    );
  }
  const [, how, behind] = written;
  return {
    type: 'tls',
    outcome: how === 'fails' ? 'fails' : how === 'or fails' ? 'either' : 'succeeds',
    behind: behind === undefined ? [] : parseParts(behind, setting),
    source,
    line: place.line,
  };
}

function tlsInRepeat(place: Place): ScenarioError {
  return new ScenarioError(
    place,
    '`tls` stands in a `repeat`, but TLS begins only once on a connection',
    'put it behind the `end`',
  );
}

/** `without AUTH`: what the reply before must not have. */
function withoutStep(source: string, before: Step | undefined, setting: Setting): Step {
  const { place } = setting;
  const words = /^without +(\S.*)$/.exec(source)?.[1];
  if (words === undefined) {
    throw new ScenarioError(
      place,
      `\`${source}\` names no line of a reply`,
      'write the words that no line begins with, as in `without AUTH`',
    );
  }
  if (before?.type !== 'expect' && before?.type !== 'without') {
    throw new ScenarioError(
      place,
      '`without` looks at the reply before, and the line before it is none',
      'put it behind the reply to EHLO or CAPA',
    );
  }
  return { type: 'without', words: parseParts(words, setting), source, line: place.line };
}

function rawOutsidePop3(place: Place): ScenarioError {
  return new ScenarioError(
    place,
    '`S raw:` is a line of a reply of several lines in POP3',
    'write `S: 250`, with a pattern if the text matters',
  );
}

function rounds(source: string, place: Place): number {
  const times = Number(/^repeat +(\d{1,9})$/.exec(source)?.[1] ?? 0);
  if (times >= 1 && times <= MOST_ROUNDS) return times;
  throw new ScenarioError(
    place,
    `\`${source}\` says no number of rounds`,
    `write \`repeat 100\`; the number goes from 1 to ${MOST_ROUNDS}`,
  );
}

function sameCode(group: OpenGroup, code: string, place: Place): void {
  const first = group.lines[0]!.code;
  if (code === first) return;
  // RFC 5321 §4.2.1: the code is the same on each line of a reply.
  throw new ScenarioError(
    place,
    `the code ${code} stands in one reply with ${first}`,
    'give all its lines the same code, or end the reply before with a line without hyphen',
  );
}

/** The last line of a reply of several lines: a code, and perhaps the text of one more line. */
function finish(
  group: OpenGroup,
  { oneOf, orCloses }: Expectation,
  source: string,
  place: Place,
): Step {
  const last = oneOf[0]!;
  if (oneOf.length > 1 || orCloses || last.pattern !== undefined) {
    throw new ScenarioError(
      place,
      'the last line of a reply of several lines leaves a choice',
      'write its code alone, or with the text of one line',
    );
  }
  sameCode(group, last.code, place);
  const lines = group.lines.map((line) => line.text);
  if (last.text !== undefined) lines.push(last.text);
  return {
    type: 'expect',
    expectation: { oneOf: [{ code: last.code }], orCloses: false, lines },
    source: [...group.source, source].join('\n'),
    line: group.line,
  };
}

function unfinished(group: OpenGroup, file: string): ScenarioError {
  return new ScenarioError(
    { file, line: group.line },
    'a reply of several lines begins here and does not end',
    `write a line without hyphen behind it, as \`S: ${group.lines[0]!.code}\``,
  );
}

function answerToNothing({ port, protocol, login }: Connection, place: Place): ScenarioError {
  const advice =
    login !== undefined
      ? `the player has logged in already: begin with a \`C:\` line, or write the fence without an address, as \`\`\`${port}`
      : protocol === 'pop3'
        ? `the player has taken the greeting already: begin with a \`C:\` line, or write the fence without \`over tls\``
        : 'the player has taken the greeting already: begin with a `C:` line, or say `opening: none` in the head';
  return new ScenarioError(
    place,
    'a reply is expected before the client has said anything',
    advice,
  );
}

/** Does a line look like the fence of another block? */
export function isFence(text: string): boolean {
  return /^(?:`{3}|~{3})/.test(text);
}

export function fenceInside(place: Place): ScenarioError {
  return new ScenarioError(
    place,
    'a fence begins inside a block',
    'close the block before it with a line of three backticks',
  );
}

function unknownLine(source: string, place: Place): ScenarioError {
  if (isFence(source)) return fenceInside(place);
  const first = source.split(' ')[0]!;
  return new ScenarioError(
    place,
    `no line of a dialogue begins with \`${first.length > 40 ? `${first.slice(0, 40)}…` : first}\``,
    'a line is `C: …`, `C raw: …`, `S: …`, `S raw: …`, `octets N`, `tls`, `without WORD`, `closes`, `leaves`, `silence`, `repeat N`, `end` or `# …`',
  );
}
