import { describe, expect, it } from 'vitest';
import { Message } from '../../../v3-pop3/src/client/message.ts';
import { decodeWords, readable, readHead } from '../../../v3-pop3/src/client/received.ts';

const head = (...lines: string[]) => readHead(Buffer.from(lines.join('\r\n')));

describe('the head of a message that came', () => {
  it('says who wrote and what about, in any case and in folded lines', () => {
    expect(head('FROM: Alice', '\t<alice@example.com>', 'subject:Hi', '', 'Subject: no')).toEqual({
      from: 'Alice <alice@example.com>',
      subject: 'Hi',
    });
  });

  it('ends where the text begins', () => {
    expect(head('To: bob', '', 'From: eve', 'Subject: forged')).toEqual({ from: '', subject: '' });
    expect(head('', 'From: eve')).toEqual({ from: '', subject: '' });
    expect(head('')).toEqual({ from: '', subject: '' });
  });

  it('is the first of its kind, and not a longer name', () => {
    expect(head('Subject-Id: x', 'X-From: y', 'Subject: a', 'Subject: b').subject).toBe('a');
  });

  it('gives back what the client of this stage sends, whatever it is', () => {
    for (const subject of ['Été 2026 ☀', '=?utf-8?Q?no?=', 'a  b', 'é'.repeat(200)]) {
      const message = new Message('alice@example.com', 'bob', subject, 'text');
      expect(head(...message.toDataLines()).subject).toBe(subject);
    }
  });

  it('cannot speak to the terminal, not even in encoded words', () => {
    const { from, subject } = head('From: \x1B[2Ja\x7F', 'Subject: =?utf-8?Q?=1B=5B2J=0D=0AC2?=');
    expect(from).toBe('\\x1B[2Ja\\x7F');
    expect(subject).toBe('\\x1B[2J\\x0D\\x0AC2');
    expect(head('From: =?iso-8859-1?Q?=9B2J?=').from).not.toMatch(/[\x80-\x9F]/);
  });

  it('is found in a moment in 10 MB of anything', () => {
    for (const line of ['x', '=?', '=?a?Q?', '?= ', ' ', '\r\n ', '\r\n']) {
      const message = Buffer.from(line.repeat(10_000_000 / line.length));
      expect(readHead(message).subject).toBe('');
      expect(readHead(Buffer.concat([Buffer.from('Subject: '), message])).from).toBe('');
    }
  });
});

describe('encoded words', () => {
  it.each([
    ['=?utf-8?Q?Caf=C3=A9_noir?=', 'Café noir'],
    ['=?UTF-8?b?Q2Fmw6k=?=', 'Café'],
    ['=?iso-8859-1?q?Caf=e9?= noir', 'Café noir'],
    ['=?utf-8*fr?Q?=C3=A9?=', 'é'],
    ['=?utf-8?Q?a?= =?utf-8?Q?b?=\t=?utf-8?B?Yw==?= d', 'abc d'],
    ['a =?utf-8?Q?b?= c', 'a b c'],
    ['=?koi8-r?B?8NLJ18XU?=', 'Привет'],
    ['=?utf-8?Q??=', ''],
    ['=?utf-8?Q?=ZZ=4?=', '=ZZ=4'],
    ['=?utf-8?Q?=FF?=', '\uFFFD'],
    ['=?martian?Q?a?=', '=?martian?Q?a?='],
    ['=?utf-8?X?a?=', '=?utf-8?X?a?='],
    ['=?utf-8?Q?a b?=', '=?utf-8?Q?a b?='],
    ['2 =? 3 ?=', '2 =? 3 ?='],
  ])('%j mean %j', (encoded, meant) => {
    expect(decodeWords(encoded)).toBe(meant);
  });
});

describe('a message on a terminal', () => {
  it('is its text, with control characters shown', () => {
    const message = Buffer.from('é\ta\r\n\r\n\x1B[31m.\r\n\xFF\r\n');
    expect(readable(message)).toBe('é\ta\n\n\\x1B[31m.\nÿ\n');
    expect(readable(Uint8Array.of(0xe9, 0x0d, 0x41))).toBe('\uFFFD\\x0DA');
  });
});
