import { expect, it } from 'vitest';
import { patternInWords } from '../../src/player/pattern-words.ts';

it.each([
  [/^2 [1-9]\d*/, '2 N'],
  [/^2 +[1-9]\d*/, '2 N'],
  [/1 +\d+.*/, '1 N'],
  [/^1 (?<octets>\d+)/, '1 N'],
  [/^3 9\d{4}\b/, '3 9xxxx'],
  [/^1 (?<octets>3\d{6})\b/, '1 3xxxxxx'],
  [/^1 (?<name>\S+)/, '1 NAME'],
  [/^SASL .*PLAIN.*/, 'SASL ... PLAIN'],
  [/^1 [!-~]{1,70}/, '1 NAME of at most 70 characters'],
  [/welcome$/, 'welcome'],
])('%s is for people %s', (pattern, words) => {
  expect(patternInWords(pattern)).toBe(words);
});

it.each([/^queued as (?<id>\w+)/, /a|b/, /\.$/, /[a-f]+/])('%s stays as it is', (pattern) => {
  expect(patternInWords(pattern)).toBe(`/${pattern.source}/`);
});
