import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Expectation, Part, Step } from '../../src/notation/model.ts';
import { octetsOf } from '../../src/notation/octets.ts';
import { parse, pop3 } from './sample.ts';

const DOCUMENT = new URL('../../../docs/notation.md', import.meta.url);

function octets(text: string): Part {
  return { type: 'octets', octets: octetsOf(text) };
}

function line(text: string) {
  return { type: 'line', parts: [octets(text)] };
}

/** What a reply to one command must be. */
function expected(...lines: string[]): Expectation {
  const steps = pop3(['C: RETR 1', ...lines]);
  expect(steps).toHaveLength(2);
  return (steps[1] as Step & { type: 'expect' }).expectation;
}

describe('the samples in docs/notation.md', () => {
  it('are dialogues that can be read', async () => {
    const page = await readFile(DOCUMENT, 'utf8');
    const bodies = [...page.matchAll(/^````markdown\r?\n(?!---)(.*?)^````/gms)];
    expect(bodies.length).toBeGreaterThan(1);
    for (const [, body] of bodies) expect(() => parse(body!)).not.toThrow();
    expect(bodies.some(([, body]) => body!.includes('```pop3'))).toBe(true);
  });
});

describe('a fence pop3', () => {
  it('begins with the greeting, under its own name or another', () => {
    const body = '```pop3\nS: +OK\n```\n```pop3 bob\nS: +OK\n```\n```pop3\nC: QUIT\n```';
    const { blocks } = parse(body);
    expect(blocks).toMatchObject([
      { protocol: 'pop3', connection: 'pop3', steps: [{ type: 'expect', line: 8 }] },
      { protocol: 'pop3', connection: 'bob' },
      { protocol: 'pop3', connection: 'pop3' },
    ]);
    expect(blocks.some((block) => 'login' in block)).toBe(false);
  });

  it('with an address begins logged in, called by the local part or by a name', () => {
    const fences = ['pop3 bob@example.com', 'pop3 bob@example.com again', 'pop3 bob@example.com'];
    const body = fences.map((fence) => `\`\`\`${fence}\nC: STAT\nS: +OK\n\`\`\``).join('\n');
    expect(parse(body).blocks).toMatchObject([
      { connection: 'bob', login: 'bob@example.com' },
      { connection: 'again', login: 'bob@example.com' },
      { connection: 'bob', login: 'bob@example.com' },
    ]);
  });

  it('has nothing to do with the opening of SMTP', () => {
    const body = '```pop3\nS: +OK\n```\n```smtp\nC: QUIT\n```';
    expect(parse(body).blocks).toHaveLength(2);
  });

  it.each<[string, string, number, RegExp]>([
    ['angle brackets', '```pop3 <bob@example.com>\nC: x\n```', 7, /is no address; .*angle/],
    ['half an address', '```pop3 bob@\nC: x\n```', 7, /is no address/],
    ['a local part that is no name', '```pop3 b.b@example.com\nC: x\n```', 7, /one word in lower/],
    ['two names', '```pop3 bob@example.com one two\nC: x\n```', 7, /name of a connection/],
    ['two names and no address', '```pop3 bob again\nC: x\n```', 7, /there may be an address/],
    [
      'an address for a connection that had none',
      '```pop3 bob\nC: x\n```\n```pop3 bob@example.com\nC: x\n```',
      10,
      /`bob` began by its greeting; .*pop3 bob@example\.com again/,
    ],
    [
      'no address for one that had one',
      '```pop3 bob@example.com\nC: x\n```\n```pop3 bob\nC: x\n```',
      10,
      /`bob` began logged in to bob@example\.com; .*pop3 again/,
    ],
    [
      'another address under the same name',
      '```pop3 bob@example.com\nC: x\n```\n```pop3 bob@example.org\nC: x\n```',
      10,
      /logged in to bob@example\.com; .*pop3 bob@example\.org again/,
    ],
    [
      'an address whose name SMTP has',
      '```smtp bob\nC: x\n```\n```pop3 bob@example.com\nC: x\n```',
      10,
      /`bob` speaks smtp already/,
    ],
    ['the name of a message', '```pop3 mail@example.com\nC: x\n```', 7, /mail@example\.com first/],
    ['clear text where it is so', '```pop3 in clear\nC: x\n```', 7, /in clear by itself/],
    ['a login in clear', '```pop3s bob@example.com in clear\nC: x\n```', 7, /speaks TLS/],
    ['a greeting in clear', '```pop3s in clear\nS: +OK\n```', 8, /before the client has said/],
    ['TLS and none', '```pop3s in clear\nC: x\n```\n```pop3s\nC: x\n```', 10, /began in clear/],
    ['a reply to the login', '```pop3 bob@example.com\nS: +OK\n```', 8, /without an address/],
  ])('is refused with its line: %s', (_, body, at, sentence) => {
    expect(() => parse(body)).toThrow(new RegExp(`^a\\.md:${at}: .*${sentence.source}`));
  });
});

describe('a reply in POP3', () => {
  it('may be a code, or one of several', () => {
    expect(expected('S: +OK')).toEqual({ oneOf: [{ code: '+OK' }], orCloses: false, lines: [] });
    expect(expected('S: +OK or -ERR or closes')).toMatchObject({
      oneOf: [{ code: '+OK' }, { code: '-ERR' }],
      orCloses: true,
    });
  });

  it('may begin with words, with placeholders in them', () => {
    expect(expected('S: +OK 2 320').oneOf).toEqual([{ code: '+OK', words: [octets('2 320')] }]);
    expect(expected('S: -ERR [IN-USE] or +OK').oneOf).toEqual([
      { code: '-ERR', words: [octets('[IN-USE]')] },
      { code: '+OK' },
    ]);
    const steps = pop3(['C: LIST 1', 'S: +OK /^1 (?<size>\\d+)/', 'C: STAT', 'S: +OK 1 {size}']);
    expect(steps[3]).toMatchObject({
      expectation: {
        oneOf: [{ code: '+OK', words: [octets('1 '), { type: 'captured', name: 'size' }] }],
      },
    });
  });

  it('may count the rounds of a repeat', () => {
    const steps = pop3(['repeat 2', 'C: LIST {n}', 'S: +OK {n}', 'end']);
    expect(steps).toMatchObject([
      { steps: [{}, { expectation: { oneOf: [{ words: [{ type: 'counter' }] }] } }] },
    ]);
  });

  it('may have lines, to the octet, up to the lone dot', () => {
    const { oneOf, content } = expected(
      'S: +OK 3 lines',
      'S: a line ',
      '# a remark',
      'S:',
      'S:  two blanks',
      'S: ..a dot',
      'S: ...',
      'S: 250-SIZE',
      'S: +OK',
      'S: .',
    );
    expect(oneOf).toEqual([{ code: '+OK', words: [octets('3 lines')] }]);
    expect(content).toEqual([
      line('a line '),
      { type: 'line', parts: [] },
      line(' two blanks'),
      line('..a dot'),
      line('...'),
      line('250-SIZE'),
      line('+OK'),
    ]);
  });

  it('keeps all its lines in its source', () => {
    const [, reply, next] = pop3(['C: LIST', 'S: +OK', 'S: 1 120', 'S: .', 'C: QUIT']);
    expect(reply).toMatchObject({ source: 'S: +OK\nS: 1 120\nS: .', line: 9 });
    expect(next).toMatchObject({ line: 12 });
  });

  it('may have no lines, or any', () => {
    expect(expected('S: +OK', 'S: .').content).toEqual([]);
    expect(expected('S: +OK', 'S: …', 'S: b', 'S: … ', 'S: . ').content).toEqual([
      { type: 'any' },
      line('b'),
      { type: 'any' },
    ]);
  });

  it('may have placeholders, patterns and escapes in its lines', () => {
    const steps = pop3([
      'C: x {token}',
      'S: +OK',
      'S: Subject: {token}{"a" * 3}',
      'S: /^(?<id>\\d+) \\/$/',
      'S raw: caf\\xE9 …',
      'S raw: /a/',
      'S: .',
      'C: {id}',
    ]);
    expect(steps[1]).toMatchObject({
      expectation: {
        content: [
          {
            parts: [
              octets('Subject: '),
              { type: 'token', name: 'token' },
              { type: 'times', octets: octetsOf('a'), times: 3 },
            ],
          },
          { type: 'pattern', pattern: /^(?<id>\d+) \/$/u },
          {
            parts: [
              {
                type: 'octets',
                octets: Uint8Array.from(Buffer.from('caf\xe9 \xe2\x80\xa6', 'latin1')),
              },
            ],
          },
          line('/a/'),
        ],
      },
    });
    expect(steps[2]).toMatchObject({ parts: [{ type: 'captured', name: 'id' }] });
  });

  it('may have a code in its first line if that is raw', () => {
    expect(expected('S: +OK', 'S raw: +OK', 'S: -ERR', 'S: .').content).toEqual([
      line('+OK'),
      line('-ERR'),
    ]);
  });

  it('is followed by another one where a line begins with a code', () => {
    const steps = pop3(['C raw: STAT\\r\\nLIST\\r\\n', 'S: +OK', 'S: +OK', 'S: 1 120', 'S: .']);
    expect(steps).toMatchObject([
      { type: 'send' },
      { expectation: { oneOf: [{ code: '+OK' }] } },
      { expectation: { content: [line('1 120')] } },
    ]);
    expect((steps[1] as Step & { type: 'expect' }).expectation.content).toBeUndefined();
  });

  it('may be counted', () => {
    const lines = ['C: LIST 1', 'S: +OK /(?<octets>\\d+)$/', 'C: RETR 1', 'S: +OK'];
    expect(pop3([...lines, 'octets {octets}']).at(-1)).toEqual({
      type: 'octets',
      parts: [{ type: 'captured', name: 'octets' }],
      source: 'octets {octets}',
      line: 12,
    });
    expect(pop3([...lines, 'S: …', 'S: .', 'octets 120']).at(-1)).toMatchObject({
      parts: [octets('120')],
    });
  });
});

describe('what an account says', () => {
  it('is a placeholder', () => {
    expect(pop3(['C: USER {user.bob}', 'C: PASS {password.carol}'])).toMatchObject([
      { parts: [octets('USER '), { type: 'account', what: 'user', name: 'bob' }] },
      { parts: [octets('PASS '), { type: 'account', what: 'password', name: 'carol' }] },
    ]);
  });
});

describe('a slip in a dialogue in POP3 is refused with its line:', () => {
  it.each<[string, string[], number, RegExp]>([
    ['a code of SMTP', ['S: 250'], 9, /does not begin with a reply code; write \+OK or -ERR/],
    ['a code in small letters', ['S: +ok'], 9, /reply code/],
    ['a code with something on it', ['S: +OKAY'], 9, /reply code/],
    ['no code', ['S:'], 9, /no code/],
    ['a line before any code', ['S: 1 120', 'S: .'], 9, /right behind its `S: \+OK`/],
    ['a line behind the dot', ['S: +OK', 'S: .', 'S: x'], 11, /reply code/],
    ['a second dot', ['S: +OK', 'S: .', 'S: .'], 11, /reply code/],
    ['lines that do not end', ['S: +OK', 'S: x'], 10, /does not end; write `S: \.`/],
    ['lines broken off', ['S: +OK', 'S: x', 'C: y', 'S: .'], 10, /`S: x`, which is no code/],
    ['lines broken off by end', ['repeat 1', 'S: +OK', 'S: x', 'end'], 11, /does not end/],
    ['a repeat in the lines', ['S: +OK', 'repeat 1', 'S: x', 'end'], 11, /reply code/],
    ['lines in another block', ['S: +OK', '```', '```pop3', 'S: x', 'S: .'], 12, /reply code/],
    ['lines behind -ERR', ['S: -ERR', 'S: x', 'S: .'], 10, /only a plain \+OK/],
    ['lines behind a choice', ['S: +OK or -ERR', 'S: x', 'S: .'], 10, /only a plain \+OK/],
    ['lines or a hang-up', ['S: +OK or closes', 'S: x', 'S: .'], 10, /only a plain \+OK/],
    ['a raw line alone', ['S raw: x'], 9, /belongs to no reply/],
    ['a raw line behind the dot', ['S: +OK', 'S: .', 'S raw: x'], 11, /belongs to no reply/],
    ['a raw line behind -ERR', ['S: -ERR', 'S raw: x'], 10, /only a plain \+OK/],
    ['a dot that is not stuffed', ['S: +OK', 'S: .x', 'S: .'], 10, /write `S: \.\.x`/],
    ['a raw one', ['S: +OK', 'S raw: .', 'S: .'], 10, /write `S raw: \.\.`, or `S: \.` alone/],
    ['an open pattern', ['S: +OK', 'S: /usr', 'S: .'], 10, /does not end; .*`S raw:` line/],
    ['a bad pattern', ['S: +OK', 'S: /(/', 'S: .'], 10, /cannot be read/],
    ['a bad escape', ['S: +OK', 'S raw: \\q', 'S: .'], 10, /no escape/],
    ['two lines in one', ['S: +OK', 'S raw: a\\r\\n', 'S: .'], 10, /holds a line feed/],
    ['two lines repeated', ['S: +OK', 'S raw: {"\\n" * 2}', 'S: .'], 10, /holds a line feed/],
    ['a control octet', ['S: +OK', 'S: a\x07', 'S: .'], 10, /`S raw:`/],
    ['a control octet in a pattern', ['S: +OK', 'S: /a\x07/', 'S: .'], 10, /`S raw:`/],
    ['a token that was not sent', ['S: +OK {token}'], 9, /no line before this one sends {token}/],
    ['one in a line', ['S: +OK', 'S: {token.2}', 'S: .'], 10, /sends {token\.2}/],
    ['an unknown name', ['S: +OK {size}'], 9, /nothing is known under the name {size}/],
    [
      'a name of the same reply',
      ['S: +OK', 'S: /(?<a>.)/', 'S: {a}', 'S: .'],
      11,
      /in a reply before this one/,
    ],
    [
      'a name of its first line',
      ['S: +OK /(?<a>.)/', 'S: {a}', 'S: .'],
      10,
      /in a reply before this one/,
    ],
    ['a name twice', ['S: +OK /(?<a>.)/', 'S: /(?<a>.)/', 'S: .'], 10, /captured twice/],
    ['octets of nothing', ['octets 3'], 9, /the line before it is none/],
    ['octets of -ERR', ['S: -ERR', 'octets 3'], 10, /the line before it is none/],
    ['octets of a choice', ['S: +OK or -ERR', 'octets 3'], 10, /the line before it is none/],
    ['octets twice', ['S: +OK', 'octets 3', 'octets 3'], 11, /the line before it is none/],
    ['octets without number', ['S: +OK', 'octets'], 10, /says no number/],
    ['octets of a word', ['S: +OK', 'octets many'], 10, /write `octets 120`/],
    ['octets less than none', ['S: +OK', 'octets -1'], 10, /says no number/],
    ['octets of a token', ['C: {token}', 'S: +OK', 'octets {token}'], 11, /says no number/],
    ['octets of an unknown name', ['S: +OK', 'octets {size}'], 10, /under the name {size}/],
    ['a user in capitals', ['C: {user.Bob}'], 9, /names nobody; write {user\.bob}/],
    ['an address as a user', ['C: {password.bob@example.com}'], 9, /write {password\.bob}/],
    ['nobody', ['C: {user.}'], 9, /names nobody/],
    ['a user without a name', ['C: {user}'], 9, /say whose it is, as in {user\.bob}/],
  ])('%s', (_, lines, at, sentence) => {
    const all = ['C: x', ...lines];
    expect(() => pop3(all)).toThrow(new RegExp(`^a\\.md:${at}: .*${sentence.source}`));
    expect(() => pop3(all)).toThrow(/; /);
  });

  it.each<[string, RegExp]>([
    ['S raw: x', /`S raw:` is a line of a reply of several lines in POP3/],
    ['octets 3', /the line before it is none/],
    ['S: +OK', /does not begin with a reply code; write 250/],
  ])('%s in a dialogue in SMTP', (written, sentence) => {
    const body = `\`\`\`smtp\nC: x\nS: 250\nC: y\n${written}\n\`\`\``;
    expect(() => parse(body)).toThrow(new RegExp(`^a\\.md:11: .*${sentence.source}`));
  });
});
