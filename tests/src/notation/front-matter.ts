/**
 * The head of a scenario: YAML between two lines of three hyphens. It is read strictly. A key that is
 * misspelt and passed over in silence would change a student's marks.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml';
import { ScenarioError, type Place } from './error.ts';
import { DELIVERIES, STAGES, type Scenario, type Stage } from './model.ts';

/** What the head says. The keys of the model, but for those that come from the path and the body. */
export type Head = Omit<Scenario, 'id' | 'stage' | 'file' | 'prose' | 'blocks'>;

export interface FrontMatter {
  head: Head;
  /** Line of each key that is there, from 1. */
  lines: Map<string, number>;
  /** Index, from 0, of the first line of the body. */
  bodyFrom: number;
}

/** Where a value stands, or its key if it has no value. */
type At = (node: Node | null) => Place;

type Read = (node: Node | null, key: string, at: At) => unknown;

/** What each key takes. Those of `NEEDED` must be there, the others have a value of their own. */
const KEYS = new Map<keyof Head, Read>([
  ['title', sentence],
  ['step', number],
  ['points', points],
  ['kind', oneOf(['core', 'extra'])],
  ['rfc', rfc],
  ['hint', sentence],
  ['needs', ids],
  ['until', oneOf(STAGES)],
  ['diagram', flag],
  ['variant', variant],
  ['opening', oneOf(['stage', 'none'])],
  ['delivery', oneOf(DELIVERIES)],
  ['lineEnds', oneOf(['strict', 'forgiven'])],
  ['hostile', flag],
  ['fresh', flag],
  ['login', oneOf(['user-pass'])],
]);

const NEEDED = ['title', 'step', 'points', 'kind'] as const;

const LEFT_OUT = {
  rfc: undefined,
  hint: undefined,
  until: undefined,
  diagram: false,
  variant: undefined,
  opening: 'stage',
  delivery: 'line',
  lineEnds: 'forgiven',
  hostile: false,
  fresh: false,
  login: undefined,
} as const;

const FENCE = /^---\s*$/;

/** Reads the head of the scenario whose lines these are. */
export function parseFrontMatter(lines: string[], file: string): FrontMatter {
  const first: Place = { file, line: 1 };
  if (!FENCE.test(lines[0] ?? '')) {
    throw new ScenarioError(first, 'the head is missing', 'begin the file with a line of ---');
  }
  const end = lines.findIndex((line, index) => index > 0 && FENCE.test(line));
  if (end === -1) {
    throw new ScenarioError(first, 'the head does not end', 'write a line of --- behind its keys');
  }
  const values = new Map<string, unknown>();
  const keyLines = new Map<string, number>();
  for (const { key, value, line, at } of pairs(lines.slice(1, end).join('\n'), file)) {
    const read = KEYS.get(key as keyof Head);
    if (read === undefined) {
      throw new ScenarioError(
        { file, line },
        `the head knows no key \`${key}\``,
        `the keys are ${[...KEYS.keys()].join(', ')}`,
      );
    }
    keyLines.set(key, line);
    values.set(key, read(value, key, at));
  }
  for (const key of NEEDED) {
    if (!values.has(key)) {
      throw new ScenarioError(
        first,
        `the head has no \`${key}\``,
        `add a line \`${key}: …\` to it`,
      );
    }
  }
  // Each value has been read by its own key's reader, which gives what the model says.
  const head = { ...LEFT_OUT, needs: [], ...Object.fromEntries(values) } as unknown as Head;
  return { head, lines: keyLines, bodyFrom: end + 1 };
}

interface Pair {
  key: string;
  value: Node | null;
  line: number;
  at: At;
}

/** The keys and values of a YAML text that begins on line 2 of the file. */
function pairs(text: string, file: string): Pair[] {
  const counter = new LineCounter();
  const lineOf = (offset: number | undefined): number => {
    const { line } = counter.linePos(offset ?? 0);
    return Math.max(line, 1) + 1;
  };
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) {
    throw new ScenarioError(
      { file, line: lineOf(fault.pos[0]) },
      `the head is not YAML: ${fault.message.replace(/[\s:]+$/, '').replaceAll('\n', ' ')}`,
      'write `key: value` on a line; a value with a colon and a blank in it goes between quotes',
    );
  }
  const { contents } = document;
  if (!isMap(contents)) {
    throw new ScenarioError(
      { file, line: 2 },
      'the head holds no keys',
      'write `key: value`, a line for each',
    );
  }
  return contents.items.map((pair) => {
    const key = pair.key as Node | null;
    const value = pair.value as Node | null;
    const line = lineOf(key?.range?.[0]);
    return {
      key: isScalar(key) && typeof key.value === 'string' ? key.value : String(key),
      value,
      line,
      at: (node) => ({ file, line: node?.range == null ? line : lineOf(node.range[0]) }),
    };
  });
}

/** The value of a scalar; a remark behind it is refused, since it is most likely a part of it. */
function scalar(node: Node | null, key: string, at: At): unknown {
  if (!isScalar(node)) throw wrong(key, 'one value', at(node));
  if (node.comment != null) {
    throw new ScenarioError(
      at(node),
      `the value of \`${key}\` is cut off before \`#\``,
      'put the value between quotes, or the remark on a line of its own',
    );
  }
  return node.value;
}

function wrong(key: string, wanted: string, place: Place): ScenarioError {
  return new ScenarioError(place, `the value of \`${key}\` is wrong`, `it takes ${wanted}`);
}

function sentence(node: Node | null, key: string, at: At): string {
  const value = scalar(node, key, at);
  const text = typeof value === 'string' ? value.replace(/\s+/g, ' ').trim() : '';
  if (text !== '') return text;
  throw wrong(key, 'a sentence, between quotes if it looks like a number', at(node));
}

function number(node: Node | null, key: string, at: At): number {
  const value = scalar(node, key, at);
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw wrong(key, 'a number from 0', at(node));
}

function points(node: Node | null, key: string, at: At): number {
  const value = scalar(node, key, at);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw wrong(key, 'a whole number from 0', at(node));
}

function flag(node: Node | null, key: string, at: At): boolean {
  const value = scalar(node, key, at);
  if (typeof value === 'boolean') return value;
  throw wrong(key, 'true or false', at(node));
}

function oneOf(allowed: readonly string[]): Read {
  return (node, key, at) => {
    const value = scalar(node, key, at);
    const found = allowed.find((word) => word === value);
    if (found === undefined) throw wrong(key, allowed.join(' or '), at(node));
    return found;
  };
}

/** `5321 §4.5.2`. A number alone is a number in YAML, and means the RFC as a whole. */
function rfc(node: Node | null, key: string, at: At): string {
  const value = scalar(node, key, at);
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && /^\d{3,5}(?:[ ,].*\S)?$/u.test(text)) return text;
  throw wrong(key, 'the number of the RFC and its section, as in 5321 §4.5.2', at(node));
}

/** The names of variants are words of the manifest. */
function variant(node: Node | null, key: string, at: At): string {
  const value = scalar(node, key, at);
  if (typeof value === 'string' && /^[a-z][a-z0-9-]*$/.test(value)) return value;
  throw wrong(key, 'the name of a variant, as in file-by-sender', at(node));
}

/** One id of a scenario or a list of them. Whether they are there is seen when all have been read. */
function ids(node: Node | null, key: string, at: At): string[] {
  const nodes = isSeq(node) ? (node.items as (Node | null)[]) : [node];
  const found = nodes.map((item) => {
    const value = scalar(item, key, at);
    if (typeof value === 'string' && isId(value)) return value;
    throw wrong(key, 'ids of scenarios, as in v1/one-message', at(item));
  });
  if (new Set(found).size < found.length) throw wrong(key, 'each id once', at(node));
  return found;
}

/** `v1/dot-stuffing`: a stage and a name in lower-case words. */
export function isId(text: string): boolean {
  return stageOf(text) !== undefined && /^[^/]+\/[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text);
}

/** The stage that an id begins with. */
export function stageOf(id: string): Stage | undefined {
  return STAGES.find((stage) => id.startsWith(`${stage}/`));
}
