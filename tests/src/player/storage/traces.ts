/**
 * The traces that a message has left in a file: one for each copy, with the people it is for and its
 * text. Pure: a file's name and octets in, traces out.
 */
import { ANY_TOKEN } from '../tokens.ts';
import { namedInPath, namedInText } from './addresses.ts';
import { isDatabase, type StoredFile } from './files.ts';
import { jsonTraces } from './json-traces.ts';
import { linesOf, withoutEscapes } from './lines.ts';

export interface Trace {
  file: string;
  /** Addresses that it is for. */
  owners: string[];
  /** What says so: the file's path, what stands beside the message, or nothing. */
  by: 'path' | 'beside' | 'nobody';
  /** The text, in each of the ways in which it can be read, as lines. The first is the most likely. */
  texts: string[][];
  /** In a database a copy may be a page that is no longer in use. */
  database: boolean;
}

/** What is known of the message that is looked for. */
export interface Sought {
  token: string;
  /** How often the token stands in its text: 1, or more. */
  perMessage: number;
  /** Lines of the text as it was sent, an octet a character: what they say is not beside the message. */
  sent: ReadonlySet<string>;
  /** Whoever mail may be for in this scenario. */
  addresses: string[];
  /** Who sent the message, if that is known. */
  sender?: string | undefined;
}

/** The traces of a message in a file that holds its token. */
export function tracesIn(file: StoredFile, sought: Sought): Trace[] {
  const database = isDatabase(file);
  const text = () => file.octets.toString('latin1');
  const found = database
    ? textTraces(text(), sought, (part) => namedInRow(part, sought))
    : (jsonTraces(file.octets, sought) ?? textTraces(text(), sought));
  const named = namedInPath(file.name, sought.addresses);
  return found.map(({ owners, texts }) => {
    const by = named.length > 0 ? 'path' : owners.length > 0 ? 'beside' : 'nobody';
    return { file: file.name, owners: by === 'path' ? named : owners, by, texts, database };
  });
}

/** Whom a copy is for, as far as the content says, and its text. */
export type Copy = Pick<Trace, 'owners' | 'texts'>;

/**
 * The words before an address in a database are its schema's, or those of another row. So it is the
 * recipient's if it is not the sender's.
 */
function namedInRow(part: string, { addresses, sender }: Sought): string[] {
  const row = part.toLowerCase();
  const named = addresses.filter((address) => row.includes(address));
  const others = named.filter((address) => address !== sender);
  return others.length > 0 ? others : named;
}

/**
 * Copies in a file that is no JSON: one message, or several, one after the other.
 * @param named Whom a piece of the file names as a recipient.
 */
export function textTraces(
  text: string,
  sought: Sought,
  named = (part: string) => namedInText(part, sought.addresses),
): Copy[] {
  const { token, perMessage, sent } = sought;
  const tokens = [...text.matchAll(ANY_TOKEN)].map((match) => ({
    at: match.index,
    word: match[0],
  }));
  if (!ANY_TOKEN.test(token)) {
    for (let at = text.indexOf(token); at !== -1; at = text.indexOf(token, at + 1))
      tokens.push({ at, word: token });
    tokens.sort((a, b) => a.at - b.at);
  }
  ANY_TOKEN.lastIndex = 0;
  // As a part of an address the token may stand in trace lines that the server wrote.
  const hits = tokens.filter(({ at, word }) => word === token && text[at + word.length] !== '@');
  const beside = (part: string) =>
    named(
      linesOf(part)
        .filter((line) => !sent.has(line))
        .join('\n'),
    );
  // Most layouts write whom a message is for above it. Where nobody is named above the first message
  // of the file, but below the last, it is written below.
  const below =
    beside(text.slice(0, tokens[0]?.at)).length === 0 &&
    beside(text.slice(tokens.at(-1)?.at)).length > 0;
  return hits
    .filter((_, index) => index % perMessage === 0)
    .map(({ at }, copy) => {
      const last = hits[Math.min((copy + 1) * perMessage, hits.length) - 1]!;
      const before = tokens.filter((other) => other.at < at).at(-1);
      const after = tokens.find((other) => other.at > last.at);
      const from = before === undefined ? 0 : before.at + before.word.length;
      const slice = text.slice(from, after?.at);
      const near = beside(below ? text.slice(at, after?.at) : text.slice(from, at));
      const owners = near.length > 0 ? near : beside(slice);
      const texts = [linesOf(slice)];
      if (slice.includes('\\')) texts.push(linesOf(withoutEscapes(slice)));
      return { owners, texts };
    });
}
