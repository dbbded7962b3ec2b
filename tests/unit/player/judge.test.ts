import { describe, expect, it } from 'vitest';
import type { Part, ReplyPattern } from '../../src/notation/model.ts';
import { judge } from '../../src/player/judge.ts';
import { readPop3Reply } from '../../src/player/pop3-reply.ts';
import type { Reply } from '../../src/player/reply.ts';

const octets = (text: string): Part => ({ type: 'octets', octets: Buffer.from(text) });
const captured: Part = { type: 'captured', name: 'size' };
const fillIn = (parts: readonly Part[]): string =>
  parts
    .map((part) => (part.type === 'octets' ? Buffer.from(part.octets).toString('latin1') : '120'))
    .join('');

function reply(text: string, line = 'STAT'): Reply {
  const reading = readPop3Reply(Buffer.from(text), 'crlf', { what: 'command', line });
  if (reading.kind !== 'reply') throw new Error(reading.kind);
  return reading.reply;
}

const judged = (oneOf: ReplyPattern[], text: string) =>
  judge({ oneOf, orCloses: false, lines: [] }, reply(`${text}\r\n`), fillIn).kind;

describe('a reply of POP3', () => {
  it.each([
    ['+OK', '+OK', 'right'],
    ['+OK', '+OK 2 320', 'right'],
    ['-ERR', '-ERR no', 'right'],
    ['+OK', '-ERR no', 'wrong-code'],
    ['-ERR', '+OK', 'wrong-code'],
  ])('with %s wanted: %j is %s', (code, text, kind) => {
    expect(judged([{ code }], text)).toBe(kind);
  });

  it.each([
    ['1 120', 'right'],
    ['1 120 octets', 'right'],
    ['1 1201', 'wrong-text'],
    ['1', 'wrong-text'],
    ['message 1 120', 'wrong-text'],
    ['', 'wrong-text'],
  ])('with words wanted, placeholders in them: %j is %s', (text, kind) => {
    const words = [octets('1 '), captured];
    expect(judged([{ code: '+OK', words }], `+OK ${text}`.trimEnd())).toBe(kind);
  });

  it('may be one of several', () => {
    const oneOf = [{ code: '+OK', words: [octets('0 0')] }, { code: '-ERR' }];
    expect(judged(oneOf, '-ERR no')).toBe('right');
    expect(judged(oneOf, '+OK 1 1')).toBe('wrong-text');
  });

  it('is judged by what it holds too, if the scenario says it', () => {
    const text = '+OK\r\n1 120\r\n2 7\r\n.\r\n';
    const oneOf = [{ code: '+OK' }];
    const about = (content: Parameters<typeof judge>[0]['content']) =>
      judge({ oneOf, orCloses: false, lines: [], content }, reply(text, 'LIST'), fillIn);
    expect(about(undefined)).toMatchObject({ kind: 'right', seen: ['…'] });
    const one = { type: 'line' as const, parts: [octets('1 '), captured] };
    const two = { type: 'pattern' as const, pattern: /2 (?<two>\d)/u };
    expect(about([one, two])).toMatchObject({ kind: 'right', captured: { two: '7' } });
    expect(about([one])).toMatchObject({ kind: 'differs', how: 'too-many', got: '2 7' });
    expect(about([{ type: 'any' }, two])).toMatchObject({ kind: 'right', seen: ['…', '2 7'] });
  });
});

describe('a code of SMTP', () => {
  it('may be a class, and no more than that', () => {
    const smtp = (code: string) => ({ code, lines: [''], raw: [] });
    const matches = (wanted: string, got: string) =>
      judge({ oneOf: [{ code: wanted }], orCloses: false, lines: [] }, smtp(got), fillIn).kind;
    expect(matches('5xx', '502')).toBe('right');
    expect(matches('5xx', '250')).toBe('wrong-code');
    expect(matches('250', '250')).toBe('right');
  });
});
