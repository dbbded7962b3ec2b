/**
 * From what zod finds wrong in a manifest to one sentence for the person who wrote it: which file,
 * which key, what is allowed there, and what was most likely meant.
 */
import { z } from 'zod';
import type { Key } from '../catalogue/index.ts';
import { keysAllowedAt } from './manifest-schema.ts';
import { suggest } from './suggest.ts';
import { Trouble } from './trouble.ts';

type Issue = z.core.$ZodIssue;

/**
 * The first thing to repair: an unknown key before all else (a misspelt `start` is also a missing
 * one), then what lies deepest (of the forms that a value may have, the one that was meant got furthest).
 */
export function manifestTrouble(issues: readonly Issue[], value: unknown, file: string): Trouble {
  const all = issues.flatMap((issue) => flatten(issue, []));
  const unknown = all.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown?.code === 'unrecognized_keys') return unknownKey(unknown, file);
  const [issue] = all.sort((a, b) => b.path.length - a.path.length);
  const path = issue?.path ?? [];
  const key = dotted(path);
  const found = valueAt(value, path);
  if (found === undefined) return new Trouble('manifestMissingKey', { file, key });
  if (path.length === 0) return new Trouble('manifestNotObject', { file });
  const values = { file, key, found: JSON.stringify(found) };
  return new Trouble(expectationAt(path), values);
}

function unknownKey(issue: z.core.$ZodIssueUnrecognizedKeys, file: string): Trouble {
  const allowed = keysAllowedAt(issue.path);
  const name = issue.keys[0]!;
  const near = suggest(name, allowed);
  const values = { file, key: dotted([...issue.path, name]), allowed: allowed.join(', ') };
  return near === undefined
    ? new Trouble('manifestUnknownKey', values)
    : new Trouble('manifestNearKey', { ...values, near });
}

/** zod tells of a union only that none of its forms fits; what did not fit lies inside. */
function flatten(issue: Issue, prefix: readonly PropertyKey[]): Issue[] {
  const path = [...prefix, ...issue.path];
  const here = { ...issue, path };
  if (issue.code !== 'invalid_union') return [here];
  return [here, ...issue.errors.flatMap((form) => form.flatMap((inner) => flatten(inner, path)))];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}

/** The sentence that says what belongs at a place. */
function expectationAt(path: readonly PropertyKey[]): Key {
  const [first, second, ...rest] = path;
  if (first === 'variants') {
    if (rest.length > 0) return expectationAt(rest);
    const named = second === undefined || /^[a-z][a-z0-9-]*$/.test(String(second));
    return named ? 'manifestExpectsObject' : 'manifestExpectsVariant';
  }
  if (first === 'start') {
    const text = path.at(-1) === 'cwd' || path.at(-1) === 'stdin';
    return text ? 'manifestExpectsText' : 'manifestExpectsStart';
  }
  if (first === 'stage') return 'manifestExpectsStage';
  if (first === 'ports')
    return second === undefined ? 'manifestExpectsPorts' : 'manifestExpectsPort';
  if (first === 'env')
    return second === undefined ? 'manifestExpectsObject' : 'manifestExpectsText';
  if (first === 'accounts') return 'manifestExpectsAccounts';
  if (first === 'build' || first === 'client') return 'manifestExpectsText';
  return 'manifestExpectsList';
}

function dotted(path: readonly PropertyKey[]): string {
  return z.core.toDotPath(path);
}
