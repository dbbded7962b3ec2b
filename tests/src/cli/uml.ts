/**
 * The job `uml`: records the diagrams of the references, and draws those that have changed. Sources are
 * written even where nothing can be drawn.
 */
import type { Command } from 'commander';
import { findBrowser } from '../uml/browser.ts';
import { type Diagram, isFresh, sha256, type Stamp, withStamp } from '../uml/diagram.ts';
import { draw, install, isInstalled } from '../uml/draw.ts';
import {
  orphans,
  pictureFile,
  README,
  readIfThere,
  removeFiles,
  rendererHash,
  sourceFile,
  writeIfNew,
} from '../uml/folder.ts';
import { readme } from '../uml/readme.ts';
import { recordDiagrams } from '../uml/record.ts';
import { JobError } from './job-error.ts';

export function addUml(program: Command): void {
  program
    .command('uml')
    .usage('')
    .summary("make the diagrams of the stages' dialogues and states")
    .description(
      'Records the scenarios that say `diagram: true` from the references and writes uml/<stage>/*.mmd, ' +
        'then draws those that have changed as *.svg. Drawing needs an installed browser.',
    )
    .action(makeDiagrams);
}

async function makeDiagrams(): Promise<void> {
  const diagrams = await recordDiagrams();
  for (const diagram of diagrams) await writeIfNew(sourceFile(diagram), diagram.source);
  await writeIfNew(README, readme(diagrams));
  const left = await orphans(diagrams);
  await removeFiles(left);
  for (const file of left) console.log(`removed uml/${file}: no scenario asks for it`);

  const stale = await staleDiagrams(diagrams);
  if (stale.length > 0) await drawAll(stale);
  const fresh = diagrams.length - stale.length;
  console.log(`${diagrams.length} diagrams in uml/: ${stale.length} drawn, ${fresh} unchanged.`);
}

interface Stale {
  diagram: Diagram;
  stamp: Stamp;
}

/** The diagrams whose picture is missing, or was made from another source or in another way. */
async function staleDiagrams(diagrams: readonly Diagram[]): Promise<Stale[]> {
  const renderer = await rendererHash();
  const stale: Stale[] = [];
  for (const diagram of diagrams) {
    const stamp = { source: sha256(diagram.source), renderer };
    if (!isFresh(await readIfThere(pictureFile(diagram)), stamp)) stale.push({ diagram, stamp });
  }
  return stale;
}

async function drawAll(stale: readonly Stale[]): Promise<void> {
  const browser = findBrowser();
  if ('missing' in browser) throw new JobError(browser.missing, 1);
  if (!(await isInstalled())) {
    console.log('Installing Mermaid in uml/ (once; about 500 MB, half a minute): npm ci');
    await install();
  }
  const sources = stale.map(({ diagram }) => diagram.source);
  await draw(sources, browser.file, async (index, svg) => {
    const { diagram, stamp } = stale[index]!;
    await writeIfNew(pictureFile(diagram), withStamp(svg, stamp));
    console.log(`drew uml/${pictureFile(diagram)}`);
  });
}
