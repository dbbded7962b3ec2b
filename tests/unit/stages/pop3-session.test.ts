import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands, notImplemented } from '../../../v3-pop3/src/pop3/commands.ts';
import type { Answer } from '../../../v3-pop3/src/pop3/session.ts';
import { readUsers } from '../../../v3-pop3/src/users.ts';
import { inPieces, lines, Listener, LOGIN, mailbox, play, say, session } from './pop3-sessions.ts';
import { octets } from './sessions.ts';

const GREETING = '+OK localhost Stagepost POP3 ready\r\n';
const MINUTE = 60_000;

/** The last reply. */
const last = (sent: string) => sent.trimEnd().split('\r\n').at(-1)!;

/** The reply to each of the lines, in a mailbox with two messages of 3 and 5 octets. */
function replies(...texts: string[]): string[] {
  const { sent } = say(session(), texts, mailbox('a\r\n', 'bcd\r\n'));
  return sent.trimEnd().split('\r\n').slice(1);
}

describe('a POP3 session', () => {
  it('takes a client from USER to QUIT', () => {
    const conversation = [...LOGIN, 'STAT', 'LIST', 'LIST 2', 'RETR 2', 'DELE 1', 'QUIT'];
    const outcome = say(session(), conversation, mailbox('a\r\n', '.bcd\r\n'));
    expect(outcome.sent).toBe(
      GREETING +
        '+OK And the password?\r\n' +
        '+OK Welcome, you have 2 messages\r\n' +
        '+OK 2 9\r\n' +
        '+OK 2 messages\r\n1 3\r\n2 6\r\n.\r\n' +
        '+OK 2 6\r\n' +
        '+OK 6 octets\r\n..bcd\r\n.\r\n' +
        '+OK Message 1 marked as deleted\r\n' +
        '+OK localhost goodbye\r\n',
    );
    expect(outcome.requests).toEqual([
      { type: 'open', mailbox: 'bob' },
      { type: 'wait' },
      { type: 'read', id: 'm2', from: 0, most: 6 },
      { type: 'wait' },
      { type: 'update', remove: ['m1'] },
    ]);
    expect(outcome.closed).toBe(true);
  });

  describe('in each state', () => {
    const states = {
      authorization: [],
      user: ['USER bob'],
      transaction: LOGIN,
    } as const;
    type StateName = keyof typeof states;

    /** Where a session stands, by what it takes next. */
    function stateAfter(before: readonly string[]): string {
      const { closed } = say(session(), before, mailbox('a\r\n'));
      if (closed) return 'closed';
      const takes = (line: string) =>
        last(say(session(), [...before, line], mailbox('a\r\n')).sent).startsWith('+OK');
      if (takes('NOOP')) return 'transaction';
      return takes('PASS x') ? 'user' : 'authorization';
    }

    const LOGIN_FIRST = '-ERR Log in first, with USER and PASS';
    const LOGGED_IN = '-ERR You are logged in already';
    const reading = (line: string, ok: RegExp) => ({
      [line]: {
        authorization: [LOGIN_FIRST, 'authorization'],
        user: [LOGIN_FIRST, 'user'],
        transaction: [ok, 'transaction'],
      } satisfies Record<StateName, [string | RegExp, string]>,
    });

    /** To every command, in every state: the reply, and the state that follows. */
    const table: Record<string, Record<StateName, [reply: string | RegExp, next: string]>> = {
      'USER bob': {
        authorization: [/^\+OK/, 'user'],
        user: [/^\+OK/, 'user'],
        transaction: [LOGGED_IN, 'transaction'],
      },
      'PASS x': {
        authorization: ['-ERR Say USER first', 'authorization'],
        user: [/^\+OK Welcome/, 'transaction'],
        transaction: [LOGGED_IN, 'transaction'],
      },
      ...reading('STAT', /^\+OK 1 3$/),
      ...reading('LIST 1', /^\+OK 1 3$/),
      ...reading('LIST', /^\.$/),
      ...reading('RETR 1', /^\.$/),
      ...reading('DELE 1', /^\+OK/),
      ...reading('RSET', /^\+OK/),
      ...reading('NOOP', /^\+OK/),
      QUIT: {
        authorization: [/^\+OK/, 'closed'],
        user: [/^\+OK/, 'closed'],
        transaction: [/^\+OK/, 'closed'],
      },
    };

    it('the test knows every row of the table', () => {
      const verbs = Object.keys(table).map((line) => line.split(' ')[0]!);
      expect([...new Set(verbs)].sort()).toEqual([...commands.keys()].sort());
    });

    const rows = Object.entries(table).flatMap(([line, row]) =>
      Object.entries(row).map(([state, [reply, next]]) => ({
        line,
        state: state as StateName,
        reply,
        next,
      })),
    );

    it.each(rows)('$state answers $line as it must, and $next follows', (row) => {
      for (const line of [row.line, row.line.toLowerCase()]) {
        const before = [...states[row.state], line];
        const { sent } = say(session(), before, mailbox('a\r\n'));
        expect(last(sent)).toMatch(row.reply);
        expect(stateAfter(before)).toBe(row.next);
      }
    });

    it.each(Object.keys(states) as StateName[])(
      '%s knows some commands by name, and others not at all',
      (state) => {
        const known = ['CAPA', 'UIDL', 'TOP 1 0', 'APOP bob x', 'AUTH PLAIN', 'STLS', 'LAST'];
        expect(known.map((line) => line.split(' ')[0]).sort()).toEqual([...notImplemented].sort());
        for (const line of known) {
          const { sent } = say(session(), [...states[state], line], mailbox('a\r\n'));
          expect(last(sent)).toBe('-ERR Command not implemented');
        }
        for (const line of ['XYZZY', 'EHLO pc', 'RETRIEVE 1', 'STAT\t', '', ' ', ' STAT', '.']) {
          const { sent } = say(session(), [...states[state], line], mailbox('a\r\n'));
          expect(last(sent)).toBe('-ERR Unknown command');
          expect(stateAfter([...states[state], line])).toBe(state);
        }
      },
    );

    it.each(['STAT x', 'NOOP x', 'RSET 1', 'QUIT now'])('%s has an argument too many', (line) => {
      expect(last(say(session(), [...LOGIN, line]).sent)).toBe(
        '-ERR This command takes no argument',
      );
      expect(stateAfter([...LOGIN, line])).toBe('transaction');
    });

    it('update takes no command any more', () => {
      const it = session();
      play(it, [lines(...LOGIN)], mailbox('a\r\n'));
      expect(it.receive(lines('DELE 1', 'QUIT', 'RSET'), 0)).toMatchObject([
        { type: 'send' },
        { type: 'update', remove: ['m1'] },
      ]);
      expect(it.receive(lines('NOOP', 'QUIT'), 0)).toEqual([]);
      expect(it.resume({ type: 'updated' }, 0)).toEqual([
        { type: 'send', text: '+OK localhost goodbye\r\n' },
        { type: 'close' },
      ]);
      expect(it.receive(lines('NOOP', 'QUIT'), 0)).toEqual([]);
    });
  });

  describe('at the login', () => {
    it('asks for the password again from the beginning when it was wrong', () => {
      const users = readUsers('bob:secret\n');
      const conversation = ['USER bob', 'PASS wrong', 'PASS secret', ...LOGIN, 'NOOP'];
      const { statuses, requests, notes } = say(session({}, users), conversation);
      expect(statuses).toEqual(['+OK', '+OK', '-ERR', '-ERR', '+OK', '+OK', '+OK']);
      expect(requests).toEqual([{ type: 'open', mailbox: 'bob' }]);
      expect(notes).toEqual(['login refused: bob']);
    });

    it('does not tell an unknown user from a wrong password', () => {
      const users = readUsers('bob:secret\n');
      const said = (name: string) =>
        say(session({}, users), [`USER ${name}`, 'PASS x']).sent.replace(name, '');
      expect(said('zoe')).toBe(said('bob'));
      expect(last(said('zoe'))).toBe('-ERR Wrong name or password');
    });

    it.each([
      ['bob', 'bob'],
      ['  bob  ', 'bob'],
      ['Bob@Example.COM', 'bob@example.com'],
      ['"john doe"@example.com', '%22john%20doe%22@example.com'],
      ['../../etc/passwd', '%2E.%2F..%2Fetc%2Fpasswd'],
      ['con', '%63on'],
      ['__proto__', '__proto__'],
      ['constructor', 'constructor'],
      ['two words', 'two%20words'],
      ['b\xc3\xa9', 'b%C3%A9'],
    ])('takes USER %s for the mailbox %s', (name, mailbox) => {
      const { requests } = say(session(), [`USER ${name}`, 'PASS x']);
      expect(requests).toEqual([{ type: 'open', mailbox }]);
    });

    it.each([
      '', '   ', 'b\x1b[31m', 'b\0ob', 'bob\r', '\x7f', 'b\xc2\x85', 'b\xe2\x80\xa8', 'b\xe2\x80\xae',
    ])('refuses USER %j, and does not write it into the log', (name) => {
      const { sent, notes } = say(session(), [`USER ${name}`, 'PASS x']);
      expect(sent).toBe(`${GREETING}-ERR Say USER and your address\r\n-ERR Say USER first\r\n`);
      expect(notes).toEqual([]);
    }); // prettier-ignore

    it('refuses octets that are not text', () => {
      for (const line of ['USER b\xe9', 'USER \xff', '\xc3(', 'USER \xed\xa0\x80']) {
        expect(last(say(session(), [line]).sent)).toBe(
          '-ERR A command is a line of ASCII or UTF-8 text',
        );
      }
    });

    it('lets nobody in whose name cannot be a mailbox', () => {
      const { sent, requests } = say(session(), [`USER ${'b'.repeat(201)}`, 'PASS x', 'PASS x']);
      expect(sent).toMatch(/\r\n-ERR Wrong name or password\r\n-ERR Say USER first\r\n$/);
      expect(requests).toEqual([]);
    });

    it('takes the last name that was said', () => {
      const { requests } = say(session(), ['USER bob', 'USER carol', 'PASS x']);
      expect(requests).toEqual([{ type: 'open', mailbox: 'carol' }]);
    });

    it.each([
      ['bob', 'PASS secret', '+OK'],
      ['BOB@anywhere.example', 'PASS secret', '+OK'],
      ['bob', 'PASS   secret ', '+OK'],
      ['bob', 'pass secret', '+OK'],
      ['bob', 'PASS Secret', '-ERR'],
      ['bob', 'PASS secret x', '-ERR'],
      ['bob', 'PASS', '-ERR'],
      ['carol', 'PASS two  words', '+OK'],
      ['carol', 'PASS two words', '-ERR'],
      ['dave', 'PASS a:b', '+OK'],
      ['dave', 'PASS a', '-ERR'],
      ['erin', 'PASS anything at all', '+OK'],
      ['erin', 'PASS \x1b', '+OK'],
      ['erin', 'PASS', '-ERR'],
      ['erin', 'PASS  ', '-ERR'],
      ['zoe', 'PASS anything', '-ERR'],
      ['bob@', 'PASS secret', '+OK'],
      ['@bob', 'PASS secret', '-ERR'],
      ['constructor', 'PASS x', '-ERR'],
    ])('USER %s, %s: %s, where there is a list of users', (name, line, status) => {
      const users = readUsers('bob:secret\ncarol:two  words\nDave:a:b\nerin\n');
      const { statuses, notes } = say(session({}, users), [`USER ${name}`, line]);
      expect(statuses).toEqual(['+OK', '+OK', status]);
      for (const note of notes) expect(note).not.toMatch(/secret|two|a:b|anything/);
    });

    it('takes any password but an empty one where there is no list', () => {
      expect(say(session(), ['USER bob', 'PASS', 'PASS \xc3\xa9 x']).statuses).toEqual([
        '+OK', '+OK', '-ERR', '+OK',
      ]); // prettier-ignore
    });
  });

  describe('when what it asks for fails', () => {
    it.each<[Answer, string]>([
      [{ type: 'in use' }, '-ERR [IN-USE] This mailbox is open in another session'],
      [{ type: 'failed' }, '-ERR The mailbox cannot be read, try later'],
    ])('says at PASS what %j means, and lets the client try again', (answer, reply) => {
      const it = session();
      it.open(0);
      it.receive(lines(...LOGIN, 'STAT'), 0);
      expect(it.resume(answer, 0)).toEqual([
        { type: 'send', text: `${reply}\r\n` },
        { type: 'send', text: '-ERR Log in first, with USER and PASS\r\n' },
      ]);
      it.receive(lines(...LOGIN, 'STAT'), 0);
      expect(it.resume({ type: 'opened', messages: [] }, 0)).toEqual([
        { type: 'send', text: '+OK Welcome, you have 0 messages\r\n' },
        { type: 'send', text: '+OK 0 0\r\n' },
      ]);
    });

    it('does not count a mailbox in use as a bad command', () => {
      const it = session({ badCommands: 2 });
      it.open(0);
      for (let time = 0; time < 5; time += 1) {
        it.receive(lines(...LOGIN), 0);
        expect(it.resume({ type: 'in use' }, 0)).toHaveLength(1);
      }
    });

    it('says that a message cannot be read, and goes on', () => {
      const it = session();
      play(it, [lines(...LOGIN)], mailbox('a\r\n'));
      it.receive(lines('RETR 1', 'STAT'), 0);
      expect(it.resume({ type: 'failed' }, 0)).toEqual([
        { type: 'send', text: '-ERR The message cannot be read\r\n' },
        { type: 'send', text: '+OK 1 3\r\n' },
      ]);
    });

    it('leaves without the lone dot when the rest of a message cannot be read', () => {
      const it = session();
      play(it, [lines(...LOGIN)], mailbox('abc\r\n'));
      it.receive(lines('RETR 1', 'STAT'), 0);
      expect(it.resume({ type: 'piece', octets: octets('ab') }, 0)).toMatchObject([
        { text: '+OK 5 octets\r\n' },
        { text: new Uint8Array(octets('ab')) },
        { type: 'read', from: 2, most: 3 },
      ]);
      expect(it.resume({ type: 'failed' }, 0)).toEqual([{ type: 'close' }]);
      expect(it.receive(lines('STAT'), 0)).toEqual([]);
    });

    it('says at QUIT that not everything was deleted, and leaves', () => {
      const it = session();
      play(it, [lines(...LOGIN, 'DELE 1')], mailbox('a\r\n'));
      it.receive(lines('QUIT'), 0);
      expect(it.resume({ type: 'failed' }, 0)).toEqual([
        { type: 'send', text: '-ERR Some messages could not be deleted\r\n' },
        { type: 'close' },
      ]);
    });

    it.each(['PASS x', 'RETR 1', 'LIST', 'QUIT'])(
      'hears no answer to %s after the end, and none that it did not ask for',
      (line) => {
        const it = session();
        play(it, [lines(...(line === 'PASS x' ? ['USER bob'] : LOGIN))], mailbox('a\r\n'));
        it.receive(lines(line), 0);
        // Its time is up, or the server stops and what it asks for fails.
        const ended = [
          ...it.expire(10 * MINUTE),
          ...it.stop(10 * MINUTE, 0),
          ...it.resume({ type: 'failed' }, 10 * MINUTE),
        ];
        expect(ended.at(-1)).toEqual({ type: 'close' });
        const answers: Answer[] = [
          { type: 'opened', messages: [{ id: 'm9', size: 9 }] },
          { type: 'in use' },
          { type: 'piece', octets: octets('a\r\n') },
          { type: 'waited' },
          { type: 'updated' },
          { type: 'failed' },
        ];
        for (const answer of answers) expect(it.resume(answer, 10 * MINUTE)).toEqual([]);
      },
    );
  });

  describe('however the octets come', () => {
    const CONVERSATION = lines(
      'capa', 'user bob', 'pass a secret', 'STAT', 'list', 'RETR 1', '', 'RETR 2', 'RETR 3', 'LIST 9',
      'dele 2', 'DELE 2', 'RETR 2', 'LIST', 'RSET', 'STAT', 'Dele 3', 'NOOP', '\xff', 'QUIT', 'NOOP',
    ); // prettier-ignore
    const mail = () => inPieces(7, mailbox('.\r\n..x\r\n\r\n.', '', '.four\r\n.\r\nno end'));
    const play3 = (pieces: Uint8Array[]) => play(session(), pieces, mail());
    const whole = play3([CONVERSATION]);

    it('is one conversation', () => {
      expect(whole.statuses.map((status) => status[0]).join('')).toBe('+-+++++-++-+--+++++-+');
      expect(whole.requests.at(-1)).toEqual({ type: 'update', remove: ['m3'] });
      expect(whole.closed).toBe(true);
    });

    it('is the same octet by octet, and cut in two anywhere', () => {
      expect(play3(Array.from(CONVERSATION, (octet) => Uint8Array.of(octet)))).toEqual(whole);
      for (let at = 1; at < CONVERSATION.length; at += 1) {
        expect(play3([CONVERSATION.subarray(0, at), CONVERSATION.subarray(at)])).toEqual(whole);
      }
    });

    it('is the same whenever the answers come: what was sent meanwhile waits', () => {
      const schedule = fc.array(fc.boolean(), { maxLength: 80 });
      const cuts = fc.uniqueArray(fc.nat(CONVERSATION.length), { maxLength: 12 });
      fc.assert(
        fc.property(cuts, schedule, (positions, answersFirst) => {
          const at = [0, ...positions.sort((a, b) => a - b), CONVERSATION.length];
          const pieces = at.slice(1).map((end, index) => CONVERSATION.subarray(at[index], end));
          const it = session();
          const helper = mail();
          const listener = new Listener();
          const turns = answersFirst.values();
          listener.hear(it.open(0));
          while (pieces.length > 0 || listener.pending) {
            const answers = pieces.length === 0 || (turns.next().value ?? true);
            if (listener.pending && answers) listener.hear(it.resume(helper(listener.take()), 0));
            else if (pieces.length > 0) {
              const actions = it.receive(pieces.shift()!, 0);
              if (listener.pending) expect(actions).toEqual([]);
              else listener.hear(actions);
            }
          }
          expect(listener.outcome).toEqual(whole);
        }),
        { numRuns: 60 },
      );
    });

    it('keeps a thousand commands of one packet in their order', () => {
      const texts = Array.from({ length: 1000 }, (_, index) => `LIST ${(index % 3) + 1}`);
      const { sent } = say(session(), [...LOGIN, ...texts], mailbox('a', 'bc'));
      const expected = texts.map((_, index) =>
        index % 3 === 2
          ? '-ERR There is no message with this number'
          : `+OK ${(index % 3) + 1} ${(index % 3) + 1}`,
      );
      expect(sent.trimEnd().split('\r\n').slice(3)).toEqual(expected);
    });

    it('waits after each list until the client has taken it', () => {
      const it = session();
      play(it, [lines(...LOGIN)], mailbox('a'));
      const list = { type: 'send', text: '+OK 1 message\r\n1 1\r\n.\r\n' };
      expect(it.receive(lines('LIST', 'LIST', 'NOOP'), 0)).toEqual([list, { type: 'wait' }]);
      expect(it.receive(lines('NOOP'), 0)).toEqual([]);
      expect(it.resume({ type: 'waited' }, 0)).toEqual([list, { type: 'wait' }]);
      expect(it.resume({ type: 'waited' }, 0)).toHaveLength(2);
    });
  });

  describe('numbers', () => {
    const LARGE = [
      '99999999999999999999',
      '9'.repeat(400),
      '3',
      '4294967297',
      '18446744073709551617',
    ];
    const NOT_NUMBERS = [
      '-1', '+1', '1.5', '1.0', '1e0', '0x1', '1 2', '1,2', 'one', '*', '1\0', '1\r', '١', '１', '²',
      'NaN', 'Infinity', '__proto__', 'length', '-0',
    ]; // prettier-ignore

    it.each(['LIST', 'RETR', 'DELE'])('of %s are understood', (verb) => {
      for (const number of ['0', '00', ...LARGE]) {
        expect(replies(...LOGIN, `${verb} ${number}`).at(-1)).toBe(
          '-ERR There is no message with this number',
        );
      }
      for (const number of NOT_NUMBERS) {
        const line = Buffer.from(`${verb} ${number}`).toString('latin1');
        expect(replies(...LOGIN, line).at(-1)).toBe('-ERR Say the number of a message');
      }
      // A number is its value, however it is written.
      for (const number of ['2', '02', `${'0'.repeat(400)}2`, '  2  ']) {
        expect(replies(...LOGIN, `${verb} ${number}`)[2]).toMatch(/^\+OK/);
      }
    });

    it('must be there for RETR and DELE', () => {
      expect(replies(...LOGIN, 'RETR', 'DELE ', 'NOOP').slice(2)).toEqual([
        '-ERR Say the number of a message',
        '-ERR Say the number of a message',
        '+OK OK',
      ]);
    });
  });

  describe('DELE', () => {
    it('only marks: the numbers of the others stay', () => {
      const said = replies(...LOGIN, 'DELE 01', 'STAT', 'LIST', 'LIST 2', 'RETR 2', 'RSET', 'LIST');
      expect(said.slice(2)).toEqual([
        '+OK Message 1 marked as deleted',
        '+OK 1 5',
        ...['+OK 1 message', '2 5', '.'],
        '+OK 2 5',
        ...['+OK 5 octets', 'bcd', '.'],
        '+OK You have 2 messages',
        ...['+OK 2 messages', '1 3', '2 5', '.'],
      ]);
    });

    it('hides a message from LIST, RETR and DELE', () => {
      const said = replies(...LOGIN, 'DELE 1', 'LIST 1', 'RETR 1', 'DELE 1', 'DELE 2', 'LIST');
      const GONE = '-ERR This message is marked as deleted';
      expect(said.slice(3)).toEqual([GONE, GONE, GONE, expect.any(String), '+OK 0 messages', '.']);
    });

    it('does, with RSET and QUIT, what a plain model does', () => {
      const sizes = fc.array(fc.nat(99), { maxLength: 4 });
      const number = fc.integer({ min: 0, max: 5 });
      const line = fc.oneof(
        fc.tuple(fc.constantFrom('LIST', 'RETR', 'DELE'), number).map((words) => words.join(' ')),
        fc.constantFrom('STAT', 'LIST', 'RSET'),
      );
      fc.assert(
        fc.property(sizes, fc.array(line, { maxLength: 30 }), (all, texts) => {
          const marked = new Set<number>();
          const left = () =>
            all.map((size, index) => [index + 1, size] as const).filter(([n]) => !marked.has(n));
          const expected = texts.flatMap((text): string[] => {
            const [verb, word] = text.split(' ');
            const n = Number(word);
            if (text === 'STAT') {
              return [`+OK ${left().length} ${left().reduce((sum, [, size]) => sum + size, 0)}`];
            }
            if (text === 'LIST') return ['+OK', ...left().map((pair) => pair.join(' ')), '.'];
            if (text === 'RSET') {
              marked.clear();
              return ['+OK'];
            }
            if (n < 1 || n > all.length || marked.has(n)) return ['-ERR'];
            if (verb === 'LIST') return [`+OK ${n} ${all[n - 1]}`];
            if (verb === 'RETR')
              return ['+OK', ...(all[n - 1]! > 0 ? ['x'.repeat(all[n - 1]!)] : []), '.'];
            marked.add(n);
            return ['+OK'];
          });
          const outcome = say(
            session(),
            [...LOGIN, ...texts, 'QUIT'],
            mailbox(...all.map((size) => 'x'.repeat(size))),
          );
          const said = outcome.sent
            .trimEnd()
            .split('\r\n')
            .slice(3, -1)
            // The text is for people, but for the numbers of STAT and LIST.
            .map((reply) => reply.replace(/^(\+OK|-ERR)(?! \d+ \d+$).*/, '$1'));
          expect(said).toEqual(expected);
          expect(outcome.requests.at(-1)).toEqual({
            type: 'update',
            remove: [...marked].map((n) => `m${n}`),
          });
        }),
      );
    });
  });

  describe('QUIT', () => {
    it.each([[[]], [['USER bob']]])('after %j deletes nothing', (before) => {
      const { sent, requests, closed } = say(session(), [...before, 'QUIT', 'NOOP']);
      expect(last(sent)).toBe('+OK localhost goodbye');
      expect({ requests, closed }).toEqual({ requests: [], closed: true });
    });

    it('deletes no message that the client has not taken yet, though QUIT is there', () => {
      const it = session();
      play(it, [lines(...LOGIN)], mailbox('abc'));
      it.receive(lines('RETR 1', 'DELE 1', 'QUIT'), 0);
      const [, , , last] = it.resume({ type: 'piece', octets: octets('abc') }, 0);
      expect(last).toEqual({ type: 'wait' });
      expect(it.resume({ type: 'waited' }, 0).at(-1)).toEqual({ type: 'update', remove: ['m1'] });
    });

    it('in a mailbox ends in an update, though nothing is marked', () => {
      const { requests } = say(session(), [...LOGIN, 'DELE 1', 'RSET', 'QUIT'], mailbox('a'));
      expect(requests.at(-1)).toEqual({ type: 'update', remove: [] });
    });
  });

  describe('limits', () => {
    it('closes on a line without end, and keeps no more of it than it may', () => {
      const endless = [...Array<Uint8Array>(20).fill(octets('x'.repeat(9))), lines('', 'NOOP')];
      const { sent, closed } = play(session({ commandLine: 100 }), endless);
      expect({ sent, closed }).toEqual({ sent: `${GREETING}-ERR Line too long\r\n`, closed: true });
    });

    it('takes a line of 2,048 octets, and none of one more, however it is cut', () => {
      for (const [length, status] of [
        [2048, '+OK'],
        [2049, '-ERR'],
      ] as const) {
        const line = lines(`USER ${'b'.repeat(length - 7)}`);
        expect(line).toHaveLength(length);
        const outcome = play(session(), [line]);
        expect(outcome.statuses).toEqual(['+OK', status]);
        expect(outcome.closed).toBe(status === '-ERR');
        for (const at of [1, 2046, 2047, 2048]) {
          expect(play(session(), [line.subarray(0, at), line.subarray(at)])).toEqual(outcome);
        }
      }
    });

    it('answers the twentieth bad command with goodbye', () => {
      const wrong = Array.from({ length: 19 }, (_, index) => ['x', 'STAT', 'PASS x'][index % 3]!);
      const { statuses, sent, closed } = say(session(), [...wrong, 'USER bob', 'x', 'x']);
      expect(statuses).toEqual(['+OK', ...Array<string>(19).fill('-ERR'), '+OK', '-ERR']);
      expect(last(sent)).toBe('-ERR localhost has seen too many bad commands, goodbye');
      expect(closed).toBe(true);
    });

    it('counts wrong passwords', () => {
      const users = readUsers('bob:secret\n');
      const tries = Array<string[]>(25).fill(['USER bob', 'PASS x']).flat();
      const { statuses, closed } = say(session({}, users), tries);
      expect(statuses.filter((status) => status === '-ERR')).toHaveLength(20);
      expect(closed).toBe(true);
    });

    it('does not count messages that are not there, and what mail programs try', () => {
      const texts = Array<string[]>(30).fill(['RETR 7', 'DELE 1', 'LIST 0', 'TOP 1 0']).flat();
      expect(say(session(), [...LOGIN, ...texts], mailbox('a')).closed).toBe(false);
    });
  });

  it('serves lines that end in LF alone, and tells the operator once', () => {
    const { statuses, notes } = play(session(), [octets('USER bob\nPASS x\nSTAT\r\nQUIT\n')]);
    expect(statuses).toEqual(['+OK', '+OK', '+OK', '+OK', '+OK']);
    expect(notes).toEqual([expect.stringContaining('LF alone')]);
  });

  it.each([
    '__proto__', 'constructor', 'CONSTRUCTOR', 'toString', 'valueOf', 'hasOwnProperty x', 'ſTAT', 'LİST',
    'STAT\0', '\0', '\x1b[31m', 'US\0ER bob', 'RETR1', 'RETR\u00a01',
  ])('does not know the verb %j', (line) => {
    const { sent } = say(session(), [...LOGIN, Buffer.from(line).toString('latin1')]);
    expect(last(sent)).toBe('-ERR Unknown command');
  }); // prettier-ignore

  describe('deadlines', () => {
    const loggedIn = (...texts: string[]) => {
      const it = session();
      play(it, [lines(...LOGIN)], mailbox(...texts));
      return it;
    };

    it('gives ten minutes for a command, and single octets do not put that off', () => {
      const it = session();
      it.open(0);
      expect(it.deadline).toBe(10 * MINUTE);
      it.receive(octets('NOO'), 9 * MINUTE);
      expect(it.deadline).toBe(10 * MINUTE);
      it.receive(octets('P\r\nS'), 9 * MINUTE);
      expect(it.deadline).toBe(19 * MINUTE);
    });

    it('ends without a word when the time is up', () => {
      const it = loggedIn('a');
      it.receive(lines('DELE 1'), 0);
      expect(it.expire(10 * MINUTE - 1)).toEqual([]);
      // RFC 1939 §3: no reply, and nothing is deleted.
      expect(it.expire(10 * MINUTE)).toEqual([{ type: 'close' }]);
      expect(it.deadline).toBe(Infinity);
      expect(it.expire(20 * MINUTE)).toEqual([]);
    });

    it('does not hurry the client while a mailbox is opened or updated', () => {
      const it = session();
      it.open(0);
      it.receive(lines(...LOGIN), 0);
      expect(it.deadline).toBe(Infinity);
      it.resume({ type: 'opened', messages: [] }, 30 * MINUTE);
      expect(it.deadline).toBe(40 * MINUTE);
      it.receive(lines('QUIT'), 31 * MINUTE);
      expect(it.deadline).toBe(Infinity);
      expect(it.expire(99 * MINUTE)).toEqual([]);
      expect(it.resume({ type: 'updated' }, 99 * MINUTE)).toHaveLength(2);
      expect(it.deadline).toBe(Infinity);
    });

    it('gives three minutes to take a piece of a message, and half an hour for the whole', () => {
      const it = loggedIn('x'.repeat(1000));
      it.receive(lines('RETR 1'), MINUTE);
      expect(it.deadline).toBe(4 * MINUTE);
      const piece: Answer = { type: 'piece', octets: octets('x') };
      for (let now = 2; now <= 28; now += 2) {
        it.resume(piece, now * MINUTE);
        expect(it.deadline).toBe((now + 3) * MINUTE);
      }
      it.resume(piece, 30 * MINUTE);
      expect(it.deadline).toBe(31 * MINUTE);
      expect(it.expire(31 * MINUTE)).toEqual([{ type: 'close' }]);
      expect(it.resume(piece, 31 * MINUTE)).toEqual([]);
    });

    it('gives ten minutes again after a message', () => {
      const it = loggedIn('x');
      it.receive(lines('RETR 1'), MINUTE);
      it.resume({ type: 'piece', octets: octets('x') }, 2 * MINUTE);
      expect(it.deadline).toBe(5 * MINUTE);
      it.resume({ type: 'waited' }, 4 * MINUTE);
      expect(it.deadline).toBe(14 * MINUTE);
    });

    it('gives ten minutes to take a list', () => {
      const it = loggedIn('x');
      it.receive(lines('LIST', 'LIST'), MINUTE);
      expect(it.deadline).toBe(11 * MINUTE);
      it.resume({ type: 'waited' }, 10 * MINUTE);
      expect(it.deadline).toBe(20 * MINUTE);
      expect(it.expire(20 * MINUTE)).toEqual([{ type: 'close' }]);
    });
  });

  describe('when the server stops', () => {
    const GOODBYE = [
      { type: 'send', text: '-ERR localhost is stopping, goodbye\r\n' },
      { type: 'close' },
    ];

    it.each([[[]], [['USER bob']], [LOGIN], [[...LOGIN, 'DELE 1']]])(
      'says goodbye at once after %j, and nothing is deleted',
      (before) => {
        const it = session();
        play(it, [lines(...before)], mailbox('a'));
        expect(it.stop(0, 1000)).toEqual(GOODBYE);
        expect(it.stop(0, 1000)).toEqual([]);
        expect(it.receive(lines('QUIT'), 0)).toEqual([]);
      },
    );

    it('opens a mailbox first that is being opened', () => {
      const it = session();
      it.open(0);
      it.receive(lines(...LOGIN, 'STAT'), 0);
      expect(it.stop(0, 1000)).toEqual([]);
      expect(it.resume({ type: 'opened', messages: [] }, 0)).toEqual([
        { type: 'send', text: '+OK Welcome, you have 0 messages\r\n' },
        ...GOODBYE,
      ]);
    });

    it('deletes first what is being deleted', () => {
      const it = session();
      play(it, [lines(...LOGIN, 'DELE 1')], mailbox('a'));
      it.receive(lines('QUIT'), 0);
      expect(it.stop(0, 1000)).toEqual([]);
      expect(it.expire(9999)).toEqual([]);
      expect(it.resume({ type: 'updated' }, 9999)).toEqual([
        { type: 'send', text: '+OK localhost goodbye\r\n' },
        { type: 'close' },
      ]);
    });

    it('sends a message to its end first, if the client takes it in time', () => {
      const sending = () => {
        const it = session();
        play(it, [lines(...LOGIN)], mailbox('abcd'));
        it.receive(lines('RETR 1', 'NOOP'), 0);
        it.resume({ type: 'piece', octets: octets('a') }, 0);
        expect(it.stop(0, 1000)).toEqual([]);
        expect(it.deadline).toBe(1000);
        it.resume({ type: 'piece', octets: octets('b') }, 900);
        expect(it.deadline).toBe(1000);
        return it;
      };
      const fast = sending();
      expect(fast.resume({ type: 'piece', octets: octets('cd') }, 950)).toEqual([
        { type: 'send', text: new Uint8Array(octets('cd')) },
        { type: 'send', text: '\r\n.\r\n' },
        { type: 'wait' },
      ]);
      expect(fast.deadline).toBe(1000);
      expect(fast.resume({ type: 'waited' }, 990)).toEqual(GOODBYE);
      expect(sending().expire(1000)).toEqual([{ type: 'close' }]);
    });

    it('lets a client take a list first, if it does so in time', () => {
      const listing = () => {
        const it = session();
        play(it, [lines(...LOGIN)], mailbox('abcd'));
        it.receive(lines('LIST', 'LIST'), 0);
        expect(it.stop(0, 1000)).toEqual([]);
        expect(it.deadline).toBe(1000);
        return it;
      };
      expect(listing().resume({ type: 'waited' }, 900)).toEqual(GOODBYE);
      const slow = listing();
      expect(slow.expire(1000)).toEqual([{ type: 'close' }]);
      expect(slow.stop(1000, 1000)).toEqual([]);
      expect(slow.deadline).toBe(Infinity);
    });
  });

  it('never throws, whatever comes, and answers every line once', () => {
    const word = fc.constantFrom(
      'USER bob', 'PASS x', 'STAT', 'LIST', 'LIST 1', 'RETR 1', 'RETR 2', 'DELE 1', 'RSET', 'QUIT',
      '\r\n', '\r\n', '\r\n', '\n', '\r', '\0', ' ', '.', '1',
    ); // prettier-ignore
    const anything = fc.array(fc.oneof(word, fc.string({ unit: 'binary' })), { maxLength: 60 });
    fc.assert(
      fc.property(anything, (words) => {
        const input = Buffer.from(words.join(''));
        const { statuses, closed } = play(
          session({ commandLine: 64, badCommands: 30 }),
          [input],
          mailbox('a\r\n', ''),
        );
        const said = input.toString('latin1').split('\n').length - 1;
        if (closed) expect(statuses.length).toBeLessThanOrEqual(said + 2);
        else expect(statuses).toHaveLength(said + 1);
      }),
    );
  });
});
