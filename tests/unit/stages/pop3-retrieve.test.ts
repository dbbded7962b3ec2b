import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DotStuffer } from '../../../v3-pop3/src/pop3/dots.ts';
import { Maildrop, type StoredMessage } from '../../../v3-pop3/src/pop3/maildrop.ts';
import { inPieces, LOGIN, mailbox, say, session, unstuffed } from './pop3-sessions.ts';
import { octets } from './sessions.ts';

const KIB = 1024;

/** Octets that matter to the stuffing, and some that do not. */
const message = fc
  .array(fc.constantFrom('.', '..', '\r\n', '\r', '\n', '\r\n.', '\r\n.\r\n', 'a', '\0', '\xff'))
  .map((parts) => parts.join(''));

/** A text, and cuts through it anywhere. */
const cut = message.chain((text) =>
  fc.uniqueArray(fc.nat(text.length)).map((cuts) => {
    const at = [0, ...cuts.sort((a, b) => a - b), text.length];
    return { text, pieces: at.slice(1).map((end, index) => text.slice(at[index], end)) };
  }),
);

const latin1 = (text: string | Uint8Array) =>
  typeof text === 'string' ? text : Buffer.from(text).toString('latin1');

function stuffedIn(pieces: readonly string[]): string {
  const stuffer = new DotStuffer();
  const stuffed = pieces.map((piece) => latin1(stuffer.stuff(octets(piece))));
  return stuffed.join('') + stuffer.end();
}

describe('the stuffing of dots', () => {
  it.each([
    ['', '.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['a', 'a\r\n.\r\n'],
    ['a\r\n', 'a\r\n.\r\n'],
    ['.\r\n', '..\r\n.\r\n'],
    ['\r\n.\r\n', '\r\n..\r\n.\r\n'],
    ['..a\r\n.b\r\na.\r\n', '...a\r\n..b\r\na.\r\n.\r\n'],
    // A bare CR or LF ends no line: what follows does not begin one.
    ['a\n.b\r\n', 'a\n.b\r\n.\r\n'],
    ['a\r.b\r\n', 'a\r.b\r\n.\r\n'],
    ['a\r', 'a\r\r\n.\r\n'],
    ['a\r\r\n.', 'a\r\r\n..\r\n.\r\n'],
    ['a\n', 'a\n\r\n.\r\n'],
    ['\n.', '\n.\r\n.\r\n'],
  ])('makes of %j on the wire %j', (text, wire) => {
    expect(stuffedIn([text])).toBe(wire);
    expect(stuffedIn(text.split(''))).toBe(wire);
  });

  it('is undone by the client, and the same however the message is cut', () => {
    fc.assert(
      fc.property(cut, ({ text, pieces }) => {
        const wire = stuffedIn(pieces);
        expect(wire).toBe(stuffedIn([text]));
        // The lone dot stands on a line of its own, for which a message may need a line end more.
        expect(unstuffed(wire)).toBe(text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`);
      }),
    );
  });
});

describe('RETR', () => {
  /** What goes over the wire between the status line and the next reply. */
  function retrieve(text: string, piece = Infinity) {
    const outcome = say(session(), [...LOGIN, 'RETR 1', 'NOOP'], inPieces(piece, mailbox(text)));
    const [, status, wire] =
      /Welcome, you have 1 message\r\n(\+OK [^\r]*)\r\n([^]*)\+OK OK\r\n$/.exec(outcome.sent) ?? [];
    const reads = outcome.requests.filter((request) => request.type === 'read');
    return { status, wire: wire!, reads };
  }

  const sizes = [0, 1, 2, 64, 128].flatMap((kib) => [-2, -1, 0, 1, 2].map((d) => kib * KIB + d));

  it.each(sizes.filter((size) => size >= 0))('sends %i octets in pieces of 64 KiB', (size) => {
    const text = '.23456789012\r\n'.repeat(Math.ceil(size / 14)).slice(0, size);
    const { status, wire, reads } = retrieve(text);
    expect(status).toBe(`+OK ${size} octets`);
    expect(wire).toBe(stuffedIn([text]));
    expect(reads).toEqual(
      Array.from({ length: Math.max(1, Math.ceil(size / (64 * KIB))) }, (_, index) => ({
        type: 'read',
        id: 'm1',
        from: index * 64 * KIB,
        most: Math.min(64 * KIB, size - index * 64 * KIB),
      })),
    );
  });

  it.each(['\r\n.\r\n', '\r\n..', '..\r\n', '\r.\r\n', '\n.\r\n', '\r\r\n.', '\r\n\r\n.'])(
    'stuffs %j wherever the border of two pieces is in it',
    (text) => {
      for (let before = 0; before <= text.length; before += 1) {
        const whole = 'x'.repeat(64 * KIB - before) + text;
        expect(retrieve(whole).wire).toBe(stuffedIn([whole]));
      }
    },
  );

  it('sends the same however the store cuts it', () => {
    fc.assert(
      fc.property(message, fc.integer({ min: 1, max: 9 }), (text, piece) => {
        const { status, wire } = retrieve(text, piece);
        expect(status).toBe(`+OK ${text.length} octets`);
        expect(wire).toBe(stuffedIn([text]));
      }),
    );
  });

  it('stays in step when a file has become shorter since it was listed', () => {
    for (const left of ['', 'abc', 'abc\r\n']) {
      const helper = mailbox(left);
      const { sent, statuses, closed } = say(session(), [...LOGIN, 'RETR 1', 'NOOP'], (request) =>
        request.type === 'open'
          ? { type: 'opened', messages: [{ id: 'm1', size: 99 }] }
          : helper(request),
      );
      expect(sent).toContain(`\r\n+OK 99 octets\r\n${stuffedIn([left])}+OK OK\r\n`);
      expect({ statuses: statuses.length, closed }).toEqual({ statuses: 5, closed: false });
    }
  });

  it('sends no more than was announced when a file has become longer', () => {
    const helper = mailbox('abc\r\nand more');
    const { sent } = say(session(), [...LOGIN, 'RETR 1', 'NOOP'], (request) =>
      request.type === 'open'
        ? { type: 'opened', messages: [{ id: 'm1', size: 5 }] }
        : helper(request),
    );
    expect(sent).toContain('\r\n+OK 5 octets\r\nabc\r\n.\r\n+OK OK\r\n');
  });
});

describe('a maildrop', () => {
  it('does what a plain model does', () => {
    const messages = fc
      .array(fc.nat(1000), { maxLength: 6 })
      .map((sizes) => sizes.map((size, index): StoredMessage => ({ id: `m${index}`, size })));
    const moves = fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 20 });
    fc.assert(
      fc.property(messages, moves, (stored, marks) => {
        const maildrop = new Maildrop(stored);
        let gone = new Set<number>();
        for (const mark of marks) {
          // One out of eight moves is RSET.
          if (mark === -1) {
            maildrop.unmarkAll();
            gone = new Set();
          } else if (mark < stored.length) {
            maildrop.mark(stored[mark]!);
            gone.add(mark);
          }
          const left = stored.filter((_, index) => !gone.has(index));
          expect(maildrop.count).toBe(left.length);
          expect(maildrop.size).toBe(left.reduce((sum, { size }) => sum + size, 0));
          expect(maildrop.numbered()).toEqual(left.map((each) => [stored.indexOf(each) + 1, each]));
          expect(maildrop.toRemove()).toEqual(Array.from(gone, (index) => stored[index]!.id));
          expect(stored.map((each) => maildrop.isMarked(each))).toEqual(
            stored.map((_, index) => gone.has(index)),
          );
        }
        expect(stored.map((_, index) => maildrop.message(index + 1))).toEqual(stored);
        for (const none of [0, -1, stored.length + 1, 1.5, Infinity, NaN]) {
          expect(maildrop.message(none)).toBeUndefined();
        }
      }),
    );
  });
});
