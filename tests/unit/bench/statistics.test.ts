/** The figures of the bench: what stands for many runs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ratioOf, rotated, spreadOf } from '../../bench/statistics.ts';

describe('the spread of several runs', () => {
  it('has the one in the middle for its median, whatever the order', () => {
    expect(spreadOf([30, 10, 1000])).toEqual({ median: 30, least: 10, most: 1000 });
  });

  it('has what lies between the two in the middle, if there are two', () => {
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5);
  });

  it('of one run is that run', () => {
    expect(spreadOf([7])).toEqual({ median: 7, least: 7, most: 7 });
  });

  it('of nothing is refused', () => {
    expect(() => spreadOf([])).toThrow(RangeError);
  });

  it('has as many values below its median as above', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const { median, least, most } = spreadOf(values);
        const below = values.filter((value) => value < median).length;
        const above = values.filter((value) => value > median).length;
        expect(below).toBeLessThanOrEqual(values.length / 2);
        expect(above).toBeLessThanOrEqual(values.length / 2);
        expect([least, most]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
  });
});

describe('the ratio to the peer', () => {
  it('is taken round by round, so that a slow moment of the machine is no part of it', () => {
    expect(ratioOf([200, 20, 300], [100, 10, 150])).toEqual({ median: 2, least: 2, most: 2 });
  });

  it('of the peer is 1', () => {
    expect(ratioOf([5, 9], [5, 9])).toEqual({ median: 1, least: 1, most: 1 });
  });
});

describe('turns', () => {
  it('begin with somebody else in each round, and leave nobody out', () => {
    const turns = [0, 1, 2, 3].map((round) => rotated(['A', 'B', 'C'], round).join(''));
    expect(turns).toEqual(['ABC', 'BCA', 'CAB', 'ABC']);
  });

  it('of nobody are none', () => {
    expect(rotated([], 3)).toEqual([]);
  });
});
