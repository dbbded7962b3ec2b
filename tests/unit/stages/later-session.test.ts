import { describe, expect, it } from 'vitest';
import * as v2 from '../../../v2-helo/src/session.ts';
import * as v2Users from '../../../v2-helo/src/users.ts';
import * as v3 from '../../../v3-pop3/src/session.ts';
import * as v3Users from '../../../v3-pop3/src/users.ts';
import { plain, plainV3, say, type Session } from './sessions.ts';

const LIST = 'alice\nBob\n\n# a remark\n carol \n';

interface Settings {
  strict?: boolean;
  /** With the closed list. */
  closed?: boolean;
}

interface Stage {
  stage: string;
  session: (settings?: Settings) => Session;
  readUsers: (text: string) => unknown;
}

/** What stage 2 promises, the later stages keep. */
const stages: Stage[] = [
  {
    stage: 'v2',
    session: ({ strict = false, closed } = {}) =>
      new v2.Session({ ...plain, strict, users: closed ? v2Users.readUsers(LIST) : undefined }),
    readUsers: v2Users.readUsers,
  },
  {
    stage: 'v3',
    session: ({ strict = false, closed } = {}) =>
      new v3.Session({ ...plainV3, strict, users: closed ? v3Users.readUsers(LIST) : undefined }),
    readUsers: v3Users.readUsers,
  },
];

describe.each(stages)('HELO, RSET and NOOP in $stage', ({ session }) => {
  it('answers HELO and HELLO with 250, EHLO with 502', () => {
    expect(say(session(), 'EHLO pc', 'HELO pc', 'hello pc', 'HELO', 'HELO a b').codes).toEqual([
      220, 502, 250, 250, 501, 501,
    ]);
  });

  it('refuses control octets in the name of HELO', () => {
    expect(say(session(), 'HELO \x1b[31m', 'HELO \xe2\x80\xa8', 'HELO a\rb').codes).toEqual([
      220, 501, 501, 501,
    ]);
  });

  it.each(['RSET', 'HELO again'])('ends the transaction at %s', (line) => {
    const { codes } = say(session(), 'MAIL FROM:<a>', 'RCPT TO:<b>', line, 'DATA', 'MAIL FROM:<c>');
    expect(codes).toEqual([220, 250, 250, 250, 503, 250]);
  });

  it('changes nothing at NOOP, with words or without', () => {
    const { codes } = say(
      session(),
      'MAIL FROM:<a>',
      'NOOP',
      'noop some words',
      'RCPT TO:<b>',
      'NOOP',
      'DATA',
    );
    expect(codes).toEqual([220, 250, 250, 250, 250, 250, 354]);
  });

  it('remembers over messages what the client calls itself', () => {
    const letter = ['MAIL FROM:<a>', 'RCPT TO:<b>', 'DATA', '.'];
    const { messages } = say(session(), 'HELO pc.example', ...letter, ...letter);
    expect(messages.map(({ helo }) => helo)).toEqual(['pc.example', 'pc.example']);
  });
});

it('gives a sender that cannot be a folder 553, where v2 files by sender', () => {
  const long = `MAIL FROM:<${'a'.repeat(250)}@b>`;
  const bySender = new v2.Session({ ...plain, fileBy: 'sender' });
  expect(say(bySender, 'MAIL FROM:<>', 'RSET', long).codes).toEqual([220, 250, 250, 553]);
  for (const { session } of stages) expect(say(session(), long).codes).toEqual([220, 250]);
});

describe.each(stages)('the closed list in $stage', ({ session, readUsers }) => {
  it('compares by local part, in lower case', () => {
    const { codes, messages } = say(
      session({ closed: true }),
      'MAIL FROM:<x>',
      'RCPT TO:<BOB@anywhere.example>',
      'RCPT TO:<alice>',
      'DATA',
      '.',
    );
    expect(codes).toEqual([220, 250, 250, 250, 354, 250]);
    expect(messages[0]?.recipients.map(({ mailbox }) => mailbox)).toEqual(['bob', 'alice']);
  });

  it('says 550 Address unknown, and the transaction goes on', () => {
    const { sent } = say(
      session({ closed: true }),
      'MAIL FROM:<x>',
      'RCPT TO:<zoe>',
      'RCPT TO:<bob>',
      'DATA',
    );
    expect(sent).toMatch(/^220 .*\r\n250 .*\r\n550 Address unknown\r\n250 .*\r\n354 .*\r\n$/);
  });

  it.each(['two words', ':b', '<x>', 'a@b', 'b\x1b'])(
    'refuses the line %j, with its number',
    (line) => {
      expect(() => readUsers(`alice\n${line}\n`)).toThrow('line 2');
    },
  );
});

it('has no passwords in v2', () => {
  expect(() => v2Users.readUsers('alice\nbob:secret\n')).toThrow('line 2');
});

describe.each(stages)('the strict order in $stage', ({ session }) => {
  const letter = ['MAIL FROM:<a>', 'RCPT TO:<bob>', 'DATA', '.'];
  const strict = (...lines: string[]) => say(session({ strict: true, closed: true }), ...lines);

  it('lets HELO, MAIL, RCPT, DATA pass, then MAIL again or QUIT', () => {
    const { codes } = strict('HELO pc', ...letter, ...letter, 'QUIT');
    expect(codes).toEqual([220, 250, 250, 250, 354, 250, 250, 250, 354, 250, 221]);
  });

  it.each([
    [[], 'MAIL FROM:<a>'],
    [[], 'QUIT'],
    [['HELO pc'], 'HELO pc'],
    [['HELO pc'], 'RCPT TO:<bob>'],
    [['HELO pc'], 'QUIT'],
    [['HELO pc'], 'NOOP'],
    [['HELO pc'], 'EHLO pc'],
    [['HELO pc'], 'MAIL'],
    [['HELO pc'], 'MAIL FROM:'],
    [['HELO pc', 'MAIL FROM:<a>'], 'RCPT TO:<>'],
    [['HELO pc', 'MAIL FROM:<a>', 'RCPT TO:<bob>'], 'RCPT TO:<alice>'],
    [['HELO pc', 'MAIL FROM:<a>', 'RCPT TO:<bob>'], 'RSET'],
    [['HELO pc', ...letter], 'HELO pc'],
  ])('after %j answers %j with its one sentence, and waits for the right one', (before, line) => {
    const { sent } = strict(...before, line);
    expect(sent).toMatch(/\r\n500 Syntax error, command unrecognized\r\n$/);
    expect(
      strict(
        ...before,
        line,
        ...'HELO pc\nMAIL FROM:<a>\nRCPT TO:<bob>\nDATA\n.\nQUIT'.split('\n'),
      ).codes.at(-1),
    ).toBe(221);
  });

  it('goes back to MAIL after a 550', () => {
    const { codes } = strict(
      'HELO pc',
      'MAIL FROM:<a>',
      'RCPT TO:<zoe>',
      'RCPT TO:<bob>',
      ...letter,
      'QUIT',
    );
    expect(codes).toEqual([220, 250, 250, 550, 500, 250, 250, 354, 250, 221]);
  });

  it('lets a client go that has sent a message before a 550', () => {
    expect(
      strict('HELO pc', ...letter, 'MAIL FROM:<a>', 'RCPT TO:<zoe>', 'QUIT').codes.slice(-2),
    ).toEqual([550, 221]);
  });

  it('does not take a refused message for a sent one', () => {
    const { codes } = strict(
      'HELO pc',
      'MAIL FROM:<a>',
      'RCPT TO:<bob>',
      'DATA',
      'x\r',
      '.',
      'QUIT',
    );
    expect(codes.slice(-2)).toEqual([554, 500]);
  });
});
