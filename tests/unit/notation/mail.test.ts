import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/notation/model.ts';
import { octetsOf } from '../../src/notation/octets.ts';
import { HEAD, mail, parse } from './sample.ts';

function sources(steps: Step[]): string[] {
  return steps.map(({ source }) => source);
}

/** What is sent of the text of a message: an octet a character. */
function sentText(lines: string[], words?: string): string[] {
  const { steps } = mail(lines, words);
  return steps.slice(6, -4).map((step) => {
    if (step.type !== 'send') throw new Error('a text is sent');
    const octets = step.parts.map((part) => {
      if (part.type === 'octets') return Buffer.from(part.octets).toString('latin1');
      if (part.type === 'times') {
        return Buffer.from(part.octets).toString('latin1').repeat(part.times);
      }
      return `<${part.type}>`;
    });
    return octets.join('') + (step.crlf ? '\r\n' : '');
  });
}

describe('a message', () => {
  it('is the dialogue in SMTP that it is, each line at its place', () => {
    const block = mail(['Subject: {token}', '', 'Hello']);
    expect(block).toMatchObject({ protocol: 'smtp', mail: true, connection: 'mail', line: 7 });
    expect(sources(block.steps)).toEqual([
      'C: MAIL FROM:<alice@example.com>',
      'S: 250',
      'C: RCPT TO:<bob@example.com>',
      'S: 250 or 251',
      'C: DATA',
      'S: 354',
      'C: Subject: {token}',
      'C:',
      'C: Hello',
      'C: .',
      'S: 250',
      'C: QUIT',
      'S: 221',
    ]);
    const lines = block.steps.map(({ line }) => line);
    expect(lines).toEqual([7, 7, 7, 7, 7, 7, 8, 9, 10, 11, 11, 11, 11]);
    expect(block.steps[3]).toMatchObject({
      expectation: { oneOf: [{ code: '250' }, { code: '251' }] },
    });
  });

  it('may have another sender', () => {
    expect(sources(mail(['a'], 'bob@example.com from carol@example.com').steps)[0]).toBe(
      'C: MAIL FROM:<carol@example.com>',
    );
  });

  it('is on a connection of its own, whatever the opening of the others', () => {
    const body = '```mail bob\n{token}\n```\n```smtp\nS: 220\n```\n```mail carol\n{token.2}\n```';
    expect(parse(body, [...HEAD, 'opening: none']).blocks).toMatchObject([
      { connection: 'mail', mail: true },
      { connection: 'smtp' },
      { connection: 'mail-2', mail: true, line: 14 },
    ]);
  });

  it('may be looked for in a mailbox', () => {
    const body = '```mail bob@example.com\n{token}\n```\n```mailbox bob@example.com\n```';
    expect(parse(body).blocks[1]).toMatchObject({ type: 'mailbox', token: 'token' });
  });

  it('is sent with its dots stuffed', () => {
    const lines = ['.', '..', 'a.', ' .', '{"." * 3}', '{".json"}', '\\x2E'];
    expect(sentText(lines)).toEqual(
      ['..', '...', 'a.', ' .', '....', '{".json"}', '\\x2E'].map((line) => `${line}\r\n`),
    );
  });

  it('may have escapes', () => {
    const lines = ['caf\\xE9\\\\', '\\x2Ea', '\\\\x2E', '{"\\x2e" * 2}', '', '.\\0 {token}'];
    expect(sentText(lines, 'bob raw')).toEqual(
      ['caf\xe9\\', '..a', '\\x2E', '...', '', '..\0 <token>'].map((line) => `${line}\r\n`),
    );
    expect(sources(mail(['.a'], 'bob raw').steps)[6]).toBe('C raw: ..a\\r\\n');
  });

  it('has no escapes, remarks and commands otherwise', () => {
    const lines = ['a\\r', '# b', 'closes', 'C: QUIT', '   ', 'repeat after me', 'the end '];
    expect(sentText(lines)).toEqual(lines.map((line) => `${line}\r\n`));
  });

  it('may repeat lines', () => {
    const { steps } = mail(['repeat 3', '.{n}', '', 'end', '{"x" * 2}']);
    expect(steps.slice(6, 8)).toMatchObject([
      {
        type: 'repeat',
        times: 3,
        line: 8,
        steps: [
          { parts: [{ octets: octetsOf('..') }, { type: 'counter' }], line: 9 },
          { parts: [], line: 10 },
        ],
      },
      { parts: [{ type: 'times' }], line: 12 },
    ]);
  });

  it('may say what was captured before', () => {
    const body = '```smtp\nC: x\nS: 250 /(?<id>.)/\n```\n```mail bob\n{id}\n```';
    expect(parse(body).blocks[1]).toMatchObject({ mail: true });
  });

  it.each<[string, string, string[], number, RegExp]>([
    ['no address', '', ['a'], 7, /to whom the message goes/],
    ['an option for an address', 'raw', ['a'], 7, /to whom/],
    ['angle brackets', '<bob@example.com>', ['a'], 7, /without angle brackets/],
    ['two recipients', 'bob carol', ['a'], 7, /`carol` says nothing here/],
    ['a misspelt option', 'bob row', ['a'], 7, /`row` says nothing here/],
    ['no sender behind from', 'bob from', ['a'], 7, /`from` says nothing here/],
    ['a sender in brackets', 'bob from <a@b>', ['a'], 7, /`from <a@b>` says nothing here/],
    ['two senders', 'bob from a@b from c@d', ['a'], 7, /`from c@d` says nothing here/],
    ['an option twice', 'bob raw raw', ['a'], 7, /once each/],
    ['no line', 'bob', [], 7, /holds no line/],
    ['a line end of its own', 'bob raw', ['a', 'b\\r\\n.'], 9, /CR or LF of its own/],
    ['a repeated one', 'bob raw', ['{"\\x0A" * 2}'], 8, /CR or LF of its own/],
    ['a bad escape', 'bob raw', ['a', '\\q'], 9, /no escape/],
    ['a control octet', 'bob', ['a\x07'], 8, /in a block that says raw/],
    ['an unknown word', 'bob', ['a', '{nonce}'], 9, /under the name {nonce}/],
    ['{n} outside a repeat', 'bob', ['{n}'], 8, /`repeat`/],
    ['an open repeat', 'bob', ['a', 'repeat 2', 'b'], 9, /no `end`/],
    ['an end alone', 'bob', ['a', 'end'], 9, /`end` has no `repeat`/],
    ['an empty repeat', 'bob', ['repeat 2', 'end'], 9, /holds no line/],
    ['a repeat of nought', 'bob', ['repeat 0', 'a', 'end'], 8, /from 1/],
    ['a block inside', 'bob', ['a', '```mailbox bob'], 9, /a fence begins inside/],
  ])('is refused with its line: %s', (_, words, lines, line, sentence) => {
    expect(() => mail(lines, words)).toThrow(new RegExp(`^a\\.md:${line}: .*${sentence.source}.*`));
    expect(() => mail(lines, words)).toThrow(/; /);
  });

  it.each(['smtp mail', 'smtp mail-2', 'pop3 mail', 'pop3 bob@example.com mail-10'])(
    'has its connection for itself: %s is refused',
    (fence) => {
      expect(() => parse(`\`\`\`${fence}\nC: x\n\`\`\``)).toThrow(
        /^a\.md:7: a connection that sends a block `mail` is called `mail(-\d+)?`; .* first$/,
      );
    },
  );

  it('leaves other names to the dialogues', () => {
    expect(parse('```smtp mailer\nC: x\n```').blocks).toMatchObject([{ connection: 'mailer' }]);
  });

  it('is written in small letters', () => {
    expect(() => parse('```Mail bob\na\n```')).toThrow(/^a\.md:7: .*write `mail`/);
  });
});
