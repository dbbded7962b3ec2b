/** How to play a scenario again: by the command, and by typing it. */
import { say } from '../catalogue/index.ts';
import type { Scenario, Step } from '../notation/model.ts';
import type { ScenarioResult } from './result.ts';

/** More lines than this nobody types. */
const LONGEST = 25;

/** The lines to type to the server, or why it cannot be done by hand. */
export type ByHand = { lines: string[] } | { reason: string };

/** `npx stagepost check v1 DIR --only v1/quit`. */
export function replayCommand(stage: string, dir: string | undefined, id: string): string {
  const words = ['npx stagepost check', stage, ...(dir === undefined ? [] : [quoted(dir)])];
  return [...words, '--only', id].join(' ');
}

function quoted(word: string): string {
  return /[^\w@%+=:,./\\~-]/.test(word) ? `"${word}"` : word;
}

export function byHand(scenario: Scenario, result: ScenarioResult): ByHand {
  if (scenario.delivery !== 'line') return { reason: say('reportByHandPackets') };
  const dialogues = scenario.blocks.filter((block) => block.type === 'dialogue');
  const steps = dialogues.flatMap((block) =>
    block.steps.map((step) => ({ step, connection: block.connection })),
  );
  if (steps.some(({ step }) => needsMoreThanAKeyboard(step))) {
    return { reason: say('reportByHandOctets') };
  }
  const several = new Set(steps.map(({ connection }) => connection)).size > 1;
  const lines = [...openingOf(scenario, result)];
  for (const { step, connection } of steps) {
    const line = typed(step);
    if (line !== undefined) lines.push(several ? `${connection}: ${line}` : line);
  }
  const long = lines.length > LONGEST || steps.some(({ step }) => step.type === 'repeat');
  return long ? { reason: say('reportByHandLong') } : { lines };
}

function needsMoreThanAKeyboard(step: Step): boolean {
  if (step.type === 'repeat') return step.steps.some(needsMoreThanAKeyboard);
  if (step.type !== 'send') return false;
  const printable = (octets: Uint8Array) =>
    octets.every((octet) => octet >= 0x20 && octet !== 0x7f);
  return (
    !step.crlf ||
    step.parts.some(
      (part) => part.type === 'times' || (part.type === 'octets' && !printable(part.octets)),
    )
  );
}

/** What the player said before the scenario's own first line. */
function openingOf({ opening, blocks }: Scenario, { steps }: ScenarioResult): string[] {
  const first = steps.find(({ from }) => from === 'C')?.text ?? '';
  const own = blocks.some(
    (block) => block.type === 'dialogue' && block.steps.some((step) => typed(step) === first),
  );
  return opening === 'stage' && !own && /^(HELO|EHLO) /.test(first) ? [first] : [];
}

/** Any word serves for a token, if a person does the looking. */
function typed(step: Step): string | undefined {
  if (step.type === 'leaves') return say('reportHangUp');
  if (step.type !== 'send') return undefined;
  return step.source
    .replace(/^C: ?/, '')
    .replace(/\{token(?:\.(\d+))?\}/g, (_, number: string | undefined) => `test${number ?? ''}`);
}
