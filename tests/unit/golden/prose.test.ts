import { describe, expect, it } from 'vitest';
import { GOLDEN } from '../../src/check/places.ts';
import { loadScenarios } from '../../src/notation/load.ts';

const scenarios = await loadScenarios(GOLDEN);

describe.each(scenarios)('$id', (scenario) => {
  it('names a rule or a question that leads to it, and says why', () => {
    expect(scenario.hint ?? '?').toMatch(/\?$/);
    expect(scenario.rfc ?? scenario.hint).toBeDefined();
    expect(scenario.prose.length).toBeGreaterThan(40);
  });
});
