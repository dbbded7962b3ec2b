/**
 * What keeps a check from running: the manifest is wrong, the server does not start, a port is taken.
 * It is told to students like a finding: a key of the catalogue, and the values of its sentence.
 */

export type TroubleValues = Record<string, string | number>;

/** An error that a person can do something about. `message` is only for programmers. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
  /** Key of the catalogue. */
  readonly key: string;
  readonly values: TroubleValues;
  /** The last lines that the server (or its build) printed, oldest first. */
  readonly output: string[];

  constructor(key: string, values: TroubleValues = {}, output: string[] = []) {
    super([key, JSON.stringify(values), ...output].join('\n'));
    this.key = key;
    this.values = values;
    this.output = output;
  }
}
