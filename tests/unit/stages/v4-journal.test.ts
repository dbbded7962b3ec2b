import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  escapeJson,
  jsonLine,
  localTime,
  visible,
} from '../../../v4-advanced/src/guards/visible.ts';
import { differences, type Entry, Known, readEntry } from '../../../v4-advanced/src/journal.ts';
import { tellEntry, tellMailbox, Tracker } from '../../../v4-advanced/src/journal-story.ts';
import { entry, FIRST, HARMFUL, HOSTILE, hostileText, STORY } from './v4-entries.ts';

const PIPED = { columns: Infinity, faint: (text: string) => text };
const TERMINAL = { ...PIPED, columns: 80 };

/** An entry at this time by the clock on the wall, wherever the test runs. */
const at = (hour: number, given: Partial<Entry>): Entry => ({
  time: new Date(2026, 10, 20, hour, 2, 3).toISOString(),
  event: 'read',
  message: FIRST,
  mailbox: 'bob',
  session: '#5 pop3s',
  ...given,
});

const knownAfter = (entries: readonly Entry[]) => {
  const known = new Known();
  for (const each of entries) known.add(each);
  return known;
};

describe('text from the network', () => {
  it('is shown, and obeyed by no terminal', () => {
    expect(visible(HOSTILE)).toBe(
      String.raw`a\x1B[31mred\x0D\x0A\x00\x9B1m\x7F\u{2028}\u{2029}\u{202E}\u{2066}\u{200B}\u{FEFF}\u{D83D}😀`,
    );
    expect(visible('André <andré@例え.jp>')).toBe('André <andré@例え.jp>');
  });

  it('is one line of so many characters at most, whatever it is', () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 1, max: 40 }), (text, most) => {
        const shown = visible(text, most);
        expect(shown).not.toMatch(HARMFUL);
        expect(Array.from(shown).length).toBeLessThanOrEqual(most);
        expect(visible(text)).not.toMatch(HARMFUL);
      }),
    );
    expect(visible('😀'.repeat(1e6), 3)).toBe('😀😀…');
    expect(visible('x'.repeat(1e6), 3)).toBe('xx…');
    expect(visible('xxx', 3)).toBe('xxx');
  });

  it('is in JSON one line to every reader, and comes back as it was', () => {
    fc.assert(
      fc.property(fc.dictionary(hostileText, hostileText), (value) => {
        expect(jsonLine(value)).not.toMatch(HARMFUL);
        expect(JSON.parse(jsonLine(value))).toEqual(value);
        expect(escapeJson(jsonLine(value))).toBe(jsonLine(value));
      }),
    );
  });
});

describe('an entry', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(entry, (each) => {
        expect(readEntry(jsonLine(each))).toEqual(each);
      }),
    );
  });

  it('is none when its line is torn, wherever that is', () => {
    for (const each of STORY) {
      const line = jsonLine(each);
      for (let end = 0; end < line.length; end += 1) {
        expect(readEntry(line.slice(0, end))).toBeUndefined();
      }
    }
  });

  it.each([
    'null', '[]', '1', '"received"', '{}', 'received',
    { time: 'yesterday' }, { time: '2026' }, { time: '2026-99-99T00:00:00Z' }, { time: 1 }, { time: '+275760-09-13T00:00:00Z' },
    { event: 'eaten' }, { event: 'toString' }, { event: undefined },
    { message: '' }, { message: 1 }, { message: undefined }, { mailbox: undefined }, { mailbox: 1 },
    { session: undefined }, { account: 1 }, { from: [] }, { to: 'bob' }, { to: [1] }, { octets: '1' },
  ])('is not %j: somebody has edited the journal', (line) => {
    const text = typeof line === 'string' ? line : JSON.stringify(at(15, line as object));
    expect(readEntry(text)).toBeUndefined();
  }); // prettier-ignore

  it('of a message that was received needs no mailbox', () => {
    const received = at(15, { event: 'received' });
    delete received.mailbox;
    expect(readEntry(jsonLine(received))).toEqual(received);
  });
});

describe('what a mailbox holds', () => {
  it('follows from the entries, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const known = knownAfter(entries);
        for (const mailbox of ['alice', 'bob', '__proto__', 'nobody']) {
          // The plain way: ask of each message what has happened to it last.
          const there = new Map<string, boolean>();
          for (const id of new Set(entries.map(({ message }) => message))) {
            const its = entries.filter((each) => each.message === id && each.mailbox === mailbox);
            const since = its.slice(its.findLastIndex(({ event }) => event === 'deleted') + 1);
            const last = since.findLast(({ event }) => event !== 'listed');
            if (since.length > 0) there.set(id, last?.event === 'read');
          }
          expect(new Map([...known.of(mailbox)].sort())).toEqual(new Map([...there].sort()));
        }
      }),
    );
  });

  it('is the same after what other programs did is put down, and then there is nothing more to put down', () => {
    const mailbox = 'bob';
    const time = '2026-11-20T15:00:00.000Z';
    const found = fc.uniqueArray(
      fc.record({ id: fc.constantFrom('1', '2', '3', '4', '5'), read: fc.boolean() }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(fc.array(entry), found, (entries, messages) => {
        const known = knownAfter(entries);
        const outside = differences(known.of(mailbox), messages, { mailbox, time });
        for (const each of outside) {
          expect(readEntry(jsonLine(each))).toEqual(each);
          expect(each).toMatchObject({ mailbox, time, session: 'outside' });
          known.add(each);
        }
        const now = Array.from(known.of(mailbox), ([id, read]) => ({ id, read }));
        expect(now.toSorted((one, other) => (one.id < other.id ? -1 : 1))).toEqual(
          messages.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
        );
        expect(differences(known.of(mailbox), messages, { mailbox, time })).toEqual([]);
      }),
    );
  });

  it('changes with every entry, also for those who asked before', () => {
    const known = new Known();
    const bob = known.of('bob');
    known.add(at(15, { event: 'delivered' }));
    expect([...bob]).toEqual([[FIRST, false]]);
    known.add(at(15, { event: 'deleted' }));
    expect(bob.size).toBe(0);
  });
});

describe('the story', () => {
  it('says what happened, where, by whom', () => {
    const told = (given: Partial<Entry>) => tellEntry(at(15, given), PIPED, false);
    const sent = { from: 'alice@example.com', to: ['bob@example.com'], octets: 512, client: '::1' };
    expect([
      told({ event: 'received', session: '#3 submission', account: 'alice', ...sent }),
      told({ event: 'received', session: '#3 smtp', ...sent, from: '' }),
      told({ event: 'received', session: '#3 smtp', from: 'a@b', to: '1234567'.split('') }),
      told({ event: 'delivered', session: '#3 smtp' }),
      told({ event: 'delivered', session: 'outside' }),
      told({ event: 'listed', account: 'bob' }),
      told({ account: 'bob' }),
      told({ event: 'unread', session: 'outside' }),
      told({ event: 'deleted', account: 'bob' }),
      told({ event: 'deleted' }),
    ].join('')).toBe(`\
2026-11-20 15:02:03  received   from alice@example.com for bob@example.com, 512 octets, #3 submission, account alice
2026-11-20 15:02:03  received   from <> for bob@example.com, 512 octets, #3 smtp, client ::1
2026-11-20 15:02:03  received   from a@b for 1, 2, 3, 4, 5 and 2 more, #3 smtp
2026-11-20 15:02:03  delivered  to bob
2026-11-20 15:02:03  delivered  to bob, by another program
2026-11-20 15:02:03  listed     in bob, by bob, #5 pop3s
2026-11-20 15:02:03  read       in bob, by bob, #5 pop3s
2026-11-20 15:02:03  unread     in bob, by another program
2026-11-20 15:02:03  deleted    from bob, by bob, #5 pop3s
2026-11-20 15:02:03  deleted    from bob, #5 pop3s
`);
  }); // prettier-ignore

  it('fits a terminal, and is broken between its phrases', () => {
    const sent = { from: 'alice@example.com', to: ['bob@example.com'], octets: 512 };
    const received = at(15, {
      event: 'received',
      session: '#3 submission',
      account: 'alice',
      ...sent,
    });
    expect(tellEntry(received, TERMINAL)).toBe(`\
2026-11-20 15:02:03  received   1763650923.M123Q000001  from alice@example.com
                                for bob@example.com, 512 octets, #3 submission,
                                account alice
`);
    expect(tellEntry(at(15, { account: 'bob' }), TERMINAL)).toBe(`\
2026-11-20 15:02:03  read       1763650923.M123Q000001  in bob, by bob, #5 pop3s
`);
  });

  it('is harmless and as wide as it should be, whatever clients say', () => {
    const columns = fc.integer({ min: 60, max: 200 });
    fc.assert(
      fc.property(entry, columns, fc.boolean(), (each, width, withId) => {
        const lines = tellEntry(each, { ...PIPED, columns: width }, withId).split('\n');
        expect(lines.pop()).toBe('');
        for (const line of lines) {
          expect(line).not.toMatch(HARMFUL);
          expect(line.length).toBeLessThanOrEqual(width);
        }
        expect(tellEntry(each, PIPED, withId)).toMatch(/^[^\n]*\n$/);
      }),
    );
  });

  it('does not print a megabyte', () => {
    const long = 'x'.repeat(1e6);
    const told = tellEntry(
      at(15, { event: 'received', from: long, to: [long], account: long }),
      PIPED,
    );
    expect(told.length).toBeLessThan(1000);
  });

  it('goes by the clock on the wall', () => {
    expect(localTime(new Date(2026, 0, 2, 3, 4, 5, 6).toISOString())).toBe(
      '2026-01-02 03:04:05.006',
    );
    expect(localTime(new Date(2026, 6, 2, 23, 59, 59, 999).toISOString())).toBe(
      '2026-07-02 23:59:59.999',
    );
  });
});

describe('the tracker', () => {
  const track = (entries: readonly Entry[]) => {
    const tracker = new Tracker();
    for (const each of entries) tracker.add(each);
    return tracker.result();
  };

  it('knows what the mailboxes hold, and counts right', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const known = knownAfter(entries);
        for (const { mailbox, messages, read, unread, deleted, list } of track(entries)) {
          const there = list.filter(({ state }) => state !== 'deleted');
          expect(new Map(there.map(({ message, state }) => [message, state === 'read']))).toEqual(
            known.of(mailbox),
          );
          expect([messages, deleted]).toEqual([there.length, list.length - there.length]);
          expect(read + unread).toBe(messages);
          expect(read).toBe([...known.of(mailbox).values()].filter(Boolean).length);
          for (const { message, came, firstRead } of list) {
            const its = entries.filter(
              (each) => each.message === message && each.mailbox === mailbox,
            );
            expect(came).toBe(its[0]!.time);
            expect(firstRead).toBe(its.find(({ event }) => event === 'read')?.time);
          }
        }
      }),
    );
  });

  it('is a table that fits a terminal', () => {
    const bob = track([
      at(9, { event: 'delivered' }),
      at(10, { event: 'delivered', message: '1763650950.M007Q000002Rabcdef12.stagepost' }),
      at(11, { event: 'delivered', message: '1763650960.R1.laptop', session: 'outside' }),
      at(12, { account: 'bob' }),
      at(13, { account: 'carol' }),
      at(14, { event: 'deleted', account: 'bob' }),
      at(15, { message: '1763650960.R1.laptop', session: 'outside' }),
    ]);
    expect(bob.map((each) => tellMailbox(each, TERMINAL)).join('')).toBe(`\
bob: 2 messages, 1 read, 1 unread, 1 deleted
           message                 came              first read        by
  deleted  1763650923.M123Q000001  2026-11-20 09:02  2026-11-20 12:02  bob
  unread   1763650950.M007Q000002  2026-11-20 10:02
  read     1763650960.R1.laptop    2026-11-20 11:02  2026-11-20 15:02  another program
`);
  });

  it('has the mailboxes in the order of their names', () => {
    expect(track(STORY).map(({ mailbox, messages }) => [mailbox, messages])).toEqual([
      ['bob', 2],
      ['carol', 1],
    ]);
  });
});
