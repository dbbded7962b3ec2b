import path from 'node:path';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { renderList } from '../../src/check/report-list.ts';
import { renderReport } from '../../src/check/report.ts';
import type { ReportOptions } from '../../src/check/report.ts';
import { makeResult } from '../../src/check/result.ts';
import type { ResultStep, ScenarioResult } from '../../src/check/result.ts';
import { firstSentence, wrap } from '../../src/check/text.ts';
import type { Scenario } from '../../src/notation/model.ts';
import { result, scenario } from './make.ts';

const plain = pc.createColors(false);
const reports = path.join(import.meta.dirname, '../../reports/check');
/** What the mail commands of a scenario look like in a result. */
const C = (text: string, about: Partial<ResultStep> = {}): ResultStep => ({
  connection: 'smtp',
  from: 'C',
  text,
  ok: true,
  ...about,
});
const S = (text: string, about: Partial<ResultStep> = {}) => C(text, { from: 'S', ...about });
const happens = (text: string, about: Partial<ResultStep> = {}) => C(text, { from: '-', ...about });

function render(
  scenarios: ScenarioResult[],
  about: { notes?: string[]; scenarios?: Scenario[] } & Partial<ReportOptions> = {},
): string {
  const { notes = [], scenarios: golden = [], ...options } = about;
  const whole = makeResult({ stage: 'v1', submission: 'team-7', notes }, scenarios);
  return renderReport(whole, golden, { stage: 'v1', dir: 'team-7', colors: plain, ...options });
}

async function expectReport(text: string, name: string): Promise<void> {
  const copied = /^ {4}npx stagepost/;
  const wide = text.split('\n').filter((line) => line.length > 80 && !copied.test(line));
  expect(wide).toEqual([]);
  await expect(text).toMatchFileSnapshot(path.join(reports, `${name}.txt`));
}

const letter =
  '```smtp\nC: MAIL FROM:<alice@example.com>\nS: 250\nC: DATA\nS: 354\nC: Subject: {token}\nC:\nC: ..\nC: .\nS: 250\n```';
const wrongReply = result('v1/mail', {
  status: 'failed',
  maxScore: 3,
  title: 'MAIL is answered with 250',
  message:
    'MAIL FROM:<alice@example.com> should be answered with 250, but the server said 500 what?.',
  rule: 'RFC 5321 §3.3',
  hint: 'What does the server compare the first word of the line with, and how long is that word in what the client sent?',
  steps: [
    happens('connects'),
    S('220 ready', { expected: 'S: 220' }),
    C('MAIL FROM:<alice@example.com>'),
    S('500 what?\\r\\r', { expected: 'S: 250', ok: false }),
  ],
});
const extra = (name: string, about: Partial<ScenarioResult> = {}) =>
  result(`v1/${name}`, { kind: 'extra', status: 'failed', message: `${name} differs.`, ...about });
const skipped = (name: string, because: string, kind: 'core' | 'extra' = 'core') =>
  result(`v1/${name}`, { kind, status: 'skipped', because, message: `since ${because} failed` });

describe('a report', () => {
  it('is short and glad where everything passed', async () => {
    const notes = [
      'This server wants HELO before MAIL. Stage 1 has no HELO, so it need not ask for it.',
    ];
    await expectReport(
      render([result('v1/a'), result('v1/b', { maxScore: 3 })], { notes }),
      'passed',
    );
  });

  it('tells the first failing core scenario in full and the others in a line', async () => {
    const text = render(
      [
        result('v1/greeting'),
        extra('early'),
        wrongReply,
        result('v1/later', { status: 'failed', message: 'Not told yet.' }),
        skipped('rset', 'v1/mail'),
        skipped('noop', 'v1/mail'),
        skipped('dots', 'v1/early', 'extra'),
        extra('e2'),
        extra('e3'),
        extra('e4'),
      ],
      { scenarios: [scenario('v1/mail', {}, letter)] },
    );
    expect(text).not.toContain('Not told yet');
    expect(text).not.toContain('v1/early');
    expect(text).not.toContain('v1/e2');
    await expectReport(text, 'core-failed');
  });

  it('names a few extras even before the core passes', () => {
    expect(render([wrongReply, extra('e1'), extra('e2')])).toMatch(/✗ v1\/e1 .*\n {2}✗ v1\/e2 /);
  });

  it('comes to the extras once the core passes', async () => {
    const mailbox = extra('dots', {
      title: 'A line that begins with a dot arrives as it was written',
      message: 'The message of bob@example.com has a dot too many.',
      expected: '.a line',
      got: '..a line',
      steps: [C('.'), S('250 ok', { expected: 'S: 250' })],
    });
    const text = render([
      result('v1/a'),
      mailbox,
      ...['b', 'c', 'd', 'e', 'f'].map((n) => extra(n)),
    ]);
    await expectReport(text, 'extras-failed');
  });

  it('shows every failure in full when asked', () => {
    const text = render([wrongReply, extra('e1'), extra('e2')], { all: true });
    expect(text.match(/^✗ Failed: /gm)).toHaveLength(3);
  });

  it('tells who spoke on which connection, and what happened beside lines', async () => {
    const two = extra('two-clients', {
      message: 'The server accepted the connection, but sent no greeting within 1 s.',
      steps: [
        happens('connects', { connection: 'alice' }),
        S('220 ready', { connection: 'alice' }),
        happens('connects', { connection: 'bob' }),
        happens('silence', { connection: 'bob', expected: 'S: 220', ok: false }),
      ],
    });
    await expectReport(render([two]), 'two-connections');
  });

  it('leaves out the middle of a long dialogue, and cuts long lines', async () => {
    const steps = Array.from({ length: 100 }, (_, n) => [
      C(`NOOP ${n} ${'x'.repeat(99)}`),
      S('250'),
    ]);
    const long = extra('long', {
      steps: [...steps.flat(), S('250 once more', { ok: false })],
      message: `NOOP ${'y'.repeat(200)} was answered twice.`,
    });
    await expectReport(render([long]), 'long-dialogue');
  });

  it('tells what keeps everything from being played once', async () => {
    const message =
      'The server exited with code 1 before it listened on port 40000.\nTraceback\n  oh';
    const broken = result('v1/a', { status: 'error', message });
    const text = render([broken, skipped('b', 'v1/a'), skipped('c', 'v1/a')]);
    await expectReport(text, 'cannot-start');
  });

  it('does not talk of the stage when scenarios were chosen', () => {
    const text = render([wrongReply], { chosen: true });
    expect(text).toMatch(/\n✗ Passed: 0 of 1 scenarios\.\n$/);
    expect(render([result('v1/a')], { chosen: true })).toMatch(/✓ Passed: 1 of 1 scenarios\.\n$/);
  });

  it.each([
    ['text', letter, 'Not by hand: what matters here is how octets are cut'],
    ['line', '```smtp\nC raw: \\xFF\\r\\n\nS: 500\n```', 'Not by hand: the scenario sends octets'],
    [
      'line',
      '```smtp\nrepeat 30\nC: NOOP\nS: 500\nend\n```',
      'Not by hand: the dialogue is too long',
    ],
    [
      'line',
      letter,
      '    npx stagepost talk 2525\n    MAIL FROM:<alice@example.com>\n    DATA\n    Subject: test\n\n    ..\n    .\n',
    ],
  ])('says whether it can be replayed by hand: %s', (delivery, body, words) => {
    const scenarios = [scenario('v1/mail', { delivery }, body)];
    expect(render([wrongReply], { scenarios })).toContain(words);
  });

  it('begins with what the client says first, where the stage has it', () => {
    const opened = { ...wrongReply, steps: [S('220'), C('HELO client.example.com'), S('250')] };
    const text = render([opened], { scenarios: [scenario('v1/mail', {}, letter)] });
    expect(text).toContain('talk 2525\n    HELO client.example.com\n    MAIL FROM');
  });

  it('names a window for each connection, where POP3 has a part', () => {
    const letterTo =
      '```mail bob@example.com\nSubject: {token}\n```\n```pop3 bob@example.com\nC: LIST\nS: +OK\n```\n';
    const on = (connection: string, ...texts: string[]) =>
      texts.map((text) => C(text, { connection }));
    const steps = [
      ...on('mail', 'HELO client.example.com', 'MAIL FROM:<alice@example.com>'),
      ...on('bob', 'USER bob', 'PASS x', 'LIST'),
    ];
    const failed = { ...wrongReply, steps };
    const byHand = (body: string) =>
      render([failed], { scenarios: [scenario('v1/mail', {}, body)] }).replace(
        /^.*Play it again/s,
        '',
      );
    expect(byHand(letterTo)).toContain(
      [
        '  Or by hand, with the server started on port 2525, and 1110 for POP3:',
        '    npx stagepost talk 2525',
        '    HELO client.example.com',
        '    MAIL FROM:<alice@example.com>',
        '    RCPT TO:<bob@example.com>',
        '    DATA',
        '    Subject: test',
        '    .',
        '    QUIT',
        '    npx stagepost talk 1110',
        '    USER bob',
        '    PASS x',
        '    LIST',
        '',
      ].join('\n'),
    );
    const turns = [
      '```pop3 carol@example.com\nC: STAT\nS: +OK\n```',
      '```pop3\nS: +OK\nC: USER {user.bob}\nS: +OK\n```',
      '```pop3 carol@example.com\nC: QUIT\nS: +OK\n```',
    ];
    expect(byHand(turns.join('\n'))).toContain(
      [
        '  Or by hand, with the server started on port 1110 for POP3:',
        '    carol: npx stagepost talk 1110',
        '    carol: USER carol@example.com',
        '    carol: PASS secret',
        '    carol: STAT',
        '    pop3: npx stagepost talk 1110',
        '    pop3: USER bob@example.com',
        '    carol: QUIT',
        '',
      ].join('\n'),
    );
  });

  it.each<[string, string[], string[], string[]]>([
    [
      'submission alice@example.com',
      ['C: NOOP', 'S: 250'],
      ['EHLO me', 'STARTTLS', 'EHLO me', 'AUTH PLAIN eA==', 'NOOP'],
      ['5870', 'EHLO me', 'STARTTLS', 'EHLO me', 'AUTH PLAIN eA==', 'NOOP'],
    ],
    [
      'smtps alice@example.com',
      ['C: NOOP', 'S: 250'],
      ['EHLO me', 'AUTH LOGIN', 'YQ==', 'Yg==', 'NOOP'],
      ['4650 --tls', 'EHLO me', 'AUTH LOGIN', 'YQ==', 'Yg==', 'NOOP'],
    ],
    [
      'smtp over tls',
      ['C: AUTH PLAIN {auth.alice}', 'S: 235'],
      [],
      [
        '2525',
        'EHLO client.example.com',
        'STARTTLS',
        'EHLO client.example.com',
        'AUTH PLAIN AGFsaWNlQGV4YW1wbGUuY29tAHNlY3JldA==',
      ],
    ],
    ['pop3s', ['S: +OK', 'C: CAPA', 'S: +OK'], ['CAPA'], ['9950 --tls', 'CAPA']],
    ['pop3s in clear', ['C: CAPA', 'silence'], ['CAPA'], ['9950', 'CAPA']],
    ['pop3 over tls', ['C: CAPA', 'S: +OK'], ['STLS', 'CAPA'], ['1110', 'STLS', 'CAPA']],
    [
      'pop3',
      ['S: +OK', 'C: USER {user.bob}', 'S: +OK'],
      ['STLS', 'USER bob@example.com'],
      ['1110', 'STLS', 'USER bob@example.com'],
    ],
  ])('names the port, and what is said before the dialogue: %s', (words, lines, said, typed) => {
    const [language] = words.split(' ');
    const connection = words.includes('@') ? 'alice' : language!;
    const failed = { ...wrongReply, steps: said.map((text) => C(text, { connection })) };
    const body = ['```' + words, ...lines, '```', ''].join('\n');
    const text = render([failed], { scenarios: [scenario('v1/mail', {}, body)] });
    const [talk, ...others] = typed;
    expect(text).toContain(
      [`    npx stagepost talk ${talk}`, ...others.map((line) => `    ${line}`), ''].join('\n'),
    );
    if (!/^(?:1110|2525)$/.test(talk!))
      expect(text).toContain(`server started on port ${talk!.split(' ')[0]} for ${language}:`);
  });

  it('says everything without colour that it says with it', () => {
    const results = [wrongReply, extra('e1'), skipped('rset', 'v1/mail'), result('v1/z')];
    const coloured = render(results, { colors: pc.createColors(true) });
    expect(coloured).toContain('\x1b[31m');
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(render(results));
  });
});

describe('a size', () => {
  it('is told in words', () => {
    const size = happens('octets 118', { expected: 'octets 120', ok: false });
    expect(render([{ ...wrongReply, steps: [size] }])).toMatch(
      /expected {2}a text of 120 octets\n +got {7}a text of 118 octets\n/,
    );
  });
});

describe('the list', () => {
  it('has id, kind, points and title in 80 columns', () => {
    const text = renderList(
      [
        scenario('v1/quit', { points: 2, title: 'QUIT is answered with 221' }),
        scenario('v1/dots', { kind: 'extra', title: `Dots ${'and dots '.repeat(20)}` }),
      ],
      { colors: plain },
    );
    const lines = text.split('\n');
    expect(lines[0]).toBe('v1/quit  core   2  QUIT is answered with 221');
    expect(lines[1]).toMatch(/^v1\/dots {2}extra {2}\d {2}Dots and dots/);
    expect(lines[2]).toMatch(/^ {19}(?:and )?dots/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('text', () => {
  it('is wrapped at blanks, and inside a word only if it is too long', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k']);
    expect(wrap('a\nb', 9)).toEqual(['a', 'b']);
  });

  it('of prose is its first sentence, without Markdown', () => {
    expect(firstSentence('A `recv` is *not* a [line](x.md). More.')).toBe('A recv is not a line.');
    expect(firstSentence('No end\n\nnext paragraph.')).toBe('No end');
  });
});
