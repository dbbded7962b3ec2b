/** Which scenarios a check plays, and in which order: pure. */
import type { Key } from '../catalogue/index.ts';
import { scenariosFor } from '../notation/load.ts';
import type { Scenario, Stage } from '../notation/model.ts';
import { namesSomebody, saysUserAndPass } from '../player/login.ts';
import { launchOf } from '../server/manifest.ts';
import type { Manifest } from '../server/manifest.ts';
import { suggest } from '../server/suggest.ts';
import { Trouble } from '../server/trouble.ts';
import type { ScenarioResult } from './result.ts';

/** Scenarios that are played on servers started the same way. */
export interface Group {
  variant: string | undefined;
  /** The users file has their passwords too: that is what stage 3 adds to it. */
  passwords: boolean;
  /** Those that decide the stage, then the others; each in the order in which a student meets them. */
  scenarios: Scenario[];
}

/**
 * The scenarios that a server of this stage is checked with. Those of a variant that the manifest does
 * not declare are left out, and so are those about USER and PASS where its login is another, and those
 * about several mailboxes where it names nobody: they are no failure. `only` chooses among them by id or name, and what it does not declare is then told.
 * Throws a Trouble for a name that is none.
 */
export function chooseScenarios(
  all: readonly Scenario[],
  stage: Stage,
  manifest: Manifest,
  only: readonly string[] = [],
): Scenario[] {
  const applying = scenariosFor(stage, all).sort((a, b) => a.step - b.step);
  if (only.length === 0) return applying.filter((one) => undeclared(one, manifest) === undefined);
  const chosen = new Set(only.map((name) => findScenario(name, applying, stage)));
  for (const scenario of chosen) {
    const { id, variant = '' } = scenario;
    const key = undeclared(scenario, manifest);
    if (key !== undefined) throw new Trouble(key, { id, variant, file: manifest.file });
  }
  return applying.filter((scenario) => chosen.has(scenario));
}

/** Why a server with this manifest cannot be asked to pass the scenario; undefined if it can. */
function undeclared(scenario: Scenario, manifest: Manifest): Key | undefined {
  const launch = launchOf(manifest, scenario.variant);
  if (launch === undefined) return 'checkVariantUndeclared';
  const { login: lines } = launch;
  if (scenario.login === 'user-pass' && !saysUserAndPass({ lines })) return 'checkLoginUndeclared';
  const isForAll = !namesSomebody({ lines });
  return isForAll && opensSeveral(scenario) ? 'checkLoginOfNobody' : undefined;
}

/** Does the scenario open the mailboxes of several people by POP3? */
function opensSeveral({ blocks }: Scenario): boolean {
  const opened = blocks.flatMap((block) => (block.type === 'dialogue' && block.login) || []);
  return new Set(opened).size > 1;
}

/** By id (`v1/quit`), by name (`quit`), or by file (`tests/golden/v1/quit.md`). */
function findScenario(name: string, scenarios: readonly Scenario[], stage: Stage): Scenario {
  const wanted = name.replaceAll('\\', '/').replace(/\.md$/, '');
  const found = scenarios.find(
    ({ id }) => id === wanted || id.split('/')[1] === wanted || wanted.endsWith(`/${id}`),
  );
  if (found !== undefined) return found;
  const names = scenarios.flatMap(({ id }) => (wanted.includes('/') ? [id] : [id.split('/')[1]!]));
  const near = suggest(wanted, names);
  throw near === undefined
    ? new Trouble('checkUnknownScenario', { id: name, stage })
    : new Trouble('checkNearScenario', { id: name, stage, near });
}

/**
 * The plain server first: variants need what is found out there. And the core scenarios first: a student
 * shall not wait for the others to hear what to repair next.
 */
export function groupByVariant(scenarios: readonly Scenario[], stage: Stage): Group[] {
  const groups = new Map<string, Group>([
    ['', { variant: undefined, passwords: stage >= 'v3', scenarios: [] }],
  ]);
  const isExtra = ({ kind }: Scenario) => (kind === 'extra' ? 1 : 0);
  for (const scenario of scenarios.toSorted((a, b) => isExtra(a) - isExtra(b))) {
    const { variant } = scenario;
    // Stage 4 has no users file of its own: it takes in one with passwords, whatever the variant is about.
    const passwords = scenario.stage >= 'v3' || stage >= 'v4';
    const key = variant === undefined ? '' : `${variant} ${passwords}`;
    const group = groups.get(key) ?? { variant, passwords, scenarios: [] };
    group.scenarios.push(scenario);
    groups.set(key, group);
  }
  return [...groups.values()].filter(({ scenarios: members }) => members.length > 0);
}

/**
 * The scenario whose failure makes this one pointless: one of its `needs` that failed, or what that
 * one was itself skipped for. Undefined if it can be played. What was not chosen is not in the way.
 * @param forgiven Scenarios that failed by something that is passed over in the others.
 */
export function failedNeed(
  { needs }: Scenario,
  results: ReadonlyMap<string, ScenarioResult>,
  forgiven: ReadonlySet<string> = new Set(),
): string | undefined {
  for (const id of needs) {
    const result = results.get(id);
    if (result === undefined || result.status === 'passed' || forgiven.has(id)) continue;
    return result.status === 'skipped' ? (result.because ?? id) : id;
  }
  return undefined;
}
