import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ChunkReader } from '../../../v4-advanced/src/chunks.ts';
import { DataReader } from '../../../v4-advanced/src/data.ts';
import { defaultLimits, type Limits } from '../../../v4-advanced/src/guards/limits.ts';
import {
  codes,
  cut,
  latin1,
  messages,
  octetByOctet,
  play,
  smtpSession,
  stores,
  text,
} from './v4-sessions.ts';

const ENVELOPE = 'EHLO pc\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\n';

/** A text in chunks, as a client writes it. */
const chunked = (...parts: string[]) =>
  parts
    .map(
      (part, index) => `BDAT ${part.length}${index + 1 < parts.length ? '' : ' LAST'}\r\n${part}`,
    )
    .join('');

/** What comes after the opening, in one packet. */
const after = (input: string, limits: Partial<Limits> = {}) =>
  play(smtpSession({ limits }), [latin1(ENVELOPE + input)], stores);

/** What a reader makes of chunks that come in these pieces. */
function read(limits: Partial<Limits>, chunks: readonly Uint8Array[][]) {
  const reader = new ChunkReader({ ...defaultLimits, ...limits });
  for (const pieces of chunks) {
    reader.begin(pieces.reduce((sum, { length }) => sum + length, 0));
    for (const piece of pieces) expect(reader.read(piece)).toBe(piece.length);
    expect(reader.complete).toBe(true);
  }
  return { text: Buffer.from(reader.text()).toString('latin1'), fault: reader.fault };
}

describe('a text in chunks', () => {
  const part = fc.string({
    unit: fc.constantFrom('\r\n', '.', 'a', '\r\n.\r\n', '\xe9'),
    maxLength: 8,
  });

  it('is what the client has put in, wherever it is cut: no dot means anything', () => {
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.nat(200)), (parts, places) => {
        const chunks = parts.map((each) => {
          const octets = latin1(each);
          return cut(octets, places.filter((place) => place <= octets.length));
        });
        const whole = parts.join('');
        const text = /[^\n]$/.test(whole) ? `${whole}\r\n` : whole;
        expect(read({}, chunks)).toEqual({ text, fault: undefined });
      }),
    ); // prettier-ignore
  });

  it('keeps the rules for a text that comes to a lone dot', () => {
    const word = fc.constantFrom('\r\n', '\r', '\n', '\0', 'a', 'b', '\xff');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.array(fc.nat(30)), (words, places) => {
        const whole = `${words.join('')}\r\n`;
        const limits = { textLine: 5, message: 16 };
        const data = new DataReader({ ...defaultLimits, ...limits });
        data.read(latin1(`${whole}.\r\n`));
        const octets = latin1(whole);
        const pieces = cut(octets, places.filter((place) => place <= octets.length));
        // Here each piece is a chunk: a CR and its LF may come in two of them.
        const got = read(limits, pieces.map((piece) => [piece]));
        expect(got.fault === undefined).toBe(data.fault === undefined);
        if (!got.fault) expect(got.text).toBe(Buffer.from(data.text()).toString('latin1'));
      }),
    ); // prettier-ignore
  });

  it.each([
    ['a\rb', 'bad octets'], ['a\nb', 'bad octets'], ['a\0b', 'bad octets'], ['\n', 'bad octets'],
    ['a\r', 'bad octets'], ['\r\r\n', 'bad octets'], ['123456789', 'line too long'], ['', undefined],
    ['a', undefined], ['12345678', undefined], ['123456\r\n123456\r\n', undefined], ['123456\r\n123456\r\n1', 'too big'],
  ])('%j has this wrong with it: %s', (whole, fault) => {
    expect(read({ textLine: 8, message: 16 }, [[latin1(whole)]]).fault).toBe(fault);
  }); // prettier-ignore

  it('ends a last line that was left open, and no other', () => {
    expect(read({}, [[latin1('a\r\nb')]]).text).toBe('a\r\nb\r\n');
    expect(read({}, [[latin1('a\r\n')], [latin1('b\r\n')]]).text).toBe('a\r\nb\r\n');
    expect(read({}, [[latin1('')]]).text).toBe('');
  });

  it('that is announced as too big is not kept at all', () => {
    const reader = new ChunkReader({ ...defaultLimits, message: 10 });
    reader.begin(999_999_999_999_999);
    reader.read(new Uint8Array(1_000_000));
    expect(reader.fault).toBe('too big');
    expect(reader.complete).toBe(false);
    expect(reader.size).toBe(0);
  });

  it('costs time that grows with it, in many chunks as in one', () => {
    // Counted, not timed: how many octets are moved while the room for the text grows.
    const set = vi.spyOn(Uint8Array.prototype, 'set');
    const most = 50_000;
    read(
      { textLine: most },
      Array.from({ length: most }, () => [latin1('x')]),
    );
    const moved = set.mock.calls.reduce((sum, [source]) => sum + source.length, 0);
    set.mockRestore();
    expect(moved).toBeLessThan(4 * most);
  });
});

describe('BDAT', () => {
  it('sends a message, in one chunk or in many, with nothing between them', () => {
    const parts = ['Subject: x\r\n', '\r', '\n.\r\nQUIT', '', '\r\n'];
    for (const input of [chunked(...parts), chunked(parts.join('')), chunked(...parts, '')]) {
      const outcome = after(`${input}QUIT\r\n`);
      expect(messages(outcome).map(text)).toEqual([parts.join('')]);
      expect(codes(outcome).slice(-2)).toEqual([250, 221]);
    }
    expect(after(chunked(...parts)).sent).toContain('250 2.0.0 12 octets received\r\n');
  });

  it('is the same however the octets are cut', () => {
    const input = latin1(
      `${ENVELOPE}bdat 5\r\nQUIT\r${chunked('\n', 'NOOP\r\n')}BDAT 6\r\nQUIT\r\nMAIL FROM:<>\r\nBDAT 6 LAST\r\nQUIT\r\n` +
        'RCPT TO:<bob>\r\nBDAT 0\r\nBDAT x\r\nNOOP\r\nDATA\r\nBDAT 2 LAST\r\na\rRCPT TO:<bob>\r\nQUIT\r\n',
    ); // prettier-ignore
    const whole = play(smtpSession(), [input], stores);
    expect(codes(whole)).toEqual([
      220, 250, 250, 250, 250, 250, 250, 503, 250, 503, 250, 250, 501, 250, 503, 554, 503, 221,
    ]);
    expect(messages(whole).map(text)).toEqual(['QUIT\r\nNOOP\r\n']);
    expect(play(smtpSession(), octetByOctet(input), stores)).toEqual(whole);
    for (let at = 1; at < input.length; at += 1) {
      expect(play(smtpSession(), cut(input, [at]), stores)).toEqual(whole);
    }
  });

  it.each([
    ['without recipient', 'EHLO pc\r\nMAIL FROM:<>\r\n'],
    ['without sender', 'EHLO pc\r\n'],
    ['at the very beginning', ''],
    ['behind a chunk that was bad', `${ENVELOPE}BDAT 2\r\n\r\r`],
    ['behind one that was too big', `${ENVELOPE}BDAT 2000\r\n${'x'.repeat(2000)}`],
  ])('%s is refused, and the octets of the chunk are obeyed by nobody', (_, before) => {
    const evil = 'MAIL FROM:<evil>\r\nRCPT TO:<bob>\r\nQUIT\r\n';
    const input = latin1(`${before}${chunked(evil)}${chunked(evil, evil)}NOOP\r\n`);
    const limits = { message: 1000 };
    const outcome = play(smtpSession({ limits }), [input], stores);
    expect(codes(outcome).slice(-4)).toEqual([503, 503, 503, 250]);
    expect(outcome).toMatchObject({ requests: [], end: 'open' });
    expect(play(smtpSession({ limits }), octetByOctet(input), stores)).toEqual(outcome);
  });

  it.each(['', ' ', 'x', '-1', '+1', '1.5', '0x10', '1 2', '1 LASTS', '1LAST', '1 LAST x', '9'.repeat(16), '１'])(
    'does not take %j for the number of octets',
    (argument) => {
      const outcome = after(`BDAT ${Buffer.from(argument).toString('latin1')}\r\nNOOP\r\n`);
      expect(codes(outcome).slice(-2)).toEqual([501, 250]);
    },
  ); // prettier-ignore

  it('takes numbers of up to fifteen digits, and refuses what is too big when its octets have come', () => {
    const it = smtpSession({ limits: { message: 1000 } });
    play(it, [latin1(ENVELOPE)], stores);
    expect(it.receive(latin1(`BDAT ${'9'.repeat(15)} LAST\r\n`), 0)).toEqual([]);
    expect(it.receive(latin1('QUIT\r\n'.repeat(1000)), 0)).toEqual([]);
    expect(codes(after('BDAT 000000000000002 LAST\r\nab'))).toEqual([220, 250, 250, 250, 250]);
    const tooBig = after(`${chunked('x'.repeat(600), 'x'.repeat(401))}NOOP\r\n`, { message: 1000 });
    expect(codes(tooBig).slice(-3)).toEqual([250, 552, 250]);
    const large = after(chunked('x'.repeat(600), 'x'.repeat(400)), { message: 1000 });
    expect(codes(large).slice(-2)).toEqual([250, 250]);
  });

  it('refuses a line that is too long, over the borders of chunks', () => {
    const limits = { textLine: 10 };
    expect(codes(after(chunked('123456', '78\r\n'), limits)).at(-1)).toBe(250);
    expect(codes(after(chunked('123456', '789\r\n'), limits)).at(-1)).toBe(500);
  });

  it('and DATA are not mixed; RSET takes everything back', () => {
    expect(codes(after(chunked('a', 'b').slice(0, 10))).at(-1)).toBe(250);
    const outcome = after(
      'BDAT 1\r\naDATA\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nRSET\r\nBDAT 0 LAST\r\n',
    );
    expect(codes(outcome).slice(4)).toEqual([250, 503, 503, 503, 250, 503]);
    expect(messages(outcome)).toEqual([]);
  });

  it('has the deadline of a message as a whole, in however many chunks it comes', () => {
    const it = smtpSession();
    it.open(0);
    it.receive(latin1(ENVELOPE), 0);
    let now = 1000;
    it.receive(latin1('BDAT 1\r\nx'), now);
    for (; now + 100_000 < 1_801_000; now += 100_000) it.receive(latin1('BDAT 1\r\nx'), now);
    it.receive(latin1('BDAT 9\r\nx'), now);
    expect(it.deadline).toBe(1_801_000);
    expect(it.expire(1_801_000)).toMatchObject([{ type: 'send' }, { type: 'close' }]);
  });

  it('has the three minutes of DATA between pieces of a chunk, also of one that is refused', () => {
    for (const opening of [ENVELOPE, '']) {
      const it = smtpSession();
      it.open(0);
      it.receive(latin1(`${opening}BDAT 10\r\nx`), 1000);
      expect(it.deadline).toBe(181_000);
      it.receive(latin1('x'), 100_000);
      expect(it.deadline).toBe(280_000);
    }
  });

  describe('when the server stops', () => {
    const inChunk = (opening: string) => {
      const it = smtpSession();
      it.open(0);
      it.receive(latin1(`${opening}BDAT 10 LAST\r\nxxxx`), 0);
      expect(it.stop(0, 1000)).toEqual([]);
      return it;
    };

    it('lets the message come to its end first', () => {
      const it = inChunk(ENVELOPE);
      expect(it.receive(latin1('xxxxxx'), 900)).toMatchObject([{ type: 'deliver' }]);
      expect(it.resume('stored', 5000)).toMatchObject([
        { text: expect.stringMatching(/^250/) as string },
        { text: expect.stringMatching(/^421/) as string },
        { type: 'close' },
      ]);
    });

    it.each([
      ['in a chunk', 'BDAT 9\r\nxxx'],
      ['between two chunks', 'BDAT 3\r\nxxx'],
      ['between two chunks, doing nothing', 'BDAT 3\r\nxxxNOOP\r\n'],
      ['having taken it all back', 'BDAT 3\r\nxxxRSET\r\n'],
    ])('waits no longer than the grace for a client %s', (_, input) => {
      const it = smtpSession();
      it.open(0);
      it.receive(latin1(`${ENVELOPE}BDAT 3\r\nxxx`), 0);
      it.receive(latin1('BDAT 3\r\nx'), 0);
      it.stop(0, 1000);
      it.receive(latin1(`xx${input}`), 500);
      expect(it.deadline).toBeLessThanOrEqual(1000);
      expect(it.expire(1000)).toMatchObject([
        { text: expect.stringMatching(/^421 4\.3\.2/) as string },
        { type: 'close' },
      ]);
      expect(it.deadline).toBe(Infinity);
    });

    it('waits no longer than that for the end of a chunk that is refused', () => {
      const it = inChunk('');
      const actions = it.receive(latin1('xxxxxx'), 900);
      expect(actions).toMatchObject([{ text: expect.stringMatching(/^503/) as string }]);
      expect(it.deadline).toBeLessThanOrEqual(1000);
    });
  });
});
