/**
 * The tokens of a play: words that exist nowhere else, so that a message can be found wherever a
 * server keeps it. In what people read they are placeholders again, so that two runs read the same.
 */
import { randomInt } from 'node:crypto';

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Tokens of any play look like this: `sp` and 12 letters and digits. */
export const ANY_TOKEN = /sp[0-9a-z]{12}/g;

export interface Tokens {
  /** The word for `token`, `token.2`, …: made when it is first asked for. */
  word(name: string): string;
  /** The text with every token as its placeholder: `{token}`. */
  neutral(text: string): string;
  /** All words so far. */
  words(): string[];
}

/** A token that nobody can guess: 62 bits. */
export function randomToken(): string {
  return `sp${Array.from({ length: 12 }, () => LETTERS[randomInt(LETTERS.length)]!).join('')}`;
}

/** @param newToken Where the words come from. */
export function makeTokens(newToken: () => string): Tokens {
  const words = new Map<string, string>();
  return {
    word(name) {
      const word = words.get(name) ?? newToken();
      words.set(name, word);
      return word;
    },
    neutral(text) {
      let neutral = text;
      for (const [name, word] of words) neutral = neutral.replaceAll(word, `{${name}}`);
      return neutral;
    },
    words: () => [...words.values()],
  };
}
