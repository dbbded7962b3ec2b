import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSmtpReply } from '../../src/player/smtp-reply.ts';

const read = (text: string) => readSmtpReply(Buffer.from(text, 'latin1'));

describe('reading an SMTP reply', () => {
  it('reads a reply of one line, and leaves what follows', () => {
    const reading = read('250 ok\r\n354 next');
    expect(reading).toMatchObject({ kind: 'reply', length: 8 });
    expect(reading.kind === 'reply' && reading.reply).toMatchObject({ code: '250', lines: ['ok'] });
  });

  it('reads a code without a text', () => {
    expect(read('250\r\n')).toMatchObject({ kind: 'reply', reply: { code: '250', lines: [''] } });
  });

  it('reads a reply of several lines', () => {
    expect(read('250-a\r\n250-\r\n250 c\r\n')).toMatchObject({
      kind: 'reply',
      reply: { code: '250', lines: ['a', '', 'c'] },
    });
  });

  it.each([
    ['', 0, ''],
    ['250 ok', 0, '250 ok'],
    ['250 ok\r', 0, '250 ok\r'],
    ['250-a\r\n', 1, ''],
    ['250-a\r\n25', 1, '25'],
  ])('waits for more behind %j', (text, lines, rest) => {
    const reading = read(text);
    expect(reading.kind).toBe('incomplete');
    if (reading.kind !== 'incomplete') return;
    expect(reading.lines).toHaveLength(lines);
    expect(reading.rest.toString()).toBe(rest);
  });

  it.each([
    ['250 ok\n', 'lf-only'],
    ['250-a\r\n250 b\n', 'lf-only'],
    ['250 ok\0\r\n', 'nul'],
    ['250 ok\r\n\0\0\0', 'nul'],
    ['\0\x00250 ok\r\n', 'nul'],
    ['250 ok\0', 'nul'],
    ['ok\r\n', 'malformed'],
    ['2500 ok\r\n', 'malformed'],
    ['250OK\r\n', 'malformed'],
    ['25 ok\r\n', 'malformed'],
    ['\r\n', 'malformed'],
    ['950 ok\r\n', 'malformed'],
    ['250-a\r\n251 b\r\n', 'codes-differ'],
  ])('calls the fault in %j by its name: %s', (text, fault) => {
    expect(read(text)).toMatchObject({ kind: 'fault', fault });
  });

  it('never answers before the end, however a good reply is cut', () => {
    const whole = Buffer.from('250-first\r\n250-second\r\n250 third\r\n');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(readSmtpReply(whole.subarray(0, length)).kind).toBe('incomplete');
      }),
    );
  });

  it('has an answer to any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        const reading = readSmtpReply(Buffer.from(octets));
        if (reading.kind !== 'incomplete') expect(reading.length).toBeGreaterThan(0);
      }),
    );
  });
});
