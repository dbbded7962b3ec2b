/**
 * Adds up the JSON reports of several vitest runs, prints the sums as vitest does, and a last line
 * `N passed, N failed`. Usage: `node summary.mjs FOLDER STEPS`: FOLDER holds `<run>.json` and
 * `<run>.code` (the run's exit code), STEPS is the number of other steps that failed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [folder, steps] = process.argv.slice(2);
const sum = { files: 0, badFiles: 0, passed: 0, failed: Number(steps), skipped: 0 };

for (const file of readdirSync(folder).filter((name) => name.endsWith('.code'))) {
  const run = path.basename(file, '.code');
  const exitCode = Number(readFileSync(path.join(folder, file), 'utf8'));
  const report = path.join(folder, `${run}.json`);
  let failed = 0;
  if (existsSync(report)) {
    const { testResults, ...counts } = JSON.parse(readFileSync(report, 'utf8'));
    const badFiles = testResults.filter(({ status }) => status === 'failed');
    // A file that could not even be loaded has no failed test in it, and is one itself.
    const unloaded = badFiles.filter(({ assertionResults }) => {
      return !assertionResults.some(({ status }) => status === 'failed');
    });
    failed = counts.numFailedTests + unloaded.length;
    sum.files += testResults.length;
    sum.badFiles += badFiles.length;
    sum.passed += counts.numPassedTests;
    sum.skipped += counts.numPendingTests + counts.numTodoTests;
  }
  // A run that failed in another way, before its report or beside its tests, counts as one.
  sum.failed += failed === 0 && exitCode !== 0 ? 1 : failed;
}

const list = (counts) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(' | ');
const { files, badFiles, passed, failed, skipped } = sum;
console.log('');
console.log(` Test Files  ${list({ failed: badFiles, passed: files - badFiles })} (${files})`);
console.log(`      Tests  ${list({ failed, passed, skipped })} (${passed + failed + skipped})`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
