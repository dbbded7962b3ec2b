/**
 * Reads the scenarios of all stages and checks what makes a suite of them: the order in which students
 * meet them, what one needs of another, and whether the servers of its stage can do what it asks.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ScenarioError, type Place } from './error.ts';
import { STAGES, type DialogueBlock, type Scenario, type Stage, type Step } from './model.ts';
import { readScenario, type ReadScenario } from './parse-scenario.ts';

/**
 * @param root The folder that holds `v1`, `v2`, …: `tests/golden`.
 * @returns All scenarios, sorted by step.
 * @throws ScenarioError for the first file that cannot be read or does not fit the others.
 */
export async function loadScenarios(root: string): Promise<Scenario[]> {
  const files = await scenarioFiles(root);
  const read = await Promise.all(
    files.map(async ({ file, id }) => readScenario(await textOf(file), file, id)),
  );
  checkSteps(read);
  checkNeeds(read);
  for (const one of read) checkPop3(one);
  for (const { scenario } of read) checkTls(scenario);
  return read.map(({ scenario }) => scenario).sort(inOrder);
}

/** The scenarios that a server of this stage is graded on: those of all stages up to it, `until` aside. */
export function scenariosFor(stage: Stage, all: readonly Scenario[]): Scenario[] {
  return all.filter((scenario) => applies(scenario, stage));
}

function applies({ stage: from, until }: Scenario, stage: Stage): boolean {
  const at = STAGES.indexOf(stage);
  return STAGES.indexOf(from) <= at && (until === undefined || at <= STAGES.indexOf(until));
}

function inOrder(a: Scenario, b: Scenario): number {
  return a.step - b.step || (a.id < b.id ? -1 : 1);
}

/** The scenarios' files, in the order of their names on every system. */
async function scenarioFiles(root: string): Promise<{ file: string; id: string }[]> {
  const found: { file: string; id: string }[] = [];
  for (const stage of STAGES) {
    const folder = path.join(root, stage);
    for (const entry of await entriesOf(folder)) {
      if (entry.name.startsWith('.')) continue;
      const file = path.join(folder, entry.name);
      if (!entry.isFile() || !entry.name.endsWith('.md')) {
        throw new ScenarioError(
          { file, line: 1 },
          'only scenarios lie in this folder',
          'move it elsewhere, or let its name end in .md',
        );
      }
      found.push({ file, id: `${stage}/${entry.name.slice(0, -'.md'.length)}` });
    }
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What a stage's folder holds: nothing, if the stage is not there yet. */
async function entriesOf(folder: string): ReturnType<typeof readEntries> {
  try {
    return await readEntries(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function readEntries(folder: string) {
  return readdir(folder, { withFileTypes: true });
}

async function textOf(file: string): Promise<string> {
  const octets = await readFile(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    throw new ScenarioError(
      { file, line: 1 },
      'the file is not UTF-8',
      'save it as UTF-8; octets that are not text are written as \\xE9 in `C raw:` lines',
    );
  }
}

function placeOf({ scenario, headLines }: ReadScenario, key: string): Place {
  return { file: scenario.file, line: headLines.get(key) ?? 1 };
}

function checkSteps(read: ReadScenario[]): void {
  const byStep = new Map<number, string>();
  for (const one of read) {
    const { id, step } = one.scenario;
    const other = byStep.get(step);
    if (other !== undefined) {
      throw new ScenarioError(
        placeOf(one, 'step'),
        `${other} has the step ${step} too`,
        'choose a number that no scenario has, so that their order is the same for everybody',
      );
    }
    byStep.set(step, id);
  }
}

/**
 * What is needed is there, comes earlier (so nothing needs itself, over however many corners), is played
 * before the scenario that needs it, and whenever that is played.
 */
function checkNeeds(read: ReadScenario[]): void {
  const byId = new Map(read.map(({ scenario }) => [scenario.id, scenario]));
  for (const one of read) {
    const { scenario } = one;
    const refuse = (problem: string, advice: string): never => {
      throw new ScenarioError(placeOf(one, 'needs'), problem, advice);
    };
    for (const id of scenario.needs) {
      const needed = byId.get(id);
      if (needed === undefined) {
        return refuse(`there is no scenario ${id}`, 'correct its name, or leave it out');
      }
      if (needed.step >= scenario.step) {
        refuse(
          `${id} is needed, but comes later (step ${needed.step}) than step ${scenario.step}`,
          'change the steps, or leave it out',
        );
      }
      if (scenario.kind === 'core' && needed.kind === 'extra') {
        refuse(
          `${id} is needed, but is an extra: those are played behind the core scenarios`,
          'need a core scenario',
        );
      }
      const alone = STAGES.find((stage) => applies(scenario, stage) && !applies(needed, stage));
      if (alone !== undefined) {
        refuse(`${id} is needed, but is not played in ${alone}`, 'leave it out, or say `until`');
      }
      if (needed.variant !== undefined && needed.variant !== scenario.variant) {
        refuse(
          `${id} is needed, but is played only with the variant ${needed.variant}`,
          'need a scenario of the plain server',
        );
      }
    }
  }
}

/** The first stage whose servers have POP3. */
const POP3_FROM: Stage = 'v3';

/**
 * POP3 stands only where servers have it. And how a session is opened differs from course to course: a
 * scenario that says USER or PASS itself declares it, so that others lose nothing by it.
 */
function checkPop3({ scenario, headLines }: ReadScenario): void {
  const { file, stage } = scenario;
  const dialogues = scenario.blocks.filter(
    (block): block is DialogueBlock => block.type === 'dialogue' && block.protocol === 'pop3',
  );
  const early = STAGES.indexOf(stage) < STAGES.indexOf(POP3_FROM) ? dialogues[0] : undefined;
  if (early !== undefined) {
    throw new ScenarioError(
      { file, line: early.line },
      `the servers of ${stage} have no POP3`,
      `move the file to the folder ${POP3_FROM}`,
    );
  }
  const byHand = dialogues.filter(({ login }) => login === undefined);
  const said = lineOfUserOrPass(byHand.flatMap(({ steps }) => steps));
  if (said !== undefined && scenario.login === undefined) {
    throw new ScenarioError(
      { file, line: said },
      'the dialogue says USER or PASS itself, and not every course has these commands',
      'say `login: user-pass` in the head, or let the player log in, as in ```pop3 bob@example.com',
    );
  }
  if (byHand.length === 0 && scenario.login !== undefined) {
    throw new ScenarioError(
      { file, line: headLines.get('login') ?? 1 },
      'no dialogue begins before the login',
      'leave `login` out: what the player says to log in comes from the manifest',
    );
  }
}

/** The first stage whose servers have TLS, and ports for it, and logins in SMTP. */
const TLS_FROM: Stage = 'v4';

function checkTls({ file, stage, blocks }: Scenario): void {
  if (STAGES.indexOf(stage) >= STAGES.indexOf(TLS_FROM)) return;
  for (const block of blocks) {
    if (block.type !== 'dialogue') continue;
    const { port, protocol, login, overTls = false, steps } = block;
    const begins = steps.find(({ type }) => type === 'tls');
    const lacking =
      port !== protocol
        ? `port ${port}`
        : login !== undefined && protocol === 'smtp'
          ? 'login in SMTP'
          : overTls || begins !== undefined
            ? 'TLS'
            : undefined;
    if (lacking === undefined) continue;
    throw new ScenarioError(
      { file, line: lacking === 'TLS' && begins !== undefined ? begins.line : block.line },
      `the servers of ${stage} have no ${lacking}`,
      `move the file to the folder ${TLS_FROM}`,
    );
  }
}

/** The line that says USER or PASS, if one does. */
function lineOfUserOrPass(steps: Step[]): number | undefined {
  const own = (step: Step): number | undefined => {
    if (step.type === 'repeat') return lineOfUserOrPass(step.steps);
    return /^C(?: raw)?: *(?:USER|PASS)\b/i.test(step.source) ? step.line : undefined;
  };
  return steps.map(own).find((line) => line !== undefined);
}
