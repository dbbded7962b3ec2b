/** A few figures that stand for many. Pure. */

/** What several runs gave. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/** The spread of at least one value. The median of an even count lies between the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

/**
 * How many times as much as the peer. Taken round by round: what slows the machine down for a while slows
 * both, and is no part of the ratio.
 */
export function ratioOf(values: readonly number[], peer: readonly number[]): Spread {
  return spreadOf(values.map((value, round) => value / peer[round]!));
}

/** The list begun at another place: in each round somebody else is first. */
export function rotated<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
