/** How to play a scenario again: by the command, and by typing it. */
import { say } from '../catalogue/index.ts';
import type { DialogueBlock, Protocol, Scenario, Step } from '../notation/model.ts';
import type { ScenarioResult } from './result.ts';

/** More lines than this nobody types. */
const LONGEST = 25;
/** Where the servers of the course listen by themselves. */
const PORTS = { smtp: 2525, pop3: 1110, imap: 1143 } as const satisfies Record<Protocol, number>;

/** The lines to type, to a shell and to the server, or why it cannot be done by hand. */
export type ByHand = { heading: string; lines: string[] } | { reason: string };

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
  const steps = dialogues.flatMap((block) => block.steps);
  if (steps.some(needsMoreThanAKeyboard)) return { reason: say('reportByHandOctets') };
  const protocols = new Set(dialogues.map(({ protocol }) => protocol));
  const lines = protocols.has('pop3')
    ? windows(scenario, dialogues, result)
    : oneWindow(scenario, dialogues, result);
  const long = lines.length > LONGEST + 1 || steps.some((step) => step.type === 'repeat');
  if (long) return { reason: say('reportByHandLong') };
  const both = protocols.size > 1;
  const key = both
    ? 'reportByHandBoth'
    : protocols.has('pop3')
      ? 'reportByHandPop3'
      : 'reportByHand';
  return { heading: say(key, { port: PORTS.smtp, pop3Port: PORTS.pop3 }), lines };
}

/** SMTP: the lines of several connections have their names before them. */
function oneWindow(
  scenario: Scenario,
  dialogues: readonly DialogueBlock[],
  result: ScenarioResult,
): string[] {
  const several = new Set(dialogues.map(({ connection }) => connection)).size > 1;
  const lines = dialogues.flatMap(({ connection, steps }) =>
    steps.flatMap(typed).map((line) => (several ? `${connection}: ${line}` : line)),
  );
  return [talkTo('smtp'), ...openingOf(scenario, result), ...lines];
}

/**
 * With POP3: a window for each connection, one after the other. Their names stand before the lines
 * only where they take turns.
 */
function windows(
  scenario: Scenario,
  dialogues: readonly DialogueBlock[],
  result: ScenarioResult,
): string[] {
  const order = dialogues.map(({ connection }) => connection);
  const takeTurns = order.some(
    (name, index) => order[index - 1] !== name && order.indexOf(name) < index,
  );
  return dialogues.flatMap((block, index) => {
    const { connection, protocol, steps } = block;
    const isNew = order.indexOf(connection) === index;
    const opening = protocol === 'pop3' ? loginOf(block, result) : openingOf(scenario, result);
    const beginning = isNew ? [talkTo(protocol), ...opening] : [];
    const lines = [...beginning, ...steps.flatMap(typed)];
    return takeTurns ? lines.map((line) => `${connection}: ${line}`) : lines;
  });
}

function talkTo(protocol: Protocol): string {
  return `npx stagepost talk ${PORTS[protocol]}`;
}

/** What the player said to open the mailbox; what it would have said, if it did not come to that. */
function loginOf({ connection, steps, login }: DialogueBlock, result: ScenarioResult): string[] {
  if (login === undefined) return [];
  const said = result.steps.filter((step) => step.connection === connection && step.from === 'C');
  if (said.length === 0) return [`USER ${login}`, 'PASS secret'];
  const first = steps.find((step) => step.type === 'send')?.source.replace(/^C: ?/, '');
  const own = said.findIndex(({ text }) => text === first);
  return said.slice(0, own === -1 ? said.length : own).map(({ text }) => text);
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

/** What the player said in SMTP before the scenario's own first line. */
function openingOf({ opening, blocks }: Scenario, { steps }: ScenarioResult): string[] {
  const first = steps.find(({ from, text }) => from === 'C' && /^(HELO|EHLO) /.test(text))?.text;
  const own = blocks.some(
    (block) =>
      block.type === 'dialogue' && block.steps.flatMap(typed).some((line) => line === first),
  );
  return opening === 'stage' && !own && first !== undefined ? [first] : [];
}

/** What is typed for a step, if anything is. Any word serves for a token, if a person does the looking. */
function typed(step: Step): string[] {
  if (step.type === 'leaves') return [say('reportHangUp')];
  if (step.type !== 'send') return [];
  const line = step.source
    .replace(/^C: ?/, '')
    .replace(/\{token(?:\.(\d+))?\}/g, (_, number: string | undefined) => `test${number ?? ''}`)
    .replace(/\{user\.(\w+)\}/g, '$1@example.com')
    .replace(/\{password\.\w+\}/g, 'secret');
  return [line];
}
