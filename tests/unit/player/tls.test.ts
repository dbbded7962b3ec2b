import { describe, expect, it } from 'vitest';
import type { Port, Scenario } from '../../src/notation/model.ts';
import { parseScenario } from '../../src/notation/parse-scenario.ts';
import type { PlayOptions, PlayResult } from '../../src/player/model.ts';
import {
  mail,
  mailbox,
  play,
  serverInTest,
  SILENT,
  told,
  type Behaviour,
} from './server-in-test.ts';
import {
  ALERT,
  servePop3s,
  serveEsmtp,
  serveSmtps,
  serveStls,
  type Smuggled,
  type TlsBehaviour,
} from './tls-in-test.ts';

const V4: Partial<PlayOptions> = { stage: 'v4', opening: ['EHLO client.example.com'] };

function scenario(body: string, ...head: string[]): Scenario {
  return from('v4', body, ...head);
}

function from(stage: string, body: string, ...head: string[]): Scenario {
  const lines = ['title: A test', 'step: 1', 'points: 1', 'kind: core', ...head];
  return parseScenario(`---\n${lines.join('\n')}\n---\n${body}\n`, 'test.md', `${stage}/test`);
}

function fence(words: string, ...lines: string[]): string {
  return [`\`\`\`${words}`, ...lines, '```', ''].join('\n');
}

function esmtp(behaviour: TlsBehaviour = {}): Behaviour {
  return {
    ports: {
      smtp: (client) => serveEsmtp(client, behaviour),
      submission: (client) => serveEsmtp(client, behaviour),
      smtps: (client) => serveSmtps(client, behaviour),
    },
  };
}

async function playOn(behaviour: Behaviour, what: Scenario, options = V4): Promise<PlayResult> {
  return play(await serverInTest(behaviour), what, { ...V4, ...options });
}

const QUIT = ['C: QUIT', 'S: 221', 'closes'];
const EHLO = ['C: EHLO client.example.com', 'S: 250'];

describe('TLS in a dialogue', () => {
  const plain = fence('smtp', 'C: STARTTLS', 'S: 220', 'tls', ...EHLO, ...QUIT);

  it.each(['line', 'text', 'pipelined', 'bytes'] as const)('is spoken: %s', async (delivery) => {
    const result = await playOn(esmtp(), scenario(plain), { ...V4, delivery });
    expect(told(result)).toBe('nothing');
    expect(result.steps.map(({ from, text }) => `${from} ${text}`)).toContain('- tls');
  });

  it('is over when the server hangs up, and not before all was read', async () => {
    const behaviour = esmtp({
      command(line, say) {
        if (line !== 'QUIT') return false;
        say('221-bye\r\n');
        return false;
      },
    });
    expect(told(await playOn(behaviour, scenario(plain)))).toBe('nothing');
  });

  it('a second reply inside TLS is found', async () => {
    const behaviour = esmtp({
      command(line, say, isSecure) {
        if (isSecure && line === 'QUIT') say('250 ok\r\n');
        return false;
      },
    });
    expect(told(await playOn(behaviour, scenario(plain)))).toMatch(/^(moreReplies|wrongCode):/);
  });

  it.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'is over when the connection below it is: %s',
    async (how) => {
      const behaviour: Behaviour = {
        ports: {
          smtp: (client) =>
            serveEsmtp(client, {
              command(line, say) {
                if (line !== 'NOOP') return false;
                say('250 ok\r\n');
                setImmediate(() => void client.socket[how]());
                return true;
              },
            }),
        },
      };
      const lines = ['C: STARTTLS', 'S: 220', 'tls', 'C: NOOP', 'S: 250', 'closes'];
      expect(told(await playOn(behaviour, scenario(fence('smtp', ...lines))))).toBe('nothing');
      const more = [...lines.slice(0, -1), 'C: RSET', 'S: 250'];
      expect(told(await playOn(behaviour, scenario(fence('smtp', ...more))))).toBe(
        'closedInstead: The server closed the connection instead of answering RSET.',
      );
    },
  );

  it('a server that hangs up instead is told so', async () => {
    const hangsUp = esmtp({ handshake: (socket) => void socket.destroy() });
    expect(told(await playOn(hangsUp, scenario(plain)))).toBe(
      'tlsClosed: The server closed the connection during the handshake of TLS. What does its log say of it?',
    );
  });

  it('a server that says nothing is told so', async () => {
    const isSilent = esmtp({ handshake: (socket) => void socket.resume() });
    expect(told(await playOn(isSilent, scenario(plain), { ...V4, ...SILENT }))).toMatch(
      /^tlsSilence: The server did not answer the handshake of TLS within 0.15 s/,
    );
  });

  it('a server that goes on in plain text is told so', async () => {
    const speaks = esmtp({
      handshake: (socket) => void socket.on('data', () => socket.write('500 what?\r\n')),
    });
    const result = await playOn(speaks, scenario(plain));
    expect(told(result)).toMatch(
      /^tlsInClear: Here the handshake of TLS begins, but the server went on in plain text: 500 what\?/,
    );
    expect(result.steps.at(-1)).toMatchObject({ text: '500 what?', expected: 'tls', ok: false });
  });

  it('a server that refuses is told what the library says of it', async () => {
    const refuses = esmtp({
      handshake: (socket) => void socket.on('data', () => void socket.end(ALERT)),
    });
    expect(told(await playOn(refuses, scenario(plain)))).toMatch(
      /^tlsRefused: The handshake of TLS failed: .*unexpected message/,
    );
  });

  describe('that must not begin', () => {
    const fails = fence('smtp', 'C: STARTTLS', 'S: 220', 'tls fails');

    it('a server that hangs up is right', async () => {
      const hangsUp = esmtp({ handshake: (socket) => void socket.destroy() });
      expect(told(await playOn(hangsUp, scenario(fails)))).toBe('nothing');
    });

    it('a server that never answers is right', async () => {
      const isSilent = esmtp({ handshake: (socket) => void socket.resume() });
      expect(told(await playOn(isSilent, scenario(fails), { ...V4, ...SILENT }))).toBe('nothing');
    });

    it('a server that begins it is told so', async () => {
      expect(told(await playOn(esmtp(), scenario(fails)))).toMatch(/^tlsSucceeded:/);
    });
  });
});

describe('what came with STARTTLS', () => {
  const smuggles = (line: string, ...rest: string[]): Scenario =>
    scenario(fence('smtp', line, 'S: 220', 'tls or fails', ...rest, ...EHLO, ...QUIT));
  const whole = smuggles('C raw: STARTTLS\\r\\nNOOP\\r\\n');
  const half = smuggles('C raw: STARTTLS\\r\\nVRFY x', 'C: NOOP', 'S: 250');

  it.each<[Smuggled]>([['dropped'], ['handed to tls']])('may be %s', async (smuggled) => {
    expect(told(await playOn(esmtp({ smuggled }), whole))).toBe('nothing');
    expect(told(await playOn(esmtp({ smuggled }), half))).toBe('nothing');
  });

  it('a handshake that fails ends the dialogue, and no other one', async () => {
    const two = scenario(
      fence(
        'smtp',
        'C raw: STARTTLS\\r\\nNOOP\\r\\n',
        'S: 220',
        'tls or fails',
        'C: NO',
        'S: 299',
      ) + fence('smtp again', 'C: NOOP', 'S: 250'),
    );
    const result = await playOn(esmtp({ smuggled: 'handed to tls' }), two);
    expect(told(result)).toBe('nothing');
    expect(result.steps.map(({ text }) => text)).toContain('tls fails');
    expect(result.steps.at(-1)).toMatchObject({ connection: 'again', text: '250 ok' });
  });

  it('is not answered in clear', async () => {
    const result = await playOn(esmtp({ smuggled: 'answered in clear' }), whole);
    expect(told(result)).toBe(
      'tlsInClear: Here the handshake of TLS begins, but the server went on in plain text: 250 ok. After 220 go ahead it says nothing more in clear, and what has come with the command is forgotten.',
    );
  });

  it('is not answered inside TLS', async () => {
    expect(told(await playOn(esmtp({ smuggled: 'kept' }), whole))).toBe(
      'extraReplyInTls: After the handshake of TLS the server said 250 ok, although nothing had been asked there. What came in clear before the handshake is forgotten, and gets no reply.',
    );
  });

  it('is not the beginning of a line inside TLS', async () => {
    expect(told(await playOn(esmtp({ smuggled: 'kept' }), half))).toBe(
      'wrongCode: NOOP should be answered with 250, but the server said 500 what?.',
    );
  });

  it('may come in one packet with the handshake', async () => {
    const behind = scenario(
      fence('smtp', 'C: STARTTLS', 'S: 220', 'tls or fails behind NOOP\\r\\n', ...EHLO, ...QUIT),
    );
    const result = await playOn(esmtp(), behind);
    expect(told(result)).toBe('nothing');
    expect(result.steps.slice(-2)).toMatchObject([
      { from: 'C', text: 'NOOP\\r\\n', raw: true },
      { from: '-', text: 'tls fails', ok: true },
    ]);
    const must = scenario(fence('smtp', 'C: STARTTLS', 'S: 220', 'tls behind NOOP\\r\\n'));
    expect(told(await playOn(esmtp(), must))).toMatch(/^tls(Closed|Refused):/);
  });
});

describe('a server that refuses TLS, because something came with STARTTLS', () => {
  const refuses: TlsBehaviour = {
    command(line, say) {
      if (line !== 'STARTTLS') return false;
      say('554 nothing may come with it\r\n');
      return true;
    },
  };
  const body = (tls: string) =>
    fence('smtp', 'C raw: STARTTLS\\r\\nNOOP\\r\\n', 'S: 220 or 5xx', tls, ...EHLO, ...QUIT);

  it('has let it fail, and may go on in clear', async () => {
    const result = await playOn(esmtp(refuses), scenario(body('tls or fails')));
    expect(told(result)).toBe('nothing');
    expect(result.steps.at(-1)).toMatchObject({ from: '-', text: 'tls fails', ok: true });
  });

  it('is told so where TLS must begin', async () => {
    const result = await playOn(esmtp(refuses), scenario(body('tls')));
    expect(told(result)).toMatch(/^tlsInClear/);
  });
});

describe('what a reply must not have', () => {
  it('is found in it, as a line or the first word of one', async () => {
    const without = (word: string) =>
      scenario(fence('smtp', ...EHLO, `without ${word}`, 'C: QUIT', 'S: 221'));
    expect(told(await playOn(esmtp(), without('AUTH')))).toBe('nothing');
    expect(told(await playOn(esmtp(), without('SIZ')))).toBe('nothing');
    const result = await playOn(esmtp(), without('size'));
    expect(told(result)).toBe(
      'unwantedLine: The reply to EHLO client.example.com must have no line size here, but it has: SIZE 1000.',
    );
    expect(result.finding?.line).toBe(10);
  });

  it('may be several words, of which an earlier reply has said some', async () => {
    const named = 'S: 250 /(?<word>SIZE)/';
    const without = (words: string) =>
      scenario(fence('smtp', EHLO[0]!, named, `without ${words}`, 'C: QUIT', 'S: 221'));
    expect(told(await playOn(esmtp(), without('{word} 2000')))).toBe('nothing');
    expect(told(await playOn(esmtp(), without('{word} 1000')))).toMatch(
      /must have no line SIZE 1000/,
    );
  });
});

describe('the ports of stage 4', () => {
  const noop = ['C: NOOP', 'S: 250', ...QUIT];

  it.each<[string, string[]]>([
    ['smtp', ['EHLO']],
    ['submission', ['EHLO']],
    ['smtps', ['tls', 'EHLO']],
    ['smtp over tls', ['EHLO', 'STARTTLS', 'tls', 'EHLO']],
    ['submission first over tls', ['EHLO', 'STARTTLS', 'tls', 'EHLO']],
    ['submission alice@example.com', ['EHLO', 'STARTTLS', 'tls', 'EHLO', 'AUTH']],
    ['smtp alice@example.com', ['EHLO', 'STARTTLS', 'tls', 'EHLO', 'AUTH']],
    ['smtps alice@example.com', ['tls', 'EHLO', 'AUTH']],
  ])('%s: the player says %s', async (words, said) => {
    const result = await playOn(esmtp(), scenario(fence(words, ...noop)));
    expect(told(result)).toBe('nothing');
    const own = result.steps.filter(({ from, line }) => from !== 'S' && line === undefined);
    const verbs = own.map(({ text }) => text.split(' ')[0]);
    expect(verbs.filter((verb) => verb !== 'connects')).toEqual(said);
  });

  it('are opened by the dialogue, with `opening: none`, but for their handshake', async () => {
    const bare = (words: string) => scenario(fence(words, 'S: 220', ...QUIT), 'opening: none');
    expect(told(await playOn(esmtp(), bare('submission')))).toBe('nothing');
    expect(told(await playOn(esmtp(), bare('smtps')))).toBe('nothing');
    const login = scenario(fence('smtps alice@example.com', ...noop), 'opening: none');
    expect(told(await playOn(esmtp(), login))).toBe('nothing');
  });

  it('in clear: the player says nothing, where TLS belongs to the port', async () => {
    const clear = fence('pop3s first in clear', 'silence', 'C: CAPA', 'leaves');
    const other = fence('pop3s', 'S: +OK', 'C: QUIT', 'S: +OK');
    const served: Behaviour = {
      ports: { pop3s: (client, { mailboxes, locks }) => servePop3s(client, mailboxes, locks, {}) },
    };
    const result = await playOn(served, scenario(clear + other));
    expect(told(result)).toBe('nothing');
    expect(result.steps.slice(0, 4).map(({ text }) => text)).toEqual([
      'connects',
      'silence',
      'CAPA',
      'leaves',
    ]);
    const spoken: Behaviour = { ports: { pop3s: (client) => client.say('+OK ready\r\n') } };
    expect(told(await playOn(spoken, scenario(clear)))).toMatch(/^replyUnasked/);
  });

  it('AUTH LOGIN is said where nothing else is announced', async () => {
    const login = scenario(fence('submission alice@example.com', ...noop));
    const result = await playOn(esmtp({ auth: 'AUTH LOGIN' }), login);
    expect(told(result)).toBe('nothing');
    expect(result.steps.map(({ text }) => text)).toContain('AUTH LOGIN');
  });

  it('a port without TLS is told so', async () => {
    const behaviour = { ports: { smtps: esmtp().ports!.smtp! } };
    expect(told(await playOn(behaviour, scenario(fence('smtps', ...noop))))).toBe(
      'tlsInClearAtOnce: On the port for smtps TLS begins with the first octet, but the server spoke in plain text: 220 ready.',
    );
  });

  it.each<[Port, string]>([
    ['submission', '5870'],
    ['smtps', '4650'],
    ['pop3s', '9950'],
  ])('a port that the manifest does not name is asked for: %s', async (port, number) => {
    const lines = port === 'pop3s' ? ['S: +OK'] : noop;
    const result = await playOn({ ports: {} }, scenario(fence(port, ...lines)));
    expect(told(result)).toBe(
      `nobodyAcceptsPortUntold: Nobody accepts a connection for ${port}: the manifest names no port for it. It says how the server is told of that port ({${port}} in its command line), or which port it has: "ports": { "${port}": ${number} }.`,
    );
  });

  it('after a hostile scenario the port is tried that it was about', async () => {
    let count = 0;
    const behaviour: Behaviour = {
      ports: {
        smtps: (client) => {
          count += 1;
          if (count === 1) serveSmtps(client);
        },
      },
    };
    const hostile = scenario(fence('smtps', ...noop), 'hostile: true');
    expect(told(await playOn(behaviour, hostile, { ...V4, ...SILENT }))).toMatch(
      /^notServedAfterPort: After this a new connection on the port for smtps gets no greeting/,
    );
  });
});

describe('a login', () => {
  const auth = (...lines: string[]) =>
    scenario(fence('submission over tls', ...lines, 'C: QUIT', 'S: 221'));

  it.each(['line', 'text', 'pipelined', 'bytes'] as const)('goes on: %s', async (delivery) => {
    const plain = ['C: AUTH PLAIN {auth.alice}', 'S: 235'];
    const asked = ['C: AUTH PLAIN', 'S: 334', 'C: {auth.alice}', 'S: 235'];
    const login = ['C: AUTH LOGIN', 'S: 334', 'C: {user64.alice}', 'S: 334'];
    for (const lines of [plain, asked, [...login, 'C: {password64.alice}', 'S: 235']]) {
      const result = await playOn(esmtp(), auth(...lines), { ...V4, delivery });
      expect(told(result)).toBe('nothing');
    }
  });

  it('a text is encoded with its escapes and placeholders', async () => {
    const wrong = auth(
      'C: AUTH PLAIN {base64 "\\0{user.alice}\\0{n}x"}'.replace('{n}', '\\xe9'),
      'S: 535',
    );
    const result = await playOn(esmtp(), wrong);
    expect(told(result)).toBe('nothing');
    const expected = Buffer.from('\0alice@example.com\0\xe9x', 'latin1').toString('base64');
    expect(result.steps.map(({ text }) => text)).toContain(`AUTH PLAIN ${expected}`);
  });
});

describe('BDAT', () => {
  it.each(['line', 'pipelined', 'bytes'] as const)(
    'its octets get no reply of their own: %s',
    async (delivery) => {
      let left = 0;
      const behaviour = esmtp({
        command(line, say) {
          if (left > 0) {
            left -= line.length + 2;
            if (left <= 0) say('250 stored\r\n');
            return true;
          }
          if (!line.startsWith('BDAT')) return false;
          left = Number(line.split(' ')[1]);
          return true;
        },
      });
      const lines = ['C: MAIL FROM:<alice@example.com>', 'S: 250', 'C: RCPT TO:<bob@example.com>'];
      const chunk = ['S: 250', 'C: BDAT 16', 'C: Subject: text1', 'S: 250', 'C: BDAT 6 LAST'];
      const body = fence(
        'smtp',
        ...lines,
        ...chunk,
        'C raw: .\\r\\n\\n\\r\\n',
        'S: 250',
        'C: NOOP',
        'S: 250',
      );
      const options = { ...V4, delivery };
      const result = await playOn(behaviour, scenario(body.replace('BDAT 16', 'BDAT 16')), options);
      expect(told(result)).toBe('nothing');
    },
  );
});

describe('POP3 in stage 4', () => {
  const stls: Behaviour = {
    ports: { pop3: (client, { mailboxes, locks }) => serveStls(client, mailboxes, locks, {}) },
  };
  const pop3s: Behaviour['ports'] = {
    pop3s: (client, { mailboxes, locks }) => servePop3s(client, mailboxes, locks, {}),
  };
  const inClear: Behaviour = { pop3: {} };
  const stat = ['C: STAT', 'S: +OK 0 0', 'C: QUIT', 'S: +OK', 'closes'];

  it.each(['line', 'bytes'] as const)('the player logs in under TLS: %s', async (delivery) => {
    const body = scenario(fence('pop3 bob@example.com', ...stat));
    const result = await playOn(stls, body, { ...V4, delivery });
    expect(told(result)).toBe('nothing');
    expect(result.steps.map(({ text }) => text).slice(0, 6)).toEqual([
      'connects',
      '+OK ready',
      'STLS',
      '+OK begin',
      'tls',
      'USER bob@example.com',
    ]);
  });

  it('before stage 4 it logs in in clear', async () => {
    const body = scenario(fence('pop3 bob@example.com', ...stat));
    expect(told(await playOn(inClear, body, { ...V4, stage: 'v3' }))).toBe('nothing');
  });

  it('where STLS is refused, it goes to pop3s', async () => {
    const body = scenario(fence('pop3 bob@example.com', ...stat));
    const result = await playOn({ ...inClear, ports: pop3s }, body);
    expect(told(result)).toBe('nothing');
    expect(result.steps.map(({ text }) => text).slice(0, 5)).not.toContain('STLS');
  });

  it('a server that has neither is told so', async () => {
    const body = scenario(fence('pop3 bob@example.com', ...stat));
    expect(told(await playOn({ ...inClear, ports: {} }, body))).toMatch(
      /^stlsRefused: The server answered STLS with -ERR .*, and the manifest names no port for pop3s/,
    );
  });

  it('dialogues on pop3s begin with the greeting, or in a mailbox', async () => {
    const bare = scenario(fence('pop3s', 'S: +OK', 'C: QUIT', 'S: +OK', 'closes'));
    expect(told(await playOn({ ports: pop3s }, bare))).toBe('nothing');
    const login = scenario(fence('pop3s bob@example.com', ...stat));
    expect(told(await playOn({ ports: pop3s }, login))).toBe('nothing');
    const over = scenario(fence('pop3 over tls', 'C: USER {user.bob}', 'S: +OK', 'leaves'));
    expect(told(await playOn(stls, over))).toBe('nothing');
  });

  it('a dialogue of stage 3 that says USER and PASS does so under TLS', async () => {
    const lines = ['S: +OK', 'C: USER {user.bob}', 'S: +OK', 'C: PASS {password.bob}', 'S: +OK'];
    const body = fence('pop3', ...lines, ...stat);
    const older = from('v3', body, 'login: user-pass');
    expect(told(await playOn(stls, older))).toBe('nothing');
    expect(told(await playOn({ ...inClear, ports: pop3s }, older))).toBe('nothing');
    expect(told(await playOn(inClear, older, { ...V4, stage: 'v3' }))).toBe('nothing');
    const own = from('v4', body, 'login: user-pass');
    expect(told(await playOn(stls, own))).toMatch(/^wrongCode: USER bob@example.com/);
  });

  it('a dialogue of stage 3 that names nobody stays in clear', async () => {
    const body = fence('pop3', 'S: +OK', 'C: STAT', 'S: -ERR', 'C: QUIT', 'S: +OK', 'closes');
    const result = await playOn(stls, from('v3', body));
    expect(told(result)).toBe('nothing');
    expect(result.steps.map(({ text }) => text)).not.toContain('tls');
  });

  it('the reply to a password may be held back, but not that to another command', async () => {
    const slow = (verb: string): Behaviour => ({
      ports: {
        pop3s: (client, { mailboxes, locks }) =>
          servePop3s(client, mailboxes, locks, {
            command(line, { say }) {
              if (!line.startsWith(verb)) return false;
              setTimeout(() => say('-ERR no\r\n'), 800);
              return true;
            },
          }),
      },
    });
    const wrong = ['C: USER {user.bob}', 'S: +OK', 'C: PASS wrong', 'S: -ERR'];
    const body = scenario(fence('pop3s', 'S: +OK', ...wrong, 'C: QUIT', 'S: +OK', 'closes'));
    const impatient: Partial<PlayOptions> = { ...V4, waits: { ...SILENT.waits, reply: 400 } };
    expect(told(await playOn(slow('PASS'), body, impatient))).toBe('nothing');
    expect(told(await playOn(slow('USER'), body, impatient))).toMatch(/^noReply/);
  });

  it('a message is found through TLS', async () => {
    const behaviour: Behaviour = {
      pop3: {},
      store: () => undefined,
      ports: stls.ports!,
      command(line, { say }) {
        if (!line.startsWith('EHLO')) return false;
        say('250 hello\r\n');
        return true;
      },
    };
    const body =
      mail('bob@example.com', 'Subject: {token}', '', 'text') + mailbox('bob@example.com');
    const found = scenario(body);
    expect(told(await playOn(behaviour, found))).toBe('nothing');
  });

  it('AUTH is asked for more by a lone +', async () => {
    const behaviour: Behaviour = {
      ports: {
        pop3s: (client, { mailboxes, locks }) =>
          servePop3s(client, mailboxes, locks, {
            command(line, { say }) {
              if (line === 'AUTH PLAIN') say('+ \r\n');
              else if (line === Buffer.from('\0bob@example.com\0secret').toString('base64'))
                say('+OK welcome\r\n');
              else return false;
              return true;
            },
          }),
      },
    };
    const lines = [
      'S: +OK',
      'C: AUTH PLAIN',
      'S: +',
      'C: {auth.bob}',
      'S: +OK',
      'C: QUIT',
      'S: +OK',
    ];
    for (const delivery of ['line', 'pipelined', 'bytes'] as const) {
      const result = await playOn(behaviour, scenario(fence('pop3s', ...lines)), {
        ...V4,
        delivery,
      });
      expect(told(result)).toBe('nothing');
    }
    const unasked = scenario(fence('pop3s', 'S: +OK', 'C: STAT', 'S: +', 'leaves'));
    expect(told(await playOn({ ports: pop3s }, unasked))).toMatch(/^wrongCode: STAT/);
  });
});
