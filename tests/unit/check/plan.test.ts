import { describe, expect, it } from 'vitest';
import { chooseScenarios, failedNeed, groupByVariant } from '../../src/check/plan.ts';
import { toManifest } from '../../src/server/manifest.ts';
import { result, scenario } from './make.ts';

const manifest = toManifest({ start: 'x', variants: { strict: {} } }, 'stagepost.json');
const all = [
  scenario('v1/quit', { step: 20 }),
  scenario('v1/greeting', { step: 10 }),
  scenario('v1/helo-not-yet', { step: 30, until: 'v1' }),
  scenario('v2/helo', { step: 100 }),
  scenario('v2/strict', { step: 110, variant: 'strict' }),
  scenario('v2/users', { step: 120, variant: 'users' }),
  scenario('v3/stat', { step: 200 }),
];
const ids = (scenarios: { id: string }[]) => scenarios.map(({ id }) => id);

describe('what is played', () => {
  it('is what the stage has by then, in its order, without undeclared variants', () => {
    expect(ids(chooseScenarios(all, 'v2', manifest))).toEqual([
      'v1/greeting',
      'v1/quit',
      'v2/helo',
      'v2/strict',
    ]);
    expect(ids(chooseScenarios(all, 'v1', manifest))).toContain('v1/helo-not-yet');
  });

  it('is chosen by id, by name, or by file', () => {
    const only = ['v2/helo', 'quit', 'tests\\golden\\v1\\greeting.md'];
    expect(ids(chooseScenarios(all, 'v2', manifest, only))).toEqual([
      'v1/greeting',
      'v1/quit',
      'v2/helo',
    ]);
  });

  it.each([
    ['v1/qiut', 'checkNearScenario', { near: 'v1/quit' }],
    ['gretting', 'checkNearScenario', { near: 'greeting' }],
    ['v3/stat', 'checkUnknownScenario', { stage: 'v2' }],
    ['v2/users', 'checkVariantUndeclared', { variant: 'users' }],
  ])('is refused where there is no such thing: %s', (name, key, values) => {
    const choose = () => chooseScenarios(all, 'v2', manifest, [name]);
    expect(choose).toThrow(expect.objectContaining({ key }) as Error);
    try {
      choose();
    } catch (error) {
      expect((error as { values: object }).values).toMatchObject(values);
    }
  });

  it('is played by variants, the plain server first', () => {
    const groups = groupByVariant([all[4]!, all[0]!, all[5]!, all[1]!], 'v2');
    expect(groups.map(({ variant }) => variant)).toEqual([undefined, 'strict', 'users']);
  });

  it('is played core first', () => {
    const extra = scenario('v1/extra', { kind: 'extra', step: 15 });
    const [group] = groupByVariant([all[1]!, extra, all[0]!, all[2]!], 'v1');
    expect(ids(group!.scenarios)).toEqual([
      'v1/greeting',
      'v1/quit',
      'v1/helo-not-yet',
      'v1/extra',
    ]);
  });

  it('gives the scenarios of stage 2 a users file of names, and later ones passwords too', () => {
    const users = (id: string) => scenario(id, { variant: 'users' });
    const groups = groupByVariant([users('v2/a'), users('v3/b'), users('v2/c')], 'v3');
    expect(groups.map(({ passwords, scenarios }) => [passwords, scenarios.length])).toEqual([
      [false, 2],
      [true, 1],
    ]);
  });
});

describe('needs', () => {
  const wants = scenario('v1/b', { needs: ['v1/a', 'v1/x'], step: 99 });
  const after = (...results: ReturnType<typeof result>[]) =>
    failedNeed(wants, new Map(results.map((one) => [one.id, one])));

  it('keep a scenario from being played when one of them failed', () => {
    expect(after(result('v1/a', { status: 'failed' }))).toBe('v1/a');
    expect(after(result('v1/a'), result('v1/x', { status: 'error' }))).toBe('v1/x');
  });

  it('name what failed first, not what was skipped for it', () => {
    expect(after(result('v1/a', { status: 'skipped', because: 'v1/root' }))).toBe('v1/root');
  });

  it('are met by what passed, and by what was not chosen', () => {
    expect(after(result('v1/a'))).toBeUndefined();
    expect(after()).toBeUndefined();
  });
});
