import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands, notImplemented } from '../../../v4-advanced/src/pop3/commands.ts';
import { replies, write } from '../../../v4-advanced/src/pop3/replies.ts';
import type { Answer } from '../../../v4-advanced/src/pop3/session.ts';
import { LOGIN_LINE } from '../../../v4-advanced/src/session.ts';
import {
  base64,
  cut,
  inPieces,
  last,
  latin1,
  lines,
  mailbox,
  octetByOctet,
  type Outcome,
  plain,
  play,
  playLate,
  pop3Session as session,
  sayPop3 as say,
  signs,
} from './v4-sessions.ts';

const GREETING = '+OK localhost Stagepost POP3 ready\r\n';
const LOGIN = ['USER bob', 'PASS secret'];
const CLEAR = { isSecure: false };

/** The replies to what is said behind the login, in a mailbox with two messages of 3 and 6 octets. */
function replied(...texts: string[]): string[] {
  const { sent } = say(session(), [...LOGIN, ...texts], mailbox('a\r\n', '.bcd\r\n'));
  return sent.trimEnd().split('\r\n').slice(3);
}

const butForWaits = ({ requests }: Outcome) => requests.filter(({ type }) => type !== 'wait');

describe('the POP3 session of v4', () => {
  it('takes a client from USER to QUIT', () => {
    const conversation = [
      ...LOGIN, 'STAT', 'LIST', 'UIDL', 'UIDL 2', 'RETR 2', 'TOP 2 0', 'DELE 1', 'UIDL', 'QUIT',
    ]; // prettier-ignore
    const outcome = say(session(), conversation, mailbox('a\r\n', 'x: y\r\n\r\n.b\r\n'));
    // What a reply says to people behind +OK of a message is its own affair.
    expect(outcome.sent.replace(/^\+OK .*(?=\r\nx: y)/gm, '+OK')).toBe(
      GREETING +
        '+OK And the password?\r\n' +
        '+OK Welcome, you have 2 messages\r\n' +
        '+OK 2 15\r\n' +
        '+OK 2 messages\r\n1 3\r\n2 12\r\n.\r\n' +
        '+OK 2 messages\r\n1 m1\r\n2 m2\r\n.\r\n' +
        '+OK 2 m2\r\n' +
        '+OK\r\nx: y\r\n\r\n..b\r\n.\r\n' +
        '+OK\r\nx: y\r\n\r\n.\r\n' +
        '+OK Message 1 marked as deleted\r\n' +
        '+OK 1 message\r\n2 m2\r\n.\r\n' +
        '+OK localhost goodbye\r\n',
    );
    expect(butForWaits(outcome)).toEqual([
      { type: 'authenticate', account: 'bob', password: 'secret' },
      { type: 'open', mailbox: 'bob' },
      { type: 'read', id: 'm2', from: 0, most: 12 },
      { type: 'read', id: 'm2', from: 0, most: 12 },
      { type: 'update', remove: ['m1'] },
    ]);
    expect(outcome.end).toBe('close');
  });

  it('says which message was read: by RETR, and not by TOP, LIST or UIDL', () => {
    const { requests } = say(
      session(), [...LOGIN, 'LIST', 'TOP 1 5', 'RETR 1', 'UIDL'], mailbox('a\r\n'),
    ); // prettier-ignore
    expect(requests.filter(({ type }) => type === 'wait')).toEqual([
      { type: 'wait' },
      { type: 'wait', read: undefined },
      { type: 'wait', read: 'm1' },
      { type: 'wait' },
    ]);
  });

  it('offers what it does, and logins only under TLS', () => {
    const offered = (isSecure: boolean, ...before: string[]) =>
      say(session({ isSecure }), [...before, 'CAPA']).sent.split('\r\n').slice(1 + before.length, -1);
    const always = ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING'];
    expect(offered(false)).toEqual(
      ['+OK What can be said here', ...always, 'STLS', 'EXPIRE NEVER', 'IMPLEMENTATION Stagepost', '.'],
    );
    const secure = [
      '+OK What can be said here', ...always, 'USER', 'SASL PLAIN LOGIN', 'EXPIRE NEVER', 'IMPLEMENTATION Stagepost', '.',
    ];
    expect(offered(true)).toEqual(secure);
    expect(offered(true, ...LOGIN)).toEqual(secure);
  }); // prettier-ignore

  it('says in brackets why, in words that RFC 2449 and RFC 3206 know', () => {
    for (const reply of Object.values(replies)) {
      expect(write(reply)).toMatch(/^(?:\+OK|-ERR) [\x20-\x7e]+\r\n$/);
      const [, word] = /^\[(.*?)\]/.exec(reply.text) ?? [];
      expect([undefined, 'AUTH', 'IN-USE', 'SYS/TEMP']).toContain(word);
    }
  });
});

describe('in each state of POP3', () => {
  const states = {
    authorization: [],
    user: ['USER bob'],
    transaction: LOGIN,
  } as const;
  type StateName = keyof typeof states;

  /** Where a session stands, by what it takes next. */
  function stateAfter(before: readonly string[]): string {
    const { end } = say(session(), before, mailbox('a\r\n'));
    if (end !== 'open') return end;
    const takes = (line: string) =>
      last(say(session(), [...before, line], mailbox('a\r\n'))).startsWith('+OK');
    if (takes('NOOP')) return 'transaction';
    return takes('PASS secret') ? 'user' : 'authorization';
  }

  const LOGIN_FIRST = '-ERR Log in first, with AUTH, or with USER and PASS';
  const LOGGED_IN = '-ERR You are logged in already';
  type Row = Record<StateName, [reply: string | RegExp, next: string]>;
  const reading = (line: string, ok: RegExp): Record<string, Row> => ({
    [line]: {
      authorization: [LOGIN_FIRST, 'authorization'],
      user: [LOGIN_FIRST, 'user'],
      transaction: [ok, 'transaction'],
    },
  });
  const same = (reply: string | RegExp): Row => ({
    authorization: [reply, 'authorization'],
    user: [reply, 'user'],
    transaction: [reply, 'transaction'],
  });
  const BAD_ARGUMENT = '-ERR This command takes no argument';

  /** To every command, in every state: the reply, and the state that follows. */
  const table: Record<string, Row> = {
    CAPA: same(/^\.$/),
    STLS: { ...same('-ERR This is TLS already'), transaction: [LOGGED_IN, 'transaction'] },
    AUTH: {
      authorization: [/^\.$/, 'authorization'],
      user: [/^\.$/, 'user'],
      transaction: [LOGGED_IN, 'transaction'],
    },
    [`AUTH PLAIN ${plain('bob', 'secret')}`]: {
      authorization: [/^\+OK Welcome/, 'transaction'],
      user: [/^\+OK Welcome/, 'transaction'],
      transaction: [LOGGED_IN, 'transaction'],
    },
    [`AUTH PLAIN ${plain('bob', 'wrong')}`]: {
      authorization: ['-ERR [AUTH] Wrong name or password', 'authorization'],
      user: ['-ERR [AUTH] Wrong name or password', 'authorization'],
      transaction: [LOGGED_IN, 'transaction'],
    },
    'USER bob': {
      authorization: [/^\+OK/, 'user'],
      user: [/^\+OK/, 'user'],
      transaction: [LOGGED_IN, 'transaction'],
    },
    'PASS secret': {
      authorization: ['-ERR Say USER first', 'authorization'],
      user: [/^\+OK Welcome/, 'transaction'],
      transaction: [LOGGED_IN, 'transaction'],
    },
    'PASS wrong': {
      authorization: ['-ERR Say USER first', 'authorization'],
      user: ['-ERR [AUTH] Wrong name or password', 'authorization'],
      transaction: [LOGGED_IN, 'transaction'],
    },
    ...reading('STAT', /^\+OK 1 3$/),
    ...reading('LIST 1', /^\+OK 1 3$/),
    ...reading('LIST', /^\.$/),
    ...reading('UIDL 1', /^\+OK 1 m1$/),
    ...reading('UIDL', /^\.$/),
    ...reading('RETR 1', /^\.$/),
    ...reading('TOP 1 0', /^\.$/),
    ...reading('DELE 1', /^\+OK/),
    ...reading('RSET', /^\+OK/),
    ...reading('NOOP', /^\+OK/),
    ...reading('STAT x', new RegExp(BAD_ARGUMENT)),
    ...reading('UIDL x', /^-ERR Say the number/),
    ...reading('TOP 1', /^-ERR Say TOP/),
    'QUIT now': same(BAD_ARGUMENT),
    'CAPA x': same(BAD_ARGUMENT),
    QUIT: {
      authorization: [/^\+OK/, 'close'],
      user: [/^\+OK/, 'close'],
      transaction: [/^\+OK/, 'close'],
    },
    'APOP bob x': same('-ERR Command not implemented'),
    LAST: same('-ERR Command not implemented'),
    XYZZY: same('-ERR Unknown command'),
    '': same('-ERR Unknown command'),
    ' STAT': same('-ERR Unknown command'),
    '__proto__': same('-ERR Unknown command'),
    'constructor': same('-ERR Unknown command'),
  }; // prettier-ignore

  it('the test knows every row of the table', () => {
    const verbs = new Set(Object.keys(table).map((line) => line.split(' ')[0]!));
    expect([...commands.keys()].filter((verb) => !verbs.has(verb))).toEqual([]);
    for (const verb of notImplemented) expect(commands.has(verb)).toBe(false);
  });

  const rows = Object.entries(table).flatMap(([line, row]) =>
    (Object.keys(states) as StateName[]).map((state) => {
      const [reply, next] = row[state];
      return { line, state, reply, next };
    }),
  );

  it.each(rows)('$state answers $line as it must, and $next follows', (row) => {
    const before = [...states[row.state], row.line];
    const said = last(say(session(), before, mailbox('a\r\n')));
    if (typeof row.reply === 'string') expect(said).toBe(row.reply);
    else expect(said).toMatch(row.reply);
    expect(stateAfter(before)).toBe(row.next);
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

describe('STLS', () => {
  it('ends the session, and the next one knows nothing of it', () => {
    const it = session(CLEAR);
    const outcome = say(it, ['CAPA', 'STLS']);
    expect(outcome).toMatchObject({ end: 'start tls', notes: [] });
    expect(last(outcome)).toBe('+OK Begin TLS now');
    expect(it.deadline).toBe(Infinity);
    expect(it.receive(lines('NOOP'), 0)).toEqual([]);
    expect(it.stop(0, 0)).toEqual([]);
  });

  it('is followed by no greeting (RFC 2595)', () => {
    const it = session();
    expect(it.open(5, 'go on')).toEqual([]);
    expect(it.deadline).toBe(600_005);
  });

  it.each([
    ['a line', 'CAPA\r\n'], ['a part of a line', 'USER x'], ['an octet', '\x16'], ['an empty line', '\r\n'],
    ['a handshake', '\x16\x03\x01\x02\x00\x01'],
  ])('with %s behind it in the same packet is the end', (_, behind) => {
    const outcome = play(session(CLEAR), [latin1(`STLS\r\n${behind}`)], mailbox());
    expect(outcome).toMatchObject({
      sent: `${GREETING}+OK Begin TLS now\r\n`, end: 'close', notes: ['octets came behind STLS, before the handshake'],
    });
  }); // prettier-ignore
});

describe('a login in POP3', () => {
  it('in the clear is refused before the password could come', () => {
    const outcome = say(session(CLEAR), ['USER bob', 'PASS secret', 'AUTH PLAIN', 'AUTH', 'NOOP']);
    const refusal = '-ERR Passwords only under TLS: say STLS\r\n';
    expect(outcome.sent).toMatch(new RegExp(`^${GREETING.replace('+', '\\+')}${refusal}-ERR .*\r\n${refusal}`)); // prettier-ignore
    expect(signs(outcome)).toBe('+-----');
    expect(outcome.requests).toEqual([]);
  });

  it.each([
    ['USER and PASS', LOGIN, '++'],
    ['an address', ['USER Bob@Any.example', 'PASS secret'], '++'],
    ['blanks in the password', ['USER carol', 'PASS two  words'], '++'],
    ['fewer of them', ['USER carol', 'PASS two words'], '+-'],
    ['more of them, at the end', ['USER carol', 'PASS two  words '], '+-'],
    ['more of them, at the beginning', ['USER carol', 'PASS  two  words'], '+-'],
    ['nothing but blanks', ['USER carol', 'PASS   '], '+-'],
    ['PLAIN', [`AUTH PLAIN ${plain('bob', 'secret')}`], '+'],
    ['PLAIN, asked for', ['AUTH PLAIN', plain('bob', 'secret')], 'c+'],
    ['PLAIN, as himself', [`auth plain ${plain('BOB', 'secret', 'bob@x')}`], '+'],
    ['LOGIN', ['AUTH LOGIN', base64('bob'), base64('secret')], 'cc+'],
    ['AUTH after USER', ['USER alice', `AUTH PLAIN ${plain('bob', 'secret')}`], '++'],
    ['the last name that was said', ['USER alice', 'USER bob', 'PASS secret'], '+++'],
    ['a wrong password', ['USER bob', 'PASS Secret', 'PASS secret'], '+--'],
    ['nobody', ['USER zoe', 'PASS secret'], '+-'],
    ['a wrong one, then the right one', ['USER bob', 'PASS x', ...LOGIN], '+-++'],
    ['somebody else', [`AUTH PLAIN ${plain('bob', 'secret', 'alice')}`], '-'],
    ['*', ['AUTH PLAIN', '*', ...LOGIN], 'c-++'],
    ['no base64', ['AUTH LOGIN', '%'], 'c-'],
    ['no base64 at once', ['AUTH PLAIN x'], '-'],
    ['an unknown mechanism', ['AUTH CRAM-MD5'], '-'],
    ['an answer, and PASS behind it', ['USER bob', 'AUTH PLAIN', 'PASS secret', 'PASS secret'], '+c--'],
  ])('with %s', (_, texts, expected) => {
    const outcome = say(session(), texts);
    expect(signs(outcome).slice(1)).toBe(expected);
    const isIn = last(say(session(), [...texts, 'NOOP'])).startsWith('+OK');
    expect(isIn).toBe(expected.endsWith('+'));
  }); // prettier-ignore

  it('says which ways there are', () => {
    expect(say(session(), ['AUTH']).sent).toBe(`${GREETING}+OK Ways to log in\r\nPLAIN\r\nLOGIN\r\n.\r\n`); // prettier-ignore
  });

  it('asks for the check of an account, and of nobody in the same way', () => {
    const asked = (name: string) => say(session(), [`USER ${Buffer.from(name).toString('latin1')}`, 'PASS x']).requests;
    const check = (account: string | undefined) => [{ type: 'authenticate', account, password: 'x' }];
    expect(asked('BOB@any.example')).toEqual(check('bob'));
    for (const name of ['zoe', '../../etc/passwd', 'con', '__proto__', 'constructor', 'bo\u0308b', 'b\u00f6b', '%2e', 'b'.repeat(300)]) {
      expect(asked(name)).toEqual(check(undefined));
    }
  }); // prettier-ignore

  it('says no more of a name that there is than of one that there is not', () => {
    const said = (name: string) => say(session(), [`USER ${name}`, 'PASS x']);
    expect(said('zoe')).toMatchObject({ sent: said('bob').sent, notes: said('bob').notes });
  });

  it.each(['', '   ', 'b\x1b[31m', 'b\0ob', 'bob\r', '\x7f', 'b\xc2\x85', 'b\xe2\x80\xa8', 'b\xe2\x80\xae'])(
    'refuses USER %j, and does not write it into the log',
    (name) => {
      const outcome = say(session(), [`USER ${name}`, 'PASS x']);
      expect(signs(outcome)).toBe('+--');
      expect(outcome).toMatchObject({ notes: [], requests: [] });
    },
  ); // prettier-ignore

  it('does not open the mailbox before the password is right', () => {
    const it = session();
    it.open(0);
    expect(it.receive(lines(...LOGIN, 'STAT'), 0).at(-1)?.type).toBe('authenticate');
    expect(it.resume({ type: 'verdict', verdict: 'right' }, 0)).toEqual([
      { type: 'open', mailbox: 'bob' },
    ]);
    expect(it.resume({ type: 'opened', messages: [] }, 0)).toMatchObject([
      { text: '+OK Welcome, you have 0 messages\r\n' },
      { text: '+OK 0 0\r\n' },
    ]);
  });

  it.each<[string, Answer, string]>([
    ['in use', { type: 'in use' }, '-ERR [IN-USE] This mailbox is open in another session'],
    ['broken', { type: 'failed' }, '-ERR [SYS/TEMP] The mailbox cannot be read, try later'],
  ])('says that the mailbox is %s, and lets the client try again', (_, answer, reply) => {
    for (const login of [LOGIN, [`AUTH PLAIN ${plain('bob', 'secret')}`]]) {
      const it = session({ limits: { badCommands: 1, wrongPasswords: 1 } });
      it.open(0);
      for (let time = 0; time < 3; time += 1) {
        it.receive(lines(...login), 0);
        it.resume({ type: 'verdict', verdict: 'right' }, 0);
        expect(it.resume(answer, 0)).toEqual([{ type: 'send', text: `${reply}\r\n` }]);
      }
    }
  });

  it('says that the server is busy, which is held against nobody', () => {
    const it = session({ limits: { badCommands: 1, wrongPasswords: 1 } });
    it.open(0);
    for (const answer of [{ type: 'verdict', verdict: 'busy' }, { type: 'failed' }] as const) {
      it.receive(lines(...LOGIN), 0);
      expect(it.resume(answer, 0)).toEqual([
        { type: 'send', text: '-ERR [SYS/TEMP] Too many logins at once, try later\r\n' },
      ]);
    }
  });

  it('is over after so many wrong passwords, by whichever way', () => {
    const wrong = ['USER bob', 'PASS x'];
    const texts = [...wrong, `AUTH PLAIN ${plain('bob', 'x')}`, ...wrong, ...LOGIN];
    const outcome = say(session({ limits: { wrongPasswords: 3 } }), texts);
    expect(last(outcome)).toMatch(/^-ERR \[AUTH\] .*goodbye$/);
    expect(outcome.end).toBe('close');
    expect(outcome.requests).toHaveLength(3);
  });

  it('may have a line of 12,288 octets, and other commands have their own limit', () => {
    const wishes = { limits: { commandLine: 100 } };
    const password = 'x'.repeat(9000);
    const line = `AUTH PLAIN ${plain('bob', password)}`;
    expect(line.length).toBeGreaterThan(12_000);
    expect(signs(say(session(wishes), [line, ...LOGIN]))).toBe('+-++');
    expect(last(say(session(wishes), [`USER ${'x'.repeat(94)}`]))).toBe('-ERR Line too long');
    expect(last(say(session(wishes), [`USER ${'x'.repeat(93)}`]))).toMatch(/^\+OK/);
    expect(last(say(session(wishes), ['AUTH PLAIN', 'x'.repeat(LOGIN_LINE)]))).toBe('-ERR Line too long');
  }); // prettier-ignore

  it('writes no password into the log', () => {
    const { notes } = say(session(), ['USER bob', 'PASS hush', `AUTH PLAIN ${plain('bob', 'hush')}`]);
    expect(notes).toEqual(Array(2).fill('login refused: wrong name or password'));
  }); // prettier-ignore
});

describe('messages in POP3', () => {
  it('have names that stay: numbers and names of the others do not change', () => {
    expect(replied('DELE 1', 'UIDL', 'UIDL 1', 'UIDL 2', 'UIDL 3', 'RSET', 'UIDL 1')).toEqual([
      '+OK Message 1 marked as deleted', '+OK 1 message', '2 m2', '.', '-ERR This message is marked as deleted', '+OK 2 m2',
      '-ERR There is no message with this number', '+OK You have 2 messages', '+OK 1 m1',
    ]); // prettier-ignore
  });

  it('have a top, of messages that are not marked as deleted', () => {
    expect(replied('TOP 2 1', 'TOP 3 1', 'TOP 0 1', 'DELE 2', 'TOP 2 1')).toEqual([
      expect.stringMatching(/^\+OK /), '..bcd', '.', '-ERR There is no message with this number', '-ERR There is no message with this number',
      '+OK Message 2 marked as deleted', '-ERR This message is marked as deleted',
    ]); // prettier-ignore
  });

  it('are read no further than TOP wants', () => {
    const long = `Subject: x\r\n\r\n${'y\r\n'.repeat(100_000)}`;
    const top = (lines: number) => say(session(), [...LOGIN, `TOP 1 ${lines}`], mailbox(long));
    expect(top(2).requests.filter(({ type }) => type === 'read')).toHaveLength(1);
    expect(top(2).sent).toMatch(/\r\n\+OK .*\r\nSubject: x\r\n\r\ny\r\ny\r\n\.\r\n$/);
    // fetchmail asks for a message in this way.
    expect(top(99_999_999).sent).toContain(`\r\n${long}.\r\n`);
  });

  it('that cannot be read are said to be so, at TOP as at RETR', () => {
    for (const line of ['TOP 1 0', 'RETR 1']) {
      const it = session();
      play(it, [lines(...LOGIN)], mailbox('a\r\n'));
      it.receive(lines(line, 'STAT'), 0);
      expect(it.resume({ type: 'failed' }, 0)).toEqual([
        { type: 'send', text: '-ERR The message cannot be read\r\n' },
        { type: 'send', text: '+OK 1 3\r\n' },
      ]);
    }
  });
});

describe('however the octets of POP3 come', () => {
  const CONVERSATION = lines(
    'capa', 'auth plain', plain('bob', 'wrong'), 'AUTH LOGIN', '*', 'user bob', 'pass secret', 'STAT', 'list', 'uidl', 'RETR 1', '',
    'TOP 1 1', 'RETR 2', 'TOP 3 0', 'RETR 3', 'LIST 9', 'dele 2', 'DELE 2', 'UIDL', 'RSET', 'Dele 3', 'NOOP', '\xff', 'STLS',
    'QUIT', 'NOOP',
  ); // prettier-ignore
  const mail = () => inPieces(7, mailbox('x: y\r\n\r\n..x\r\n\r\n.', '', '.four\r\n.\r\nno end'));
  const whole = play(session(), [CONVERSATION], mail());

  it('is one conversation', () => {
    expect(signs(whole)).toBe('++c-c-++++++-++++-+-++++--+');
    expect(whole.requests.at(-1)).toEqual({ type: 'update', remove: ['m3'] });
    expect(whole.end).toBe('close');
  });

  it('is the same octet by octet, and cut in two anywhere', () => {
    expect(play(session(), octetByOctet(CONVERSATION), mail())).toEqual(whole);
    for (let at = 1; at < CONVERSATION.length; at += 1) {
      expect(play(session(), cut(CONVERSATION, [at]), mail())).toEqual(whole);
    }
  });

  it('is the same whenever the answers come: what was sent meanwhile waits', () => {
    const places = fc.uniqueArray(fc.nat(CONVERSATION.length), { maxLength: 12 });
    fc.assert(
      fc.property(places, fc.array(fc.boolean(), { maxLength: 80 }), (at, turns) => {
        expect(playLate(session(), cut(CONVERSATION, at), mail(), turns)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('a thousand commands in one packet are answered in their order', () => {
    const texts = Array.from({ length: 1000 }, (_, index) => `UIDL ${(index % 3) + 1}`);
    const answered = replied(...texts);
    expect(answered).toHaveLength(1000);
    expect(answered.slice(-3)).toEqual([
      '+OK 1 m1', '+OK 2 m2', '-ERR There is no message with this number',
    ].map((_, index, all) => all[(997 + index) % 3])); // prettier-ignore
  });

  it('it never throws, whatever comes', () => {
    const word = fc.constantFrom(
      'USER bob', 'PASS secret', 'AUTH PLAIN', 'AUTH LOGIN ', plain('bob', 'secret'), '*', '=', 'RETR 1', 'TOP 1 1', 'TOP', 'UIDL',
      'DELE 1', 'QUIT', 'STLS', '\r\n', '\n', '\r', '\0', ' ',
    ); // prettier-ignore
    const limits = { commandLine: 64 };
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.string({ unit: 'binary' })), { maxLength: 60 }),
        fc.boolean(),
        (words, isSecure) => {
          const input = new Uint8Array(Buffer.from(words.join('')));
          const once = play(session({ isSecure, limits }), [input], mailbox('a\r\n\r\nb\r\n'));
          if (once.notes.some((note) => note.includes('STLS'))) return;
          const again = play(session({ isSecure, limits }), octetByOctet(input), mailbox('a\r\n\r\nb\r\n'));
          expect(again).toMatchObject({ sent: once.sent, requests: once.requests });
        },
      ),
    ); // prettier-ignore
  });
});

describe('the deadlines of POP3', () => {
  it('give ten minutes for a command, and for each answer of a login; nothing is said then', () => {
    const it = session();
    it.open(0);
    it.receive(lines('AUTH LOGIN'), 1000);
    expect(it.deadline).toBe(601_000);
    it.receive(latin1('Y'), 200_000);
    expect(it.deadline).toBe(601_000);
    expect(it.expire(601_000)).toEqual([{ type: 'close' }]);
  });

  it('do not run while the server looks after a password, or opens the mailbox', () => {
    const it = session();
    it.open(0);
    it.receive(lines(...LOGIN), 1000);
    expect(it.deadline).toBe(Infinity);
    it.resume({ type: 'verdict', verdict: 'right' }, 2000);
    expect(it.deadline).toBe(Infinity);
    it.resume({ type: 'opened', messages: [] }, 3000);
    expect(it.deadline).toBe(603_000);
  });
});

describe('when the server stops, POP3', () => {
  const GOODBYE = '-ERR localhost is stopping, goodbye\r\n';

  it.each([[[]], [['AUTH PLAIN']], [['USER bob']], [LOGIN]])('says goodbye at once after %j', (texts) => {
    const it = session();
    play(it, [lines(...texts)], mailbox());
    expect(it.stop(0, 1000)).toEqual([{ type: 'send', text: GOODBYE }, { type: 'close' }]);
    expect(it.stop(0, 1000)).toEqual([]);
  }); // prettier-ignore

  it('says first whether the password was right, and opens nothing that it would close', () => {
    const it = session();
    it.open(0);
    it.receive(lines(...LOGIN, 'STAT'), 0);
    expect(it.stop(0, 1000)).toEqual([]);
    expect(it.resume({ type: 'verdict', verdict: 'wrong' }, 0).map(({ type }) => type)).toEqual([
      'note', 'send', 'send', 'close',
    ]); // prettier-ignore
  });

  it('closes once after one wrong password too many', () => {
    const it = session({ limits: { wrongPasswords: 1 } });
    it.open(0);
    it.receive(lines(...LOGIN), 0);
    it.stop(0, 1000);
    const actions = it.resume({ type: 'verdict', verdict: 'wrong' }, 0);
    expect(actions.filter(({ type }) => type === 'close')).toHaveLength(1);
  });

  it('sends a message to its end, but for so long at most', () => {
    const it = session();
    play(it, [lines(...LOGIN)], mailbox('abc\r\n'));
    it.receive(lines('TOP 1 9'), 0);
    expect(it.stop(0, 1000)).toEqual([]);
    expect(it.deadline).toBe(1000);
    it.resume({ type: 'piece', octets: latin1('ab') }, 500);
    expect(it.deadline).toBe(1000);
    it.resume({ type: 'piece', octets: latin1('c\r\n') }, 600);
    expect(it.resume({ type: 'waited' }, 700)).toEqual([
      { type: 'send', text: GOODBYE },
      { type: 'close' },
    ]);
  });
});
