/** The command lines that the handout of stage 2 shows for other programs deliver a letter as they stand. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect } from 'vitest';
import { splitCommandLine } from '../src/server/command-line.ts';
import { testWith } from './programs.ts';
import { repository, startStage } from './stage.ts';

const handout = await readFile(path.join(repository, 'v2-helo', 'README.md'), 'utf8');

describe('the handout of stage 2', () => {
  for (const program of ['curl', 'python3']) {
    testWith([program], `sends with ${program}`, async () => {
      const line = handout.split('\n').find((each) => each.startsWith(`${program} `));
      const stage = await startStage('v2-helo');
      const folder = await mkdtemp(path.join(tmpdir(), 'stagepost-handout-'));
      // As an editor writes it: its lines end in LF.
      await writeFile(path.join(folder, 'letter.txt'), 'Subject: Hi\n\nHello\n');
      const words = splitCommandLine(line!.replace('2525', String(stage.port)));
      await execa(words[0]!, words.slice(1), { cwd: folder });
      expect(await stage.mailbox('bob@example.com')).toHaveLength(1);
      await stage.close();
      await rm(folder, { recursive: true });
    });
  }
});
