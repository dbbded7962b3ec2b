import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { octets, play, say, stages, text } from './sessions.ts';

const ENVELOPE = ['MAIL FROM:<alice@example.com>', 'RCPT TO:<bob@example.com>', 'DATA'];

describe.each(stages)('the SMTP session of $stage', ({ session }) => {
  it('takes a message from MAIL to QUIT', () => {
    const { codes, messages, closed } = say(
      session(),
      ...ENVELOPE,
      'Subject: hello',
      '',
      'text',
      '.',
      'QUIT',
    );
    expect(codes).toEqual([220, 250, 250, 354, 250, 221]);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({
      reversePath: 'alice@example.com',
      recipients: [{ address: 'bob@example.com', mailbox: 'bob@example.com' }],
    });
    expect(text(messages[0])).toBe('Subject: hello\r\n\r\ntext\r\n');
    expect(closed).toBe(true);
  });

  it('answers every line exactly once, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom(
              'MAIL FROM:<a@b>',
              'RCPT TO:<c@d>',
              'EHLO x',
              '',
              'NOOP',
              'x',
              'MAIL',
              'RCPT TO:',
              ' QUIT',
            ),
            fc
              .string({ unit: 'binary-ascii' })
              .map((line) => line.replace(/[\n]|^(data|quit)/gi, '')),
          ),
          { maxLength: 19 },
        ),
        (lines) => {
          const { codes, sent } = say(session(), ...lines);
          expect(codes).toHaveLength(lines.length + 1);
          expect(sent.split('\r\n')).toHaveLength(lines.length + 2);
        },
      ),
    );
  });

  it('does the same however the octets are cut', () => {
    const input = octets(
      [
        'ehlo there', ...ENVELOPE, '..a', '.b', '', 'QUIT', '.',
        'mail from: bob', 'rcpt to:carol', 'RCPT TO:<"a b>c"@d>', 'data', 'bare \r cr', '.',
        'MAIL FROM:<>', 'RCPT TO:<x>', 'RCPT TO:<\xe9>', 'DATA', '\xe9\xff', '..', '.', 'quit', 'NOOP',
      ].map((line) => `${line}\r\n`).join(''),
    ); // prettier-ignore
    const whole = play(session(), [input]);
    expect(whole.codes).toEqual([
      220, 502, 250, 250, 354, 250, 250, 250, 250, 354, 554, 250, 250, 500, 354, 250, 221,
    ]);
    expect(
      play(
        session(),
        Array.from(input, (_, at) => input.subarray(at, at + 1)),
      ),
    ).toEqual(whole);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(input.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), input.length];
        const pieces = at.slice(1).map((end, index) => input.subarray(at[index], end));
        expect(play(session(), pieces)).toEqual(whole);
      }),
    );
  });

  it('gives back the text that a client has stuffed', () => {
    const line = fc.string({ unit: fc.constantFrom('.', 'a', ' ', '>', 'From '), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const stuffed = lines.map((each) => (each.startsWith('.') ? `.${each}` : each));
        const { messages } = say(session(), ...ENVELOPE, ...stuffed, '.');
        expect(text(messages[0])).toBe(lines.map((each) => `${each}\r\n`).join(''));
      }),
    );
  });

  it('looks at no command until the message before it is stored', () => {
    const it = session();
    it.open(0);
    const first = it.receive(octets(`${ENVELOPE.join('\r\n')}\r\nx\r\n.\r\nQUIT\r\n`), 0);
    expect(first.map(({ type }) => type)).toEqual(['send', 'send', 'send', 'deliver']);
    expect(it.receive(octets('QUIT\r\n'), 0)).toEqual([]);
    expect(it.resume('stored', 0)).toMatchObject([
      { text: expect.stringMatching(/^250/) as string },
      { text: expect.stringMatching(/^221/) as string },
      { type: 'close' },
    ]);
  });

  it.each([
    ['full', 452],
    ['failed', 451],
  ] as const)('says so when the store is %s, and goes on', (delivery, code) => {
    const lines = [...ENVELOPE, 'x', '.', 'MAIL FROM:<a@b>', ''].join('\r\n');
    const { codes } = play(session(), [octets(lines)], () => delivery);
    expect(codes).toEqual([220, 250, 250, 354, code, 250]);
  });

  describe('the end of the text', () => {
    const NOT_THE_END = [
      '\n.\n', '\n.\r', '\r.\n', '\r.\r', '\n.\r\n', '\r.\r\n', '\r\n.\n', '\r\n.\r',
      '\r\n\0.\r\n', '\r\n.\0\r\n', '\r\n.\r\r\n', '\r\r\n.\r\r\n',
    ]; // prettier-ignore

    it.each(NOT_THE_END)(
      'is not %j: no command is smuggled, the text is refused at its true end',
      (fake) => {
        const input = octets(
          `${ENVELOPE.join('\r\n')}\r\ntext${fake}MAIL FROM:<evil@example.com>\r\n.\r\nRCPT TO:<x>\r\nMAIL FROM:<a@b>\r\n`,
        );
        for (const pieces of [[input], Array.from(input, (octet) => Uint8Array.of(octet))]) {
          const { codes, messages } = play(session(), pieces);
          expect(codes).toEqual([220, 250, 250, 354, 554, 503, 250]);
          expect(messages).toEqual([]);
        }
      },
    );

    it('is in CR CR LF . CR LF, and the text is refused', () => {
      const { codes } = say(session(), ...ENVELOPE, 'text\r', '.', 'RCPT TO:<x>');
      expect(codes).toEqual([220, 250, 250, 354, 554, 503]);
    });

    it('is the first line of an empty text', () => {
      const { codes, messages } = say(session(), ...ENVELOPE, '.');
      expect(codes).toEqual([220, 250, 250, 354, 250]);
      expect(text(messages[0])).toBe('');
    });
  });

  describe('paths', () => {
    const rcpt = (argument: string) =>
      say(session(), 'MAIL FROM:<>', `RCPT TO:${argument}`, 'DATA', '.');

    it.each([
      ['<bob@example.com>', 'bob@example.com'],
      ['<Bob@Example.COM>', 'bob@example.com'],
      [' <bob@example.com> ', 'bob@example.com'],
      ['bob@example.com', 'bob@example.com'],
      ['<bob>', 'bob'],
      ['<@relay.example,@other.example:bob@example.com>', 'bob@example.com'],
      ['<"bob"@example.com>', 'bob@example.com'],
      ['<bob@[127.0.0.1]>', 'bob@%5B127.0.0.1%5D'],
      ['<"bob>the <b> @"@example.com>', '%22bob%3Ethe%20%3Cb%3E%20@%22@example.com'],
      ['<../../etc/passwd>', '%2E.%2F..%2Fetc%2Fpasswd'],
      ['<constructor@example.com>', 'constructor@example.com'],
      ['<__proto__>', '__proto__'],
    ])('takes RCPT TO:%s', (argument, mailbox) => {
      const { messages } = rcpt(argument);
      expect(messages[0]?.recipients.map((each) => each.mailbox)).toEqual([mailbox]);
    });

    it.each([
      ['', 501], ['<>', 501], ['<bob', 501], ['bob>', 501], ['<bob@>', 501], ['<@example.com>', 501],
      ['<a b@example.com>', 501], ['<a@b@c>', 501], ['<bob>x', 501], ['<bob> NOTIFY=NEVER', 555],
      ['<b\x1bob>', 553], ['<b\0ob>', 553], ['<bob\r>', 553], ['<bob\xe2\x80\xa8>', 553], ['<bob\xe2\x80\xae>', 553],
      [`<${'b'.repeat(201)}>`, 553], ['<b\xe9>', 500],
    ])('refuses RCPT TO:%j with %i', (argument, code) => {
      expect(rcpt(argument).codes).toEqual([220, 250, code, 503, 500]);
    }); // prettier-ignore

    it('takes a message from nobody', () => {
      expect(say(session(), 'MAIL FROM:<>').codes).toEqual([220, 250]);
    });
  });

  it.each(['MAIL', 'MAIL FROM', 'MAIL FROM:', 'MAIL FROM: ', 'MAIL <a@b>', 'QUIT now'])(
    'refuses %j with 501',
    (line) => {
      expect(say(session(), line).codes).toEqual([220, 501]);
    },
  );

  it('keeps the order: MAIL, RCPT, DATA, and one MAIL a transaction', () => {
    const { codes } = say(
      session(), 'RCPT TO:<a>', 'DATA', 'MAIL FROM:<a>', 'DATA', 'MAIL FROM:<b>', 'RCPT TO:<a>', 'MAIL FROM:<b>',
    ); // prettier-ignore
    expect(codes).toEqual([220, 503, 503, 250, 503, 503, 250, 503]);
  });

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty x',
    'MAıL FROM:<a>',
    '\xff',
    '\0',
    '',
  ])('does not know the verb %j', (line) => {
    expect(say(session(), Buffer.from(line).toString('latin1')).codes).toEqual([220, 500]);
  });

  describe('limits', () => {
    it('closes on a command line without end, and keeps no more of it than it may', () => {
      const { codes, closed } = play(session({ commandLine: 100 }), [
        ...Array<Uint8Array>(20).fill(octets('x'.repeat(9))),
        octets('\r\nQUIT\r\n'),
      ]);
      expect({ codes, closed }).toEqual({ codes: [220, 500], closed: true });
    });

    it('takes a command line as long as it may be', () => {
      const line = `MAIL FROM:<>${' '.repeat(86)}`;
      expect(say(session({ commandLine: 100 }), line).codes).toEqual([220, 250]);
      expect(say(session({ commandLine: 99 }), line).codes).toEqual([220, 500]);
    });

    it('refuses a text line that is too long, after the end of the text', () => {
      const { codes } = say(
        session({ textLine: 12 }),
        ...ENVELOPE,
        '0123456789',
        '.',
        ...ENVELOPE,
        '0123456789a',
        '.',
      );
      expect(codes).toEqual([220, 250, 250, 354, 250, 250, 250, 354, 500]);
    });

    it('refuses a message that is too big, after the end of the text', () => {
      const { codes, messages } = say(
        session({ message: 6 }), ...ENVELOPE, '..34', '.', ...ENVELOPE, '1234', '5', '.', 'MAIL FROM:<>',
      ); // prettier-ignore
      expect(codes).toEqual([220, 250, 250, 354, 250, 250, 250, 354, 552, 250]);
      expect(messages).toHaveLength(1);
    });

    it('refuses recipients beyond the limit and keeps those before', () => {
      const { codes, messages } = say(
        session({ recipients: 2 }), 'MAIL FROM:<>', 'RCPT TO:<a>', 'RCPT TO:<b>', 'RCPT TO:<c>', 'DATA', '.',
      ); // prettier-ignore
      expect(codes).toEqual([220, 250, 250, 250, 452, 354, 250]);
      expect(messages[0]?.recipients).toHaveLength(2);
    });

    it('answers the twentieth bad command with goodbye', () => {
      const { codes, closed } = say(
        session(),
        ...Array<string>(19).fill('x'),
        'MAIL FROM:<>',
        'x',
        'x',
      );
      expect(codes).toEqual([220, ...Array<number>(19).fill(500), 250, 421]);
      expect(closed).toBe(true);
    });

    it('answers a thousand commands of one packet in their order', () => {
      const lines = Array.from({ length: 1000 }, (_, index) =>
        index % 2 ? 'RCPT TO:<a>' : 'MAIL FROM:<a>',
      );
      const { codes } = say(session({ badCommands: 10_000 }), ...lines);
      expect(codes).toHaveLength(1001);
      expect(codes.slice(0, 6)).toEqual([220, 250, 250, 503, 250, 503]);
    });
  });

  describe('deadlines', () => {
    it('gives five minutes for a command, and single octets do not put that off', () => {
      const it = session();
      it.open(0);
      expect(it.deadline).toBe(300_000);
      it.receive(octets('M'), 299_000);
      expect(it.deadline).toBe(300_000);
      expect(it.expire(299_999)).toEqual([]);
      expect(it.expire(300_000)).toMatchObject([{ type: 'send' }, { type: 'close' }]);
      expect(it.deadline).toBe(Infinity);
    });

    it('gives three minutes between pieces of text, and half an hour for a message', () => {
      const it = session();
      it.open(0);
      it.receive(octets(`${ENVELOPE.join('\r\n')}\r\n`), 1000);
      expect(it.deadline).toBe(181_000);
      for (let now = 2000; now < 1_801_000; now += 20_000) it.receive(octets('.'), now);
      expect(it.deadline).toBe(1_801_000);
      expect(it.expire(1_801_000)).toMatchObject([
        { text: expect.stringMatching(/^421/) as string },
        { type: 'close' },
      ]);
    });

    it('does not hurry the client while the server stores', () => {
      const it = session();
      it.open(0);
      it.receive(octets(`${ENVELOPE.join('\r\n')}\r\n.\r\n`), 1000);
      expect(it.deadline).toBe(Infinity);
      it.resume('stored', 5000);
      expect(it.deadline).toBe(305_000);
    });
  });

  describe('when the server stops', () => {
    const envelope = octets(`${ENVELOPE.join('\r\n')}\r\n`);

    it('says 421 at once if no message is in hand', () => {
      const it = session();
      it.open(0);
      expect(it.stop(0, 1000)).toMatchObject([
        { text: expect.stringMatching(/^421/) as string },
        { type: 'close' },
      ]);
      expect(it.stop(0, 1000)).toEqual([]);
    });

    it('lets a text come to its end first', () => {
      const it = session();
      it.open(0);
      it.receive(envelope, 0);
      expect(it.stop(0, 1000)).toEqual([]);
      expect(it.receive(octets('x\r\n.\r\n'), 500)).toMatchObject([{ type: 'deliver' }]);
      expect(it.resume('stored', 900)).toMatchObject([
        { text: expect.stringMatching(/^250/) as string }, { text: expect.stringMatching(/^421/) as string }, { type: 'close' },
      ]); // prettier-ignore
    });

    it('waits for a slow text only as long as the grace', () => {
      const it = session();
      it.open(0);
      it.receive(envelope, 0);
      it.stop(0, 1000);
      it.receive(octets('x'), 900);
      expect(it.deadline).toBe(1000);
      expect(it.expire(1000)).toMatchObject([
        { text: expect.stringMatching(/^421/) as string },
        { type: 'close' },
      ]);
    });
  });

  it('serves lines that end in LF alone, and tells the operator once', () => {
    const { codes, notes } = play(session(), [octets('MAIL FROM:<>\nRCPT TO:<a>\nQUIT\n')]);
    expect(codes).toEqual([220, 250, 250, 221]);
    expect(notes).toHaveLength(1);
  });

  it('never throws, whatever comes', () => {
    const word = fc.constantFrom(
      'MAIL FROM:<a@b>',
      'RCPT TO:<c>',
      'DATA',
      'QUIT',
      '.',
      '\r\n',
      '\n',
      '\r',
      '\0',
      ' ',
      '<',
      '"',
      'HELO x',
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.string({ unit: 'binary' })), { maxLength: 60 }),
        (words) => {
          play(session({ commandLine: 64, textLine: 32, message: 64 }), [
            Buffer.from(words.join('')),
          ]);
        },
      ),
    );
  });
});
