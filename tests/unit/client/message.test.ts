import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Complaint } from '../../../v1-smtp/src/client/complaint.ts';
import {
  checkAddress,
  checkAddresses,
  formatDate,
  Message,
} from '../../../v1-smtp/src/client/message.ts';

const DATE = new Date('2026-11-20T09:04:05.678Z');

function message(given: { from?: string; to?: string; subject?: string; text?: string }): Message {
  const { from = 'alice@example.com', to = 'bob@example.com', subject = '', text = '' } = given;
  return new Message(from, to, subject, text, DATE);
}

/** What a server does: takes the lone dot and the stuffed dots away. */
function received(lines: string[]): { headers: string[]; text: string[] } {
  expect(lines.at(-1)).toBe('.');
  const plain = lines.slice(0, -1).map((line) => {
    expect(line).not.toBe('.');
    return line.replace(/^\./, '');
  });
  const empty = plain.indexOf('');
  return { headers: plain.slice(0, empty), text: plain.slice(empty + 1) };
}

/** What a mail reader does with a header: RFC 5322 §2.2.3 (unfolding), RFC 2047. */
function field(headers: string[], name: string): string {
  const unfolded = headers.join('\r\n').replaceAll(/\r\n(?=[ \t])/g, '');
  const line = unfolded.split('\r\n').find((each) => each.startsWith(`${name}:`))!;
  return line
    .slice(name.length + 1)
    .trimStart()
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?Q\?([!-<>@-~]*(?:=[0-9A-F]{2}[!-<>@-~]*)*)\?=/g, (_, word: string) => {
      const octets = word
        .replaceAll('_', ' ')
        .replaceAll(/=(..)/g, (__, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(octets, 'latin1'));
    });
}

/** Any characters that a line of text may hold: no line ends, no NUL. */
const textLine = fc
  .string({ unit: 'binary', maxLength: 100 })
  .map((line) => line.replaceAll(/[\0\r\n]/g, '.'));
const printable = fc
  .string({ unit: 'binary', maxLength: 300 })
  .map((line) => line.replaceAll(/[\0-\x1F\x7F]/g, ' '));

describe('the text of a message', () => {
  it('is given back by undoing the dot-stuffing, whatever it is', () => {
    const line = fc.oneof(textLine, fc.constantFrom('.', '..', '...', '.x', '', ' .'));
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\n', '\r\n', '\r'), (lines, end) => {
        const text = lines.map((each) => each + end).join('');
        expect(received(message({ text }).toDataLines()).text).toEqual(lines);
      }),
    );
  });

  it('needs no line end after its last line', () => {
    expect(message({ text: 'a\r\nb' }).lines).toEqual(['a', 'b']);
    expect(message({ text: 'a\nb\n' }).lines).toEqual(['a', 'b']);
    expect(message({ text: 'a\n\n' }).lines).toEqual(['a', '']);
    expect(message({ text: '' }).lines).toEqual([]);
  });

  it('never holds a CR or LF within a line that goes out', () => {
    const dirty = fc.string({ unit: fc.constantFrom('a', '.', '\r', '\n', ' ') });
    fc.assert(
      fc.property(dirty, (text) => {
        for (const line of message({ text }).toDataLines()) expect(line).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it('may have lines of 998 octets and no longer', () => {
    expect(message({ text: 'é'.repeat(499) }).lines).toHaveLength(1);
    expect(() => message({ text: `ok\n${'é'.repeat(499)}x` })).toThrow(
      new Complaint('Line 2 of the text has 999 octets; 998 is the most: break it in two.', 2),
    );
  });

  it('may not hold a NUL', () => {
    expect(() => message({ text: 'a\0b' })).toThrow(/^Line 1 of the text holds a NUL/);
  });
});

describe('the headers of a message', () => {
  it('are these', () => {
    const given = { to: 'bob@example.com,carol@example.com', subject: 'Hello, Bob' };
    const headers = message(given).headers();
    expect(headers.map((line) => line.replace(/<[0-9a-f-]{36}@/, '<ID@'))).toEqual([
      'From: alice@example.com',
      'To: bob@example.com, carol@example.com',
      'Subject: Hello, Bob',
      `Date: ${formatDate(DATE, -DATE.getTimezoneOffset())}`,
      'Message-ID: <ID@example.com>',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
    ]);
  });

  it('give every message an id of its own, and a domain even without one in From', () => {
    const id = (from: string) => field(message({ from }).headers(), 'Message-ID');
    expect(id('alice')).toMatch(/^<[0-9a-f-]{36}@localhost>$/);
    expect(id('alice')).not.toBe(id('alice'));
  });

  it('tell the subject, whatever it is', () => {
    fc.assert(
      fc.property(printable, (subject) => {
        expect(field(message({ subject }).headers(), 'Subject')).toBe(subject);
      }),
    );
  });

  it('leave a plain subject readable, and fold it at blanks', () => {
    const subject = 'a plain subject that is longer than what should stand on one line of a header';
    expect(message({ subject }).headers().slice(2, 4)).toEqual([
      'Subject: a plain subject that is longer than what should stand on one line',
      ' of a header',
    ]);
  });

  it('encode a subject in words that each are whole', () => {
    const headers = message({ subject: 'é'.repeat(30) }).headers();
    expect(headers.slice(2, 6)).toEqual([
      `Subject: =?utf-8?Q?${'=C3=A9'.repeat(9)}?=`,
      ` =?utf-8?Q?${'=C3=A9'.repeat(9)}?=`,
      ` =?utf-8?Q?${'=C3=A9'.repeat(9)}?=`,
      ` =?utf-8?Q?${'=C3=A9'.repeat(3)}?=`,
    ]);
  });

  it('encode a subject that only looks encoded', () => {
    const subject = '=?utf-8?Q?no?=';
    expect(message({ subject }).headers()[2]).toBe(
      'Subject: =?utf-8?Q?=3D=3Futf-8=3FQ=3Fno=3F=3D?=',
    );
  });

  it('are ASCII and at most 76 octets long, whatever the subject and however many recipients', () => {
    const name = fc.stringMatching(/^[a-z]{1,20}$/);
    fc.assert(
      fc.property(
        printable,
        fc.uniqueArray(name, { minLength: 1, maxLength: 40 }),
        (subject, names) => {
          const headers = message({ subject, to: names.join(', ') }).headers();
          for (const line of headers) expect(line).toMatch(/^[ -~]{1,76}$/);
          for (const line of headers) expect(line).toMatch(/^([A-Za-z-]+:| \S)/);
          expect(field(headers, 'To')).toBe(names.join(', '));
        },
      ),
    );
  });

  it('cannot be forged by a line end in the subject or an address', () => {
    for (const evil of ['\r\nBcc: eve', '\nBcc: eve', '\rBcc: eve', '\0', '\x1B[2J', '\x7F']) {
      expect(() => message({ subject: `a${evil}` })).toThrow(/^The subject holds a line end/);
      expect(() => message({ from: `a${evil}` })).toThrow(/is no address/);
      expect(() => message({ to: `a, b${evil}` })).toThrow(/is no address/);
    }
  });
});

describe('an address', () => {
  it('may be a bare name, and may come in brackets and blanks', () => {
    expect(checkAddress('bob')).toBe('bob');
    expect(checkAddress(' <bob@example.com> ')).toBe('bob@example.com');
    expect(checkAddress("o'hara+tag@[127.0.0.1]")).toBe("o'hara+tag@[127.0.0.1]");
  });

  it.each([
    '',
    ' ',
    '<>',
    'a b',
    'a@b@c',
    'a@',
    '@b',
    'a<b>',
    'a>b',
    'é@b',
    'a@é',
    'a'.repeat(255),
  ])('cannot be %j', (address) => {
    expect(() => checkAddress(address)).toThrow(Complaint);
  });

  it('counts once when it is there twice', () => {
    expect(checkAddresses('bob, carol,bob')).toEqual(['bob', 'carol']);
    expect(() => checkAddresses('bob,,carol')).toThrow('An address is missing.');
  });
});

describe('the date', () => {
  it.each([
    [60, 'Fri, 20 Nov 2026 10:04:05 +0100'],
    [0, 'Fri, 20 Nov 2026 09:04:05 +0000'],
    [-210, 'Fri, 20 Nov 2026 05:34:05 -0330'],
    [330, 'Fri, 20 Nov 2026 14:34:05 +0530'],
  ])('has the zone %i minutes east of Greenwich', (zone, date) => {
    expect(formatDate(DATE, zone)).toBe(date);
  });

  it('names the same second in every zone', () => {
    const dates = fc.date({
      noInvalidDate: true,
      min: new Date('1970-01-02'),
      max: new Date('9999-01-01'),
    });
    fc.assert(
      fc.property(dates, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, zone) => {
        const seconds = Math.floor(date.getTime() / 1000);
        expect(Date.parse(formatDate(date, zone)) / 1000).toBe(seconds);
      }),
    );
  });
});
