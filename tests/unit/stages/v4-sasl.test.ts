import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Exchange, mechanisms } from '../../../v4-advanced/src/sasl.ts';
import { base64, plain } from './v4-sessions.ts';

const MALFORMED = { type: 'malformed' };
const challenge = (text: string) => ({ type: 'challenge', text: base64(text) });
const credentials = (name: string, password: string, authorization = '') => ({
  type: 'credentials',
  credentials: { authorization, name, password },
});

describe('a login with PLAIN', () => {
  it('asks nothing, and takes who, and the password, in one answer', () => {
    const it = new Exchange('PLAIN');
    expect(it.start()).toEqual(challenge(''));
    expect(it.answer(plain('bob', 'secret'))).toEqual(credentials('bob', 'secret'));
  });

  it('may come without being asked', () => {
    expect(new Exchange('PLAIN').answer(plain('bob', 'a b', 'bob@x'))).toEqual(
      credentials('bob', 'a b', 'bob@x'),
    );
  });

  it.each([
    '', '=', base64('bob'), base64('bob\0secret'), base64('\0bob\0secret\0'), base64('\0\0secret'), base64('\0bob\0'),
    base64('\0\0'), base64('a\0b\0c\0d'), Buffer.from('\0b\xe9\0x', 'latin1').toString('base64'),
  ])('does not take %j', (answer) => {
    expect(new Exchange('PLAIN').answer(answer)).toEqual(MALFORMED);
  }); // prettier-ignore
});

describe('a login with LOGIN', () => {
  it('asks for the name, then for the password', () => {
    const it = new Exchange('LOGIN');
    // Outlook and others compare these words.
    expect(it.start()).toEqual({ type: 'challenge', text: 'VXNlcm5hbWU6' });
    expect(it.answer(base64('bob'))).toEqual({ type: 'challenge', text: 'UGFzc3dvcmQ6' });
    expect(it.answer(base64('secret'))).toEqual(credentials('bob', 'secret'));
  });

  it('takes the name along with AUTH', () => {
    const it = new Exchange('LOGIN');
    expect(it.answer(base64('bob'))).toEqual(challenge('Password:'));
    expect(it.answer(base64('secret'))).toEqual(credentials('bob', 'secret'));
  });

  it.each([
    [[base64('')]], [[base64('b\0b')]], [['%%%']], [[base64('bob'), '=']], [[base64('bob'), base64('a\0b')]],
    [[base64('bob'), 'a']], [['=', base64('secret')]],
  ])('does not take %j', (answers) => {
    const it = new Exchange('LOGIN');
    it.start();
    expect(answers.map((answer) => it.answer(answer)).at(-1)).toEqual(
      // An empty name is an answer. That it is nobody's is seen when the password is there.
      answers.length === 1 && answers[0] === '' ? challenge('Password:') : MALFORMED,
    );
  }); // prettier-ignore
});

describe('the base64 of a login', () => {
  it.each([
    ['blanks in it', 'AGJv YgBzZWNyZXQ='],
    ['no = at its end', 'AGJvYgBzZWNyZXQ'],
    ['= in its midst', 'AGJv=YgBzZWNyZXQ='],
    ['the alphabet of URLs', '_-_-'],
    ['a line end', 'AGJvYgBzZWNyZXQ=\r'],
    ['what is no letter', 'AGJvYgBzZWNyZX\xe9='],
    ['a lone letter', 'A'],
    ['three =', 'A==='],
    ['nothing but =', '=='],
  ])('must not have %s', (_, answer) => {
    for (const mechanism of mechanisms) {
      expect(new Exchange(mechanism).answer(answer)).toEqual(MALFORMED);
    }
  });

  it('gives back every name and password that is text', () => {
    const word = fc
      .string({ unit: 'binary', minLength: 1 })
      .map((text) => Buffer.from(text.replaceAll('\0', '0')).toString());
    fc.assert(
      fc.property(word, word, fc.option(word, { nil: '' }), (name, password, authorization) => {
        const expected = credentials(name, password, authorization);
        expect(new Exchange('PLAIN').answer(plain(name, password, authorization))).toEqual(
          expected,
        );
        const it = new Exchange('LOGIN');
        it.answer(base64(name));
        expect(it.answer(base64(password))).toEqual(credentials(name, password));
      }),
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...mechanisms), fc.array(fc.oneof(fc.string(), fc.base64String())),
        (mechanism, answers) => {
          const it = new Exchange(mechanism);
          for (const answer of answers) {
            expect(['challenge', 'credentials', 'malformed']).toContain(it.answer(answer).type);
          }
        }),
    ); // prettier-ignore
  });

  it('may be as long as a line of a login', () => {
    const password = 'x'.repeat(9000);
    expect(new Exchange('PLAIN').answer(plain('bob', password))).toEqual(
      credentials('bob', password),
    );
  });
});
