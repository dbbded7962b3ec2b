/** The report of the bench, and the pieces that it is made from. */
import { describe, expect, it } from 'vitest';
import { childrenSeconds } from '../../bench/check-times.ts';
import { readOptions, UsageError } from '../../bench/options.ts';
import { renderReport, wrap } from '../../bench/report.ts';
import type { BenchResults, ServerResult } from '../../bench/results.ts';
import { ratioOf, spreadOf } from '../../bench/statistics.ts';
import { workloads } from '../../bench/workloads.ts';

const peerRates = [1800.4, 2200, 2000];

function server(name: string, rates: number[], atLeast = false): ServerResult {
  const ratio = ratioOf(rates, peerRates);
  return { name, stores: true, rates, rate: spreadOf(rates), ratio, atLeast };
}

const results: BenchResults = {
  schema: 'stagepost/bench/1',
  date: '2026-01-02T03:04:05.678Z',
  machine: {
    cores: 2,
    processor: 'A Processor',
    memoryBytes: 8 * 2 ** 30,
    system: 'Linux 6.1.0 x64',
    node: '20.19.0',
    loadBefore: 0.31,
    loadAfter: 1.96,
  },
  rounds: 3,
  window: 600,
  workloads: [
    {
      id: 'kept-open',
      title: '10 connections kept open',
      servers: [
        server('v1-smtp', [900, 1000, 1100]),
        server('smtp-server, fsync', peerRates),
        server('smtp-sink, discards', [123_456.4, 100_000, 99_999], true),
      ],
    },
  ],
  checks: [
    { stage: 'v1', wallSeconds: spreadOf([5, 4.2]), cpuSeconds: spreadOf([3, 3.5]), runs: 2 },
    { stage: 'v2', wallSeconds: spreadOf([8.123]), cpuSeconds: null, runs: 1 },
  ],
  notes: ['A note.'],
};

describe('the report of the bench', () => {
  it('is a table', () => {
    expect(renderReport(results)).toMatchInlineSnapshot(`
      "2026-01-02 03:04 UTC. 2 cores (A Processor), 8.0 GiB, Linux 6.1.0 x64, Node
      20.19.0. Load 0.3 before, 2.0 after.
      Median (least – most) of 3 alternated runs of 0.6 s. Machines are noisy: compare
      the ratios, not the messages per second. A ratio is to smtp-server with fsync in
      the same round.

      10 connections kept open
                              messages/s      (least – most)     ratio  (least – most)
        v1-smtp                    1,000       (900 – 1,100)      0.50   (0.45 – 0.55)
        smtp-server, fsync         2,000     (1,800 – 2,200)      1.00   (1.00 – 1.00)
        smtp-sink, discards     ≥100,000  (99,999 – 123,456)     ≥50.0   (45.5 – 68.6)

      npx stagepost check, on the references
                                  wall s      (least – most)     cpu s  (least – most)
        check v1, 2 runs            4.60       (4.20 – 5.00)      3.25   (3.00 – 3.50)
        check v2, 1 run             8.12       (8.12 – 8.12) not known

      A note.
      "
    `);
  });

  it('has no line of more than 80 columns, at any speed that a machine may have', () => {
    const fast = [199_999, 188_888, 177_777];
    const titles = workloads.map(({ id, title }) => ({
      id,
      title,
      servers: [server('smtp-server, discards', fast, true)],
    }));
    const text = renderReport({ ...results, workloads: titles, notes: ['word '.repeat(100)] });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('leaves out what was not measured', () => {
    const text = renderReport({ ...results, workloads: [], notes: [] });
    expect(text).not.toContain('messages');
    expect(renderReport({ ...results, checks: [] })).not.toContain('check');
  });
});

describe('wrapping', () => {
  it('keeps a word whole, even one that is longer than a line', () => {
    const long = 'x'.repeat(100);
    expect(wrap(`short ${long} short`)).toBe(`short\n${long}\nshort`);
  });
});

describe('the time of the children, as a shell tells it', () => {
  it.each([
    ['dash', '0m0.000000s 0m0.000000s\n0m2.340000s 1m1.300000s\n', 63.64],
    ['bash', '0m0.001s 0m0.002s\n0m2.340s 0m1.300s\n', 3.64],
  ])('is read from %s', (_, printed, seconds) => {
    expect(childrenSeconds(printed)).toBeCloseTo(seconds);
  });

  it('is not known, if the shell says something else', () => {
    expect(childrenSeconds('sh: times: not found\n')).toBeUndefined();
  });
});

describe('the command line of the bench', () => {
  it('takes everything, at full length, if nothing is said', () => {
    const { only, rounds, json } = readOptions([], {});
    expect(only).toEqual([...workloads.map(({ id }) => id), 'check']);
    expect(rounds).toBeGreaterThan(2);
    expect(json).toBeUndefined();
  });

  it('is shorter with --quick', () => {
    const [full, quick] = [readOptions([], {}), readOptions(['--quick'], {})];
    expect(quick.rounds * quick.window).toBeLessThan(full.rounds * full.window);
  });

  it.each([
    [['--only', 'everything'], 'There is no part "everything"'],
    [['--fast'], "Unknown option '--fast'"],
    [['result.json'], 'See node --import tsx tests/bench/bench.ts --help'],
  ])('refuses %j in one line', (args, words) => {
    expect(() => readOptions(args, {})).toThrow(UsageError);
    expect(() => readOptions(args, {})).toThrow(words);
  });

  it('notices an option that npm has swallowed, and says the line that works', () => {
    const env = { npm_lifecycle_event: 'bench', npm_config_quick: 'true' };
    expect(() => readOptions([], env)).toThrow(
      'Type: node --import tsx tests/bench/bench.ts --quick',
    );
  });
});
