/**
 * Reads a scenario: the head as YAML, the body as Markdown, whose fences `smtp` and `mailbox` are
 * played. The notation is documented in `docs/notation.md`, what comes out in `model.ts`.
 */
import MarkdownIt, { type Token } from 'markdown-it';
import { ScenarioError, type Place } from './error.ts';
import { isId, parseFrontMatter, stageOf } from './front-matter.ts';
import { STAGES, type Block, type Protocol, type Scenario } from './model.ts';
import { parseDialogue, type Connection } from './parse-dialogue.ts';
import { parseMailbox } from './parse-mailbox.ts';
import type { Known } from './parse-parts.ts';

const markdown = new MarkdownIt('commonmark');

/** Languages of fences that are played. */
const PROTOCOLS = ['smtp', 'pop3'] as const satisfies readonly Protocol[];

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
    } else {
      const protocol = language as (typeof PROTOCOLS)[number];
      const name = connectionName(words, protocol, place);
      const connection = connectionOf(connections, name, protocol, opening, place);
      const steps = parseDialogue(content, place, connection, known);
      blocks.push({ type: 'dialogue', protocol, connection: name, steps, line: place.line });
    }
    prose.fill('', from, to);
  }
  return { blocks, prose: prose.join('\n').trim() };
}

/** Is a fence in this language played? Other languages are prose; a slip of the pen is not. */
function isPlayed(language: string, place: Place): boolean {
  const played = ['mailbox', ...PROTOCOLS];
  if (played.includes(language)) return true;
  const meant = language.toLowerCase().replace(/[:,]$/, '');
  if (played.includes(meant)) {
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

function connectionName(words: string[], protocol: Protocol, place: Place): string {
  const [name = protocol, ...more] = words;
  if (more.length === 0 && /^[a-z][a-z0-9-]*$/.test(name)) return name;
  throw new ScenarioError(
    place,
    `\`${words.join(' ')}\` cannot be the name of a connection`,
    'write one word in lower-case letters behind the language, or none',
  );
}

function connectionOf(
  connections: Map<string, Connection>,
  name: string,
  protocol: Protocol,
  opening: Scenario['opening'],
  place: Place,
): Connection {
  const there = connections.get(name);
  if (there?.protocol === protocol) return there;
  if (there !== undefined) {
    throw new ScenarioError(
      place,
      `the connection \`${name}\` speaks ${there.protocol} already`,
      'give this one another name',
    );
  }
  const made = { protocol, mayBeAnswered: opening === 'none', endedOn: undefined };
  connections.set(name, made);
  return made;
}
