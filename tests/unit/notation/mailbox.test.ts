import { describe, expect, it } from 'vitest';
import { mailbox, parse, text } from './sample.ts';

describe('a mailbox block', () => {
  it('names an address and lines', () => {
    const block = mailbox('mailbox bob@example.com', ['.a', '', ' é \\xE9']);
    expect(block).toMatchObject({
      type: 'mailbox',
      address: 'bob@example.com',
      token: 'token',
      nothing: false,
      line: 10,
    });
    expect(block.lines.map(text)).toEqual(['.a', '', ' é \\xE9']);
  });

  it('may name another message, nothing, and everybody', () => {
    expect(mailbox('mailbox bob {token.2}')).toMatchObject({ token: 'token.2', lines: [] });
    expect(mailbox('mailbox bob nothing')).toMatchObject({ nothing: true });
    expect(mailbox('mailbox * {token.2} nothing')).toMatchObject({
      address: undefined,
      token: 'token.2',
      nothing: true,
    });
  });

  it('may hold octets that are not UTF-8', () => {
    expect(mailbox('mailbox bob raw', ['\\xE9\\\\']).lines).toEqual([
      Uint8Array.from([0xe9, 0x5c]),
    ]);
  });

  it.each<[string, string, string[], number, RegExp]>([
    ['no address', 'mailbox', [], 10, /whose mailbox/],
    ['an option for an address', 'mailbox nothing', [], 10, /whose mailbox/],
    ['angle brackets', 'mailbox <bob@example.com>', [], 10, /without angle brackets/],
    ['a misspelt option', 'mailbox bob noting', [], 10, /`noting` says nothing/],
    ['an option twice', 'mailbox bob raw raw', [], 10, /once each/],
    ['two tokens', 'mailbox bob {token} {token.2}', [], 10, /once each/],
    ['nothing, and lines', 'mailbox bob nothing', ['a'], 10, /leave the block empty/],
    ['everybody without nothing', 'mailbox *', [], 10, /mailbox \* nothing/],
    ['outside, without nothing', 'mailbox .. {token.2}', [], 10, /outside the mail folder/],
    ['a token that was not sent', 'mailbox bob {token.3}', [], 10, /sends {token\.3}/],
    ['a placeholder in a line', 'mailbox bob', ['a', 'b {token}'], 12, /not filled in/],
    ['a bad escape', 'mailbox bob raw', ['\\'], 11, /no escape/],
  ])('is refused with its line: %s', (_, fence, lines, line, sentence) => {
    expect(() => mailbox(fence, lines)).toThrow(
      new RegExp(`^a\\.md:${line}: .*${sentence.source}.*`),
    );
  });

  it('is refused before the message was sent', () => {
    const body = '```mailbox bob\n```\n```smtp\nC: {token}\n```';
    expect(() => parse(body)).toThrow(/^a\.md:7: no line before the block sends {token}/);
  });
});
