import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pop3ReplyReader, type Lines } from '../../../v3-pop3/src/client/pop3-replies.ts';
import type { Reply } from '../../../v3-pop3/src/client/replies.ts';

const LINES = { most: 1000, shown: 3 };

function reader(lines?: Lines) {
  const heard: string[] = [];
  const made = new Pop3ReplyReader((line) => heard.push(line));
  if (lines) made.awaitLines(lines);
  return { reader: made, heard };
}

function read(pieces: readonly Uint8Array[], lines?: Lines) {
  const { reader: made, heard } = reader(lines);
  const replies: Reply[] = pieces.flatMap((piece) => made.push(piece));
  const { unfinished, lacksDot } = made;
  return { replies, heard, unfinished, lacksDot, content: Buffer.from(made.content) };
}

const octets = (text: string) => Buffer.from(text);

/** The octets in pieces, cut at these places. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.toSorted((a, b) => a - b), whole.length];
  return edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
}

/** What a server makes of a message that ends in CR LF. */
function stuffed(message: Buffer): Buffer {
  const dotted = message.toString('latin1').replaceAll(/(^|\r\n)\./g, '$1..');
  return Buffer.from(`+OK\r\n${dotted}.\r\n`, 'latin1');
}

describe('the reader of POP3', () => {
  const dialogue = octets('+OK prêt\r\n-ERR [IN-USE] €\r\n+OK\r\n-ERR\r\n+O');

  it('understands replies of one line, however the octets are cut', () => {
    const whole = read([dialogue]);
    expect(whole.replies).toEqual([
      { code: '+OK', lines: ['+OK prêt'] },
      { code: '-ERR', lines: ['-ERR [IN-USE] €'] },
      { code: '+OK', lines: ['+OK'] },
      { code: '-ERR', lines: ['-ERR'] },
    ]);
    expect(whole).toMatchObject({ unfinished: '+O', lacksDot: false });
    for (let place = 0; place <= dialogue.length; place++) {
      expect(read(cut(dialogue, [place]))).toEqual(whole);
    }
    expect(read([...dialogue].map((octet) => Uint8Array.of(octet)))).toEqual(whole);
  });

  const listing = octets('+OK 9 octets\r\n..\r\n\r\n...a\r\né\r\n .\r\n.\r\n+OK');

  it('takes lines up to a lone dot and undoes the stuffing, however the octets are cut', () => {
    const whole = read([listing], LINES);
    expect(whole.replies).toEqual([{ code: '+OK', lines: ['+OK 9 octets'] }]);
    expect(whole.content.toString()).toBe('.\r\n\r\n..a\r\né\r\n .\r\n');
    expect(whole.heard).toEqual(['+OK 9 octets', '..', '', '...a', '… (2 more)', '.']);
    for (let place = 0; place <= listing.length; place++) {
      expect(read(cut(listing, [place]), LINES)).toEqual(whole);
    }
    expect(
      read(
        [...listing].map((octet) => Uint8Array.of(octet)),
        LINES,
      ),
    ).toEqual(whole);
  });

  it('gives back any octets that a server sends, cut anywhere', () => {
    const piece = fc.constantFrom('.', '\r', '\n', '\r\n', '.\r\n', '\0', 'a', '\xE9', '\xFF');
    const message = fc
      .array(piece)
      .map((pieces) => Buffer.from(`${pieces.join('')}\r\n`, 'latin1'));
    fc.assert(
      fc.property(message, fc.array(fc.nat()), (sent, places) => {
        const wire = stuffed(sent);
        const cuts = places.map((place) => place % (wire.length + 1));
        const { replies, content, lacksDot } = read(cut(wire, cuts), LINES);
        expect(replies).toHaveLength(1);
        expect(lacksDot).toBe(false);
        expect(content.equals(sent)).toBe(true);
      }),
    );
  });

  it('awaits lines behind +OK only, and for one command only', () => {
    const { reader: made } = reader(LINES);
    expect(made.push(octets('-ERR no\r\n'))).toHaveLength(1);
    expect(made.push(octets('+OK\r\n'))).toHaveLength(1);
    made.awaitLines(LINES);
    expect(made.push(octets('+OK\r\n'))).toEqual([]);
    expect(made.lacksDot).toBe(true);
    expect(made.push(octets('.\r\n+OK\r\n'))).toHaveLength(2);
    expect(made.content).toHaveLength(0);
  });

  it('is not fooled by a dot behind a LF alone', () => {
    const { replies, content } = read([octets('+OK\r\na\n.\r\n-ERR\r\n.\r\n')], LINES);
    expect(replies).toHaveLength(1);
    expect(content.toString()).toBe('a\n.\r\n-ERR\r\n');
  });

  it('understands a server that ends its lines with LF alone', () => {
    const { replies, content } = read([octets('+OK\na\n..b\n.\n+OK\n')], LINES);
    expect(replies).toHaveLength(2);
    expect(content.toString()).toBe('a\n.b\n');
  });

  it('keeps lines of 8 bits as they are', () => {
    const message = Buffer.from('\xE9\0\xFF\r\n', 'latin1');
    expect(read([stuffed(message)], LINES).content).toEqual(message);
  });

  it.each(['', 'hello', '+OKAY', ' +OK', '+ok', '-ERROR', '220 ready', '.', '+OK\0'])(
    'does not take %j for a reply',
    (line) => {
      expect(() => read([octets(`${line}\r\n`)])).toThrow(
        /^The server said .* not a POP3 reply\.$/,
      );
    },
  );

  it('shows a long line by its beginning', () => {
    const { heard } = read([octets(`+OK\r\n${'x'.repeat(500)}\r\n.\r\n`)], LINES);
    expect(heard).toEqual(['+OK', `${'x'.repeat(200)} …`, '.']);
  });

  it('gives up on a reply without end before it fills the memory', () => {
    const long = octets('x'.repeat(10_000));
    expect(() => read(Array<Buffer>(7).fill(long))).toThrow('a reply that does not end');
    const lines = octets('x\r\n'.repeat(1000));
    for (const endless of [long, lines]) {
      expect(() =>
        read([octets('+OK\r\n'), ...Array<Buffer>(1000).fill(endless)], {
          most: 2 ** 20,
          shown: 1,
        }),
      ).toThrow('The server sends more than 1 MiB: more than this client takes at once.');
    }
  });

  it.each([
    ['short lines', `${'x'.repeat(76)}\r\n`, 10_000_000],
    ['one long line', 'x'.repeat(10_000_000), 10_000_000],
    ['stuffed lines', '..x\r\n', 1_000_000],
    ['empty lines', '\r\n', 1_000_000],
    ['lines that end in LF alone', 'a\n', 1_000_000],
  ])('reads a large message in a moment: %s', (_, line, size) => {
    const message = Buffer.from(`${line.repeat(size / line.length)}\r\n`, 'latin1');
    const wire = stuffed(message);
    const pieces = [];
    for (let at = 0; at < wire.length; at += 1000) pieces.push(wire.subarray(at, at + 1000));
    expect(read(pieces, { most: 2 ** 24, shown: 3 }).content.equals(message)).toBe(true);
  });
});
