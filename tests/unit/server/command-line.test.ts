import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commandWords,
  PLACEHOLDERS,
  placeholdersIn,
  shellLine,
  splitCommandLine,
} from '../../src/server/command-line.ts';
import type { PlaceholderValues } from '../../src/server/command-line.ts';
import { Trouble } from '../../src/server/trouble.ts';

const values = Object.fromEntries(
  PLACEHOLDERS.map((name) => [name, () => `<${name}>`]),
) as PlaceholderValues;

function trouble(action: () => unknown): Trouble {
  try {
    action();
  } catch (error) {
    if (error instanceof Trouble) return error;
  }
  throw new Error('no Trouble');
}

describe('a command line', () => {
  it.each([
    ['python server.py 2525', ['python', 'server.py', '2525']],
    ['  a \t b  ', ['a', 'b']],
    ['"my server" --x', ['my server', '--x']],
    ["'my server'/run", ['my server/run']],
    [String.raw`C:\tools\python.exe x.py`, [String.raw`C:\tools\python.exe`, 'x.py']],
    [String.raw`"C:\Program Files\py.exe" x`, [String.raw`C:\Program Files\py.exe`, 'x']],
    [String.raw`my\ server say \"hi\"`, ['my server', 'say', '"hi"']],
    [String.raw`"say \"hi\""`, ['say "hi"']],
    [String.raw`'a\b "c"'`, [String.raw`a\b "c"`]],
    ['x "" \'\'', ['x', '', '']],
  ])('splits %j into %j', (line, words) => {
    expect(splitCommandLine(line)).toEqual(words);
  });

  it('gives back any words that were put between quotes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', ' ', '\t', '"', '\\', '{') }), {
          minLength: 1,
        }),
        (words) => {
          const line = words.map((word) => `'${word}'`).join(' ');
          expect(splitCommandLine(line)).toEqual(words);
        },
      ),
    );
  });

  it('refuses a quote that is left open, and nothing at all', () => {
    expect(trouble(() => splitCommandLine('a "b c')).key).toBe('commandOpenQuote');
    expect(trouble(() => splitCommandLine('  ')).key).toBe('commandEmpty');
  });
});

describe('placeholders', () => {
  it('are replaced after splitting, so that a blank in a path is no trouble', () => {
    const spaced = { ...values, mailboxes: () => '/my mail/boxes' };
    expect(commandWords('run {smtp} --dir={mailboxes}', spaced)).toEqual([
      'run',
      '<smtp>',
      '--dir=/my mail/boxes',
    ]);
  });

  it('leave other braces alone', () => {
    expect(commandWords('run {"a":1} {} {A}', values)).toEqual(['run', '{a:1}', '{}', '{A}']);
  });

  it('are refused when unknown, with the one that was most likely meant', () => {
    const near = trouble(() => placeholdersIn('run {stmp}'));
    expect(near.key).toBe('commandNearPlaceholder');
    expect(near.values).toMatchObject({ placeholder: '{stmp}', near: '{smtp}' });
    expect(trouble(() => placeholdersIn('run {quux}')).key).toBe('commandUnknownPlaceholder');
  });

  it('are quoted for a shell where it would see more than a word', () => {
    const spaced = { ...values, data: () => "/it's here", smtp: () => '2525' };
    expect(shellLine('add {data} {smtp}', spaced, 'linux')).toBe(
      String.raw`add '/it'\''s here' 2525`,
    );
    expect(shellLine('add {data}', spaced, 'win32')).toBe('add "/it\'s here"');
  });
});
