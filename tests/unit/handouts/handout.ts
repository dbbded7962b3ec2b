/** Reads a stage's handout: its sessions, the files it shows, its tables. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import MarkdownIt from 'markdown-it';
import type { Scenario } from '../../src/notation/model.ts';
import { parseScenario } from '../../src/notation/parse-scenario.ts';
import { ROOT as KIT } from '../../src/cli/stages.ts';

export interface Handout {
  /** Every ```` ```smtp ```` fence, as a scenario that must come true to the letter. */
  sessions: Scenario[];
  /** Every fence that shows a file (```` ```text mailboxes/… ````): its name and its lines. */
  files: { name: string; text: string }[];
  /** Every table: rows of cells, the head first, as plain text. */
  tables: string[][][];
  /** Targets of links and images that lie in the kit, relative to its root. */
  links: string[];
}

export function readHandout(file: string): Handout {
  const text = readFileSync(path.join(KIT, file), 'utf8');
  const tokens = new MarkdownIt().parse(text, {});
  const handout: Handout = { sessions: [], files: [], tables: [], links: [] };
  for (const [index, token] of tokens.entries()) {
    const [language, name] = token.info.trim().split(/\s+/);
    if (token.type === 'fence' && language === 'smtp') {
      handout.sessions.push(session(file, handout.sessions.length + 1, name, token.content));
    }
    if (token.type === 'fence' && language === 'text' && name) {
      handout.files.push({ name, text: token.content });
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
  return handout;
}

function session(
  file: string,
  number: number,
  variant: string | undefined,
  fence: string,
): Scenario {
  const head = [
    'title: The session of the handout comes true',
    `step: ${number}`,
    'points: 0',
    'kind: core',
    'opening: none',
    ...(variant === undefined ? [] : [`variant: ${variant}`]),
  ];
  const text = `---\n${head.join('\n')}\n---\n\`\`\`smtp\n${fence}\`\`\`\n`;
  return parseScenario(
    text,
    file,
    `${path.basename(path.dirname(file)).slice(0, 2)}/handout-${number}`,
  );
}

/** The table whose head begins with these words. */
export function tableOf({ tables }: Handout, ...head: string[]): string[][] {
  const table = tables.find(([first]) => head.every((word, column) => first?.[column] === word));
  if (!table) throw new Error(`no table ${head.join(' | ')}`);
  return table.slice(1);
}
