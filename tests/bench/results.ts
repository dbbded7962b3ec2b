/** What the bench found: what `--json` writes, and what the report is made of. */
import type { Spread } from './statistics.ts';

export interface BenchResults {
  schema: 'stagepost/bench/1';
  /** When it began, ISO 8601. */
  date: string;
  machine: Machine;
  rounds: number;
  /** Milliseconds of one measurement. */
  window: number;
  workloads: WorkloadResult[];
  checks: CheckResult[];
  /** What a reader of the figures has to know, in words. */
  notes: string[];
}

export interface Machine {
  cores: number;
  processor: string;
  memoryBytes: number;
  system: string;
  node: string;
  /** Processes that wanted to run, average of a minute; `null` where the system does not say. */
  loadBefore: number | null;
  loadAfter: number | null;
}

export interface WorkloadResult {
  id: string;
  title: string;
  servers: ServerResult[];
}

export interface ServerResult {
  name: string;
  stores: boolean;
  /** Messages a second, one figure for each round. */
  rates: number[];
  rate: Spread;
  /** To the peer that stores. */
  ratio: Spread;
  /** The load had no time left, so that the server may be faster than this. */
  atLeast: boolean;
}

export interface CheckResult {
  stage: string;
  wallSeconds: Spread;
  /** Of the check and all that it started; `null` where the system does not say. */
  cpuSeconds: Spread | null;
  runs: number;
}
