/**
 * The runs: in each round every server has its turn under every load, A B C D, then B C D A, and so on.
 * What disturbs the machine for some seconds then hits all of them, and none of them always comes first.
 */
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { atExit } from '../src/server/at-exit.ts';
import type { Contender } from './contenders.ts';
import type { Generator } from './generator.ts';
import type { Measured } from './load.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import { rotated } from './statistics.ts';
import { storedText, type Workload } from './workloads.ts';

export interface RoundsPlan {
  contenders: readonly Contender[];
  workloads: readonly Workload[];
  rounds: number;
  /** Milliseconds before each measurement, and of it. */
  warmUp: number;
  window: number;
  /** Milliseconds after which no further round is begun. The first one is never left out. */
  limit: number;
  generator: Generator;
  /** Told before each measurement. */
  progress: (what: string) => void;
}

/** What was measured, in the order of the rounds: first by the workload's id, then by the server's name. */
export type Series = Map<string, Map<string, Measured[]>>;

/** Plays the rounds; returns fewer than planned if the time was up. */
export async function playRounds(plan: RoundsPlan): Promise<{ series: Series; played: number }> {
  // All that is stored stays to the end, a gigabyte or so: deleting many files halves the speed at which
  // some file systems make new ones, for some ten seconds.
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stagepost-bench-'));
  // A server that was just told to end may still be writing into it.
  const removal = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 };
  const forget = atExit(() => rmSync(folder, removal));
  try {
    return await playAll(plan, folder);
  } finally {
    plan.progress('removing what was stored');
    await rm(folder, removal);
    forget();
  }
}

async function playAll(
  plan: RoundsPlan,
  folder: string,
): Promise<{ series: Series; played: number }> {
  const series: Series = new Map();
  for (const { id } of plan.workloads) {
    series.set(id, new Map(plan.contenders.map(({ name }) => [name, []])));
  }
  const start = performance.now();
  let played = 0;
  for (; played < plan.rounds; played += 1) {
    const elapsed = performance.now() - start;
    if (played > 0 && elapsed + elapsed / played > plan.limit) break;
    for (const workload of plan.workloads) {
      const title = `round ${played + 1} of ${plan.rounds}, ${workload.id}`;
      const own = path.join(folder, `${workload.id}-${played + 1}`);
      await playTurns(plan, workload, played, { title, folder: own }, (name, measured) => {
        series.get(workload.id)!.get(name)!.push(measured);
      });
    }
  }
  return { series, played };
}

/** Everybody's turn under one load, each with a fresh server in a fresh folder. */
async function playTurns(
  plan: RoundsPlan,
  workload: Workload,
  round: number,
  { title, folder }: { title: string; folder: string },
  found: (name: string, measured: Measured) => void,
): Promise<void> {
  const started: { contender: Contender; own: string; server: ServerProcess }[] = [];
  try {
    plan.progress(`${title}: starting`);
    // They start together, since starting takes longer than measuring; then all but one are idle.
    const starts = await Promise.allSettled(
      rotated(plan.contenders, round).map(async (contender, place) => {
        const own = path.join(folder, String(place));
        await mkdir(own, { recursive: true });
        started[place] = {
          contender,
          own,
          server: await startServer(await contender.command(own)),
        };
      }),
    );
    for (const one of starts) if (one.status === 'rejected') throw one.reason as Error;
    for (const { contender, own, server } of started) {
      plan.progress(`${title}: ${contender.name}`);
      found(contender.name, await takeTurn(plan, workload, contender, server, own));
    }
  } finally {
    // A start that failed left a gap.
    await Promise.all(started.filter(Boolean).map(({ server }) => server.stop()));
  }
}

async function takeTurn(
  { generator, warmUp, window }: RoundsPlan,
  workload: Workload,
  { name, hello, stores }: Contender,
  server: ServerProcess,
  folder: string,
): Promise<Measured> {
  try {
    const measured = await generator.measure({
      port: server.port,
      workload,
      hello,
      warmUp,
      window,
    });
    // A server that loses mail may be as fast as it likes.
    const least = measured.answered * storedText(workload);
    const there = stores ? await octetsIn(folder) : least;
    if (there < least) throw new Error(`250 was said to ${least} octets, ${there} are stored`);
    return measured;
  } catch (error) {
    const words = [(error as Error).message, server.lastWords()].filter((text) => text !== '');
    throw new Error(`${name}, ${workload.id}: ${words.join('\n')}`, { cause: error });
  }
}

/** The size of all files in a folder, in octets. */
async function octetsIn(folder: string): Promise<number> {
  let octets = 0;
  for (const file of await readdir(folder)) octets += (await stat(path.join(folder, file))).size;
  return octets;
}
