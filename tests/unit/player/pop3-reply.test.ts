import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Asked } from '../../src/player/client-side.ts';
import { bringsLines, readPop3Reply, sizeOf } from '../../src/player/pop3-reply.ts';
import type { LineEnds } from '../../src/player/reply.ts';

const command = (line: string): Asked => ({ what: 'command', line });
const octets = (text: string) => Buffer.from(text, 'latin1');
const read = (text: string, line = 'STAT', lineEnds: LineEnds = 'crlf') =>
  readPop3Reply(octets(text), lineEnds, command(line));

describe('reading a POP3 reply', () => {
  it.each([
    ['+OK 2 320\r\n', '+OK', '2 320'],
    ['-ERR no such message\r\n', '-ERR', 'no such message'],
    ['+OK\r\n', '+OK', ''],
    ['-ERR\r\n', '-ERR', ''],
    ['+OK \r\n', '+OK', ''],
  ])('reads %j, a reply of one line', (text, code, words) => {
    const reading = read(text);
    expect(reading).toMatchObject({ kind: 'reply', length: text.length });
    expect(reading).toMatchObject({ reply: { code, lines: [words] } });
    expect(reading.kind === 'reply' && reading.reply.content).toBeUndefined();
  });

  it('leaves what follows', () => {
    expect(read('+OK 0 0\r\n+OK next')).toMatchObject({ kind: 'reply', length: 9 });
  });

  it.each([
    ['LIST', true],
    ['list', true],
    ['LIST ', true],
    ['LIST 1', false],
    ['RETR 1', true],
    ['retr', true],
    ['TOP 1 0', true],
    ['UIDL', true],
    ['UIDL 1', false],
    ['CAPA', true],
    ['AUTH', true],
    ['AUTH PLAIN', false],
    ['STAT', false],
    ['USER list', false],
    ['', false],
    ['LISTS', false],
  ])('%j: lines follow its +OK: %s', (line, follow) => {
    expect(bringsLines(command(line))).toBe(follow);
    // Never behind -ERR, whatever was asked.
    expect(read('-ERR no\r\n', line)).toMatchObject({ kind: 'reply', length: 9 });
  });

  it('knows that no lines follow a greeting', () => {
    expect(bringsLines({ what: 'connect', line: '' })).toBe(false);
    expect(bringsLines(undefined)).toBe(false);
  });

  it.each([
    ['+OK\r\n.\r\n', ''],
    ['+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n', '1 120\r\n2 200\r\n'],
    ['+OK\r\n..\r\n.x\r\n\r\n.\r\n', '..\r\n.x\r\n\r\n'],
    ['+OK\r\na.\r\n.\r\n', 'a.\r\n'],
  ])('reads %j, a reply of several lines, to its lone dot', (text, content) => {
    const reading = read(`${text}+OK next\r\n`, 'RETR 1');
    expect(reading).toMatchObject({ kind: 'reply', length: text.length });
    expect(reading.kind === 'reply' && reading.reply.content?.toString()).toBe(content);
  });

  it('forgives LF alone, where that is forgiven', () => {
    const reading = read('+OK\na\nb\r\n.\n', 'LIST', 'forgiven');
    expect(reading.kind === 'reply' && reading.reply.content?.toString()).toBe('a\nb\r\n');
    expect(reading).toMatchObject({ length: 11 });
  });

  it.each([
    ['+OK ready\n', 'lf-only'],
    ['+OK\0\r\n', 'nul'],
    ['+OK ready\r\n\0\0', 'nul'],
    ['+OK\0', 'nul'],
    ['+ok ready\r\n', 'malformed'],
    ['OK\r\n', 'malformed'],
    ['+OKready\r\n', 'malformed'],
    ['-ERROR\r\n', 'malformed'],
    ['250 ok\r\n', 'malformed'],
    ['\r\n', 'malformed'],
    ['1 120\r\n', 'malformed'],
  ])('calls the fault in %j by its name: %s', (text, fault) => {
    expect(read(text)).toMatchObject({ kind: 'fault', fault });
  });

  it.each([
    ['+OK\r\na\n.\r\n', 'a'],
    ['+OK\r\n.\n', '.'],
    ['+OK\r\na\r\nb\nc\r\n.\r\n', 'b'],
  ])('names the line of %j that ends in LF alone', (text, line) => {
    const reading = read(text, 'LIST');
    expect(reading).toMatchObject({ kind: 'fault', fault: 'lf-only', length: text.length });
    expect(reading.kind === 'fault' && reading.lines.at(-1)?.toString()).toBe(line);
  });

  it.each([
    ['', 0, ''],
    ['+OK', 0, '+OK'],
    ['+OK\r\n', 1, ''],
    ['+OK\r\n.', 1, '.'],
    ['+OK\r\n.\r', 1, '.\r'],
    ['+OK\r\na\r\nb', 2, 'b'],
  ])('waits for more behind %j', (text, lines, rest) => {
    const reading = read(text, 'RETR 1');
    expect(reading.kind).toBe('incomplete');
    if (reading.kind !== 'incomplete') return;
    expect(reading.lines).toHaveLength(lines);
    expect(reading.rest.toString()).toBe(rest);
  });

  it('shows of an endless reply its first line and its last', () => {
    const reading = read(`+OK\r\n${'x\r\n'.repeat(1000)}y\r\n`, 'RETR 1');
    const lines = reading.kind === 'incomplete' ? reading.lines.map(String) : [];
    expect(lines).toEqual(['+OK', '…', 'x', 'y']);
  });
});

describe('however the octets are cut', () => {
  const replies = '+OK 1 message\r\n1 9\r\n.\r\n+OK 9\r\n..a\r\n\r\n.\r\n-ERR no\r\n+OK bye\r\n';
  const asked = ['LIST', 'RETR 1', 'RETR 2', 'QUIT'].map(command);

  /** All replies, for octets that come in these pieces, each looked at from where the last look ended. */
  function readAll(pieces: Buffer[]): string[] {
    const found: string[] = [];
    let unread: Buffer = Buffer.alloc(0);
    let searched = 0;
    for (const piece of pieces) {
      unread = Buffer.concat([unread, piece]);
      for (;;) {
        const reading = readPop3Reply(unread, 'crlf', asked[found.length], searched);
        if (reading.kind === 'incomplete') {
          searched = reading.searched;
          break;
        }
        if (reading.kind === 'fault') return [...found, reading.fault];
        found.push(unread.subarray(0, reading.length).toString());
        unread = unread.subarray(reading.length);
        searched = 0;
      }
    }
    return found;
  }

  it('the replies are the same: at each place, and octet by octet', () => {
    const whole = octets(replies);
    const right = readAll([whole]);
    expect(right).toHaveLength(4);
    expect(right.join('')).toBe(replies);
    for (let at = 0; at <= whole.length; at += 1)
      expect(readAll([whole.subarray(0, at), whole.subarray(at)])).toEqual(right);
    expect(readAll(Array.from(whole, (octet) => Buffer.from([octet])))).toEqual(right);
  });

  it('the replies are the same: in any pieces, whatever the lines hold', () => {
    const line = fc.constantFrom('.', '..', '', 'a', '.\r', '\r', 'a\rb', '. ');
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(9), { minLength: 1 }), (lines, sizes) => {
        const text = lines.map((one) => `${one.startsWith('.') ? '.' : ''}${one}\r\n`).join('');
        const whole = octets(`+OK\r\n${text}.\r\n-ERR no\r\n`);
        const pieces: Buffer[] = [];
        for (let at = 0, n = 0; at < whole.length; n += 1) {
          const size = 1 + sizes[n % sizes.length]!;
          pieces.push(whole.subarray(at, at + size));
          at += size;
        }
        expect(readAll(pieces)).toEqual([`+OK\r\n${text}.\r\n`, '-ERR no\r\n']);
      }),
    );
  });

  it('what was looked through is not looked through again', () => {
    const whole = octets(`+OK\r\n${'a line\r\n.x\r\n'.repeat(1000)}`);
    for (let length = 5; length <= whole.length; length += 1) {
      const reading = readPop3Reply(whole.subarray(0, length), 'crlf', command('RETR 1'));
      expect(reading.kind === 'incomplete' && length - reading.searched).toBeLessThanOrEqual(3);
    }
  });

  it('there is an answer to any octets', () => {
    const some = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string().map(octets));
    fc.assert(
      fc.property(some, fc.constantFrom('LIST', 'STAT'), (noise, line) => {
        for (const lineEnds of ['crlf', 'forgiven'] as const) {
          const all = Buffer.concat([octets('+OK\r\n'), noise]);
          for (const one of [Buffer.from(noise), all]) {
            const reading = readPop3Reply(one, lineEnds, command(line));
            if (reading.kind !== 'incomplete') expect(reading.length).toBeGreaterThan(0);
            else expect([...reading.lines, reading.rest].length).toBeGreaterThan(0);
          }
        }
      }),
    );
  });
});

describe('the size of a text', () => {
  it.each([
    ['', { octets: 0, lines: 0, stuffed: 0, came: 0 }],
    ['a\r\n\r\n', { octets: 5, lines: 2, stuffed: 0, came: 5 }],
    ['..a\r\n..\r\n', { octets: 7, lines: 2, stuffed: 2, came: 7 }],
    ['a\n\nb\r\n', { octets: 8, lines: 3, stuffed: 0, came: 6 }],
  ])('of %j is %o', (content, size) => {
    expect(sizeOf(octets(content))).toMatchObject(size);
  });

  it('in characters is that of UTF-8', () => {
    expect(sizeOf(Buffer.from('é€😀\r\n')).characters).toEqual([5, 6]);
  });
});
