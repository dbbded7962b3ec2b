/**
 * Records the diagrams: each reference plays the scenarios of its stage that say `diagram: true`, and
 * the command tables give the states.
 */
import path from 'node:path';
import { say } from '../catalogue/index.ts';
import { GOLDEN, referenceFolder } from '../check/places.ts';
import { OPENINGS } from '../check/wants-helo.ts';
import { JobError } from '../cli/job-error.ts';
import { loadScenarios } from '../notation/load.ts';
import type { Scenario } from '../notation/model.ts';
import { emptyMailboxes, usesPop3 } from '../player/empty-mailboxes.ts';
import { playScenario } from '../player/play-scenario.ts';
import { readManifest } from '../server/manifest.ts';
import { startServer } from '../server/start-server.ts';
import type { Diagram } from './diagram.ts';
import { dialogueOf } from './from-scenario.ts';
import { sequenceDiagram } from './sequence.ts';
import { stageTables } from './stage-tables.ts';
import { stateDiagram } from './states.ts';

/** All diagrams: by stage, the dialogues in the order in which students meet them, then the states. */
export async function recordDiagrams(): Promise<Diagram[]> {
  const scenarios = (await loadScenarios(GOLDEN)).filter(({ diagram }) => diagram);
  const groups = await Promise.all(byServer(scenarios).map(recordOn));
  const recorded = new Map(groups.flatMap((group) => [...group]));
  const dialogues = scenarios.map((scenario) => recorded.get(scenario)!);
  return [...dialogues, ...states()].sort((a, b) => a.stage.localeCompare(b.stage));
}

/** Scenarios that one server can play: of one stage, and started as one variant. */
function byServer(scenarios: readonly Scenario[]): Scenario[][] {
  const groups = new Map<string, Scenario[]>();
  for (const scenario of scenarios) {
    const server = `${scenario.stage} ${scenario.variant ?? ''}`;
    groups.set(server, [...(groups.get(server) ?? []), scenario]);
  }
  return [...groups.values()];
}

async function recordOn(scenarios: readonly Scenario[]): Promise<Map<Scenario, Diagram>> {
  const { stage, variant } = scenarios[0]!;
  const folder = await referenceFolder(stage);
  if (folder === undefined) throw new JobError(`Stage ${stage} is not there yet.`, 1);
  const server = await startServer(await readManifest(folder), folder, { stage, variant });
  const recorded = new Map<Scenario, Diagram>();
  try {
    for (const scenario of scenarios) {
      // Nothing is judged here, so a machine that has much to do may take its time.
      const options = { stage, opening: [...OPENINGS[stage]], replyTimeout: 10_000 };
      // Where there is POP3, what an earlier scenario has left behind would be counted.
      if (usesPop3(scenario) && !(await emptyMailboxes(scenario, server, options))) {
        throw new JobError(`The mailboxes cannot be emptied before ${scenario.id} is drawn.`, 1);
      }
      const { finding, steps } = await playScenario(scenario, server, options);
      if (finding) {
        const sentence = say(finding.key, finding.values);
        throw new JobError(
          `The reference fails ${scenario.id}, so it cannot be drawn: ${sentence}`,
          1,
        );
      }
      recorded.set(scenario, drawDialogue(scenario, sequenceDiagram(dialogueOf(scenario, steps))));
    }
  } finally {
    await server.stop();
  }
  return recorded;
}

function drawDialogue({ id, stage, title }: Scenario, source: string): Diagram {
  return { stage, slug: path.posix.basename(id), title, scenario: id, source };
}

function states(): Diagram[] {
  return stageTables().map((table) => {
    const { stage, slug, title } = table;
    return { stage, slug, title, scenario: undefined, source: stateDiagram(table) };
  });
}
