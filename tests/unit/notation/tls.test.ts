import { describe, expect, it } from 'vitest';
import type { DialogueBlock, Part, Step } from '../../src/notation/model.ts';
import { dialogue, HEAD, parse, pop3 } from './sample.ts';

const REPLY = ['C: STARTTLS', 'S: 220'];

function fence(words: string, ...lines: string[]): DialogueBlock {
  return parse([`\`\`\`${words}`, ...lines, '```'].join('\n')).blocks[0] as DialogueBlock;
}

function sent(line: string): Part[] {
  return (dialogue([line])[0] as Step & { type: 'send' }).parts;
}

describe('TLS in a dialogue', () => {
  it.each([
    ['tls', 'succeeds'],
    ['tls fails', 'fails'],
    ['tls or fails', 'either'],
  ])('begins at a line: %s', (line, outcome) => {
    const step = dialogue([...REPLY, line])[2];
    expect(step).toEqual({ type: 'tls', outcome, behind: [], source: line, line: 10 });
  });

  it.each(['tls', 'tls fails', 'tls or fails'])('may come behind octets: %s', (word) => {
    const line = `${word} behind NOOP\\r\\n{"x" * 3}`;
    expect(dialogue([...REPLY, line])[2]).toMatchObject({
      behind: [
        { type: 'octets', octets: Uint8Array.from(Buffer.from('NOOP\r\n')) },
        { type: 'times', times: 3 },
      ],
      source: line,
    });
  });

  it('goes on through TLS, unless it fails', () => {
    expect(dialogue([...REPLY, 'tls', 'C: EHLO x', 'S: 250'])).toHaveLength(5);
    expect(dialogue([...REPLY, 'tls or fails', 'C: EHLO x', 'S: 250'])).toHaveLength(5);
    expect(() => dialogue([...REPLY, 'tls fails', 'C: EHLO x'])).toThrow(
      'a.md:11: the connection is over since line 10',
    );
  });

  it.each([
    [['tls maybe'], 'says nothing of TLS'],
    [['tls behind'], 'says nothing of TLS'],
    [['tls', 'S: 220', 'tls'], 'speaks TLS already'],
    [['tls', 'tls'], 'speaks TLS already'],
    [['repeat 2', 'S: 250', 'tls', 'end'], 'stands in a `repeat`'],
    [['tls behind \\q'], 'is no escape'],
  ])('is refused with a line of its own: %j', (lines, words) => {
    expect(() => dialogue([...REPLY, ...lines])).toThrow(words);
  });

  it('stands behind a reply', () => {
    expect(() => dialogue(['C: STARTTLS', 'tls'])).toThrow(
      'a.md:9: `tls` stands behind no reply; put it behind the `S: 220` that answers STARTTLS',
    );
    expect(() => pop3(['S: +OK', 'C: STLS', 'tls'])).toThrow('that answers STLS');
    expect(pop3(['S: +OK', 'C: STLS', 'S: +OK', 'tls'])).toHaveLength(4);
  });

  it.each(['smtps', 'smtp over tls', 'submission alice@example.com'])(
    'has begun already: %s',
    (words) => {
      expect(() => fence(words, ...REPLY, 'tls')).toThrow('speaks TLS already');
    },
  );
});

describe('what a reply must not have', () => {
  it('is a word behind the reply, or behind another such word', () => {
    const steps = dialogue(['C: EHLO x', 'S: 250', 'without AUTH', 'without STARTTLS']);
    const words = [{ type: 'octets', octets: Uint8Array.from(Buffer.from('AUTH')) }];
    expect(steps[2]).toEqual({ type: 'without', words, source: 'without AUTH', line: 10 });
    expect(steps[3]).toMatchObject({ type: 'without' });
  });

  it('may hold what an earlier reply has captured', () => {
    const steps = pop3(['S: +OK /(?<id>.*)/', 'C: UIDL', 'S: +OK', 'without 2 {id}']);
    expect(steps[3]).toMatchObject({ words: [{}, { type: 'captured', name: 'id' }] });
    expect(() => dialogue(['C: x', 'S: 250', 'without {id}'])).toThrow('nothing is known');
  });

  it('is refused elsewhere', () => {
    expect(() => dialogue(['C: EHLO x', 'without AUTH'])).toThrow('looks at the reply before');
    expect(() => dialogue(['C: x', 'S: 250', 'without'])).toThrow('names no line');
  });
});

describe('a fence', () => {
  it.each([
    ['submission', { protocol: 'smtp', port: 'submission', connection: 'submission' }],
    ['smtps second', { protocol: 'smtp', port: 'smtps', connection: 'second' }],
    ['smtp alice@example.com', { port: 'smtp', login: 'alice@example.com', connection: 'alice' }],
    ['smtps alice@example.com one', { login: 'alice@example.com', connection: 'one' }],
    ['smtp over tls', { port: 'smtp', overTls: true, connection: 'smtp' }],
    ['submission one over tls', { port: 'submission', overTls: true, connection: 'one' }],
    ['smtps one in clear', { port: 'smtps', inClear: true, connection: 'one' }],
    ['pop3 over tls', { protocol: 'pop3', overTls: true, connection: 'pop3' }],
  ])('says the port, who logs in, and whether TLS comes first: %s', (words, block) => {
    expect(fence(words, 'C: NOOP')).toMatchObject(block);
  });

  it('on pop3s begins with the greeting', () => {
    expect(fence('pop3s', 'S: +OK')).toMatchObject({ protocol: 'pop3', port: 'pop3s' });
    expect(() => fence('pop3 over tls', 'S: +OK')).toThrow('write the fence without `over tls`');
    expect(() => fence('submission alice@example.com', 'S: 250')).toThrow(
      'the player has logged in already: begin with a `C:` line, or write the fence without an address, as ```submission',
    );
  });

  it.each([
    ['smtps over tls', 'on the port smtps everything is said through TLS'],
    ['smtp alice@example.com over tls', 'with an address everything is said through TLS'],
    ['submission in clear', 'a dialogue begins in clear by itself'],
    ['pop3s bob@example.com in clear', 'who logs in speaks TLS'],
    ['smtp alice@ex@ample.com', 'is no address'],
    ['submission mail', 'as in ```submission first'],
    ['Submission', 'write `submission`'],
  ])('is refused: %s', (words, why) => {
    expect(() => fence(words, 'C: NOOP')).toThrow(why);
  });

  it('goes on with a connection only by the same words', () => {
    const two = (first: string, second: string) =>
      parse([`\`\`\`${first}`, 'C: x', '```', `\`\`\`${second}`, 'C: x', '```'].join('\n'));
    expect(two('smtp one over tls', 'smtp one over tls').blocks).toHaveLength(2);
    expect(() => two('smtp one over tls', 'smtp one')).toThrow(
      'began over TLS; go on with it by a fence with the same words, or give this one a name of its own, as in ```smtp again',
    );
    expect(() => two('smtp one', 'smtp one over tls')).toThrow('as in ```smtp again over tls');
    expect(() => two('smtps one in clear', 'smtps one')).toThrow('began in clear');
    expect(() => two('smtp one', 'submission one')).toThrow('speaks smtp already');
    expect(() => two('submission one', 'submission alice@example.com one')).toThrow(
      'as in ```submission alice@example.com again',
    );
  });

  it('names a login, and the key `opening` is not about it', () => {
    const head = [...HEAD, 'opening: none'];
    const body = ['```smtps alice@example.com', 'S: 220', '```'].join('\n');
    expect(() => parse(body, head)).toThrow('the player has logged in already');
  });
});

describe('what goes over the wire in base64', () => {
  const user = { type: 'account', what: 'user', name: 'alice' };
  const password = { type: 'account', what: 'password', name: 'alice' };
  const nul = { type: 'octets', octets: Uint8Array.of(0) };

  it('is what somebody says to log in', () => {
    const parts = [nul, user, nul, password];
    expect(sent('C: {auth.alice}')).toEqual([{ type: 'base64', parts }]);
    expect(sent('C: {user64.alice}')).toEqual([{ type: 'base64', parts: [user] }]);
    expect(sent('C: {password64.alice}')).toEqual([{ type: 'base64', parts: [password] }]);
  });

  it('is a text with escapes and placeholders', () => {
    expect(sent('C: {base64 "\\0{user.alice}{token}"}')).toEqual([
      { type: 'base64', parts: [nul, user, { type: 'token', name: 'token' }] },
    ]);
    expect(sent('C: {base64 ""}')).toEqual([{ type: 'base64', parts: [] }]);
  });

  it.each([
    ['{auth}', 'say whose it is, as in {auth.bob}'],
    ['{user64.Bob}', '{user64.Bob} names nobody'],
    ['{base64 text}', 'says nothing to encode'],
    ['{base64 "\\q"}', 'is no escape'],
    ['{base64 "{n}"}', '{n} counts the rounds'],
  ])('is refused: %s', (text, words) => {
    expect(() => sent(`C: ${text}`)).toThrow(words);
  });
});

describe('a login in POP3', () => {
  it('is asked to go on by a lone +', () => {
    const steps = pop3(['S: +OK', 'C: AUTH PLAIN', 'S: +', 'C: {auth.bob}', 'S: +OK']);
    expect(steps[2]).toMatchObject({ expectation: { oneOf: [{ code: '+' }] } });
    expect(() => pop3(['S: +OK', 'C: AUTH PLAIN', 'S: +', 'S: more', 'S: .'])).toThrow(
      'such lines follow only a plain +OK',
    );
  });
});
