/** `npm run reports`: writes the reports in `tests/reports` anew. Review the difference like code. */
import { startVitest } from 'vitest/node';

process.env.UPDATE_REPORTS = '1';
const vitest = await startVitest('test', ['tests/unit/mutants', 'tests/unit/check'], {
  run: true,
  update: true,
});
await vitest.close();
