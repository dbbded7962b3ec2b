/** Reads a stage's handout: its sessions, the files it shows, its tables. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import MarkdownIt from 'markdown-it';
import { type Port, PORTS, type Scenario } from '../../src/notation/model.ts';
import { parseScenario } from '../../src/notation/parse-scenario.ts';
import { ROOT as KIT } from '../../src/cli/stages.ts';

export interface Handout {
  /**
   * The dialogues, as scenarios that must come true to the letter. A fence of SMTP (```` ```smtp ````,
   * ```` ```submission ````) begins a session, and those of POP3 behind it go on with the same server and
   * mailboxes.
   */
  sessions: Scenario[];
  /** What the server says in the fences of SMTP of each session, line by line. */
  replies: string[][];
  /** Every fence that shows a file (```` ```text mailboxes/… ````): its name and its lines. */
  files: { name: string; text: string }[];
  /** Every other ```` ```text ```` fence. */
  texts: string[];
  /** Every table: rows of cells, the head first, as plain text. */
  tables: string[][][];
  /** Targets of links and images that lie in the kit, relative to its root. */
  links: string[];
}

export function readHandout(file: string): Handout {
  const text = readFileSync(path.join(KIT, file), 'utf8');
  const tokens = new MarkdownIt().parse(text, {});
  const handout: Handout = {
    ...{ sessions: [], replies: [], files: [], texts: [], tables: [], links: [] },
  };
  const sessions: Fence[][] = [];
  for (const [index, token] of tokens.entries()) {
    const [language, name] = token.info.trim().split(/\s+/);
    if (token.type === 'fence' && isPort(language!)) {
      const fence: Fence = { port: language, variant: name, text: token.content };
      const last = sessions.at(-1);
      const goesOn = isReading(fence) && last !== undefined && last[0]!.variant === name;
      if (goesOn) last.push(fence);
      else sessions.push([fence]);
    }
    if (token.type === 'fence' && language === 'text') {
      if (name) handout.files.push({ name, text: token.content });
      else handout.texts.push(token.content);
    }
    if (token.type === 'table_open') handout.tables.push([]);
    if (token.type === 'tr_open') handout.tables.at(-1)!.push([]);
    if (token.type !== 'inline') continue;
    if (['th_open', 'td_open'].includes(tokens[index - 1]!.type)) {
      const cell = (token.children ?? []).map((child) => child.content).join('');
      handout.tables.at(-1)!.at(-1)!.push(cell);
    }
    for (const child of token.children ?? []) {
      const target = String(child.attrGet('href') ?? child.attrGet('src') ?? '#');
      if (!/^(?:https?:|#)/.test(target)) {
        handout.links.push(path.join(path.dirname(file), target.replace(/#.*/, '')));
      }
    }
  }
  handout.sessions = sessions.map((fences, index) => session(file, index + 1, fences));
  handout.replies = sessions.map((fences) => {
    const lines = fences.filter((each) => !isReading(each)).flatMap(({ text }) => text.split('\n'));
    return lines.filter((line) => line.startsWith('S: ')).map((line) => line.slice(3));
  });
  return handout;
}

const isPort = (language: string): language is Port => Object.hasOwn(PORTS, language);

const isReading = ({ port }: Fence) => PORTS[port].protocol === 'pop3';

interface Fence {
  port: Port;
  /** The word behind the language: how the server is started. */
  variant: string | undefined;
  text: string;
}

function session(file: string, number: number, fences: Fence[]): Scenario {
  const { variant } = fences[0]!;
  const head = [
    'title: The session of the handout comes true',
    `step: ${number}`,
    'points: 0',
    'kind: core',
    'opening: none',
    ...(variant === undefined ? [] : [`variant: ${variant}`]),
  ];
  const blocks = fences.map((fence, index) => {
    const lines = isReading(fence) ? toTheLetter(fence.text) : fence.text;
    return `\`\`\`${fence.port} connection-${index + 1}\n${lines}\`\`\`\n`;
  });
  return parseScenario(
    `---\n${head.join('\n')}\n---\n${blocks.join('\n')}`,
    file,
    `${path.basename(path.dirname(file)).slice(0, 2)}/handout-${number}`,
  );
}

/** What is different each time: the date in a `Received:` line, and from stage 4 on a message's id. */
const CHANGING = /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d|\d{10}\.M\d{3}Q\d{6}R[0-9a-f]{8}/;

/**
 * In POP3 the notation wants only the beginning of a reply's text. A handout promises all of it, and
 * any date or id in place of the one that it shows.
 */
function toTheLetter(dialogue: string): string {
  const lines = dialogue.split('\n').map((line) => {
    const [, code, text] = /^S: (\+OK|-ERR) (.*)$/.exec(line) ?? [];
    if (text !== undefined) return `S: ${code} /^${pattern(text)}$/`;
    if (!line.startsWith('S: ') || !CHANGING.test(line)) return line;
    return `S: /^${pattern(line.slice(3))}$/`;
  });
  return lines.join('\n');
}

/** As a pattern that matches this text, whatever stands where it is different each time. */
function pattern(text: string): string {
  const { 0: changing, index } = CHANGING.exec(text) ?? { 0: '', index: text.length };
  if (changing === '') return literally(text);
  const rest = pattern(text.slice(index + changing.length));
  return `${literally(text.slice(0, index))}(?:${CHANGING.source})${rest}`;
}

/** As a pattern that matches this text alone. A tab is written as one: patterns hold no controls. */
function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replaceAll('\t', '\\t');
}

/** The table whose head begins with these words. */
export function tableOf({ tables }: Handout, ...head: string[]): string[][] {
  const table = tables.find(([first]) => head.every((word, column) => first?.[column] === word));
  if (!table) throw new Error(`no table ${head.join(' | ')}`);
  return table.slice(1);
}
