/**
 * `npm run bench`: how fast the reference servers are, beside a server that others use, and how long the
 * check takes. It measures and never judges: no figure makes it fail. docs/bench.md says what the figures
 * mean.
 */
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import { timeCheck, type CheckTime } from './check-times.ts';
import { contenders, peer, type Contender } from './contenders.ts';
import { startGenerator } from './generator.ts';
import { describeMachine, liesInMemory, load } from './machine.ts';
import { type Options, readOptions, usage, UsageError } from './options.ts';
import { renderReport } from './report.ts';
import type { BenchResults, CheckResult, WorkloadResult } from './results.ts';
import { playRounds, type Series } from './rounds.ts';
import { ratioOf, spreadOf } from './statistics.ts';
import { workloads, type Workload } from './workloads.ts';

/** Milliseconds after which no further round, and no further check, is begun: three minutes in all. */
const ROUNDS_LIMIT = 120_000;
const CHECKS_LIMIT = 150_000;
/** From here on the load measures itself. */
const TOO_BUSY = 0.9;

const started = performance.now();

async function bench(options: Options): Promise<BenchResults> {
  const date = new Date().toISOString();
  const loadBefore = load();
  const chosen = workloads.filter(({ id }) => options.only.includes(id));
  const everybody = contenders();
  const { series, played } = await measureServers(options, chosen, everybody);
  const checks = options.only.includes('check') ? await measureChecks(options) : [];
  const notes = await notesOn(options, everybody, chosen, played, checks);
  return {
    schema: 'stagepost/bench/1',
    date,
    machine: { ...describeMachine(), loadBefore, loadAfter: load() },
    rounds: played,
    window: options.window,
    workloads: chosen.map((workload) => summary(workload, everybody, series)),
    checks: checks.map(({ result }) => result),
    notes,
  };
}

async function measureServers(
  { rounds, warmUp, window }: Options,
  chosen: readonly Workload[],
  everybody: readonly Contender[],
): Promise<{ series: Series; played: number }> {
  if (chosen.length === 0) return { series: new Map(), played: 0 };
  const generator = startGenerator();
  try {
    const plan = { contenders: everybody, workloads: chosen, rounds, warmUp, window };
    return await playRounds({ ...plan, limit: ROUNDS_LIMIT, generator, progress });
  } finally {
    generator.end();
  }
}

function summary(
  { id, title }: Workload,
  all: readonly Contender[],
  series: Series,
): WorkloadResult {
  const figures = series.get(id)!;
  const ratesOf = (name: string): number[] => figures.get(name)!.map(({ rate }) => rate);
  const servers = all.map(({ name, stores }) => {
    const rates = ratesOf(name);
    const busy = spreadOf(figures.get(name)!.map((measured) => measured.busy)).median;
    const ratio = ratioOf(rates, ratesOf(peer.name));
    return { name, stores, rates, rate: spreadOf(rates), ratio, atLeast: busy >= TOO_BUSY };
  });
  return { id, title, servers };
}

async function measureChecks({
  checks,
}: Options): Promise<{ result: CheckResult; failed: boolean }[]> {
  const times = new Map<string, CheckTime[]>([
    ['v1', []],
    ['v2', []],
  ]);
  for (let run = 0; run < checks; run += 1) {
    if (run > 0 && performance.now() - started > CHECKS_LIMIT) break;
    for (const [stage, found] of times) {
      progress(`check ${stage}, ${run + 1} of ${checks}`);
      found.push(await timeCheck(stage));
    }
  }
  return [...times].map(([stage, found]) => {
    const cpu = found.map(({ cpuSeconds }) => cpuSeconds).filter((each) => each !== undefined);
    const wallSeconds = spreadOf(found.map((each) => each.wallSeconds));
    const cpuSeconds = cpu.length === found.length ? spreadOf(cpu) : null;
    const failed = found.some(({ exitCode }) => exitCode !== 0);
    return { result: { stage, wallSeconds, cpuSeconds, runs: found.length }, failed };
  });
}

/** What a reader has to know beside the figures. */
async function notesOn(
  options: Options,
  everybody: readonly Contender[],
  chosen: readonly Workload[],
  played: number,
  checks: readonly { result: CheckResult; failed: boolean }[],
): Promise<string[]> {
  const notes: string[] = [];
  if (chosen.length > 0) {
    if (chosen.some(({ id }) => id === 'one-message')) {
      notes.push('One message each: smtp-server waits 100 ms before its greeting, by design.');
    }
    if (played < options.rounds)
      notes.push(`The time was up after ${played} of ${options.rounds} rounds.`);
    if (!everybody.some(({ name }) => name.startsWith('smtp-sink'))) {
      notes.push("Postfix's smtp-sink is not installed; it would be measured too.");
    }
    if (await liesInMemory(os.tmpdir())) {
      notes.push(
        `${os.tmpdir()} lies in memory, where fsync costs nothing. Set TMPDIR to a folder on a disk.`,
      );
    }
  }
  for (const { result, failed } of checks) {
    if (failed) notes.push(`check ${result.stage} did not pass: its times are those of a failure.`);
  }
  return notes;
}

/** One line on a terminal, written over and over; nothing elsewhere. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(usage);
  } else {
    const results = await bench(options);
    progress('');
    process.stdout.write(renderReport(results));
    if (options.json !== undefined) {
      await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
    }
  }
} catch (error) {
  progress('');
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
