/**
 * The report that a student gets for a mutant: a golden text for each scenario, so that what students
 * read is reviewed like code. `UPDATE_REPORTS=1 npx vitest run mutants` writes them anew.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createColors } from 'picocolors';
import { KIT } from '../src/check/places.ts';
import { renderFailure } from '../src/check/report.ts';
import type { Result } from '../src/check/result.ts';
import type { Scenario, Stage } from '../src/notation/model.ts';

const REPORTS = path.join(KIT, 'tests', 'reports', 'mutants');

/** The failure of one scenario as a student sees it, without what differs from run to run. */
export function reportOf(result: Result, scenario: Scenario): string {
  const failure = result.scenarios.find(({ id }) => id === scenario.id);
  if (failure === undefined) throw new Error(`${scenario.id} was not played`);
  const colors = createColors(false);
  const text = renderFailure(failure, scenario, {
    stage: result.stage,
    dir: 'my-server',
    colors,
    width: 80,
  });
  return text
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:2525')
    .replace(/\d{10}\.M\d{3}Q(\d{6})R[\da-f]{8}/g, '1790000000.M123Q$1R0123abcd');
}

/** The report as it is committed; first written anew if that was asked for. */
export async function goldenReport(id: string, now: string): Promise<string> {
  const file = path.join(REPORTS, `${id}.txt`);
  if (process.env.UPDATE_REPORTS !== undefined && now !== '') {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, now);
  }
  return readFile(file, 'utf8');
}

/** Ids of the reports that are committed for a stage. */
export async function reportIds(stage: Stage): Promise<string[]> {
  const names = await readdir(path.join(REPORTS, stage));
  return names.map((name) => `${stage}/${name.replace(/\.txt$/, '')}`).sort();
}
