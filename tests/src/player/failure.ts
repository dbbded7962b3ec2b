/** How a play ends early: a finding, thrown from wherever it was made. */
import type { Key, Values } from '../catalogue/index.ts';
import type { Finding } from './model.ts';

export interface Failure extends Error {
  finding: Finding;
  /** The replies may be out of step because an earlier command was answered twice. */
  suspicious: boolean;
  /** The server said nothing: does it still serve anybody? */
  silent: boolean;
}

/** A finding, with exactly the values that its sentence needs. */
export function find<K extends Key>(key: K, values: Values<K>): Finding {
  return { key, values };
}

export function failure(
  finding: Finding,
  how: { suspicious?: boolean; silent?: boolean } = {},
): Failure {
  return Object.assign(new Error(finding.key), {
    finding,
    suspicious: how.suspicious ?? false,
    silent: how.silent ?? false,
  });
}

export function isFailure(error: unknown): error is Failure {
  return error instanceof Error && 'finding' in error;
}
