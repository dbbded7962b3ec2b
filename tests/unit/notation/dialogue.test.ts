import { describe, expect, it } from 'vitest';
import type { Expectation, Part, Step } from '../../src/notation/model.ts';
import { dialogue, HEAD, text } from './sample.ts';

const NO_OPENING = [...HEAD, 'opening: none'];

function sent(line: string): Part[] {
  return (dialogue([line])[0] as Step & { type: 'send' }).parts;
}

function expected(...lines: string[]): Expectation {
  return (dialogue(['C: x', ...lines])[1] as Step & { type: 'expect' }).expectation;
}

describe('a line that the client sends', () => {
  it('keeps all blanks but the first, at the end too', () => {
    const parts = sent('C:   a b ');
    expect(parts).toHaveLength(1);
    expect(text((parts[0] as Part & { type: 'octets' }).octets)).toBe('  a b ');
  });

  it('may be empty', () => {
    expect(dialogue(['C:'])[0]).toMatchObject({ type: 'send', parts: [], crlf: true, line: 8 });
    expect(sent('C: ')).toEqual([]);
  });

  it('has no escapes unless it is raw', () => {
    expect(sent('C: a\\r\\q')).toEqual(
      [{ type: 'octets', octets: Buffer.from('a\\r\\q') }].map(plain),
    );
    expect(dialogue(['C raw: a\\r\\n'])[0]).toMatchObject({
      parts: [{ type: 'octets', octets: Uint8Array.from([97, 13, 10]) }],
      crlf: false,
      source: 'C raw: a\\r\\n',
    });
  });

  it('is cut at its placeholders', () => {
    expect(sent('C: a{token}b{token.12}{"x" * 3}')).toEqual([
      { type: 'octets', octets: Uint8Array.from([97]) },
      { type: 'token', name: 'token' },
      { type: 'octets', octets: Uint8Array.from([98]) },
      { type: 'token', name: 'token.12' },
      { type: 'times', octets: Uint8Array.from([120]), times: 3 },
    ]);
  });

  it('may hold braces that mean nothing', () => {
    const line = '{ } {} {a b} {12} {A} {"json": 1} {';
    expect(sent(`C: ${line}`)).toEqual([
      { type: 'octets', octets: Uint8Array.from(Buffer.from(line)) },
    ]);
  });

  it('may repeat escapes when it is raw', () => {
    expect(sent('C raw: {"\\r\\n" * 2}')).toEqual([
      { type: 'times', octets: Uint8Array.from([13, 10]), times: 2 },
    ]);
  });
});

describe('a reply', () => {
  it('may be a code, a class, or one of several', () => {
    expect(expected('S: 250')).toEqual({ oneOf: [{ code: '250' }], orCloses: false, lines: [] });
    expect(expected('S: 5xx').oneOf).toEqual([{ code: '5xx' }]);
    expect(expected('S: 250 or 251 or 4xx').oneOf.map(({ code }) => code)).toEqual([
      '250',
      '251',
      '4xx',
    ]);
    expect(expected('S: 500 or closes')).toMatchObject({
      oneOf: [{ code: '500' }],
      orCloses: true,
    });
  });

  it('may have a text, in which the word or stands', () => {
    expect(expected('S: 550 No user or mailbox').oneOf).toEqual([
      { code: '550', text: 'No user or mailbox' },
    ]);
    expect(expected('S: 550 Address unknown or 553 Bad name or closes')).toMatchObject({
      oneOf: [
        { code: '550', text: 'Address unknown' },
        { code: '553', text: 'Bad name' },
      ],
      orCloses: true,
    });
  });

  it('may have a pattern, with slashes and the word or in it', () => {
    const { oneOf } = expected('S: 250 /a or 251 [/] \\/ b/ or 251');
    expect(oneOf.map(({ pattern }) => pattern?.source)).toEqual(['a or 251 [/] \\/ b', undefined]);
  });

  it('may have several lines', () => {
    const steps = dialogue([
      'C: EHLO a',
      'S: 250-SIZE',
      '# remark',
      'S: 250-PIPELINING',
      'S: 250 HELP',
    ]);
    expect(steps).toHaveLength(2);
    expect(steps[1]).toMatchObject({
      expectation: { oneOf: [{ code: '250' }], lines: ['SIZE', 'PIPELINING', 'HELP'] },
      source: 'S: 250-SIZE\nS: 250-PIPELINING\nS: 250 HELP',
      line: 9,
    });
    expect(expected('S: 250-SIZE', 'S: 250').lines).toEqual(['SIZE']);
  });

  it('may be the greeting where the opening is the dialogue’s own', () => {
    expect(dialogue(['S: 220'], NO_OPENING)).toHaveLength(1);
  });

  it('gives its captured words to later lines', () => {
    const steps = dialogue(['C: x', 'S: 250 /as (?<id>\\w+)/', 'C: y {id}']);
    expect(steps[2]).toMatchObject({
      parts: [{ type: 'octets' }, { type: 'captured', name: 'id' }],
    });
  });
});

describe('other lines', () => {
  it('close, leave, wait, and are remarks', () => {
    expect(dialogue(['', '# closes', 'silence', 'closes'])).toEqual([
      { type: 'silence', source: 'silence', line: 10 },
      { type: 'closes', source: 'closes', line: 11 },
    ]);
    expect(dialogue(['leaves'])[0]).toMatchObject({ type: 'leaves' });
  });

  it('repeat others, in each other too, indented or not', () => {
    const steps = dialogue([
      'repeat 2',
      '  repeat 3',
      '    C: {n}',
      '  end',
      'S: 250',
      'end',
      'S: 250',
    ]);
    expect(steps).toMatchObject([
      {
        type: 'repeat',
        times: 2,
        line: 8,
        steps: [
          { type: 'repeat', times: 3, steps: [{ parts: [{ type: 'counter' }], source: 'C: {n}' }] },
          { type: 'expect' },
        ],
      },
      { type: 'expect', line: 14 },
    ]);
  });
});

describe('a slip in a dialogue is refused with its line:', () => {
  it.each<[string, string[], number, RegExp]>([
    ['an unknown line', ['c: QUIT'], 8, /no line of a dialogue begins with `c:`/],
    ['a word too many', ['closes now'], 8, /no line of a dialogue/],
    ['no blank behind the colon', ['C:QUIT'], 8, /no blank behind `C:`/],
    ['a reply to nothing', ['S: 250', 'C: x'], 8, /opening: none/],
    ['an unclosed repeat', ['C: x', 'repeat 2', 'C: y'], 9, /no `end`/],
    ['an end alone', ['C: x', 'end'], 9, /`end` has no `repeat`/],
    ['an empty repeat', ['repeat 2', 'end'], 9, /holds no line/],
    ['repeat without a number', ['repeat', 'C: x', 'end'], 8, /repeat 100/],
    ['repeat of nought', ['repeat 0', 'C: x', 'end'], 8, /from 1/],
    ['closes in a repeat', ['repeat 2', 'C: x', 'closes', 'end'], 10, /only once/],
    ['an unknown word', ['C: {nonce}'], 8, /nothing is known under the name {nonce}/],
    ['a first token with a number', ['C: {token.1}'], 8, /the first token is {token}/],
    ['a misspelt token', ['C: {tokens}'], 8, /{tokens}/],
    ['{n} outside repeat', ['repeat 1', 'C: x', 'end', 'C: {n}'], 11, /repeat/],
    ['a name before it is captured', ['C: {id}', 'S: 250 /(?<id>.)/'], 8, /{id}/],
    ['a bad repetition', ['C: {"a" x 2000}'], 8, /repeats nothing/],
    ['an empty repetition', ['C: {"" * 2}'], 8, /empty/],
    ['a huge repetition', ['C: {"a" * 9999999999}'], 8, /octets/],
    ['a bad escape', ['C raw: \\q'], 8, /no escape/],
    ['an empty raw line', ['C raw:'], 8, /sends nothing/],
    ['a control octet in the file', ['C: a\x1bb'], 8, /\\x1B/],
    ['a reply without code', ['C: x', 'S:'], 9, /no code/],
    ['a code of two digits', ['C: x', 'S: 25'], 9, /does not begin with a reply code/],
    ['half a class', ['C: x', 'S: 25x'], 9, /5xx/],
    ['an alternative without code', ['C: x', 'S: 250 or 25x'], 9, /names no other reply/],
    ['closes as a reply', ['C: x', 'S: closes'], 9, /write `closes` alone/],
    ['a bad pattern', ['C: x', 'S: 250 /(/'], 9, /cannot be read/],
    ['an open pattern', ['C: x', 'S: 250 /a'], 9, /does not end/],
    ['a flag behind a pattern', ['C: x', 'S: 250 /a/i'], 9, /nothing behind it/],
    ['a name that cannot be used', ['C: x', 'S: 250 /(?<queueId>.)/'], 9, /lower-case/],
    ['a name that is taken', ['C: x', 'S: 250 /(?<n>.)/'], 9, /other than token and n/],
    ['capturing perhaps', ['C: x', 'S: 250 /(?<id>.)/ or 251'], 9, /one alternative of several/],
    ['a reply that does not end', ['C: x', 'S: 250-A'], 9, /does not end/],
    ['a reply broken off', ['C: x', 'S: 250-A', 'C: y'], 9, /does not end/],
    ['two codes in a reply', ['C: x', 'S: 250-A', 'S: 251-B', 'S: 250'], 10, /same code/],
    ['two codes at its end', ['C: x', 'S: 250-A', 'S: 500'], 10, /same code/],
    ['a choice at its end', ['C: x', 'S: 250-A', 'S: 250 or 251'], 10, /leaves a choice/],
    ['a line of a reply without text', ['C: x', 'S: 250-'], 9, /too little/],
    ['a line after the end', ['closes', 'C: x'], 9, /over since line 8/],
    ['no line at all', ['# only a remark'], 7, /holds no line/],
  ])('%s', (_, lines, line, sentence) => {
    expect(() => dialogue(lines)).toThrow(new RegExp(`^a\\.md:${line}: .*${sentence.source}.*`));
    expect(() => dialogue(lines)).toThrow(/; /);
  });
});

/** A Buffer as a plain Uint8Array, for comparison. */
function plain<T extends { octets: Uint8Array }>(part: T): T {
  return { ...part, octets: Uint8Array.from(part.octets) };
}
