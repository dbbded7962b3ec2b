/**
 * Reads a scenario: the head as YAML, the body as Markdown, whose fences `smtp`, `pop3` (and the other
 * ports), `mail` and `mailbox` are played. The notation is documented in `docs/notation.md`, what comes out in `model.ts`.
 */
import MarkdownIt, { type Token } from 'markdown-it';
import { ScenarioError, type Place } from './error.ts';
import { isId, parseFrontMatter, stageOf } from './front-matter.ts';
import { PORTS, STAGES, type Block, type Port, type Scenario } from './model.ts';
import { parseDialogue, type Connection } from './parse-dialogue.ts';
import { mailAsDialogue } from './parse-mail.ts';
import { parseMailbox } from './parse-mailbox.ts';
import type { Known } from './parse-parts.ts';

const markdown = new MarkdownIt('commonmark');

/** Languages of fences that are played: those of the dialogues are the ports. */
const PLAYED: readonly string[] = ['mailbox', 'mail', ...Object.keys(PORTS)];

/** The scenario, and where its head says what: for errors that only show beside other scenarios. */
export interface ReadScenario {
  scenario: Scenario;
  /** Line of each key of the head, from 1. */
  headLines: Map<string, number>;
}

/**
 * @param text The whole file.
 * @param file Its name, for messages.
 * @param id   `v1/dot-stuffing`.
 * @throws ScenarioError, with file and line, for whatever the notation does not say.
 */
export function parseScenario(text: string, file: string, id: string): Scenario {
  return readScenario(text, file, id).scenario;
}

/** As `parseScenario`, with the lines of the head. */
export function readScenario(text: string, file: string, id: string): ReadScenario {
  const first: Place = { file, line: 1 };
  const stage = stageOf(id);
  if (stage === undefined || !isId(id)) {
    throw new ScenarioError(
      first,
      `\`${id}\` cannot be the name of a scenario`,
      'name the file in lower-case words with hyphens and put it into v1, v2, v3 or v4',
    );
  }
  // The line ends that markdown-it knows, so that both count lines alike; a BOM is no part of a text.
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n?|\n/);
  const { head, lines: headLines, bodyFrom } = parseFrontMatter(lines, file);
  if (head.until !== undefined && STAGES.indexOf(head.until) < STAGES.indexOf(stage)) {
    throw new ScenarioError(
      { file, line: headLines.get('until') ?? 1 },
      `the scenario ends with ${head.until} and begins with ${stage}`,
      `write ${stage} or a later stage, or leave \`until\` out`,
    );
  }
  const { blocks, prose } = parseBody(lines.slice(bodyFrom), bodyFrom, file, head.opening);
  if (!blocks.some((block) => block.type === 'dialogue')) {
    throw new ScenarioError(first, 'the scenario has no dialogue', 'add a fence ```smtp');
  }
  return { scenario: { id, stage, file, ...head, prose, blocks }, headLines };
}

function parseBody(
  lines: string[],
  offset: number,
  file: string,
  opening: Scenario['opening'],
): { blocks: Block[]; prose: string } {
  const known: Known = { captured: new Set(), tokens: new Set() };
  const connections = new Map<string, Connection>();
  const blocks: Block[] = [];
  let mails = 0;
  const prose = [...lines];
  for (const token of markdown.parse(lines.join('\n'), {})) {
    if (token.type !== 'fence' || token.map === null) continue;
    const [from, to] = token.map;
    const place: Place = { file, line: offset + from + 1 };
    const [language, ...words] = token.info.trim().split(/\s+/);
    if (!isPlayed(language ?? '', place)) continue;
    refuseHalfFence(token, lines, place);
    const content = lines.slice(from + 1, to - 1);
    if (language === 'mailbox') {
      blocks.push(parseMailbox(words, content, place, known.tokens));
    } else if (language === 'mail') {
      mails += 1;
      const connection = mails === 1 ? 'mail' : `mail-${mails}`;
      const lines = mailAsDialogue(words, content, place);
      const steps = parseDialogue(lines, place, newConnection({ port: 'smtp' }), known);
      const { line } = place;
      const on = { protocol: 'smtp', port: 'smtp' } as const;
      blocks.push({ type: 'dialogue', ...on, mail: true, connection, steps, line });
    } else {
      const port = language as Port;
      const fence = wordsOf(words, port, place);
      const { name, login, overTls, inClear } = fence;
      const connection = connectionOf(connections, fence, opening, place);
      const lines = content.map((text, index) => ({ text, line: place.line + 1 + index }));
      const steps = parseDialogue(lines, place, connection, known);
      blocks.push({
        type: 'dialogue',
        protocol: PORTS[port].protocol,
        port,
        ...(login !== undefined && { login }),
        ...(overTls && { overTls }),
        ...(inClear && { inClear }),
        connection: name,
        steps,
        line: place.line,
      });
    }
    prose.fill('', from, to);
  }
  return { blocks, prose: prose.join('\n').trim() };
}

/** Is a fence in this language played? Other languages are prose; a slip of the pen is not. */
function isPlayed(language: string, place: Place): boolean {
  if (PLAYED.includes(language)) return true;
  const meant = language.toLowerCase().replace(/[:,]$/, '');
  if (PLAYED.includes(meant)) {
    throw new ScenarioError(
      place,
      `\`${language}\` is no language of a fence`,
      `write \`${meant}\``,
    );
  }
  if (meant === 'imap') {
    throw new ScenarioError(
      place,
      'the notation has no dialogues in IMAP',
      'use the language text for one that is only to be read',
    );
  }
  return false;
}

/** A fence that is played stands alone, at the left margin, and is closed. */
function refuseHalfFence(token: Token, lines: string[], place: Place): void {
  const [from, to] = token.map!;
  const fence = token.markup;
  if (token.level > 0 || !lines[from]!.startsWith(fence)) {
    throw new ScenarioError(
      place,
      'the block stands inside a list, a quote or an indentation',
      'begin its fence at the left margin',
    );
  }
  // Markdown closes an open fence at the end of the text, and what was meant as prose would be played.
  const last = lines[to - 1]!.trim();
  if (to - 1 === from || !(last.startsWith(fence) && last === fence[0]!.repeat(last.length))) {
    throw new ScenarioError(place, 'the block does not end', `write a line of ${fence} behind it`);
  }
}

/** What a fence says of the connection that its dialogue is on. */
interface Fence {
  port: Port;
  name: string;
  /** As whom the player logs in first. */
  login: string | undefined;
  /** The player begins TLS first. */
  overTls: boolean;
  /** The player does not begin TLS, where it belongs to the port. */
  inClear: boolean;
}

/** What the words behind `smtp`, `pop3` or another port say: an address, a name, `over tls` or `in clear`. */
function wordsOf(words: string[], port: Port, place: Place): Fence {
  const how = words.slice(-2).join(' ');
  const [overTls, inClear] = [how === 'over tls', how === 'in clear'];
  const others = overTls || inClear ? words.slice(0, -2) : words;
  const login = others[0]?.includes('@') === true ? others[0] : undefined;
  const [name = login?.split('@')[0]?.toLowerCase() ?? port, ...more] =
    login === undefined ? others : others.slice(1);
  const written = (...parts: (string | undefined)[]) =>
    `\`\`\`${[port, ...parts].filter((part) => part !== undefined).join(' ')}`;
  if (login !== undefined && !/^[^\s<>{}@]+@[^\s<>{}@]+$/.test(login)) {
    throw new ScenarioError(
      place,
      `\`${login}\` is no address`,
      `write it without angle brackets, as in ${written('bob@example.com')}`,
    );
  }
  if (more.length > 0 || !/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new ScenarioError(
      place,
      `\`${others.join(' ')}\` cannot be the name of a connection`,
      'behind the language there may be an address, one word in lower-case letters as the name, and `over tls`',
    );
  }
  if (/^mail(?:-\d+)?$/.test(name)) {
    throw new ScenarioError(
      place,
      `a connection that sends a block \`mail\` is called \`${name}\``,
      `give this one another name, as in ${written(login, 'first')}`,
    );
  }
  if (overTls && (PORTS[port].tls || login !== undefined)) {
    throw new ScenarioError(
      place,
      PORTS[port].tls
        ? `on the port ${port} everything is said through TLS`
        : 'with an address everything is said through TLS from stage 4 on',
      'take `over tls` out',
    );
  }
  if (inClear && (!PORTS[port].tls || login !== undefined)) {
    throw new ScenarioError(
      place,
      PORTS[port].tls
        ? 'who logs in speaks TLS'
        : `on the port ${port} a dialogue begins in clear by itself`,
      'take `in clear` out',
    );
  }
  return { port, name, login, overTls, inClear };
}

/** The connection that a fence means: a new one, or the one that has the name already. */
function connectionOf(
  connections: Map<string, Connection>,
  fence: Fence,
  opening: Scenario['opening'],
  place: Place,
): Connection {
  const { name, port, login, overTls, inClear } = fence;
  const there = connections.get(name);
  if (there === undefined) {
    const made = newConnection(fence, opening);
    connections.set(name, made);
    return made;
  }
  if (there.port !== port) {
    throw new ScenarioError(
      place,
      `the connection \`${name}\` speaks ${there.port} already`,
      'give this one another name',
    );
  }
  if (there.login !== login || there.overTls !== overTls || there.inClear !== inClear) {
    const began =
      there.login !== undefined
        ? `logged in to ${there.login}`
        : there.overTls
          ? 'over TLS'
          : there.inClear
            ? 'in clear'
            : 'by its greeting';
    const how = overTls ? 'over tls' : inClear ? 'in clear' : undefined;
    const again = [port, login, 'again', how];
    throw new ScenarioError(
      place,
      `the connection \`${name}\` began ${began}`,
      'go on with it by a fence with the same words, or give this one a name of its own, as in ' +
        `\`\`\`${again.filter((word) => word !== undefined).join(' ')}`,
    );
  }
  return there;
}

/**
 * Without a login and without `over tls`, a dialogue in POP3 begins by the greeting. In clear, where TLS
 * belongs, it begins by what the client says.
 */
function newConnection(
  { port, login, overTls = false, inClear = false }: { port: Port } & Partial<Fence>,
  opening: Scenario['opening'] = 'stage',
): Connection {
  const { protocol, tls } = PORTS[port];
  const isPlayers = login !== undefined || overTls;
  return {
    protocol,
    port,
    login,
    overTls,
    inClear,
    secure: (tls && !inClear) || isPlayers,
    mayBeAnswered: !isPlayers && !inClear && (protocol === 'pop3' || opening === 'none'),
    endedOn: undefined,
  };
}
