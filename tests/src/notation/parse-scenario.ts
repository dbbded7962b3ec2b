/**
 * Reads a scenario: the head as YAML, the body as Markdown, whose fences `smtp`, `pop3`, `mail` and
 * `mailbox` are played. The notation is documented in `docs/notation.md`, what comes out in `model.ts`.
 */
import MarkdownIt, { type Token } from 'markdown-it';
import { ScenarioError, type Place } from './error.ts';
import { isId, parseFrontMatter, stageOf } from './front-matter.ts';
import { STAGES, type Block, type Protocol, type Scenario } from './model.ts';
import { parseDialogue, type Connection } from './parse-dialogue.ts';
import { mailAsDialogue } from './parse-mail.ts';
import { parseMailbox } from './parse-mailbox.ts';
import type { Known } from './parse-parts.ts';

const markdown = new MarkdownIt('commonmark');

/** Languages of fences that are dialogues. */
const PROTOCOLS = ['smtp', 'pop3'] as const satisfies readonly Protocol[];

/** Languages of fences that are played. */
const PLAYED: readonly string[] = ['mailbox', 'mail', ...PROTOCOLS];

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
      const steps = parseDialogue(lines, place, newConnection('smtp'), known);
      const { line } = place;
      blocks.push({ type: 'dialogue', protocol: 'smtp', mail: true, connection, steps, line });
    } else {
      const protocol = language as (typeof PROTOCOLS)[number];
      const { name, login } = wordsOf(words, protocol, place);
      const connection = connectionOf(connections, name, protocol, login, opening, place);
      const lines = content.map((text, index) => ({ text, line: place.line + 1 + index }));
      const steps = parseDialogue(lines, place, connection, known);
      blocks.push({
        type: 'dialogue',
        protocol,
        ...(login !== undefined && { login }),
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

/** What the words behind `smtp` or `pop3` say. In POP3 an address is the mailbox that is opened first. */
function wordsOf(
  words: string[],
  protocol: Protocol,
  place: Place,
): { name: string; login: string | undefined } {
  const address = protocol === 'pop3' && words[0]?.includes('@') ? words[0] : undefined;
  const [name = address?.split('@')[0] ?? protocol, ...more] =
    address === undefined ? words : words.slice(1);
  if (address !== undefined && !/^[^\s<>{}@]+@[^\s<>{}@]+$/.test(address)) {
    throw new ScenarioError(
      place,
      `\`${address}\` is no address`,
      'write it without angle brackets, as in ```pop3 bob@example.com',
    );
  }
  if (more.length > 0 || !/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new ScenarioError(
      place,
      `\`${words.join(' ')}\` cannot be the name of a connection`,
      protocol === 'pop3'
        ? 'behind the language there may be an address, and one word in lower-case letters as the name'
        : 'write one word in lower-case letters behind the language, or none',
    );
  }
  if (/^mail(?:-\d+)?$/.test(name)) {
    throw new ScenarioError(
      place,
      `a connection that sends a block \`mail\` is called \`${name}\``,
      `give this one another name, as in \`\`\`${[protocol, address, 'first'].filter(Boolean).join(' ')}`,
    );
  }
  return { name, login: address };
}

/** The connection that a fence means: a new one, or the one that has the name already. */
function connectionOf(
  connections: Map<string, Connection>,
  name: string,
  protocol: Protocol,
  login: string | undefined,
  opening: Scenario['opening'],
  place: Place,
): Connection {
  const there = connections.get(name);
  if (there === undefined) {
    const made = newConnection(protocol, login, opening);
    connections.set(name, made);
    return made;
  }
  if (there.protocol !== protocol) {
    throw new ScenarioError(
      place,
      `the connection \`${name}\` speaks ${there.protocol} already`,
      'give this one another name',
    );
  }
  if (there.login !== login) {
    const began = there.login === undefined ? 'by its greeting' : `logged in to ${there.login}`;
    throw new ScenarioError(
      place,
      `the connection \`${name}\` began ${began}`,
      'go on with it by a fence with the same words, or give this one a name of its own, as in ' +
        (login === undefined ? '```pop3 again' : `\`\`\`pop3 ${login} again`),
    );
  }
  return there;
}

/** @param login Of a POP3 connection that the player logs in; without it the dialogue begins by the greeting. */
function newConnection(
  protocol: Protocol,
  login?: string,
  opening: Scenario['opening'] = 'stage',
): Connection {
  const mayBeAnswered = protocol === 'pop3' ? login === undefined : opening === 'none';
  return { protocol, login, mayBeAnswered, endedOn: undefined };
}
