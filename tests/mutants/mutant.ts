/**
 * A mutant is a reference with one small fault in it: a mistake that students really make. The suite
 * must find it, and name it as itself. The catalogue lists, for each mutant, exactly the scenarios
 * that fail because of it; every scenario is there to find at least one.
 */
import type { Stage } from '../src/notation/model.ts';

/** Replaces a text in a file of the stage. It must be there exactly once. */
export interface Edit {
  /** Below the stage's folder: `src/session.ts`. */
  file: string;
  find: string;
  replace: string;
}

export interface Mutant {
  /** A name in words: `last-recipient-only`. It is the name of a file too. */
  id: string;
  stage: Stage;
  /** What is wrong with the server, in one line. */
  mistake: string;
  edits: Edit[];
  /** Ids of the scenarios that fail, in their order. Those that need them are skipped. */
  kills: [string, ...string[]];
}

/** A mutant of one edit. */
export function edit(file: string, find: string, replace: string): Edit {
  return { file: `src/${file}`, find, replace };
}
