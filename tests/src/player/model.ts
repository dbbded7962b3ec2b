/** What playing a scenario yields: the dialogue as it happened, and what was found, if anything. */
import type { Delivery } from '../notation/model.ts';

/** One line of a dialogue as it was played; the text has placeholders for what differs from run to run. */
export interface PlayedStep {
  connection: string;
  /** `C`: the client sent it. `S`: the server did. `-`: a remark (connected, closed, silence). */
  from: 'C' | 'S' | '-';
  /** Without its CR LF; control octets as `\r`, `\0`, `\x1b`. */
  text: string;
  /** The line of the scenario that asked for it, as written there. */
  expected?: string;
  /** Line of the scenario file; absent for the player's own opening. */
  line?: number;
  ok: boolean;
}

/** What went wrong: a key of the catalogue, and the values for its sentence. */
export interface Finding {
  key: string;
  values: Record<string, string | number>;
  /** Index into `steps` of the line that differed, if it was one. */
  step?: number;
}

export interface PlayResult {
  ok: boolean;
  finding?: Finding;
  steps: PlayedStep[];
  /** True if the server has to be started again before the next scenario: it died, or no longer answers. */
  restart: boolean;
  delivery: Delivery;
  durationMs: number;
}
