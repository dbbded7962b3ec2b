import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notImplemented, protocol } from '../../../v4-advanced/src/commands.ts';
import { replies, write } from '../../../v4-advanced/src/replies.ts';
import { LOGIN_LINE, type Request } from '../../../v4-advanced/src/session.ts';
import {
  base64,
  codes,
  cut,
  last,
  latin1,
  lines,
  messages,
  octetByOctet,
  plain,
  play,
  playLate,
  say,
  smtpSession,
  stores,
  text,
  type Wishes,
} from './v4-sessions.ts';

const ENVELOPE = ['MAIL FROM:<alice@example.com>', 'RCPT TO:<bob@example.com>', 'DATA'];
const SECURE: Wishes = { isSecure: true };
const SUBMISSION: Wishes = { isSecure: true, isSubmitting: true };
const BOB = `AUTH PLAIN ${plain('bob', 'secret')}`;
const utf8 = (line: string) => Buffer.from(line).toString('latin1');

describe('the SMTP session of v4', () => {
  it('takes a message from EHLO to QUIT', () => {
    const outcome = say(
      smtpSession(), 'EHLO pc.example', ...ENVELOPE, 'Subject: hello', '', '..text', '.', 'QUIT',
    ); // prettier-ignore
    expect(codes(outcome)).toEqual([220, 250, 250, 250, 354, 250, 221]);
    expect(outcome.end).toBe('close');
    expect(messages(outcome)).toMatchObject([
      {
        client: { helo: 'pc.example', isExtended: true, isSecure: false, account: undefined },
        reversePath: 'alice@example.com',
        isUtf8: false,
        recipients: [{ address: 'bob@example.com', mailbox: 'bob' }],
      },
    ]);
    expect(text(messages(outcome)[0])).toBe('Subject: hello\r\n\r\n.text\r\n');
  });

  it('takes one without a greeting', () => {
    expect(codes(say(smtpSession(), ...ENVELOPE, '.'))).toEqual([220, 250, 250, 354, 250]);
  });

  it('offers what it does, and logins only under TLS', () => {
    const offered = (wishes: Wishes, line = 'EHLO pc') =>
      say(smtpSession(wishes), line).sent.split('\r\n').slice(1, -1);
    const always = [
      '250-localhost greets you', '250-SIZE 33554432', '250-PIPELINING', '250-8BITMIME', '250-SMTPUTF8',
      '250-ENHANCEDSTATUSCODES', '250-CHUNKING',
    ]; // prettier-ignore
    expect(offered({})).toEqual([...always, '250 STARTTLS']);
    expect(offered({ isSubmitting: true })).toEqual([...always, '250 STARTTLS']);
    expect(offered(SECURE)).toEqual([...always, '250 AUTH PLAIN LOGIN']);
    expect(offered({ limits: { message: 5 } })).toContain('250-SIZE 5');
    expect(offered({}, 'HELO pc')).toEqual(['250 localhost greets you']);
    expect(offered({}, 'hello pc')).toEqual(['250 localhost greets you']);
  });

  it('says a code of RFC 3463 in every reply but the greeting, the first of a greeting, and 354', () => {
    const without = Object.entries(replies).filter(([, reply]) => !('enhanced' in reply));
    expect(without.map(([name]) => name)).toEqual(['greeting', 'hello', 'startText']);
    for (const reply of Object.values(replies)) {
      expect(write(reply)).toMatch(/^\d{3} [\x20-\x7e]+\r\n$/);
      if ('enhanced' in reply) {
        expect(reply.enhanced[0]).toBe(String(reply.code)[0]);
        expect(reply.enhanced).toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/);
      }
    }
  });
});

describe('in each state of SMTP', () => {
  const states = {
    ready: [],
    mail: ['MAIL FROM:<a>'],
    rcpt: ['MAIL FROM:<a>', 'RCPT TO:<bob>'],
    chunks: ['MAIL FROM:<a>', 'RCPT TO:<bob>', 'BDAT 0'],
  } as const;
  type StateName = keyof typeof states;
  const NAMES = Object.keys(states) as StateName[];

  /** Where a session stands, by what it takes. */
  function stateAfter(before: readonly string[]): string {
    const outcome = say(smtpSession(), ...before);
    if (outcome.end !== 'open') return outcome.end;
    if (last(outcome).startsWith('354')) return 'data';
    const takes = (line: string) =>
      Number(/^(\d)\d\d/.exec(last(say(smtpSession(), ...before, line)))![1]) < 4;
    if (takes('MAIL FROM:<a>')) return 'ready';
    if (takes('DATA')) return 'rcpt';
    if (takes('RCPT TO:<bob>')) return 'mail';
    return takes('BDAT 0') ? 'chunks' : 'unknown';
  }

  const same = (code: number) =>
    Object.fromEntries(NAMES.map((name) => [name, [code, name]])) as Row;
  const to = (code: number, next: string) =>
    Object.fromEntries(NAMES.map((name) => [name, [code, next]])) as Row;
  type Row = Record<StateName, [code: number, next: string]>;

  /** To every command, in every state: the reply, and the state that follows. */
  const table: Record<string, Row> = {
    'HELO pc': to(250, 'ready'),
    'HELLO pc': to(250, 'ready'),
    'EHLO pc': to(250, 'ready'),
    STARTTLS: to(220, 'start tls'),
    'AUTH PLAIN': {
      ready: [538, 'ready'],
      mail: [503, 'mail'],
      rcpt: [503, 'rcpt'],
      chunks: [503, 'chunks'],
    },
    'MAIL FROM:<a>': {
      ready: [250, 'mail'],
      mail: [503, 'mail'],
      rcpt: [503, 'rcpt'],
      chunks: [503, 'chunks'],
    },
    'RCPT TO:<bob>': {
      ready: [503, 'ready'],
      mail: [250, 'rcpt'],
      rcpt: [250, 'rcpt'],
      chunks: [503, 'chunks'],
    },
    'RCPT TO:<zoe>': {
      ready: [503, 'ready'],
      mail: [550, 'mail'],
      rcpt: [550, 'rcpt'],
      chunks: [503, 'chunks'],
    },
    DATA: {
      ready: [503, 'ready'],
      mail: [503, 'mail'],
      rcpt: [354, 'data'],
      chunks: [503, 'chunks'],
    },
    'BDAT 0': {
      ready: [503, 'ready'],
      mail: [503, 'mail'],
      rcpt: [250, 'chunks'],
      chunks: [250, 'chunks'],
    },
    'BDAT 0 LAST': {
      ready: [503, 'ready'],
      mail: [503, 'mail'],
      rcpt: [250, 'ready'],
      chunks: [250, 'ready'],
    },
    RSET: to(250, 'ready'),
    NOOP: same(250),
    'NOOP some words': same(250),
    'VRFY bob': same(252),
    VRFY: same(501),
    HELP: same(214),
    'HELP MAIL': same(214),
    QUIT: to(221, 'close'),
    // Refused alike everywhere, and nothing happens.
    'EHLO': same(501),
    'HELO a b': same(501),
    'STARTTLS now': same(501),
    'RSET now': same(501),
    'QUIT now': same(501),
    'EXPN list': same(502),
    'ETRN x': same(502),
    'XYZZY': same(500),
    '': same(500),
    ' QUIT': same(500),
    'QUIT\t': same(500),
    '__proto__': same(500),
    'constructor': same(500),
    'toString': same(500),
  }; // prettier-ignore

  it('the test knows every row of the table', () => {
    const verbs = new Set(Object.keys(table).map((line) => line.split(' ')[0]!));
    expect([...protocol.commands.keys()].filter((verb) => !verbs.has(verb))).toEqual([]);
  });

  const rows = Object.entries(table).flatMap(([line, row]) =>
    NAMES.map((state) => ({ line, state, code: row[state][0], next: row[state][1] })),
  );

  it.each(rows)('$state answers $line with $code, and $next follows', ({ line, state, ...row }) => {
    for (const said of [line, line.toLowerCase()]) {
      const before = [...states[state], said];
      expect(codes(say(smtpSession(), ...before)).at(-1)).toBe(row.code);
      expect(stateAfter(before)).toBe(row.next);
    }
  });

  it('some commands are known by name, and not done', () => {
    for (const verb of notImplemented) {
      expect(codes(say(smtpSession(), verb, `${verb} x`))).toEqual([220, 502, 502]);
    }
  });
});

describe('however the octets of SMTP come', () => {
  const CONVERSATION = lines(
    'ehlo there', 'auth plain', plain('bob', 'wrong'), `AUTH LOGIN ${base64('bob')}`, '*', 'AUTH LOGIN', base64('BOB@x'),
    base64('secret'), 'AUTH PLAIN', 'MAIL FROM:<alice@x>', 'MAIL FROM:<bob@x> SIZE=1 BODY=8BITMIME', 'RCPT TO:<zoe>',
    'RCPT TO:<carol>', 'VRFY carol', 'DATA', '..a', '.b', '', 'QUIT', '.', 'mail from: bob', 'rcpt to:carol',
    'BDAT 6', 'QUIT', 'BDAT 8 LAST', 'NOOP', '', 'MAIL FROM:<>', 'BDAT 4 LAST', 'ab', 'RCPT TO:<bob>', 'data', 'bare \r cr',
    '.', 'NOOP', '\xff', 'MAIL FROM:<>', `RCPT TO:<${utf8('é')}>`, 'AUTH PLAIN', 'RSET', 'quit', 'NOOP',
  ); // prettier-ignore
  const session = () => smtpSession(SUBMISSION);
  const whole = play(session(), [CONVERSATION], stores);

  it('is one conversation', () => {
    expect(codes(whole)).toEqual([
      220, 250, 334, 535, 334, 501, 334, 334, 235, 503, 553, 250, 550, 250, 252, 354, 250, 250, 250, 250, 250, 250, 503,
      250, 354, 554, 250, 500, 250, 553, 503, 250, 221,
    ]); // prettier-ignore
    expect(whole.end).toBe('close');
    expect(messages(whole).map(text)).toEqual(['.a\r\nb\r\n\r\nQUIT\r\n', 'QUIT\r\nNOOP\r\n\r\n']);
  });

  it('is the same octet by octet, and cut in two anywhere', () => {
    expect(play(session(), octetByOctet(CONVERSATION), stores)).toEqual(whole);
    for (let at = 1; at < CONVERSATION.length; at += 1) {
      expect(play(session(), cut(CONVERSATION, [at]), stores)).toEqual(whole);
    }
  });

  it('is the same whenever the answers come: what was sent meanwhile waits', () => {
    const places = fc.uniqueArray(fc.nat(CONVERSATION.length), { maxLength: 12 });
    fc.assert(
      fc.property(places, fc.array(fc.boolean(), { maxLength: 80 }), (at, turns) => {
        const pieces = cut(CONVERSATION, at);
        expect(playLate(session(), pieces, stores, turns)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('every line gets exactly one reply, whatever it is', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'MAIL FROM:<a>', 'RCPT TO:<bob>', 'HELO x', '', 'NOOP', 'x', 'RCPT TO:', ' QUIT', 'BDAT 0', 'BDAT 0 LAST', 'BDAT x',
        'RSET', 'VRFY x', 'MAIL FROM:<a> X=1', 'AUTH PLAIN', `AUTH PLAIN ${plain('bob', 'x')}`,
      ),
      fc.string({ unit: 'binary-ascii' }).map((each) => each.replace(/\n|^(data|quit|starttls|bdat|auth|ehlo|help)/gi, '')),
    ); // prettier-ignore
    fc.assert(
      fc.property(fc.array(line, { maxLength: 19 }), (texts) => {
        const { sent } = say(smtpSession(), ...texts);
        expect(sent.split('\r\n')).toHaveLength(texts.length + 2);
        expect(codes({ sent })).toHaveLength(texts.length + 1);
      }),
    );
  });

  it('a thousand commands in one packet are answered in their order', () => {
    const texts = Array.from({ length: 1000 }, (_, index) =>
      index % 2 ? 'RCPT TO:<bob>' : 'MAIL FROM:<a>',
    );
    const it = smtpSession({ limits: { badCommands: 10_000 } });
    it.open(0);
    const actions = it.receive(lines(...texts), 0);
    expect(actions).toHaveLength(1000);
    expect(actions.slice(0, 4)).toMatchObject(
      [250, 250, 503, 250].map((code) => ({
        text: expect.stringMatching(`^${code} `) as string,
      })),
    );
  });

  it('it never throws, whatever comes', () => {
    const word = fc.constantFrom(
      'EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<bob>', 'DATA', 'QUIT', '.', '\r\n', '\n', '\r', '\0', ' ', '<', '"', 'BDAT 3',
      ' LAST', 'AUTH PLAIN', 'AUTH LOGIN ', '=', '*', plain('bob', 'secret'), 'STARTTLS',
    ); // prettier-ignore
    const limits = { commandLine: 64, textLine: 32, message: 64 };
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.string({ unit: 'binary' })), { maxLength: 60 }),
        fc.boolean(),
        (words, isSecure) => {
          const input = new Uint8Array(Buffer.from(words.join('')));
          const whole = play(smtpSession({ isSecure, limits }), [input], stores);
          if (whole.end !== 'open' && whole.notes.length > 0) return;
          const again = play(smtpSession({ isSecure, limits }), octetByOctet(input), stores);
          expect(again.requests).toEqual(whole.requests);
          expect(again.sent).toBe(whole.sent);
        },
      ),
    );
  });
});

describe('STARTTLS', () => {
  it('ends the session, and the next one knows nothing of it', () => {
    const it = smtpSession();
    const outcome = say(it, 'EHLO pc', 'MAIL FROM:<a>', 'RCPT TO:<bob>', 'STARTTLS');
    expect(outcome).toMatchObject({ end: 'start tls', notes: [] });
    expect(codes(outcome)).toEqual([220, 250, 250, 250, 220]);
    expect(it.deadline).toBe(Infinity);
    expect(it.receive(lines('NOOP'), 0)).toEqual([]);
    expect(it.stop(0, 0)).toEqual([]);
    expect(it.expire(1e15)).toEqual([]);
  });

  it('is followed by no greeting (RFC 3207)', () => {
    const it = smtpSession(SECURE);
    expect(it.open(5, 'go on')).toEqual([]);
    expect(it.deadline).toBe(300_005);
    // EHLO was said in the clear: whether there are parameters is open again.
    expect(it.receive(lines('MAIL FROM:<a> SIZE=1'), 0)).toMatchObject([
      { text: expect.stringMatching(/^555/) as string },
    ]);
  });

  it('is no longer possible under TLS', () => {
    expect(codes(say(smtpSession(SECURE), 'STARTTLS', 'NOOP'))).toEqual([220, 503, 250]);
  });

  it.each([
    ['a line', 'NOOP\r\n'], ['a part of a line', 'VRFY x'], ['an octet', '\x16'], ['an empty line', '\r\n'],
    ['a handshake', '\x16\x03\x01\x02\x00\x01'],
  ])('with %s behind it in the same packet is the end', (_, behind) => {
    const outcome = play(smtpSession(), [latin1(`EHLO pc\r\nSTARTTLS\r\n${behind}`)], stores);
    expect(codes(outcome)).toEqual([220, 250, 220]);
    expect(outcome).toMatchObject({ end: 'close', notes: ['octets came behind STARTTLS, before the handshake'] });
  }); // prettier-ignore
});

describe('AUTH', () => {
  const login = (wishes: Wishes, ...texts: string[]) =>
    say(smtpSession(wishes), 'EHLO pc', ...texts);

  it.each([
    ['PLAIN', [`AUTH PLAIN ${plain('bob', 'secret')}`], [235]],
    ['PLAIN, asked for', ['AUTH PLAIN', plain('bob', 'secret')], [334, 235]],
    ['PLAIN, as himself', [`auth plain ${plain('Bob@x', 'secret', 'bob@y')}`], [235]],
    ['LOGIN', ['AUTH LOGIN', base64('bob'), base64('secret')], [334, 334, 235]],
    ['LOGIN, with the name', [`AUTH LOGIN ${base64('bob')}`, base64('secret')], [334, 235]],
    ['a wrong password', [`AUTH PLAIN ${plain('bob', 'Secret')}`], [535]],
    ['nobody', [`AUTH PLAIN ${plain('zoe', 'secret')}`], [535]],
    ['somebody else', [`AUTH PLAIN ${plain('bob', 'secret', 'alice')}`], [535]],
    ['as nobody', [`AUTH PLAIN ${plain('bob', 'secret', 'zoe')}`], [535]],
    ['*', ['AUTH PLAIN', '*'], [334, 501]],
    ['* later', ['AUTH LOGIN', base64('bob'), '*'], [334, 334, 501]],
    ['no base64', ['AUTH PLAIN', 'x y'], [334, 501]],
    ['no base64 at once', ['AUTH PLAIN %'], [501]],
    ['no text', ['AUTH LOGIN', '/w=='], [334, 501]],
    ['an empty answer', ['AUTH PLAIN', ''], [334, 501]],
    ['= for nothing', ['AUTH PLAIN ='], [501]],
    ['CRAM-MD5', ['AUTH CRAM-MD5'], [504]],
    ['nothing', ['AUTH'], [501]],
    ['__proto__', ['AUTH __proto__'], [504]],
    ['twice', [BOB, BOB, 'AUTH LOGIN'], [235, 503, 503]],
    ['again after a wrong one', [`AUTH PLAIN ${plain('bob', 'x')}`, BOB], [535, 235]],
    ['within a transaction', ['MAIL FROM:<a>', BOB], [250, 503]],
  ])('with %s', (_, texts, expected) => {
    const outcome = login(SECURE, ...texts);
    expect(codes(outcome).slice(2)).toEqual(expected);
    expect(outcome.end).toBe('open');
    // What comes next is a command again.
    expect(codes(login(SECURE, ...texts, 'NOOP')).at(-1)).toBe(250);
  }); // prettier-ignore

  it('in the clear is refused before the password could come', () => {
    expect(codes(login({}, 'AUTH PLAIN', 'AUTH LOGIN', BOB)).slice(2)).toEqual([538, 538, 538]);
    expect(codes(login({ isSubmitting: true }, BOB)).at(-1)).toBe(538);
  });

  it('has answers that are never obeyed as commands', () => {
    const outcome = login(SECURE, 'AUTH LOGIN', 'QUIT', 'QUIT', 'NOOP');
    // QUIT is base64, by the way.
    expect(codes(outcome).slice(2)).toEqual([334, 334, 535, 250]);
    expect(outcome.end).toBe('open');
    const said = login(SECURE, 'AUTH PLAIN', 'STARTTLS now', 'AUTH PLAIN', 'MAIL FROM:<a>', 'RSET');
    expect(codes(said).slice(2)).toEqual([334, 501, 334, 501, 250]);
  });

  it('asks for the check of an account, and of nobody in the same way', () => {
    const asked = (name: string, authorization = '') =>
      login(SECURE, `AUTH PLAIN ${plain(name, 'x', authorization)}`).requests;
    const check = (account: string | undefined) => [
      { type: 'authenticate', account, password: 'x' },
    ];
    expect(asked('bob')).toEqual(check('bob'));
    expect(asked('BOB@any.example')).toEqual(check('bob'));
    for (const name of ['zoe', '../bob', 'bob\r', 'bob\n', 'bob@x\n', '__proto__', 'bo\u0308b']) {
      expect(asked(name)).toEqual(check(undefined));
    }
    expect(asked('bob', 'alice')).toEqual(check(undefined));
  });

  it('says no more of a name that there is than of one that there is not', () => {
    const said = (name: string) => login(SECURE, `AUTH PLAIN ${plain(name, 'x')}`);
    expect(said('zoe').sent).toBe(said('bob').sent);
    expect(said('zoe').notes).toEqual(said('bob').notes);
  });

  it('writes no password into the log', () => {
    const { notes } = login(SECURE, `AUTH PLAIN ${plain('bob', 'hush')}`, BOB);
    expect(notes).toEqual(['login refused: wrong name or password', 'bob has logged in']);
  });

  it('is over after so many wrong passwords, and a busy server is not held against anybody', () => {
    const wrong = `AUTH PLAIN ${plain('bob', 'x')}`;
    const outcome = login({ ...SECURE, limits: { wrongPasswords: 3 } }, wrong, wrong, 'NOOP', wrong, BOB);
    expect(codes(outcome).slice(2)).toEqual([535, 535, 250, 421]);
    expect(outcome.end).toBe('close');
    const busy = play(smtpSession({ ...SECURE, limits: { wrongPasswords: 1 } }), [lines(BOB, BOB, BOB, BOB)], () => 'busy');
    expect(codes(busy)).toEqual([220, 454, 454, 454, 454]);
  }); // prettier-ignore

  it('may have a line of 12,288 octets, and other commands have their own limit', () => {
    const wishes = { ...SECURE, limits: { commandLine: 100 } };
    const password = 'x'.repeat(3 * Math.floor((LOGIN_LINE - 30) / 4) - 10);
    const line = `AUTH PLAIN ${plain('bob', password)}`;
    expect(line.length).toBeGreaterThan(12_000);
    expect(codes(login(wishes, line, 'NOOP')).slice(2)).toEqual([535, 250]);
    expect(codes(login(wishes, 'AUTH LOGIN', base64('bob'), base64(password), 'NOOP')).slice(2)).toEqual([334, 334, 535, 250]);
    expect(codes(login(wishes, `NOOP ${'x'.repeat(94)}`)).slice(2)).toEqual([500]);
    expect(codes(login(wishes, `NOOP ${'x'.repeat(93)}`)).slice(2)).toEqual([250]);
    const tooLong = login(wishes, 'AUTH PLAIN', 'x'.repeat(LOGIN_LINE));
    expect(codes(tooLong).slice(2)).toEqual([334, 500]);
    expect(tooLong.end).toBe('close');
  }); // prettier-ignore

  it('stays over messages, RSET and a new EHLO', () => {
    const letter = ['MAIL FROM:<bob@x>', 'RCPT TO:<alice>', 'DATA', '.'];
    const outcome = login(SUBMISSION, BOB, ...letter, 'RSET', 'EHLO again', ...letter);
    expect(messages(outcome).map(({ client }) => client.account)).toEqual(['bob', 'bob']);
  });
});

describe('on a port for submission', () => {
  const submit = (wishes: Wishes, ...texts: string[]) =>
    codes(say(smtpSession({ isSubmitting: true, ...wishes }), 'EHLO pc', ...texts)).slice(2);

  it('nobody sends in the clear, nor without having logged in', () => {
    expect(submit({}, 'MAIL FROM:<bob@x>', 'MAIL FROM:<>')).toEqual([530, 530]);
    expect(submit(SECURE, 'MAIL FROM:<bob@x>', BOB, 'MAIL FROM:<bob@x>')).toEqual([530, 235, 250]);
    expect(submit(SECURE, 'VRFY bob', 'RCPT TO:<bob>', 'DATA', 'BDAT 0 LAST')).toEqual([252, 503, 503, 503]);
  }); // prettier-ignore

  it.each([
    ['bob', 250], ['Bob@anything.example', 250], ['', 250], ['"bob"@x', 250], ['@relay.example:bob@x', 250],
    ['alice@x', 553], ['zoe@x', 553], ['bob.smith@x', 553], ['bob@alice@x', 501],
  ])('bob sends as <%s>: %i', (address, code) => {
    expect(submit(SECURE, BOB, `MAIL FROM:<${address}>`)).toEqual([235, code]);
  }); // prettier-ignore

  it('bob sends from his own domains only, where they are known', () => {
    const wishes = { ...SECURE, domains: ['example.com'] };
    expect(
      submit(wishes, BOB, 'MAIL FROM:<bob@evil.example>', 'MAIL FROM:<bob@example.com>'),
    ).toEqual([235, 553, 250]);
  });

  it('on the port for mail from anybody, who has logged in is held to the name as well', () => {
    const said = say(smtpSession(SECURE), 'MAIL FROM:<alice>', 'RSET', BOB, 'MAIL FROM:<alice>');
    expect(codes(said)).toEqual([220, 250, 250, 235, 553]);
  });
});

describe('what MAIL and RCPT may say', () => {
  it.each([
    ['SIZE=0', 250], ['SIZE=33554432', 250], ['SIZE=33554433', 552], ['SIZE=99999999999999999999', 552], ['SIZE=x', 501],
    ['SIZE', 501], ['SIZE=-1', 501], ['SIZE=999999999999999999999', 501], ['BODY=7BIT', 250], ['body=8bitmime', 250],
    ['BODY=BINARYMIME', 501], ['BODY', 501], ['SMTPUTF8', 250], ['SMTPUTF8=1', 501], ['AUTH=<>', 250], ['AUTH=a+2Bb', 250],
    ['AUTH', 501], ['RET=FULL', 555], ['constructor=1', 555], ['__proto__=1', 501], ['SIZE=1 SIZE=1', 501],
    ['SIZE=1 BODY=8BITMIME SMTPUTF8 AUTH=<>', 250],
  ])('MAIL with %s: %i', (parameters, code) => {
    const line = `MAIL FROM:<a> ${parameters}`;
    expect(codes(say(smtpSession(), 'EHLO pc', line))).toEqual([220, 250, code]);
    // Who has said HELO, or nothing, knows of no parameters.
    const unoffered = code === 501 && /^(?:__proto__|SIZE=1 SIZE)/.test(parameters) ? 501 : 555;
    expect(codes(say(smtpSession(), 'HELO pc', line))).toEqual([220, 250, unoffered]);
    expect(codes(say(smtpSession(), 'EHLO pc', 'HELO pc', line)).at(-1)).toBe(unoffered);
  }); // prettier-ignore

  it('RCPT knows no parameters', () => {
    const said = say(smtpSession(), 'EHLO pc', 'MAIL FROM:<a>', 'RCPT TO:<bob> NOTIFY=NEVER');
    expect(codes(said).at(-1)).toBe(555);
  });

  it('addresses are ASCII, unless MAIL says SMTPUTF8; and that counts for one message', () => {
    const from = utf8('MAIL FROM:<é@x>');
    const to = utf8('RCPT TO:<bob@é.example>');
    expect(codes(say(smtpSession(), 'EHLO pc', from))).toEqual([220, 250, 553]);
    const outcome = say(
      smtpSession(), 'EHLO pc', `${from} SMTPUTF8`, to, 'DATA', '.', 'MAIL FROM:<>', to, 'RCPT TO:<bob>', 'DATA', '.',
    ); // prettier-ignore
    expect(codes(outcome).slice(2)).toEqual([250, 250, 354, 250, 250, 553, 250, 354, 250]);
    expect(messages(outcome).map(({ isUtf8 }) => isUtf8)).toEqual([true, false]);
    expect(messages(outcome)[0]?.reversePath).toBe('é@x');
  });

  it('a text may be in eight bits, whatever MAIL has said', () => {
    const outcome = say(smtpSession(), ...ENVELOPE, 'Subject: \xe9\xff', '.');
    expect(text(messages(outcome)[0])).toBe('Subject: \xe9\xff\r\n');
  });

  it('recipients are accounts, by their local parts', () => {
    const outcome = say(
      smtpSession(), 'MAIL FROM:<>', 'RCPT TO:<BOB@any.example>', 'RCPT TO:carol', 'RCPT TO:<zoe@x>', 'RCPT TO:<bob+x@x>', 'DATA', '.',
    ); // prettier-ignore
    expect(codes(outcome)).toEqual([220, 250, 250, 250, 550, 550, 354, 250]);
    expect(messages(outcome)[0]?.recipients).toEqual([
      { address: 'BOB@any.example', mailbox: 'bob' },
      { address: 'carol', mailbox: 'carol' },
    ]);
    expect(outcome.sent).toContain('\r\n550 5.1.1 Address unknown\r\n');
  });

  it('mail for other domains is not taken, by anybody: this is no relay', () => {
    for (const before of [[], [BOB]]) {
      const outcome = say(
        smtpSession({ ...SECURE, domains: ['example.com'] }), 'EHLO pc', ...before, 'MAIL FROM:<bob@example.com>',
        'RCPT TO:<bob@example.org>', 'RCPT TO:<zoe@example.com>', 'RCPT TO:<bob@EXAMPLE.com>', 'RCPT TO:<bob>',
        'RCPT TO:<@example.org:bob@example.com>', 'RCPT TO:<@example.com:bob@example.org>', 'RCPT TO:<bob%example.org@example.com>',
      ); // prettier-ignore
      expect(codes(outcome).slice(3 + before.length)).toEqual([550, 550, 250, 250, 250, 550, 550]);
      expect(outcome.sent).toContain('550 5.7.1 This server takes mail for its own domains only');
    }
  });
});

describe('the limits of SMTP', () => {
  it('close on a line without end, and keep no more of it than they may', () => {
    const endless = Array<Uint8Array>(2000).fill(latin1('x'.repeat(1000)));
    const outcome = play(smtpSession(), endless, stores);
    expect(codes(outcome)).toEqual([220, 500]);
    expect(outcome.end).toBe('close');
  });

  it('refuse recipients beyond them and keep those before', () => {
    const outcome = say(
      smtpSession({ limits: { recipients: 2 } }), 'MAIL FROM:<>', 'RCPT TO:<bob>', 'RCPT TO:<bob>', 'RCPT TO:<bob>', 'DATA', '.',
    ); // prettier-ignore
    expect(codes(outcome)).toEqual([220, 250, 250, 250, 452, 354, 250]);
    expect(outcome.sent).toContain('452 4.5.3 ');
    expect(messages(outcome)[0]?.recipients).toHaveLength(2);
  });

  it.each(['x', 'AUTH PLAIN %', 'BDAT x', 'MAIL FROM:<a> X=1', 'AUTH', '\xff', 'BDAT 0'])(
    'say goodbye to the twentieth %j',
    (line) => {
      const outcome = say(smtpSession(SECURE), ...Array<string>(19).fill(line), 'NOOP', line, line);
      expect(codes(outcome).slice(-2)).toEqual([250, 421]);
      expect(codes(outcome)).toHaveLength(22);
    },
  );

  it('do not count what a client could not know: 550, 552, 553, 530, 535, 538', () => {
    const wishes = { limits: { badCommands: 2, wrongPasswords: 100 } };
    const many = (line: string) => Array<string>(5).fill(line);
    const outcome = say(
      smtpSession(wishes), 'EHLO pc', ...many('AUTH PLAIN'), ...many('MAIL FROM:<a> SIZE=99999999999'), 'MAIL FROM:<>',
      ...many('RCPT TO:<zoe>'), ...many('RCPT TO:<b\x1b>'),
    ); // prettier-ignore
    expect(outcome.end).toBe('open');
    const submit = smtpSession({ ...wishes, ...SUBMISSION });
    const refused = say(submit, ...many('MAIL FROM:<a>'), ...many(`AUTH PLAIN ${plain('bob', 'x')}`));
    expect(refused.end).toBe('open');
  }); // prettier-ignore
});

describe('the deadlines of SMTP', () => {
  it('give five minutes for a command, and for each answer of a login', () => {
    const it = smtpSession(SECURE);
    it.open(0);
    it.receive(lines('AUTH LOGIN'), 1000);
    expect(it.deadline).toBe(301_000);
    it.receive(latin1('Y'), 200_000);
    expect(it.deadline).toBe(301_000);
    it.receive(lines('m9i'), 250_000);
    expect(it.deadline).toBe(550_000);
    expect(it.expire(550_000)).toMatchObject([
      { text: expect.stringMatching(/^421 4\.4\.2/) as string },
      { type: 'close' },
    ]);
  });

  it('do not run while the server looks after a password', () => {
    const it = smtpSession(SECURE);
    it.open(0);
    expect(it.receive(lines(BOB, 'NOOP'), 1000).map(({ type }) => type)).toEqual(['authenticate']);
    expect(it.deadline).toBe(Infinity);
    expect(it.resume('right', 9000).map(({ type }) => type)).toEqual(['note', 'send', 'send']);
    expect(it.deadline).toBe(309_000);
  });
});

describe('when the server stops, SMTP', () => {
  it.each<[string, string[], Request['type'] | undefined, number[]]>([
    ['says 421 at once if nothing is in hand', ['EHLO pc', 'MAIL FROM:<a>'], undefined, [421]],
    ['does not wait for the answers of a login', ['AUTH LOGIN'], undefined, [421]],
    ['says first whether the password was right', [BOB], 'authenticate', [235, 421]],
    ['says first whether the message is stored', [...ENVELOPE, '.'], 'deliver', [250, 421]],
  ])('%s', (_, texts, request, expected) => {
    const it = smtpSession(SECURE);
    it.open(0);
    const asked = it.receive(lines(...texts), 0).at(-1);
    const now = [...it.stop(0, 1000)];
    if (request) {
      expect(now).toEqual([]);
      expect(asked?.type).toBe(request);
      now.push(...it.resume(request === 'deliver' ? 'stored' : 'right', 0));
    }
    const sent = now.map((action) => (action.type === 'send' ? action.text : '')).join('');
    expect(codes({ sent })).toEqual(expected);
    expect(now.at(-1)).toEqual({ type: 'close' });
    expect(it.stop(0, 1000)).toEqual([]);
  });

  it.each(['wrong', 'busy'] as const)('closes once after a login that was %s', (verdict) => {
    const it = smtpSession({ ...SECURE, limits: { wrongPasswords: 1 } });
    it.open(0);
    it.receive(lines(BOB), 0);
    it.stop(0, 1000);
    expect(it.resume(verdict, 0).filter(({ type }) => type === 'close')).toHaveLength(1);
  });
});
