/** Reads a stage's handout: its sessions, the files it shows, its tables. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import MarkdownIt from 'markdown-it';
import type { Scenario } from '../../src/notation/model.ts';
import { parseScenario } from '../../src/notation/parse-scenario.ts';
import { ROOT as KIT } from '../../src/cli/stages.ts';

export interface Handout {
  /**
   * The dialogues, as scenarios that must come true to the letter. A ```` ```smtp ```` fence begins a
   * session, and the ```` ```pop3 ```` fences behind it go on with the same server and mailboxes.
   */
  sessions: Scenario[];
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
  const handout: Handout = { sessions: [], files: [], texts: [], tables: [], links: [] };
  const sessions: Fence[][] = [];
  for (const [index, token] of tokens.entries()) {
    const [language, name] = token.info.trim().split(/\s+/);
    if (token.type === 'fence' && (language === 'smtp' || language === 'pop3')) {
      const fence: Fence = { protocol: language, variant: name, text: token.content };
      const last = sessions.at(-1);
      const goesOn = language === 'pop3' && last !== undefined && last[0]!.variant === name;
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
  return handout;
}

interface Fence {
  protocol: 'smtp' | 'pop3';
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
  const blocks = fences.map(({ protocol, text }, index) => {
    const lines = protocol === 'pop3' ? toTheLetter(text) : text;
    return `\`\`\`${protocol} connection-${index + 1}\n${lines}\`\`\`\n`;
  });
  return parseScenario(
    `---\n${head.join('\n')}\n---\n${blocks.join('\n')}`,
    file,
    `${path.basename(path.dirname(file)).slice(0, 2)}/handout-${number}`,
  );
}

/** The date in a `Received:` line. */
const DATE = /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d/;

/**
 * In POP3 the notation wants only the beginning of a reply's text. A handout promises all of it, and
 * any date in place of the one that it shows.
 */
function toTheLetter(dialogue: string): string {
  const lines = dialogue.split('\n').map((line) => {
    const [, code, text] = /^S: (\+OK|-ERR) (.*)$/.exec(line) ?? [];
    if (text !== undefined) return `S: ${code} /^${literally(text)}$/`;
    const [before, after] = line.replace(/^S: /, '').split(DATE);
    if (after === undefined) return line;
    return `S: /^${literally(before!)}${DATE.source}${literally(after)}$/`;
  });
  return lines.join('\n');
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
