/**
 * The catalogue of sentences that students meet. English is the first; `fr.ts` and `pt.ts` are files
 * to add: `export const fr: Catalogue = { … }`, and an entry in `CATALOGUES`.
 */
import { en } from './en.ts';

/** The name of a sentence. */
export type Key = keyof typeof en;

/** A language: every sentence, with the same words in braces as in English. */
export type Catalogue = Record<Key, string>;

/** The languages that there are, by their code. */
export const CATALOGUES: Record<string, Catalogue> = { en };

/** The words in braces of a sentence: `command` and `got` in `{command} was answered with {got}`. */
type Names<S extends string> = S extends `${string}{${infer N}}${infer Rest}`
  ? N | Names<Rest>
  : never;

/** What stands for a word in braces; a key stands for its own sentence, in the same language. */
export type Value = string | number | { key: Key };

/** The values that a sentence needs, no more and no less. */
export type Values<K extends Key> = Record<Names<(typeof en)[K]>, Value>;

/**
 * The sentence `key` with its values filled in. A value is never looked through for braces itself, so
 * what a server sent cannot become a placeholder.
 */
export function say(
  key: Key,
  values: Record<string, Value> = {},
  catalogue: Catalogue = en,
): string {
  return catalogue[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) return whole;
    return typeof value === 'object' ? catalogue[value.key] : String(value);
  });
}
