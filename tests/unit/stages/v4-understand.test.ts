import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  understandLogin as understandPop3Login,
  understandTop,
} from '../../../v4-advanced/src/pop3/understand.ts';
import { replies } from '../../../v4-advanced/src/replies.ts';
import {
  LineReader,
  understandAnything,
  understandChunk,
  understandLine,
  understandLogin,
  understandName,
  understandNothing,
  understandPath,
  understandRecipient,
  understandWhom,
} from '../../../v4-advanced/src/understand.ts';
import { cut, latin1 } from './v4-sessions.ts';

const from = (argument: string) => understandPath('FROM:', argument, replies.sayMail);
/** The address and the parameters, or the code of the reply that refuses them. */
const shortly = (understood: ReturnType<typeof from>) =>
  'refusal' in understood
    ? understood.refusal.code
    : [understood.value.address, Object.fromEntries(understood.value.parameters)];

describe('the address of MAIL', () => {
  it.each([
    ['FROM:<alice@example.com>', 'alice@example.com', {}],
    ['from:<Alice@Example.COM>', 'Alice@Example.COM', {}],
    ['FROM: \t<alice>', 'alice', {}],
    ['FROM:alice@example.com', 'alice@example.com', {}],
    ['FROM:<>', '', {}],
    ['FROM:<@a.example,@b.example:alice@example.com>', 'alice@example.com', {}],
    ['FROM:<@a.example:>', '', {}],
    ['FROM:<"alice"@x>', 'alice@x', {}],
    ['FROM:<"a b>@"@x>', '"a b>@"@x', {}],
    ['FROM:<a@[IPv6:::1]>', 'a@[IPv6:::1]', {}],
    ['FROM:<пётр@пример.рф>', 'пётр@пример.рф', {}],
    ['FROM:<a> SIZE=17', 'a', { SIZE: '17' }],
    ['FROM:<a> body=8bitmime  Size=0 SMTPUTF8', 'a', { BODY: '8bitmime', SIZE: '0', SMTPUTF8: '' }],
    ['FROM:a SIZE=1', 'a', { SIZE: '1' }],
    ['FROM:<a> AUTH=<>', 'a', { AUTH: '<>' }],
    ['FROM:<a> X-Y9=a+2Bb', 'a', { 'X-Y9': 'a+2Bb' }],
    ['FROM:<a> __PROTO__=1', 501, undefined],
    ['FROM:<a> constructor=1', 'a', { CONSTRUCTOR: '1' }],
    ['FROM:<a> ', 'a', {}],
    ['FROM:<a> SIZE', 'a', { SIZE: '' }],
    ['FROM:<a> SIZE=1 size=2', 501, undefined],
    ['FROM:<a> SIZE=', 501, undefined],
    ['FROM:<a> =1', 501, undefined],
    ['FROM:<a> SIZE=1=2', 501, undefined],
    ['FROM:<a> -X', 501, undefined],
    ['FROM:<a>SIZE=1', 501, undefined],
    ['FROM:<a', 501, undefined],
    ['FROM:', 501, undefined],
    ['', 501, undefined],
    ['TO:<a>', 501, undefined],
    ['FROM <a>', 501, undefined],
    ['FROM:<a@b@c>', 501, undefined],
    ['FROM:<a b>', 501, undefined],
    ['FROM:<a\rX: y>', 553, undefined],
    ['FROM:<a\u2028>', 553, undefined],
    ['FROM:<a> X=\x1b', 553, undefined],
  ])('%j: %j %j', (argument, address, parameters) => {
    expect(shortly(from(argument))).toEqual(
      typeof address === 'number' ? address : [address, parameters],
    );
  }); // prettier-ignore

  it('keeps parameters apart from what all objects have', () => {
    const understood = from('FROM:<a>');
    expect('value' in understood && understood.value.parameters.get('constructor')).toBeUndefined();
  });

  it('is looked at in a time that grows with the line, whatever it is', () => {
    const evil = ['<"', '"\\', '<@:', ' A=', '<"a"', '\\"', '@a,', '=', ' '].flatMap((part) => [
      part.repeat(6000),
      `<${part.repeat(6000)}`,
      `<a>${part.repeat(6000)}`,
    ]);
    const begin = performance.now();
    for (const argument of evil) from(`FROM:${argument}`);
    // Quadratic ones took minutes. The machine may be slow.
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

describe('the address of RCPT', () => {
  it.each(['TO:<>', 'TO:', 'FROM:<bob>', 'TO:<@a.example:>'])('is somebody: not %s', (argument) => {
    expect(shortly(understandRecipient(argument))).toBe(501);
  });
  it('may have parameters: whether they are known is another question', () => {
    expect(shortly(understandRecipient('TO:<bob> NOTIFY=NEVER'))).toEqual(['bob', { NOTIFY: 'NEVER' }]); // prettier-ignore
  });
});

describe('what AUTH asks for', () => {
  it.each([
    ['PLAIN', { mechanism: 'PLAIN', answer: undefined }],
    ['plain AGEAYg==', { mechanism: 'PLAIN', answer: 'AGEAYg==' }],
    ['LOGIN   =', { mechanism: 'LOGIN', answer: '=' }],
    ['Login *', { mechanism: 'LOGIN', answer: '*' }],
  ])('%j', (argument, value) => {
    expect(understandLogin(argument)).toEqual({ value });
    expect(understandPop3Login(argument)).toEqual({ value });
  });

  it.each([
    ['', 501], ['CRAM-MD5', 504], ['XOAUTH2 x', 504], ['__proto__', 504], ['constructor', 504], ['PLAIN a b', 501],
    ['PLAIN\ta', 501], ['PLAINLY', 504],
  ])('%j gets %i', (argument, code) => {
    expect(understandLogin(argument)).toMatchObject({ refusal: { code } });
    if (argument !== '') expect(understandPop3Login(argument)).toMatchObject({ refusal: { bad: true } });
  }); // prettier-ignore

  it('in POP3 may be what there is', () => {
    expect(understandPop3Login('')).toEqual({ value: { mechanism: undefined, answer: undefined } });
  });
});

describe('other arguments', () => {
  it.each([
    ['0', 0, false], ['5', 5, false], ['5 LAST', 5, true], ['5   last', 5, true], ['0 LAST', 0, true],
    ['999999999999999', 999_999_999_999_999, false], ['007', 7, false],
  ])('BDAT %s', (argument, octets, isLast) => {
    expect(understandChunk(argument)).toEqual({ value: { octets, isLast } });
  }); // prettier-ignore

  it.each([
    ['1 0', { number: 1, lines: 0 }],
    ['2   99999999', { number: 2, lines: 99_999_999 }],
    [`1 ${'9'.repeat(400)}`, { number: 1, lines: Infinity }],
  ])('TOP %s', (argument, value) => {
    expect(understandTop(argument)).toEqual({ value });
  });

  it.each(['', '1', '1 ', 'x 1', '1 -1', '1 x', '1 2 3', '1.0 2', '1\t2'])('not TOP %j', (argument) => {
    expect(understandTop(argument)).toMatchObject({ refusal: { bad: true } });
  }); // prettier-ignore

  it('of EHLO is one word', () => {
    for (const name of ['pc', '[127.0.0.1]', 'пример.рф', '__proto__']) {
      expect(understandName(name)).toEqual({ value: name });
    }
    for (const name of ['', 'a b', 'a\x1b', 'a\r', 'a\u2028', 'a\u202e']) {
      expect(understandName(name)).toMatchObject({ refusal: { code: 501 } });
    }
  });

  it('of VRFY must be there, of NOOP may, of STARTTLS must not', () => {
    expect(understandWhom('')).toMatchObject({ refusal: { code: 501 } });
    expect(understandWhom('bob')).toEqual({ value: 'bob' });
    expect(understandAnything('')).toEqual({ value: '' });
    expect(understandAnything('x y')).toEqual({ value: 'x y' });
    expect(understandNothing('')).toEqual({ value: '' });
    expect(understandNothing('x')).toMatchObject({ refusal: { code: 501 } });
  });
});

describe('a command line', () => {
  it('is found in a stream however it is cut', () => {
    const stream = 'EHLO pc\r\nQUIT\n\r\n\nNOOP\r\n';
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (places) => {
        const reader = new LineReader(100);
        const found: string[] = [];
        for (const piece of cut(latin1(stream), places)) {
          for (let rest = piece; rest.length > 0;) {
            rest = rest.subarray(reader.read(rest));
            if (reader.complete) found.push(Buffer.from(reader.take()).toString());
          }
        }
        expect(found).toEqual(stream.match(/[^\n]*\n/g));
      }),
    );
  });

  it('has a verb of letters and an argument without the blanks around it', () => {
    const understood = (line: string) => understandLine(latin1(line));
    expect(understood('mail \t FROM:<a> \r\n')).toEqual({
      verb: 'MAIL',
      argument: 'FROM:<a>',
      asItCame: '\t FROM:<a> ',
    });
    expect(understood(' MAIL\r\n')).toEqual({ verb: '', argument: 'MAIL', asItCame: 'MAIL' });
    expect(understood('MAIL\tx\r\n')).toEqual({ verb: '', argument: '', asItCame: '' });
    expect(understood('\xff\r\n')).toBeUndefined();
    expect(understood('\r\n')).toEqual({ verb: '', argument: '', asItCame: '' });
  });
});
