import { describe, expect, it } from 'vitest';
import { compareContent, linesOf, type WantedLine } from '../../src/player/content.ts';

/** `…` is any number of lines, `/x/` a pattern, all else a line. */
const wanted = (...lines: string[]): WantedLine[] =>
  lines.map((line) => {
    if (line === '…') return { type: 'any' };
    const pattern = /^\/(.*)\/$/.exec(line)?.[1];
    return pattern === undefined
      ? { type: 'line', text: line }
      : { type: 'pattern', pattern: new RegExp(pattern, 'u') };
  });

/** What is said of lines: `right`, or how they differ, what was expected and what came. */
function verdict(want: string[], got: string[]): string {
  const found = compareContent(got, wanted(...want));
  if (found.kind === 'right') return 'right';
  return [found.how, found.expected ?? 'the dot', found.got ?? 'the dot'].join(' | ');
}

describe('the lines of a reply', () => {
  it.each([
    ['', []],
    ['a\r\n', ['a']],
    ['\r\n', ['']],
    ['a\r\n\r\nb\n', ['a', '', 'b']],
    ['a\r\r\n', ['a\r']],
    ['caf\xe9\r\n', ['caf\xe9']],
  ])('of %j are %j', (content, lines) => {
    expect(linesOf(Buffer.from(content, 'latin1'))).toEqual(lines);
  });

  it.each([
    [[], []],
    [['a'], ['a']],
    [['…'], []],
    [['…'], ['a', 'b']],
    [['…', 'a'], ['a']],
    [
      ['…', 'a'],
      ['a', 'b', 'a'],
    ],
    [
      ['a', '…'],
      ['a', 'b'],
    ],
    [
      ['a', '…', 'b'],
      ['a', 'b'],
    ],
    [
      ['…', 'a', '', 'b'],
      ['x', 'a', 'y', 'a', '', 'b'],
    ],
    [
      ['…', 'a', '…', 'b', '…', 'c'],
      ['a', 'b', 'c'],
    ],
    [
      ['…', 'b', '…', 'a', '…'],
      ['a', 'b', 'x', 'a', 'z'],
    ],
    [
      ['…', '…', 'a'],
      ['x', 'a'],
    ],
    [
      ['/1 \\d+/', '…'],
      ['1 120', '2 10'],
    ],
  ])('%j are right if %j came', (want, got) => {
    expect(verdict(want, got)).toBe('right');
  });

  it.each([
    [['a', 'b'], ['a', 'c'], 'changed | b | c'],
    [['a', 'b'], ['a'], 'ends | b | the dot'],
    [['a'], [], 'ends | a | the dot'],
    [['1 5', '2 6', '3 7'], ['1 5', '3 7'], 'missing | 2 6 | 3 7'],
    [['1 5', '2 6'], ['1 5', '9 9', '2 6'], 'too-many | 2 6 | 9 9'],
    [['1 5'], ['1 5', '2 6'], 'too-many | the dot | 2 6'],
    [[], ['a'], 'too-many | the dot | a'],
    [['/1 \\d+/'], ['1 12x'], 'changed | 1 N | 1 12x'],
    [['/\\d/'], ['12'], 'changed | /\\d/ | 12'],
  ])('%j are not right if %j came: %s', (want, got, how) => {
    expect(verdict(want, got)).toBe(how);
  });

  it.each([
    // Behind what is passed over.
    [['…', 'a', 'b'], ['x', 'a', 'b', ''], 'too-many | the dot | '],
    [['…', 'a', 'b', 'c'], ['x', 'a', 'c'], 'missing | b | c'],
    [['…', 'a', 'b', 'c'], ['x', 'a', 'b'], 'ends | c | the dot'],
    [['…', 'a', 'b', 'c'], ['x', 'b', 'c'], 'changed | a | x'],
    [['…', 'a', 'b', 'c'], ['x', 'y', 'z'], 'none | a | z'],
    [['…', 'a'], [], 'ends | a | the dot'],
    [['…', 'a', '…', 'b'], ['a', 'c'], 'none | b | c'],
    [['…', 'a', '', 'b', '…'], ['', 'b'], 'missing | a | '],
    [['…', 'a', 'b', 'c'], ['c'], 'missing | a | c'],
    // Dots.
    [['…', '', '..a'], ['x', '', '.a'], 'dot-missing | ..a | .a'],
    [['…', '', '..a', 'b'], ['x', '', '...a', 'b'], 'dot-too-many | ..a | ...a'],
    [['…', 'a', '..', 'b'], ['x', 'a'], 'dot-ends | .. | the dot'],
    // Line ends.
    [['…', 'a', 'b'], ['x', '', 'a', '', 'b', ''], 'ends-doubled | b | '],
    [['a', 'b'], ['a\r', 'b\r'], 'ends-doubled | a | a\r'],
    [['…', 'a', 'b', 'c'], ['xabc'], 'ends-lost | a | xabc'],
    [['…', 'a', 'b', 'c'], ['x', 'a b c'], 'ends-lost | a | a b c'],
  ])('%j are not right if %j came: %s', (want, got, how) => {
    expect(verdict(want, got)).toBe(how);
  });

  it('give what patterns capture', () => {
    const lines = wanted('…', '/2 (?<size>\\d+)/', '/(?<word>[^ ]*)( (?<more>.*))?/');
    const found = compareContent(['1 5', '2 120', 'caf\xc3\xa9'], lines);
    expect(found).toMatchObject({ captured: { size: '120', word: 'café', more: '' } });
  });

  it('are shown as far as they are looked at, with … for the others', () => {
    const seen = (want: string[], got: string[]) => compareContent(got, wanted(...want)).seen;
    expect(seen(['…', 'a', '…'], ['x', 'y', 'a', 'z'])).toEqual(['…', 'a', '…']);
    expect(seen(['…', 'a', '…'], ['a'])).toEqual(['a']);
    expect(seen(['…', 'a', 'b', 'c'], ['x', 'a', 'b', 'd'])).toEqual(['…', 'a', 'b']);
    expect(seen(['a', 'b'], ['a', 'c'])).toEqual(['a']);
    expect(seen(['…', 'a', 'b', 'c'], ['b', 'c'])).toEqual([]);
    expect(seen(['a', '…', 'b', 'c'], ['a', 'x', 'b', 'y'])).toEqual(['a', '…', 'b']);
  });

  it('may be very many', () => {
    const got = Array.from({ length: 300_000 }, (_, n) => `line ${n}`);
    const began = performance.now();
    expect(verdict(['…', 'a', 'b'], got)).toBe('none | a | line 299999');
    expect(verdict(['…', 'line 299998', 'line 299999'], got)).toBe('right');
    expect(verdict(['…', 'line 299998', 'line 299998'], got)).toMatch(/^changed/);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
