/**
 * What keeps a check from running: the manifest is wrong, the server does not start, a port is taken.
 * It is told to students like a finding: a key of the catalogue, and the values of its sentence.
 */
import type { Key } from '../catalogue/index.ts';

export type TroubleValues = Record<string, string | number>;

/** An error that a person can do something about. `message` is only for programmers. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
  /** Key of the catalogue. */
  readonly key: Key;
  readonly values: TroubleValues;
  /** The last lines that the server (or its build) printed, oldest first. */
  readonly output: string[];

  constructor(key: Key, values: TroubleValues = {}, output: string[] = []) {
    super([key, JSON.stringify(values), ...output].join('\n'));
    this.key = key;
    this.values = values;
    this.output = output;
  }
}

const OF_THE_SERVER: ReadonlySet<Key> = new Set([
  'startNoProgram',
  'startEnded',
  'startEndedSilently',
  'startNotListening',
  'startListensElsewhere',
  'startListensByUdp',
  'startPortTaken',
  'startPortForbidden',
  'startStepFailed',
  'startStepTooSlow',
] as const);

/** Is a trouble the server's own, so that it costs points, or does it keep us from checking at all? */
export function isOfTheServer({ key }: Trouble): boolean {
  return OF_THE_SERVER.has(key);
}
