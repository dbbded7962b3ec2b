import type { FileHandle } from 'node:fs/promises';
import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { jsonLine } from '../../../v4-advanced/src/guards/visible.ts';
import { type Entry, Known } from '../../../v4-advanced/src/journal.ts';
import { JournalFile, readJournal } from '../../../v4-advanced/src/journal-file.ts';
import { entry, FIRST, HOSTILE, STORY } from './v4-entries.ts';

let folder: string;
let file: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stagepost-journal-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  file = path.join(folder, `${(count += 1)}.jsonl`);
});

async function linesOf(name = file) {
  const lines: (Entry | undefined)[] = [];
  for await (const some of readJournal(name)) lines.push(...some);
  return lines;
}

const entriesOf = async (name = file) => (await linesOf(name)).filter((line) => line !== undefined);

/** The journal, and what it told. */
async function open(name = file) {
  const told: string[] = [];
  const journal = await JournalFile.open(name, (text) => told.push(text));
  const handle = (journal as unknown as { file: FileHandle }).file;
  return { journal, told, handle };
}

const knownIn = (journal: { known: (mailbox: string) => ReadonlyMap<string, boolean> }) =>
  ['alice', 'bob', 'carol', '__proto__'].map((mailbox) => [...journal.known(mailbox)]);

describe('a journal on the disk', () => {
  it('is made where there is none, and is nobody else’s business', async () => {
    const name = path.join(folder, 'new', 'data', 'journal.jsonl');
    const { journal, told } = await open(name);
    await journal.record(STORY);
    expect(await readFile(name, 'utf8')).toBe(STORY.map((each) => `${jsonLine(each)}\n`).join(''));
    if (process.platform !== 'win32') expect((await stat(name)).mode & 0o777).toBe(0o600);
    await journal.close();
    expect(told).toEqual([]);
  });

  it('knows after a restart what it knew before, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(entry)), async (all) => {
        await rm(file, { force: true });
        const { journal } = await open();
        // Some at once, and some later.
        await Promise.all(all.map((some) => journal.record(some)));
        await journal.record(STORY);
        const expected = new Known();
        for (const each of [...all.flat(), ...STORY]) expected.add(each);
        expect(knownIn(journal)).toEqual(knownIn({ known: (mailbox) => expected.of(mailbox) }));
        await journal.close();

        expect(await linesOf()).toEqual([...all.flat(), ...STORY]);
        const { journal: again, told } = await open();
        expect(knownIn(again)).toEqual(knownIn(journal));
        await again.close();
        expect(told).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('is a file of lines, whatever clients say', async () => {
    const { journal } = await open();
    const hostile = {
      ...STORY[0]!,
      from: HOSTILE,
      to: [HOSTILE, 'x'.repeat(1e6)],
      account: HOSTILE,
    };
    await journal.record([hostile]);
    await journal.close();
    const text = await readFile(file, 'utf8');
    expect(text.split(/\r|\n|\u2028|\u2029|\x85|\v|\f/)).toHaveLength(2);
    expect(text).not.toMatch(/[\p{Cf}\x00-\x09\x0b-\x1f\x7f-\x9f]/u);
    expect(await linesOf()).toEqual([hostile]);
  });

  it('loses the last entry at most, wherever a crash cut it, and goes on with whole lines', async () => {
    const written = [STORY[1]!, STORY[3]!].map((each) => ({ ...each, account: 'é😀' }));
    const octets = Buffer.from(written.map((each) => `${jsonLine(each)}\n`).join(''));
    const after = STORY[7]!;
    // From just before the end of the first entry on.
    for (let length = octets.indexOf(0x0a) - 2; length <= octets.length; length += 1) {
      await writeFile(file, octets.subarray(0, length));
      const { journal, told } = await open();
      const whole = await entriesOf();
      // All whose last brace is there.
      const ended =
        octets
          .subarray(0, length + 1)
          .toString()
          .split('\n').length - 1;
      expect(whole).toEqual(written.slice(0, ended));
      const torn = length > 0 && octets[length - 1] !== 0x0a && octets[length] !== 0x0a;
      expect(told).toHaveLength(torn ? 1 : 0);
      await journal.record([after]);
      await journal.record([after]);
      await journal.close();
      expect(await entriesOf()).toEqual([...whole, after, after]);
      expect((await readFile(file, 'utf8')).endsWith('}\n')).toBe(true);
    }
  });

  it('leaves out what is no entry, and says once how much that is', async () => {
    const [first, second, third] = STORY.map((each) => jsonLine(each));
    const edited = `\uFEFF${first}\r\n\r\nhello\r\n\n  ${second}  \r\n{"time":"2026"}\r\n${third}`;
    await writeFile(file, edited);
    expect(await linesOf()).toEqual([STORY[0], undefined, STORY[1], undefined, STORY[2]]);
    const { journal, told } = await open();
    expect(told).toEqual([`lines of ${file} that cannot be read, and are left out: 2`]);
    await journal.close();
  });

  it('is read though other line ends stand in it as text, or a line is longer than any entry', async () => {
    const raw = JSON.stringify({ ...STORY[0], from: '\u2028\u2029\x85' });
    await writeFile(file, `${raw}\n`);
    await appendFile(file, `{"time":"${'x'.repeat(17 * 2 ** 20)}"}\n${jsonLine(STORY[1]!)}\n`);
    expect(await linesOf()).toEqual([
      { ...STORY[0], from: '\u2028\u2029\x85' },
      undefined,
      STORY[1],
    ]);
  });

  it('is not there: whoever reads it is told', async () => {
    await expect(linesOf()).rejects.toThrow('ENOENT');
  });

  it('cannot be a folder', async () => {
    await mkdir(file);
    await expect(open()).rejects.toThrow('EISDIR');
  });
});

describe('while a write is under way', () => {
  it('entries gather for the next one, and keep their order', async () => {
    const { journal, handle } = await open();
    const appends = vi.spyOn(handle, 'appendFile');
    const many = Array.from({ length: 200 }, (_, n) => ({ ...STORY[1]!, message: `${n}` }));
    const first = journal.record([many[0]!]);
    await Promise.resolve(); // the first write begins
    const others = many.slice(1).map((each) => journal.record([each]));
    await Promise.all([first, ...others, journal.record([])]);
    expect(appends).toHaveBeenCalledTimes(2);
    expect(await linesOf()).toEqual(many);
    await journal.close();
  });

  it('closing waits for what was recorded', async () => {
    const { journal } = await open();
    void journal.record([STORY[0]!]);
    void journal.record([STORY[1]!]);
    await journal.close();
    expect(await linesOf()).toEqual(STORY.slice(0, 2));
  });

  it('what is recorded is known at once', async () => {
    const { journal } = await open();
    const written = journal.record([STORY[1]!]);
    expect([...journal.known('bob')]).toEqual([[FIRST, false]]);
    await written;
    await journal.close();
  });
});

describe('a journal that cannot be written', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
  });

  it('fails nobody, says so once, and says when it can be written again', async () => {
    const { journal, told, handle } = await open();
    const appends = vi.spyOn(handle, 'appendFile').mockRejectedValue(full);
    await journal.record(STORY.slice(0, 2));
    await journal.record(STORY.slice(2, 4));
    expect(told).toEqual([`the journal ${file} cannot be written: ${full.message}`]);
    expect(journal.known('bob').size).toBe(2);
    appends.mockRestore();
    await journal.record(STORY.slice(4, 5));
    expect(told.slice(1)).toEqual([`the journal ${file} can be written again; entries lost: 4`]);
    await journal.record(STORY.slice(5, 6));
    await journal.close();
    expect(told).toHaveLength(2);
    expect(await linesOf()).toEqual(STORY.slice(4, 6));
  });

  it('may have half a line: the next one is whole', async () => {
    const { journal, handle } = await open();
    await journal.record(STORY.slice(0, 1));
    vi.spyOn(handle, 'appendFile').mockImplementationOnce(async (text) => {
      await appendFile(file, String(text).slice(0, 30));
      throw full;
    });
    await journal.record(STORY.slice(1, 2));
    await journal.record(STORY.slice(2, 3));
    await journal.close();
    expect(await linesOf()).toEqual([STORY[0], undefined, STORY[2]]);
  });

  it('because it is closed, fails nobody either', async () => {
    const { journal, told } = await open();
    await journal.close();
    await journal.record(STORY);
    expect(told).toHaveLength(1);
  });
});
