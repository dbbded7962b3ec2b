import { describe, expect, it } from 'vitest';
import { stuffed, type Pop3Behaviour, type Pop3Session } from './pop3-in-test.ts';
import {
  answers,
  dialogue,
  mail,
  play,
  pop3,
  scenario,
  serverInTest,
  SILENT,
  told,
  type Client,
} from './server-in-test.ts';

const BOB = 'bob@example.com';
const TEXT = ['Subject: {token}', '', 'a line', '.a dot', 'the end.'];
const READ = [
  'C: LIST',
  'S: +OK',
  'S: /1 (?<octets>\\d+)/',
  'S: .',
  'C: RETR 1',
  'S: +OK',
  'S: …',
  'S: Subject: {token}',
  'S:',
  'S: a line',
  'S: ..a dot',
  'S: the end.',
  'S: .',
  'octets {octets}',
];

/** What students read of a POP3 server that does this; `nothing` if it is right. */
async function toldOf(
  behaviour: Pop3Behaviour,
  lines: string[],
  about: { text?: string[]; head?: string[]; silent?: boolean } = {},
): Promise<string> {
  const server = await serverInTest({ pop3: behaviour });
  const body = `${mail(BOB, ...(about.text ?? TEXT))}${pop3(BOB, ...lines)}`;
  const options = about.silent === true ? SILENT : {};
  return told(await play(server, scenario(body, ...(about.head ?? [])), options));
}

const read = (wire: (text: string) => string, about?: Parameters<typeof toldOf>[2]) =>
  toldOf({ wire }, READ, about);

describe('a right server', () => {
  it('is found right, however the lines are delivered', async () => {
    const server = await serverInTest({ pop3: {} });
    const body = scenario(`${mail(BOB, ...TEXT)}${pop3(BOB, ...READ, 'C: DELE 1', 'S: +OK')}`);
    for (const delivery of ['line', 'text', 'pipelined', 'bytes'] as const)
      expect(told(await play(server, body, { delivery }))).toBe('nothing');
  });
});

describe('the end of a reply of several lines', () => {
  it('is missed where the lone dot never comes', async () => {
    expect(await read((text) => text.replace(/^\./gm, '..'), { silent: true })).toBe(
      'replyNoLoneDot: The reply to RETR 1 never ends: the last line that came is “the end.”. Lines that follow +OK end with a line that is a lone dot.',
    );
  });

  it('is missed where nothing follows +OK at all', async () => {
    expect(await toldOf({ command: answers('LIST', '+OK 1 77\r\n') }, READ, { silent: true })).toBe(
      'replyNoLines: The server answered LIST with +OK 1 77, and nothing followed. Behind this +OK come lines, and the last of them is a lone dot.',
    );
  });

  it('is what was expected where it never comes', async () => {
    const server = await serverInTest({ pop3: { command: answers('LIST', '+OK 1 77\r\n') } });
    const { steps } = await play(server, scenario(pop3(BOB, 'C: LIST', 'S: +OK')), SILENT);
    expect(steps.at(-1)).toMatchObject({ text: 'silence', expected: 'S: .', ok: false });
  });

  it('is told where the dot stands at the end of another line', async () => {
    const wire = (text: string) => stuffed(text).replace(/\r\n\.\r\n$/, '.\r\n');
    expect(await read(wire, { silent: true })).toBe(
      'replyDotInLine: The reply to RETR 1 never ends: the dot should be a line of its own, but it stands at the end of “the end..”.',
    );
  });

  it('is told where the dot has no line end', async () => {
    expect(await read((text) => stuffed(text).slice(0, -2), { silent: true })).toBe(
      'replyLastLineNoEnd: The last line of the reply to RETR 1 is “.”, and it has no end. Every line ends in CR LF (\\r\\n).',
    );
  });

  it('is missed where the server closes instead', async () => {
    const command = (line: string, { socket }: Client) =>
      line.startsWith('RETR') && !!socket.end('+OK\r\nSubject: x\r\n');
    expect(await toldOf({ command }, READ)).toBe(
      'closedInReply: The server closed the connection before its reply to RETR 1 was complete: the last line that came is “Subject: x”. Lines that follow +OK end with a line that is a lone dot.',
    );
  });

  it('is not what is wrong where -ERR was wanted', async () => {
    const command = answers('RETR', '+OK here it comes\r\nx\r\n');
    expect(await toldOf({ command }, ['C: RETR abc', 'S: -ERR'], { silent: true })).toBe(
      'wrongCode: RETR abc should be answered with -ERR, but the server said +OK here it comes.',
    );
  });
});

describe('the lines of a message', () => {
  it.each([
    [
      'without its stuffing dot',
      (text: string) => `${text}.\r\n`,
      'contentDotMissing: In the reply to RETR 1 instead of “..a dot” came “.a dot”: a dot is missing. Before each line of the text that begins with a dot the server puts one more, and the client takes it away again.',
    ],
    [
      'with a dot too many',
      (text: string) => stuffed(text.replace(/^\./gm, '..')),
      'contentDotTooMany: In the reply to RETR 1 instead of “..a dot” came “...a dot”, with a dot too many. Before a line of the text that begins with a dot the server puts one more, and no others.',
    ],
    [
      'with an empty line at the end',
      (text: string) => stuffed(`${text}\r\n`),
      'contentTooMany: The reply to RETR 1 has a line too many: an empty line.',
    ],
    [
      'without the last line',
      (text: string) => stuffed(text.replace('the end.\r\n', '')),
      'contentEnds: The reply to RETR 1 ends too early: “the end.” is missing.',
    ],
    [
      'without its empty line',
      (text: string) => stuffed(text.replace('\r\n\r\n', '\r\n')),
      'contentMissing: The reply to RETR 1 is without one of its lines: an empty line.',
    ],
    [
      'with line ends doubled',
      (text: string) => stuffed(text.replaceAll('\r\n', '\r\n\r\n')),
      'contentEndsDoubled: In the reply to RETR 1 every line end came twice. A line ends in one CR LF.',
    ],
    [
      'with line ends in CR CR LF',
      (text: string) => stuffed(text.replaceAll('\r\n', '\r\r\n')),
      'contentEndsDoubled: In the reply to RETR 1 every line end came twice. A line ends in one CR LF.',
    ],
    [
      'in one long line',
      (text: string) => `${text.replaceAll('\r\n', ' ').replace(' .a', ' ..a')}\r\n.\r\n`,
      'contentEndsLost: In the reply to RETR 1 the line ends are lost: “Subject: {token}” runs together with the next line.',
    ],
    [
      'of another message',
      () => 'Subject: other\r\n\r\nanother text\r\n.\r\n',
      'contentNone: The reply to RETR 1 holds another text: “Subject: {token}” is not in it, and its last line is “another text”.',
    ],
    [
      'changed',
      (text: string) => stuffed(text.replace('a line', 'A LINE')),
      'contentChanged: The reply to RETR 1 is not what it should be: instead of “a line” came “A LINE”.',
    ],
  ])('are named %s', async (_, wire, sentence) => {
    expect(await read(wire)).toBe(sentence);
  });

  it('end too early where a lone dot was not stuffed', async () => {
    const text = ['Subject: {token}', '', '.', 'after'];
    const lines = ['C: RETR 1', 'S: +OK', 'S: …', 'S:', 'S: ..', 'S: after', 'S: .'];
    expect(await toldOf({ wire: (whole) => `${whole}.\r\n` }, lines, { text })).toBe(
      'contentDotEnds: The reply to RETR 1 ends in the middle of the text: a line of it that is a lone dot was sent as it is. Before each line that begins with a dot the server puts one more.',
    );
  });

  it('name a token as the scenario does', async () => {
    const wire = (text: string) => stuffed(text.replace('Subject', 'subject'));
    const server = await serverInTest({ pop3: { wire } });
    const { steps } = await play(server, scenario(`${mail(BOB, ...TEXT)}${pop3(BOB, ...READ)}`));
    expect(steps.at(-1)).toMatchObject({
      text: 'subject: {token}',
      expected: 'S: Subject: {token}',
    });
  });

  it('show control octets', async () => {
    const wire = (text: string) => stuffed(text.replace('a line', 'a\x1bline\t'));
    expect(await read(wire)).toContain('instead of “a line” came “a\\x1bline\\t”');
  });

  it('are shown up to the one that differs, with what was expected beside it', async () => {
    const wire = (text: string) => stuffed(`Received: today\r\n${text.replace('a line', 'b')}`);
    const server = await serverInTest({ pop3: { wire } });
    const body = scenario(`${mail(BOB, ...TEXT)}${pop3(BOB, ...READ)}`);
    const { steps, finding } = await play(server, body);
    expect(steps.slice(-5)).toEqual([
      {
        connection: 'bob',
        from: 'S',
        text: '+OK here it is',
        expected: 'S: +OK',
        line: 20,
        ok: true,
      },
      { connection: 'bob', from: 'S', text: '…', ok: true },
      { connection: 'bob', from: 'S', text: 'Subject: {token}', ok: true },
      { connection: 'bob', from: 'S', text: '', ok: true },
      { connection: 'bob', from: 'S', text: 'b', expected: 'S: a line', line: 20, ok: false },
    ]);
    expect(finding).toMatchObject({ step: steps.length - 1, line: 20 });
  });
});

describe('the lines of LIST', () => {
  it.each([
    [
      (lines: string[]) =>
        stuffed(
          lines
            .slice(1)
            .map((line) => `${line}\r\n`)
            .join(''),
        ),
      'contentEnds: The reply to LIST ends too early: “1 N” is missing.',
    ],
    [
      (lines: string[]) => stuffed([...lines, '2 7'].map((line) => `${line}\r\n`).join('')),
      'contentTooMany: The reply to LIST has a line too many: “2 7”.',
    ],
    [
      () => '1: 120\r\n.\r\n',
      'contentChanged: The reply to LIST is not what it should be: instead of “1 N” came “1: 120”.',
    ],
  ])('are named: %#', async (list, sentence) => {
    expect(await toldOf({ list }, READ)).toBe(sentence);
  });

  it('is a line too many, where one message was asked for', async () => {
    const command = answers('LIST', '+OK\r\n1 120\r\n.\r\n');
    expect(await toldOf({ command }, ['C: LIST 1', 'S: +OK'])).toBe(
      'linesAfterReply: The reply to LIST 1 is one line, but after +OK the server sent “1 120”.',
    );
  });

  it('is told before a text that is wrong for that reason', async () => {
    const command = answers('LIST', '+OK\r\n1 120\r\n.\r\n');
    expect(await toldOf({ command }, ['C: LIST 1', 'S: +OK /^1 +\\d+/'])).toBe(
      'linesAfterReply: The reply to LIST 1 is one line, but after +OK the server sent “1 120”.',
    );
  });

  it('is not what is wrong with a wrong code', async () => {
    const command = answers('LIST', '-ERR what?\r\n.\r\n');
    expect(await toldOf({ command }, ['C: LIST 1', 'S: +OK'])).toBe(
      'wrongCode: LIST 1 should be answered with +OK, but the server said -ERR what?.',
    );
  });

  it('is a dot too many behind -ERR', async () => {
    const command = answers('LIST', '-ERR no such message\r\n.\r\n');
    expect(await toldOf({ command }, ['C: LIST 9', 'S: -ERR', 'C: NOOP', 'S: +OK'])).toBe(
      'linesAfterErr: After -ERR no such message for LIST 9 the server sent “.”. Behind -ERR no line follows, not even a dot.',
    );
  });

  it('is a line behind the lone dot', async () => {
    const command = answers('LIST', '+OK\r\n1 120\r\n.\r\n.\r\n');
    expect(await toldOf({ command }, ['C: LIST', 'S: +OK'])).toBe(
      'linesAfterDot: After the lone dot that ends the reply to LIST the server sent “.”. What a client asks next is answered only when it asks.',
    );
  });

  it('that was not asked for is shown by itself', async () => {
    const server = await serverInTest({
      pop3: { command: answers('LIST', '-ERR no\r\n.\r\n') },
    });
    const { steps } = await play(server, scenario(pop3(BOB, 'C: LIST 9', 'S: -ERR')));
    expect(steps.at(-1)).toMatchObject({ from: 'S', text: '.', ok: false });
  });

  it('is a second reply', async () => {
    const command = answers('LIST', '+OK\r\n.\r\n+OK\r\n');
    expect(await toldOf({ command }, ['C: LIST', 'S: +OK', 'C: NOOP', 'S: +OK'])).toBe(
      'extraReply: The server answered LIST more than once: after +OK it also said +OK. Every command gets exactly one reply.',
    );
  });

  it('is not blamed on the command after, if the lines come late', async () => {
    const command = (line: string, client: Client) => {
      if (!line.startsWith('LIST')) return false;
      client.say('+OK\r\n');
      let isDue = true;
      const more = () => {
        if (isDue) client.say('1 120\r\n.\r\n');
        isDue = false;
      };
      setTimeout(more, 5).unref();
      client.socket.prependOnceListener('data', more);
      return true;
    };
    const lines = ['C: LIST 1', 'S: +OK', 'C: NOOP', 'S: +OK'];
    expect(await toldOf({ command }, lines)).toMatch(/^linesAfterReply: The reply to LIST 1 /);
  });
});

describe('a size', () => {
  const lineEnds = (text: string) => text.split('\r\n').length - 1;
  // Five lines, one of them stuffed.
  it.each([
    [
      'that counts a line end as one octet',
      (text: string) => text.length - lineEnds(text),
      /^octetsLineEnds: The server said (\d+) octets, but the text that came for RETR 1 has (\d+): for each of its 5 lines one octet was not counted\./,
    ],
    [
      'that counts the dots that were put before lines',
      (text: string) => text.length + 1,
      /^octetsStuffing: .*: the dots that were put before 1 of its lines were counted too\./,
    ],
    [
      'that counts the lone dot',
      (text: string) => text.length + 3,
      /^octetsLoneDot: .*: the lone dot was counted too, with its CR LF\./,
    ],
    [
      'that is wrong for another reason',
      (text: string) => text.length + 2,
      /^octetsDiffer: The server said \d+ octets, but the text that came for RETR 1 has \d+\. What counts/,
    ],
  ])('%s is told so', async (_, size, sentence) => {
    expect(await toldOf({ size }, READ)).toMatch(sentence);
  });

  it('that counts characters is told so', async () => {
    const text = ['Subject: {token}', '', 'ça coûte 3 €'];
    const size = (whole: string) => Buffer.from(whole, 'latin1').toString().length;
    const lines = ['C: LIST', 'S: +OK', 'S: /1 (?<octets>\\d+)/', 'S: .', 'C: RETR 1', 'S: +OK'];
    expect(await toldOf({ size }, [...lines, 'octets {octets}'], { text })).toMatch(
      /^octetsCharacters: The server said (\d+) octets, .*: it has \1 characters\./,
    );
  });

  it('is not explained where two reasons fit', async () => {
    const text = ['Subject: {token}', '', '.one', '.two', '.three'];
    const lines = ['C: LIST', 'S: +OK', 'S: /1 (?<octets>\\d+)/', 'S: .', 'C: RETR 1', 'S: +OK'];
    const size = (whole: string) => whole.length + 3;
    expect(await toldOf({ size }, [...lines, 'octets {octets}'], { text })).toMatch(
      /^octetsDiffer/,
    );
  });

  it('may be the scenario’s own', async () => {
    const lines = ['C: RETR 1', 'S: +OK', 'octets 7'];
    expect(await toldOf({}, lines)).toMatch(
      /^octetsWrong: The text that came for RETR 1 should have 7 octets, but it has \d+\.$/,
    );
  });

  it('is recorded with what it should be', async () => {
    const server = await serverInTest({ pop3: {} });
    const lines = ['C: RETR 1', 'S: +OK', 'octets 7'];
    const { steps } = await play(server, scenario(`${mail(BOB, 'a')}${pop3(BOB, ...lines)}`));
    expect(steps.at(-1)).toEqual({
      connection: 'bob',
      from: '-',
      text: 'octets 3',
      expected: 'octets 7',
      line: 13,
      ok: false,
    });
  });
});

describe('line ends', () => {
  const lf = (octets: string) => octets.replaceAll('\r\n', '\n');

  it('of LF alone are forgiven, in a size too', async () => {
    const wire = (text: string) => lf(stuffed(text));
    expect(await read(wire)).toBe('nothing');
    const size = (text: string) => lf(text).length;
    expect(await toldOf({ wire, size }, READ)).toBe('nothing');
  });

  it('of LF alone are told where the scenario is about them', async () => {
    const head = ['lineEnds: strict'];
    expect(await read((text) => lf(stuffed(text)), { head })).toBe(
      'replyLfOnlyPop3: In the reply to RETR 1 a line ends in LF alone (\\n). In POP3 every line ends in CR LF (\\r\\n).',
    );
    expect(await toldOf({ greeting: '+OK ready\n' }, READ, { head })).toMatch(
      /^replyLfOnlyPop3: In the reply to a new connection a line/,
    );
  });
});

describe('replies without line ends', () => {
  it('are taken for whole where the server is known for them', async () => {
    const bare = (text: string) => text.replace(/\r\n$/, '');
    const behaviour: Pop3Behaviour = {
      greeting: '+OK ready',
      wire: (text) => bare(stuffed(text)),
      command: (line, { say }) => line === 'NOOP' && (say('+OK'), true),
    };
    const body = `${mail(BOB, ...TEXT)}${pop3(BOB, 'C: NOOP', 'S: +OK', ...READ)}`;
    const server = await serverInTest({ pop3: behaviour });
    const options = { ...SILENT, noLineEnds: true };
    expect(told(await play(server, scenario(body), options))).toBe('nothing');
    expect((await play(server, scenario(body), SILENT)).finding?.key).toBe('replyNoEnd');
  });
});

describe('a status line', () => {
  it.each([
    ['+ok ready\r\n', 'a new connection', '+ok ready'],
    ['220 ready\r\n', 'a new connection', '220 ready'],
  ])('%j is none', async (greeting, command, got) => {
    expect(await toldOf({ greeting }, READ)).toBe(
      `replyMalformedPop3: The server answered ${command} with ${got}. In POP3 a reply begins with +OK or -ERR, in capitals; a blank parts it from its text.`,
    );
  });

  it('is named as it should be, with its placeholders filled in', async () => {
    const lines = ['C: LIST', 'S: +OK', 'S: /1 (?<octets>\\d+)/', 'S: .'];
    const more = ['C: STAT', 'S: +OK 1 {octets}'];
    const command = answers('STAT', '+OK 1 9 octets\r\n');
    expect(await toldOf({ command }, [...lines, ...more])).toMatch(
      /^wrongText: The reply to STAT should be \+OK 1 \d+, but the server said \+OK 1 9 octets\.$/,
    );
  });

  it.each([
    [
      'STAT',
      '+OK',
      '-ERR what?',
      'STAT should be answered with +OK, but the server said -ERR what?.',
    ],
    ['NOOP 7', '-ERR', '+OK', 'NOOP 7 should be answered with -ERR, but the server said +OK.'],
  ])('that is wrong is named: %s', async (line, wanted, got, sentence) => {
    const command = answers(line, `${got}\r\n`);
    expect(await toldOf({ command }, [`C: ${line}`, `S: ${wanted}`])).toBe(
      `wrongCode: ${sentence}`,
    );
  });
});

describe('the connection', () => {
  it('names a missing greeting', async () => {
    expect(await toldOf({ greeting: '' }, READ, { silent: true })).toBe(
      'noGreetingPop3: The server accepted the connection on its POP3 port, but sent no greeting within 0.15 s. In POP3 the server speaks first.',
    );
  });

  it('names a server without POP3, and says how to declare it', async () => {
    const server = await serverInTest();
    const body = scenario(pop3('', 'S: +OK', 'C: QUIT', 'S: +OK'));
    expect(told(await play(server, body))).toBe(
      'nobodyAcceptsPop3: Nobody accepts a connection on the POP3 port of the server.',
    );
    expect(told(await play({ ...server, isTold: () => false }, body))).toBe(
      'nobodyAcceptsPop3Untold: Nobody accepts a connection on the POP3 port. The manifest says how the server is told of that port ({pop3} in its command line), or which port it has: "ports": { "pop3": 1110 }.',
    );
  });

  it('names a connection that stays open after QUIT', async () => {
    const command = answers('QUIT', '+OK bye\r\n');
    const lines = ['C: QUIT', 'S: +OK', 'closes'];
    expect(await toldOf({ command }, lines, { silent: true })).toBe(
      'staysOpenAfterQuitPop3: The server answered QUIT, but left the connection open. After its reply to QUIT the server closes it.',
    );
  });

  it('names a server that dies, with what it got', async () => {
    const command = (line: string, { die }: Client) =>
      line === 'RETR abc' && (die('exited with code 1', ['ValueError: abc']), true);
    expect(await toldOf({ command }, ['C: RETR abc', 'S: -ERR'])).toBe(
      'serverDiedSaying: The server exited with code 1 when it got RETR abc. Its last words: ValueError: abc',
    );
  });

  it('names a session that ends instead of an answer', async () => {
    const command = (line: string, { socket }: Client) => line === 'RETR abc' && !!socket.end();
    expect(await toldOf({ command }, ['C: RETR abc', 'S: -ERR'])).toBe(
      'closedInstead: The server closed the connection instead of answering RETR abc.',
    );
  });

  it('may end with an error where hanging up is right', async () => {
    const command = (line: string, { socket }: Client) =>
      line === 'BAD' && !!socket.end('-ERR no\r\n-ERR enough\r\n');
    const lines = ['C: BAD', 'S: -ERR or closes', 'C: BAD', 'S: -ERR or closes'];
    expect(await toldOf({ command }, lines)).toBe('nothing');
  });

  it('is to be had again after a hostile scenario, in each protocol that it speaks', async () => {
    let greeting = '+OK ready\r\n';
    const pop3Side: Pop3Behaviour = {
      get greeting() {
        return greeting;
      },
      command(line: string, client: Client, session: Pop3Session) {
        if (line !== 'BAD') return false;
        greeting = '';
        session.texts = [];
        client.say('-ERR\r\n');
        return true;
      },
    };
    const body = `${dialogue('C: NOOP', 'S: 250')}${pop3(BOB, 'C: BAD', 'S: -ERR')}`;
    const server = await serverInTest({ pop3: pop3Side });
    const result = await play(server, scenario(body, 'hostile: true'), SILENT);
    expect(told(result)).toBe(
      'notServedAfterPop3: After this a new POP3 connection gets no greeting within 0.15 s. What one client does must not stop the server for others.',
    );
    expect(result.restart).toBe(true);
  });
});

describe('logging in', () => {
  it('names a server that says nothing to PASS', async () => {
    expect(await toldOf({ command: answers('PASS', '') }, READ, { silent: true })).toBe(
      'noReply: The server did not answer PASS secret within 0.15 s. Every command gets exactly one reply.',
    );
  });

  it('names a server that refuses it', async () => {
    expect(await toldOf({ command: answers('PASS', '-ERR no\r\n') }, READ)).toBe(
      'wrongCode: PASS secret should be answered with +OK, but the server said -ERR no.',
    );
  });

  it('waits a moment for a mailbox that another client has just left', async () => {
    const body = [
      pop3(BOB, 'C: NOOP', 'S: +OK', 'leaves'),
      pop3(`${BOB} again`, 'C: STAT', 'S: +OK 0 0'),
    ].join('');
    let opened = 0;
    const command = (line: string, client: Client) => {
      if (line !== 'PASS secret') return false;
      opened += 1;
      if (opened !== 2) return false;
      client.say('-ERR [IN-USE] a moment\r\n');
      return true;
    };
    const result = await play(await serverInTest({ pop3: { command } }), scenario(body));
    expect(told(result)).toBe('nothing');
    expect(result.steps.map(({ text }) => text)).not.toContain('-ERR [IN-USE] a moment');
    expect(
      told(await play(await serverInTest({ pop3: { keepsLocks: true } }), scenario(body))),
    ).toBe(
      'wrongCode: PASS secret should be answered with +OK, but the server said -ERR [IN-USE] somebody else reads it.',
    );
  });
});
