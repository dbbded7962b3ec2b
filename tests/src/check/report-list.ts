/** The list of scenarios of a stage, in columns: id, kind, points, title. */
import type { Colors } from 'picocolors/types.js';
import { say } from '../catalogue/index.ts';
import type { Scenario } from '../notation/model.ts';
import { labelled, length, wrap } from './text.ts';

export function renderList(
  scenarios: readonly Scenario[],
  { colors, width = 80 }: { colors: Colors; width?: number },
): string {
  const count = scenarios.length;
  const points = scenarios.reduce((sum, scenario) => sum + scenario.points, 0);
  const idWidth = Math.max(...scenarios.map(({ id }) => length(id))) + 2;
  const lines = scenarios.flatMap(({ id, kind, points: worth, title }) => {
    const columns = `${id.padEnd(idWidth)}${kind.padEnd(5)}${String(worth).padStart(3)}  `;
    return labelled(columns, columns.length, wrap(title, width - columns.length));
  });
  return `${[...lines, '', colors.bold(say('listHead', { count, points }))].join('\n')}\n`;
}
