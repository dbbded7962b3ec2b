/** Servers of stage 4 whose manifests name only some of its ports. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCheck } from '../../src/check/check.ts';
import { toManifest } from '../../src/server/manifest.ts';
import { lineServer, submission } from '../server/submission.ts';
import { scenario } from './make.ts';

const SMTP = lineServer(
  `line === 'QUIT' ? (socket.end('221 bye\\r\\n'), '') :
   line.startsWith('STARTTLS') ? '502 no' : '250 ok'`,
);

function on(words: string, step: number) {
  const body = ['```' + words, 'C: NOOP', 'S: 250', 'C: QUIT', 'S: 221', '```'].join('\n');
  return scenario(`v4/${words.replace(/\W.*/, '')}-${step}`, { step }, body);
}

describe('a server without a port', () => {
  it('is told so in each scenario, and started again for none but the first', async () => {
    const started = "import fs from 'node:fs';\nfs.appendFileSync(process.env.COUNT, 's');\n";
    const dir = await submission({ 'smtp.mjs': `${started}${SMTP}` });
    const count = path.join(dir, 'starts.txt');
    const scenarios = [
      on('smtp', 1),
      on('submission', 2),
      on('smtps', 3),
      on('submission alice@example.com', 4),
      on('smtps', 5),
      on('smtp', 6),
    ];
    const { scenarios: results } = await runCheck({
      stage: 'v4',
      scenarios,
      dir,
      manifest: toManifest({ start: '{node} smtp.mjs {smtp}', env: { COUNT: count } }, 'x.json'),
      replyTimeout: 300,
    });
    expect(results.map(({ status }) => status).join(' ')).toBe(
      'passed failed failed failed failed passed',
    );
    expect(results.map(({ message = '' }) => message.replace(/:.*/s, ''))).toEqual([
      '',
      'Nobody accepts a connection for submission',
      'Nobody accepts a connection for smtps',
      'Nobody accepts a connection for submission',
      'Nobody accepts a connection for smtps',
      '',
    ]);
    // One for the scenarios, and one to make sure of each port: the server might have been gone.
    expect((await readFile(count, 'utf8')).length).toBeLessThanOrEqual(3);
  });

  it('is told so where it knows no STARTTLS', async () => {
    const dir = await submission({ 'smtp.mjs': SMTP });
    const { scenarios: results } = await runCheck({
      stage: 'v4',
      scenarios: [on('smtp alice@example.com', 1)],
      dir,
      manifest: toManifest({ start: '{node} smtp.mjs {smtp}' }, 'x.json'),
      replyTimeout: 300,
    });
    expect(results[0]?.message).toBe(
      'STARTTLS should be answered with 220, but the server said 502 no.',
    );
  });
});
