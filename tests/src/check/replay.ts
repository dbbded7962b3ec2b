/** How to play a scenario again: by the command, and by typing it. */
import { say } from '../catalogue/index.ts';
import { PORTS, type DialogueBlock, type Part, type Port } from '../notation/model.ts';
import type { Scenario, Step } from '../notation/model.ts';
import { accountNamed, DEFAULT_LOGINS, wordFor } from '../player/login.ts';
import type { ScenarioResult } from './result.ts';

/** More lines than this nobody types. */
const LONGEST = 25;
/** Where the servers of the course listen by themselves. */
const NUMBERS = {
  smtp: 2525,
  submission: 5870,
  smtps: 4650,
  pop3: 1110,
  pop3s: 9950,
} as const satisfies Record<Port, number>;

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
  const ports = new Set(dialogues.map(({ port }) => port));
  const lines =
    ports.size === 1 && !ports.has('pop3') && !ports.has('pop3s')
      ? oneWindow(scenario, dialogues, result)
      : windows(scenario, dialogues, result);
  const long = lines.length > LONGEST + 1 || steps.some((step) => step.type === 'repeat');
  if (long) return { reason: say('reportByHandLong') };
  return { heading: headingFor(ports), lines };
}

function headingFor(ports: ReadonlySet<Port>): string {
  const numbers = { port: NUMBERS.smtp, pop3Port: NUMBERS.pop3 };
  if (![...ports].every((port) => port === 'smtp' || port === 'pop3')) {
    const [port] = ports;
    if (ports.size === 1) return say('reportByHandPort', { number: NUMBERS[port!], port: port! });
    return say('reportByHandPorts', {
      ports: [...ports].map((port) => `${NUMBERS[port]} for ${port}`).join(', '),
    });
  }
  if (ports.size > 1) return say('reportByHandBoth', numbers);
  return say(ports.has('pop3') ? 'reportByHandPop3' : 'reportByHand', numbers);
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
  const [first] = dialogues;
  return [talkTo(first!), ...openingOf(scenario, first!, result), ...lines];
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
    const opening =
      protocol === 'pop3' ? loginOf(block, result) : openingOf(scenario, block, result);
    const beginning = isNew ? [talkTo(block), ...opening] : [];
    const lines = [...beginning, ...steps.flatMap(typed)];
    return takeTurns ? lines.map((line) => `${connection}: ${line}`) : lines;
  });
}

function talkTo({ port, inClear }: DialogueBlock): string {
  const isSecure = PORTS[port].tls && inClear !== true;
  return `npx stagepost talk ${NUMBERS[port]}${isSecure ? ' --tls' : ''}`;
}

/** What the player said to open the mailbox; what it would have said, if it did not come to that. */
function loginOf(
  { connection, steps, login, overTls }: DialogueBlock,
  result: ScenarioResult,
): string[] {
  const said = saidBy(connection, result);
  // From stage 4 on the player begins TLS where a dialogue of stage 3 does not say so.
  const first = steps.flatMap(typed)[0];
  if (login === undefined) {
    const isBegun = overTls === true || (said[0]?.text === 'STLS' && first !== 'STLS');
    return isBegun ? ['STLS'] : [];
  }
  if (said.length === 0) return [`USER ${login}`, 'PASS secret'];
  const own = said.findIndex(({ text }) => text === first);
  return said.slice(0, own === -1 ? said.length : own).map(({ text }) => text);
}

function saidBy(connection: string, { steps }: ScenarioResult): ScenarioResult['steps'] {
  return steps.filter((step) => step.connection === connection && step.from === 'C');
}

function needsMoreThanAKeyboard(step: Step): boolean {
  if (step.type === 'repeat') return step.steps.some(needsMoreThanAKeyboard);
  if (step.type === 'tls') return step.behind.length > 0;
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
function openingOf(
  { opening, blocks }: Scenario,
  { connection, port, login, overTls, inClear }: DialogueBlock,
  result: ScenarioResult,
): string[] {
  if (inClear === true) return [];
  const isSecured = overTls === true || login !== undefined;
  if (isSecured) {
    const said = saidBy(connection, result).map(({ text }) => text);
    const ehlo = said.find((text) => /^EHLO /.test(text)) ?? 'EHLO client.example.com';
    const auth = said.findIndex((text) => /^AUTH /.test(text));
    const lines = said[auth] === 'AUTH LOGIN' ? 3 : 1;
    return [
      ehlo,
      ...(PORTS[port].tls ? [] : ['STARTTLS', ehlo]),
      ...(login === undefined || auth === -1 ? [] : said.slice(auth, auth + lines)),
    ];
  }
  const { steps } = result;
  const first = steps.find(({ from, text }) => from === 'C' && /^(HELO|EHLO) /.test(text))?.text;
  const own = blocks.some(
    (block) =>
      block.type === 'dialogue' && block.steps.flatMap(typed).some((line) => line === first),
  );
  return opening === 'stage' && !own && first !== undefined ? [first] : [];
}

/** What is typed for a step, if anything is: `talk` begins TLS by itself. */
function typed(step: Step): string[] {
  if (step.type === 'leaves') return [say('reportHangUp')];
  return step.type === 'send' ? [octetsTyped(step.parts).toString()] : [];
}

/** Any word serves for a token, if a person does the looking. */
function octetsTyped(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part): Uint8Array => {
      switch (part.type) {
        case 'octets':
          return part.octets;
        case 'token':
          return Buffer.from(part.name.replace(/^token\.?/, 'test'));
        case 'account':
          return Buffer.from(
            wordFor(part.what, accountNamed(part.name, DEFAULT_LOGINS), DEFAULT_LOGINS),
          );
        case 'base64':
          return Buffer.from(octetsTyped(part.parts).toString('base64'));
        case 'captured':
          return Buffer.from(`{${part.name}}`);
        case 'counter':
        case 'times':
          return Buffer.alloc(0);
      }
    }),
  );
}
