/** Entries of a journal, for the tests of what is made of them. */
import fc from 'fast-check';
import { type Entry, EVENTS } from '../../../v4-advanced/src/journal.ts';

/** Text that ends lines, paints terminals, turns itself round, or is half of a character. */
export const HOSTILE =
  'a\x1b[31mred\r\n\0\x9b1m\x7f\u2028\u2029\u202e\u2066\u200b\ufeff\ud83d\u{1f600}';

/** What must not be printed as it is. */
export const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export const hostileText = fc.oneof(
  fc.constantFrom(HOSTILE, 'alice@example.com', ''),
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...Array.from(HOSTILE), ' ', 'x')).map((parts) => parts.join('')),
);

const id = fc.constantFrom('1', '2', '3', '1763650923.M123Q000001Rabcdef12.stagepost');
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** Any entry. Few ids and mailboxes, so that entries meet. */
export const entry: fc.Arbitrary<Entry> = fc
  .record({
    time: fc
      .date({ min: new Date('1990-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    event: fc.constantFrom(...EVENTS),
    message: id,
    mailbox: fc.constantFrom('alice', 'bob', '__proto__'),
    account: optional(fc.oneof(fc.constantFrom('alice', 'bob'), hostileText)),
    session: fc.constantFrom('#1 smtp', '#12 submission', '#3 pop3s', 'outside'),
    from: optional(hostileText),
    to: optional(fc.array(hostileText)),
    octets: optional(fc.nat()),
    client: optional(fc.constantFrom('127.0.0.1', '2001:db8::1')),
  })
  .map(({ mailbox, from, to, octets, client, account, ...common }) => {
    const all = { ...common, ...(account === undefined ? {} : { account }) };
    const received = Object.entries({ from, to, octets, client }).filter(
      ([, value]) => value !== undefined,
    );
    return common.event === 'received'
      ? { ...all, ...(Object.fromEntries(received) as Partial<Entry>) }
      : { ...all, mailbox };
  });

const SUBMISSION = { session: '#3 submission', account: 'alice' };
const POP3S = { session: '#5 pop3s', account: 'bob', mailbox: 'bob' };

export const FIRST = '1763650923.M123Q000001Rabcdef12.stagepost';
export const SECOND = '1763650950.M007Q000002Rabcdef12.stagepost';
export const OTHER = '1763650960.R1234567890.laptop';

const at = (time: string) => `2026-11-20T15:${time}.000Z`;

/** A morning's mail. */
export const STORY: Entry[] = [
  { time: at('02:03'), event: 'received', message: FIRST, ...SUBMISSION, from: 'alice@example.com',
    to: ['bob@example.com'], octets: 512, client: '127.0.0.1' },
  { time: at('02:03'), event: 'delivered', message: FIRST, mailbox: 'bob', ...SUBMISSION },
  { time: at('02:30'), event: 'received', message: SECOND, session: '#4 smtp', from: '',
    to: ['bob@example.com', 'carol@example.com'], octets: 2048, client: '2001:db8::1' },
  { time: at('02:30'), event: 'delivered', message: SECOND, mailbox: 'bob', session: '#4 smtp' },
  { time: at('02:30'), event: 'delivered', message: SECOND, mailbox: 'carol', session: '#4 smtp' },
  { time: at('03:10'), event: 'listed', message: FIRST, ...POP3S },
  { time: at('03:10'), event: 'listed', message: SECOND, ...POP3S },
  { time: at('03:11'), event: 'read', message: FIRST, ...POP3S },
  { time: at('04:00'), event: 'unread', message: FIRST, mailbox: 'bob', session: 'outside' },
  { time: at('04:01'), event: 'delivered', message: OTHER, mailbox: 'bob', session: 'outside' },
  { time: at('05:00'), event: 'deleted', message: FIRST, ...POP3S },
]; // prettier-ignore
