/**
 * Copies of a message in a JSON file: a list of messages, an object with a list for each recipient, a
 * message as a string, as a list of lines or as an object of headers and body. Pure.
 */
import { namedInText, saysSender } from './addresses.ts';
import { linesOf } from './lines.ts';
import type { Copy, Sought } from './traces.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Where a string that holds the token stands: the values from the outermost to the string itself. */
interface Way {
  values: Json[];
  /** The keys that lead from each value to the next. */
  keys: string[];
}

/** The copies of the message; undefined if the file is no JSON. */
export function jsonTraces(octets: Buffer, sought: Sought): Copy[] | undefined {
  const roots = parse(octets, sought.token);
  return roots?.flatMap((root) => copiesIn(root, sought));
}

/** The file as JSON, or the lines of it that hold the token. */
function parse(octets: Buffer, token: string): Json[] | undefined {
  const text = octets.toString();
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return [JSON.parse(text) as Json];
  } catch {
    // Not one value: perhaps one in every line.
  }
  try {
    const lines = text.split('\n').filter((line) => line.includes(token));
    return lines.map((line) => JSON.parse(line) as Json);
  } catch {
    return undefined;
  }
}

function copiesIn(root: Json, sought: Sought): Copy[] {
  const copies = new Map<Json | Way, Way[]>();
  for (const way of waysTo(root, sought.token)) {
    const record = way.values[recordOf(way)]!;
    // A record that is a string by itself is told apart by its way.
    const identity = typeof record === 'object' ? record : way;
    copies.set(identity, [...(copies.get(identity) ?? []), way]);
  }
  return [...copies.values()].map((ways) => {
    const way = ways[0]!;
    return { owners: ownersOf(way, sought), texts: textsOf(way) };
  });
}

/** All ways from the root to strings that hold the token. */
function waysTo(root: Json, token: string): Way[] {
  const found: Way[] = [];
  const walk = (value: Json, values: Json[], keys: string[]): void => {
    const here = [...values, value];
    if (typeof value === 'string') {
      if (value.includes(token)) found.push({ values: here, keys });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, here, [...keys, key]);
    }
  };
  walk(root, [], []);
  return found;
}

/**
 * Which of the values on the way is the message with what belongs to it: the item of the outermost list
 * of objects, lists or whole messages. Without such a list, the outermost value.
 */
function recordOf({ values }: Way): number {
  const list = values.findIndex(
    (value, index) => Array.isArray(value) && !isListOfLines(value, values[index + 1]),
  );
  return list === -1 ? 0 : list + 1;
}

/** A message kept as a list of its lines, and not a list of messages. */
function isListOfLines(list: Json[], item: Json | undefined): boolean {
  return (
    typeof item === 'string' && !item.includes('\n') && list.every((x) => typeof x === 'string')
  );
}

/** Keys on the way say it (`{ "bob@example.com": [ … ] }`), or fields beside the message do. */
function ownersOf(way: Way, { addresses, sent }: Sought): string[] {
  const byKey = addresses.filter((address) =>
    way.keys.some((key) => {
      const name = key.toLowerCase();
      return name === address || name === address.slice(0, address.lastIndexOf('@'));
    }),
  );
  if (byKey.length > 0) return byKey;
  const record = recordOf(way);
  const named = (value: Json, deep: boolean): string[] =>
    addresses.filter((address) =>
      besideStrings(value, deep, '').some((text) => {
        const own = linesOf(text).filter((line) => !sent.has(line));
        const alone = text.toLowerCase() === address.slice(0, address.lastIndexOf('@'));
        return alone || namedInText(own.join('\n'), [address]).length > 0;
      }),
    );
  for (let index = record; index >= 0; index -= 1) {
    const owners = named(way.values[index]!, index === record);
    if (owners.length > 0) return owners;
  }
  return [];
}

/** The strings of a value, but for what stands under a key for the sender. */
function besideStrings(value: Json, deep: boolean, key: string): string[] {
  if (saysSender(key)) return [];
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const isList = Array.isArray(inner) && inner.every((item) => typeof item === 'string');
    if (!deep && typeof inner !== 'string' && !isList) return [];
    return besideStrings(inner, deep, Array.isArray(value) ? key : name);
  });
}

/** The string itself, the list of lines it is in, and all strings of the record. */
function textsOf(way: Way): string[][] {
  const texts = [way.values.at(-1)!, way.values.at(-2) ?? '', way.values[recordOf(way)]!];
  return texts
    .map((value) => stringsOf(value).join('\n'))
    .filter((text, index, all) => text !== '' && all.indexOf(text) === index)
    .flatMap(octetsOf)
    .map(linesOf);
}

/**
 * The octets that a text of JSON stands for: those of UTF-8 (where Python has put an octet that was
 * not UTF-8 into a lone surrogate, that octet), or of ISO 8859-1, if it was decoded as that.
 */
function octetsOf(text: string): string[] {
  const utf8 = text.replace(/[\udc80-\udcff]|[^\x00-\x7f]/gu, (character) => {
    const code = character.codePointAt(0)!;
    const escaped = code >= 0xdc80 && code <= 0xdcff;
    return escaped ? String.fromCharCode(code - 0xdc00) : Buffer.from(character).toString('latin1');
  });
  return /^[\x00-\xff]*[\x80-\xff][\x00-\xff]*$/.test(text) ? [utf8, text] : [utf8];
}

function stringsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}
