import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byAge,
  isMessage,
  isOurs,
  newName,
  NewNames,
  readName,
  withFlag,
  withSize,
  writeName,
} from '../../../v4-advanced/src/maildir-name.ts';

describe('the name of a file in a Maildir', () => {
  it.each([
    // Our own, on any system.
    ['1763628580.M007Q000001R0a1b2c3d.stagepost,S=412,W=412:2,FS', '1763628580.M007Q000001R0a1b2c3d.stagepost', 412, 'FS'],
    ['1763628580.M007Q000001R0a1b2c3d.stagepost,S=412,W=412;2,S', '1763628580.M007Q000001R0a1b2c3d.stagepost', 412, 'S'],
    // Dovecot counts the line ends that it does not store.
    ['1763650000.M1P2.host,S=100,W=104:2,S', '1763650000.M1P2.host', undefined, 'S'],
    ['1763650000.M1P2.host,S=100,W=100:2,Sab', '1763650000.M1P2.host', 100, 'Sab'],
    // mutt, procmail, mbsync.
    ['1763650000.R123.host:2,S', '1763650000.R123.host', undefined, 'S'],
    ['1763650000.R123.host:2,', '1763650000.R123.host', undefined, ''],
    ['1763650000.R123.host', '1763650000.R123.host', undefined, ''],
    ['1763650000.R1.host,U=12:2,RS', '1763650000.R1.host', undefined, 'RS'],
    ['x,S=1,W=1', 'x', 1, ''],
    ['x,W=1,S=1', 'x', 1, ''],
    ['x,S=0,W=0:2,', 'x', 0, ''],
    // Nobody is trusted to count.
    ['x,S=,W=', 'x', undefined, ''],
    ['x,S=-1,W=-1', 'x', undefined, ''],
    ['x,S=1e3,W=1e3', 'x', undefined, ''],
    ['x,S=1', 'x', undefined, ''],
    ['x,S=9999999999999999999,W=9999999999999999999', 'x', undefined, ''],
  ])('%s says what is needed', (name, id, size, flags) => {
    expect(readName(name)).toMatchObject({ id, size, flags });
  }); // prettier-ignore

  it('keeps its base whatever the flags are', () => {
    const { base } = readName('1763650000.R1.host,S=3,W=3:2,RS');
    expect(base).toBe('1763650000.R1.host,S=3,W=3');
    expect(writeName(base, 'F', ':2,')).toBe('1763650000.R1.host,S=3,W=3:2,F');
    expect(readName(writeName(base, 'FS', ';2,'))).toMatchObject({ base, flags: 'FS' });
  });

  it('becomes an id that POP3 can say, and the same one at all times', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.nat(), (name, size) => {
        const { id, base } = readName(name);
        expect(id).toMatch(/^[\x21-\x7E]{1,70}$/);
        expect(readName(writeName(base, 'S')).id).toBe(id);
        expect(readName(writeName(withSize(base, size), 'FS')).id).toBe(id);
      }),
    );
  });

  it.each(['x'.repeat(71), 'a b', 'é', ',S=3,W=3', 'a\x7F'])(
    'has a hash for its id if it is no id: %j',
    (name) => {
      expect(readName(name).id).toMatch(/^[0-9a-f]{64}$/);
      expect(readName(`${name}x`).id).toMatch(/^[0-9a-f]{64}$|^,/);
    },
  );

  it('tells the size, and keeps what other programs have put there', () => {
    expect(withSize('1.host', 5)).toBe('1.host,S=5,W=5');
    expect(withSize('1.host,S=4,W=5', 5)).toBe('1.host,S=5,W=5');
    expect(withSize('1.host,U=7,S=4', 5)).toBe('1.host,U=7,S=5,W=5');
    expect(readName(withSize('1.host,S=4', 5)).size).toBe(5);
  });

  it('has its flags in the order of their letters, each once', () => {
    expect(withFlag('', 'S')).toBe('S');
    expect(withFlag('FT', 'S')).toBe('FST');
    expect(withFlag('FSa', 'S')).toBe('FSa');
  });

  it('is that of a message, unless it is hidden or cannot be used', () => {
    expect(isMessage('1.host')).toBe(true);
    expect(isMessage('.1.host')).toBe(false);
    expect(isMessage('1\uFFFD')).toBe(false);
  });
});

describe('messages', () => {
  const sorted = (names: string[]) =>
    names
      .map((base) => ({ base }))
      .sort(byAge)
      .map(({ base }) => base);

  it('are sorted by the seconds, which are a number, and then by name', () => {
    expect(sorted(['1763650000.b', 'strange', '999.z', '1763650000.a', '10000000000.a'])).toEqual([
      '999.z',
      '1763650000.a',
      '1763650000.b',
      '10000000000.a',
      'strange',
    ]);
  });

  it('have new names in the order in which they came, whatever the clock says', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_000_000_000), { maxLength: 30 }), (times) => {
        const names = new NewNames('0a1b2c3d');
        const given = times.map((time) => names.next(time));
        expect(sorted([...given].reverse())).toEqual(given);
        expect(new Set(given).size).toBe(given.length);
        for (const name of given) {
          expect(isOurs(name)).toBe(true);
          expect(isOurs(withSize(name, 3))).toBe(true);
          expect(names.made(name)).toBe(true);
          expect(new NewNames('00000000').made(name)).toBe(false);
          expect(readName(name).id).toBe(name);
        }
      }),
    );
  });

  it('have names that tell the time to the millisecond', () => {
    expect(newName(Date.UTC(2026, 10, 20, 8, 49, 40, 7), 12, '0a1b2c3d')).toBe(
      '1795164580.M007Q000012R0a1b2c3d.stagepost',
    );
  });

  it('of other programs are told from ours', () => {
    expect(isOurs('1763650000.M1P2.host,S=1,W=1')).toBe(false);
    expect(isOurs('1763650000.R123.host')).toBe(false);
    expect(isOurs('migrating-1795164580.M007Q000012R0a1b2c3d.stagepost')).toBe(false);
  });
});
