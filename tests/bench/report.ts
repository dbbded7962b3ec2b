/** The report: the figures as text of at most 80 columns. Pure. */
import type { BenchResults, CheckResult, ServerResult, WorkloadResult } from './results.ts';
import type { Spread } from './statistics.ts';

const WIDTH = 80;

export function renderReport(results: BenchResults): string {
  const blocks = [renderHead(results), ...results.workloads.map(renderWorkload)];
  if (results.checks.length > 0) blocks.push(renderChecks(results.checks));
  if (results.notes.length > 0) blocks.push(results.notes.map((note) => wrap(note)).join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

function renderHead({ date, machine, rounds, window, workloads }: BenchResults): string {
  const { cores, processor, memoryBytes, system, node, loadBefore, loadAfter } = machine;
  const memory = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const loads = [loadBefore, loadAfter].map((load) => load?.toFixed(1));
  const load = loadBefore === null ? '' : ` Load ${loads[0]} before, ${loads[1]} after.`;
  const lines = [
    wrap(
      `${date.slice(0, 16).replace('T', ' ')} UTC. ${cores} cores (${processor}), ${memory}, ` +
        `${system}, Node ${node}.${load}`,
    ),
  ];
  if (workloads.length > 0) {
    lines.push(
      wrap(
        `Median (least – most) of ${rounds} alternated runs of ${window / 1000} s. Machines are ` +
          'noisy: compare the ratios, not the messages per second. A ratio is to smtp-server ' +
          'with fsync in the same round.',
      ),
    );
  }
  return lines.join('\n');
}

function renderWorkload({ title, servers }: WorkloadResult): string {
  const head = row('', ['messages/s', '(least – most)'], ['ratio', '(least – most)']);
  return [title, head, ...servers.map(renderServer)].join('\n');
}

function renderServer({ name, rate, ratio, atLeast }: ServerResult): string {
  const mark = atLeast ? '≥' : '';
  return row(name, cells(rate, whole, mark), cells(ratio, ratioText, mark));
}

function renderChecks(checks: readonly CheckResult[]): string {
  const rows = checks.map(({ stage, wallSeconds, cpuSeconds, runs }) =>
    row(
      `check ${stage}, ${runs} ${runs === 1 ? 'run' : 'runs'}`,
      cells(wallSeconds, seconds),
      cpuSeconds === null ? ['not known', ''] : cells(cpuSeconds, seconds),
    ),
  );
  const head = row('', ['wall s', '(least – most)'], ['cpu s', '(least – most)']);
  return ['npx stagepost check, on the references', head, ...rows].join('\n');
}

type Cells = [middle: string, range: string];

function cells({ median, least, most }: Spread, text: (value: number) => string, mark = ''): Cells {
  return [mark + text(median), `(${text(least)} – ${text(most)})`];
}

function row(name: string, [rate, rateRange]: Cells, [ratio, ratioRange]: Cells): string {
  const left = `  ${name.padEnd(22)}${rate.padStart(10)} ${rateRange.padStart(19)}`;
  return `${left}${ratio.padStart(10)} ${ratioRange.padStart(15)}`.trimEnd();
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function ratioText(value: number): string {
  return value < 9.995 ? value.toFixed(2) : value.toFixed(1);
}

function seconds(value: number): string {
  return value.toFixed(2);
}

/** Breaks a text into lines of the report's width. */
export function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}
