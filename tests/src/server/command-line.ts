/**
 * Command lines of a manifest: split into words, never given to a shell, then filled in.
 *
 * Splitting follows what people expect of a shell, as far as Windows paths survive it:
 * - blanks separate words; `"…"` and `'…'` hold blanks together, also in the middle of a word;
 * - a backslash before a quote or a blank takes away its meaning; before anything else it is only a
 *   backslash, so `C:\tools\python.exe` is one word as it stands;
 * - between `'…'` nothing has a meaning; between `"…"` only `\"` has.
 *
 * Placeholders are replaced afterwards, word by word, so a blank in a path is no trouble.
 */
import { PORT_NAMES } from './manifest-schema.ts';
import { suggest } from './suggest.ts';
import { Trouble } from './trouble.ts';

/** What `{…}` may stand for in a command line of the manifest. */
export const PLACEHOLDERS = [
  ...PORT_NAMES,
  'host',
  'mailboxes',
  'data',
  'users',
  'python',
  'node',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];
/** Values as functions: looking for Python takes a moment that most servers need not wait for. */
export type PlaceholderValues = Record<Placeholder, () => string>;

const PLACEHOLDER = /\{([a-z][a-z0-9]*)\}/g;

/** Splits a command line into words. Throws a Trouble if it is empty or a quote is left open. */
export function splitCommandLine(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  let quote: '"' | "'" | undefined;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    const next = line[i + 1];
    if (quote === undefined && isBlank(char)) {
      if (inWord) words.push(word);
      word = '';
      inWord = false;
      continue;
    }
    inWord = true;
    if (char === '\\' && quote !== "'" && isEscapable(next, quote)) {
      word += next!;
      i++;
    } else if (quote === undefined && (char === '"' || char === "'")) {
      quote = char;
    } else if (char === quote) {
      quote = undefined;
    } else {
      word += char;
    }
  }
  if (quote !== undefined) throw new Trouble('commandOpenQuote', { command: line, quote });
  if (inWord) words.push(word);
  if (words.length === 0) throw new Trouble('commandEmpty');
  return words;
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}

function isEscapable(next: string | undefined, quote: '"' | "'" | undefined): boolean {
  if (quote === '"') return next === '"';
  return next === '"' || next === "'" || isBlank(next);
}

/** The placeholders that a command line names, each once. Throws a Trouble at an unknown one. */
export function placeholdersIn(line: string): Set<Placeholder> {
  const found = new Set<Placeholder>();
  for (const [, name] of line.matchAll(PLACEHOLDER)) found.add(known(name!, line));
  return found;
}

/** A command line as the words to start: the program and its arguments. */
export function commandWords(line: string, values: PlaceholderValues): string[] {
  return splitCommandLine(line).map((word) => fillIn(word, values, line));
}

/** Replaces the placeholders in a text. Throws a Trouble at an unknown one. */
export function fillIn(text: string, values: PlaceholderValues, line = text): string {
  return text.replace(PLACEHOLDER, (_, name: string) => values[known(name, line)]());
}

/**
 * A command line for the system's shell (`build`, `setup`): the placeholders are replaced, quoted
 * where the shell would see more than a word in them.
 */
export function shellLine(
  line: string,
  values: PlaceholderValues,
  platform: NodeJS.Platform = process.platform,
): string {
  return line.replace(PLACEHOLDER, (_, name: string) =>
    quoteForShell(values[known(name, line)](), platform),
  );
}

function quoteForShell(word: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word) && (platform === 'win32' || !word.includes('\\')))
    return word;
  return platform === 'win32' ? `"${word}"` : `'${word.replaceAll("'", `'\\''`)}'`;
}

function known(name: string, command: string): Placeholder {
  const found = PLACEHOLDERS.find((placeholder) => placeholder === name);
  if (found !== undefined) return found;
  const near = suggest(name, PLACEHOLDERS);
  throw new Trouble(near === undefined ? 'commandUnknownPlaceholder' : 'commandNearPlaceholder', {
    command,
    placeholder: `{${name}}`,
    near: `{${near ?? ''}}`,
    allowed: PLACEHOLDERS.map((placeholder) => `{${placeholder}}`).join(' '),
  });
}
