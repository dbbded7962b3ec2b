/** Why a check could not run, in words. */
import { say } from '../catalogue/index.ts';
import type { Stage } from '../notation/model.ts';
import { showLine } from '../player/octets.ts';
import type { Trouble } from '../server/trouble.ts';

/** A sentence; behind it what a program printed, or a manifest to copy where there is none. */
export function explainTrouble({ key, values, output }: Trouble, stage: Stage): string {
  const lines = [say(key, values), ...outputLines(output)];
  if (key === 'manifestMissing')
    lines.push(say('manifestSample', values), '', sampleManifest(stage));
  return lines.join('\n');
}

/** What a program printed, with nothing in it that a terminal would obey. */
export function outputLines(output: readonly string[]): string[] {
  return output.map((line) => showLine(Buffer.from(line)));
}

function sampleManifest(stage: Stage): string {
  return `{\n  "stage": "${stage}",\n  "start": "{python} server.py {smtp}"\n}`;
}
