/**
 * The one error of the notation: a scenario's author wrote something that it does not say. Its
 * message is what the author reads: `file:line: what is wrong; what to do`.
 */

/** Where in a scenario: the file as it was named to the parser, and the line, from 1. */
export interface Place {
  file: string;
  line: number;
}

export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly file: string;
  readonly line: number;

  /** @param advice What the author can do about it. */
  constructor(place: Place, problem: string, advice: string) {
    super(`${place.file}:${place.line}: ${problem}; ${advice}`);
    this.file = place.file;
    this.line = place.line;
  }
}
