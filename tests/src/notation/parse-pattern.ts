/** `/pattern/`: a regular expression in an `S:` line. Its named groups are captured for later lines. */
import { ScenarioError, type Place } from './error.ts';

export interface TakenPattern {
  pattern: RegExp;
  /** The names that it captures. */
  names: string[];
  /** What stands behind it. */
  rest: string;
}

/** The inside of a pattern: as in JavaScript, `\/` and `[/]` do not end it. */
const INSIDE = String.raw`(?:[^\\/[]|\\.|\[(?:[^\\\]]|\\.)*\])+`;

/**
 * Takes the pattern that a text begins with.
 * @param text   Begins with a slash.
 * @param behind What may stand behind the pattern: nothing, or an ` or ` too.
 */
export function takePattern(text: string, behind: 'nothing' | 'or', place: Place): TakenPattern {
  const end = behind === 'or' ? '(?= or |$)' : '$';
  const found = new RegExp(`^/(${INSIDE})/${end}`, 'u').exec(text);
  if (found === null) {
    throw new ScenarioError(
      place,
      `the pattern \`${text}\` does not end`,
      'write it between two slashes, with \\/ for a slash inside and nothing behind it' +
        (behind === 'or' ? '' : '; a line that only begins with a slash is an `S raw:` line'),
    );
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(found[1]!, 'u');
  } catch (error) {
    throw new ScenarioError(
      place,
      `the pattern cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'write a regular expression of JavaScript',
    );
  }
  const names = namesIn(pattern);
  for (const name of names) {
    if (!/^[a-z]+$/.test(name) || name === 'token' || name === 'n') {
      throw new ScenarioError(
        place,
        `\`${name}\` cannot be used as a placeholder`,
        'capture under one word in lower-case letters other than token and n',
      );
    }
  }
  return { pattern, names, rest: text.slice(found[0].length) };
}

/** The names that the pattern captures. */
export function namesIn(pattern: RegExp): string[] {
  // With an empty alternative it matches anything, and the match then lists every group there is.
  const match = new RegExp(`${pattern.source}|`, pattern.flags).exec('');
  return Object.keys(match?.groups ?? {});
}
