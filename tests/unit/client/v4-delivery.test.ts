import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readCapabilities } from '../../../v4-advanced/src/client/capabilities.ts';
import { Complaint } from '../../../v4-advanced/src/client/complaint.ts';
import type { ServerAddress } from '../../../v4-advanced/src/client/conversation.ts';
import { deliver, type Delivery } from '../../../v4-advanced/src/client/delivery.ts';
import { Refused } from '../../../v4-advanced/src/client/login.ts';
import { Message } from '../../../v4-advanced/src/client/message.ts';
import type { SampleServer, Script, Tls } from './sample-server.ts';
import { CERTIFICATE, LOGIN, offers, on, SECRET, smtpServer } from './v4-servers.ts';

interface Told {
  server: SampleServer;
  /** The dialogue as it was shown. */
  shown: string[];
  delivery: Delivery | undefined;
  complaint: string | undefined;
  isRefused: boolean;
}

interface Wish {
  login?: typeof LOGIN;
  script?: Script;
  server?: Partial<ServerAddress>;
  tls?: Tls;
  message?: Message;
}

async function tell({ login, script, server: address, tls, message }: Wish = {}): Promise<Told> {
  await using server = await smtpServer(script, tls);
  const shown: string[] = [];
  const told: Told = { server, shown, delivery: undefined, complaint: undefined, isRefused: false };
  try {
    told.delivery = await deliver(
      message ?? new Message('alice@example.com', 'bob@example.com', 'Hi', 'text'),
      { host: '127.0.0.1', port: server.port, timeout: 10, ...address },
      (who, line) => shown.push(`${who}: ${line}`),
      login,
    );
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    expect(error.message).not.toContain('\n');
    expect(error.exitCode).toBe(1);
    told.complaint = error.message;
    told.isRefused = error instanceof Refused;
  }
  await server.allClosed();
  // Whatever happens: the password is shown to nobody, and nobody hears it without TLS.
  const everything = [...shown, told.complaint ?? ''].join('\n');
  for (const secret of [LOGIN.password, SECRET, 'd29uZGVybGFuZA==']) {
    expect(everything).not.toContain(secret);
    const said = server.commands.findIndex((command) => command.includes(secret));
    if (said >= 0) expect(server.commands.slice(0, said)).toContain('(TLS)');
  }
  return told;
}

const EHLO = `EHLO ${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}`;
const TRANSACTION = [
  expect.stringMatching(/^MAIL FROM:<alice@example\.com>/),
  'RCPT TO:<bob@example.com>',
  'DATA',
  'QUIT',
] as const;
const PLAIN = `AUTH PLAIN ${SECRET}`;

describe('a delivery of stage 4', () => {
  it('says EHLO, STARTTLS, EHLO again, and logs in, each after the reply before', async () => {
    const { server, shown, delivery } = await tell({ login: LOGIN });
    expect(server.commands).toEqual([EHLO, 'STARTTLS', '(TLS)', EHLO, PLAIN, ...TRANSACTION]);
    expect(server.early).toEqual([]);
    expect(delivery).toEqual({ accepted: ['bob@example.com'], refused: [] });
    expect(shown).toContain('C: AUTH PLAIN ********');
    const begins = shown.indexOf('-: TLS 1.3 from here on');
    expect(shown.slice(begins - 2, begins + 3)).toEqual([
      'C: STARTTLS',
      'S: 220 go ahead',
      '-: TLS 1.3 from here on',
      '-: Self-signed certificate: accepted, since the server is on this computer.',
      `C: ${EHLO}`,
    ]);
  });

  it('begins with TLS when told so, and does not ask for it again', async () => {
    const { server, shown, delivery } = await tell({
      login: LOGIN,
      tls: { ...CERTIFICATE, atOnce: true },
      server: { tls: 'at once' },
    });
    expect(server.commands).toEqual(['(TLS)', EHLO, PLAIN, ...TRANSACTION]);
    expect(shown[0]).toBe('-: TLS 1.3 from here on');
    expect(delivery?.accepted).toHaveLength(1);
  });

  it('needs no login, and takes TLS when it is offered', async () => {
    const offered = await tell();
    expect(offered.server.commands.slice(0, 5)).toEqual([
      ...[EHLO, 'STARTTLS', '(TLS)', EHLO],
      TRANSACTION[0],
    ]);
    const without = await tell({ script: offers('SIZE') });
    expect(without.server.commands.slice(0, 2)).toEqual([EHLO, TRANSACTION[0]]);
    const unwanted = await tell({ server: { tls: 'never' } });
    expect(unwanted.server.commands.slice(0, 2)).toEqual([EHLO, TRANSACTION[0]]);
  });

  it.each(['500', '502', '550'])('falls back to HELO when EHLO gets %s', async (code) => {
    const { server, delivery } = await tell({
      script: (heard) => (heard.startsWith('EHLO') ? `${code} what?\r\n` : undefined),
    });
    expect(server.commands.slice(0, 3)).toEqual([
      ...[EHLO, EHLO.replace('EHLO', 'HELO')],
      'MAIL FROM:<alice@example.com>',
    ]);
    expect(delivery?.accepted).toHaveLength(1);
  });

  it('uses AUTH LOGIN where nothing else is offered, and shows no answer of its', async () => {
    const { server, shown } = await tell({
      login: LOGIN,
      script: offers('starttls', 'auth=LOGIN cram-md5'),
    });
    expect(server.commands.slice(4, 7)).toEqual(['AUTH LOGIN', 'YWxpY2U=', 'd29uZGVybGFuZA==']);
    const begins = shown.indexOf('C: AUTH LOGIN');
    expect(shown.slice(begins, begins + 6)).toEqual([
      'C: AUTH LOGIN',
      'S: 334 VXNlcm5hbWU6',
      'C: ********',
      'S: 334 UGFzc3dvcmQ6',
      'C: ********',
      'S: 235 welcome',
    ]);
  });

  it('says the secret of AUTH PLAIN on a line of its own when it is long, or wanted there', async () => {
    const long = { user: 'alice', password: 'x'.repeat(400) };
    const secret = Buffer.from(`\0alice\0${long.password}`).toString('base64');
    const { server, delivery } = await tell({
      login: long,
      script: (heard) => {
        if (heard === 'AUTH PLAIN') return '334 \r\n';
        return heard === secret ? '235 welcome\r\n' : undefined;
      },
    });
    expect(server.commands.slice(4, 6)).toEqual(['AUTH PLAIN', secret]);
    expect(delivery?.accepted).toHaveLength(1);
    const wanted = await tell({
      login: LOGIN,
      script: (heard) => {
        if (heard === PLAIN) return '334 \r\n';
        return heard === SECRET ? '235 welcome\r\n' : undefined;
      },
    });
    expect(wanted.shown).toContain('C: ********');
    expect(wanted.delivery?.accepted).toHaveLength(1);
  });
});

describe('the capabilities', () => {
  it('are understood in any case, in both forms, and once', () => {
    const lines = [
      'size 1000',
      'AUTH=PLAIN',
      'Auth LOGIN  PLAIN ',
      '8bitMIME',
      '',
      '-',
      'é',
      'X-A B',
    ];
    expect([...readCapabilities(lines)]).toEqual([
      ['SIZE', ['1000']],
      ['AUTH', ['PLAIN', 'LOGIN', 'PLAIN']],
      ['8BITMIME', []],
      ['X-A', ['B']],
    ]);
  });

  const mail = async (lines: string[], message: Message) => {
    const { server, complaint } = await tell({ script: offers(...lines), message });
    const said = server.commands.find((command) => command.startsWith('MAIL'));
    return { said, complaint, octets: server.texts[0]?.length };
  };
  const dots = new Message('alice@example.com', 'bob@example.com', 'Hi', '.a\n.\n');
  const accents = new Message('alice@example.com', 'bob@example.com', 'Hi', 'é');
  const greek = new Message('αλίκη@example.com', 'bob@example.com', 'Hi', 'a');

  it('SIZE is told the octets of the message, without stuffed dots', async () => {
    const { said, octets } = await mail(['SIZE'], dots);
    expect(said).toBe(`MAIL FROM:<alice@example.com> SIZE=${octets! - 2}`);
    expect(accents.octets - new Message(accents.from, accents.to[0]!, 'Hi', 'e').octets).toBe(1);
  });

  it('SIZE is respected before anything is sent', async () => {
    const just = await mail([`SIZE ${dots.octets}`], dots);
    expect(just.complaint).toBe(undefined);
    const tooBig = await mail([`SIZE ${dots.octets - 1}`], dots);
    expect(tooBig.complaint).toBe(
      `Not sent: the message has ${dots.octets} octets, the server takes ${dots.octets - 1}.`,
    );
    expect(tooBig.said).toBe(undefined);
    expect((await mail(['SIZE 0'], dots)).complaint).toBe(undefined);
  });

  it('8BITMIME is used by a message with other letters, and by no other', async () => {
    expect((await mail(['8BITMIME'], accents)).said).toMatch(/> BODY=8BITMIME$/);
    expect((await mail(['8BITMIME'], dots)).said).toMatch(/>$/);
    expect((await mail([], accents)).said).toMatch(/>$/);
  });

  it('SMTPUTF8 is used by an address with other letters, and needed for it', async () => {
    expect((await mail(['SMTPUTF8', '8BITMIME'], greek)).said).toBe(
      'MAIL FROM:<αλίκη@example.com> BODY=8BITMIME SMTPUTF8',
    );
    expect((await mail(['SMTPUTF8', '8BITMIME'], accents)).said).toMatch(/> BODY=8BITMIME$/);
    expect(await mail(['8BITMIME'], greek)).toMatchObject({
      said: undefined,
      complaint:
        'Not sent: the server takes ASCII addresses only (no SMTPUTF8), and not αλίκη@example.com.',
    });
  });

  it('are forgotten when TLS begins', async () => {
    let times = 0;
    const { server, complaint } = await tell({
      login: LOGIN,
      script: (heard) => {
        if (!heard.startsWith('EHLO') || times++ === 0) return undefined;
        return '250 sample\r\n';
      },
    });
    expect(complaint).toBe(
      'The server does not offer a login: there is no AUTH in its answer to EHLO.',
    );
    expect(server.commands.at(-1)).toBe('QUIT');
  });
});

describe('a password', () => {
  const NO_TLS =
    'The server does not offer TLS (STARTTLS), and without it no password is sent. ' +
    'If it has a port for TLS, say that port and --tls.';

  it('is not sent where there is no TLS, whatever is offered', async () => {
    for (const script of [
      offers('AUTH PLAIN LOGIN'),
      (heard: string) => (heard.startsWith('EHLO') ? '502 what?\r\n' : undefined),
    ]) {
      const { server, complaint } = await tell({ login: LOGIN, script });
      expect(complaint).toBe(NO_TLS);
      expect(server.commands.at(-1)).toBe('QUIT');
      expect(server.commands.filter((command) => command.startsWith('AUTH'))).toEqual([]);
    }
  });

  it('is not sent without TLS if that is wanted: what the server says to AUTH is shown', async () => {
    const { server, complaint } = await tell({
      login: LOGIN,
      server: { tls: 'never' },
      script: on('AUTH PLAIN', '538 5.7.11 Encryption required\r\n'),
    });
    expect(complaint).toBe('The server refused the login of alice: 538 5.7.11 Encryption required');
    expect(server.commands).toEqual([EHLO, 'AUTH PLAIN', 'QUIT']);
  });

  it('is not sent to a server that would take it without TLS', async () => {
    const { server, complaint } = await tell({
      login: LOGIN,
      server: { tls: 'never' },
      script: on('AUTH PLAIN', '334 \r\n'),
    });
    expect(complaint).toBe('The server would take the password without TLS. It was not sent.');
    expect(server.commands).toEqual([EHLO, 'AUTH PLAIN', '*', 'QUIT']);
  });

  it('is not shown when the server repeats it, in any form', async () => {
    const echo = await tell({
      login: LOGIN,
      script: on(PLAIN, `535-no: ${SECRET}\r\n535 no: wonderland d29uZGVybGFuZA==\r\n`),
    });
    expect(echo.shown).toContain('S: 535-no: ********');
    expect(echo.complaint).toBe(
      'The server refused the login of alice: 535-no: ******** 535 no: ******** ********',
    );
    const noReply = await tell({ login: LOGIN, script: on(PLAIN, `what is ${PLAIN}?\r\n`) });
    expect(noReply.complaint).toBe(
      'The server said "what is AUTH PLAIN ********?", which is not an SMTP reply.',
    );
    const unfinished = await tell({
      login: LOGIN,
      script: on(PLAIN, { end: 'close', say: `535 ${SECRET}` }),
    });
    expect(unfinished.complaint).toContain('"535 ********"');
  });

  it('that is wrong is told, with QUIT', async () => {
    for (const code of ['454', '530', '534', '535']) {
      const { server, complaint, isRefused } = await tell({
        login: LOGIN,
        script: on(PLAIN, `${code} no\r\n`),
      });
      expect(complaint).toBe(`The server refused the login of alice: ${code} no`);
      expect(isRefused).toBe(true);
      expect(server.commands.at(-1)).toBe('QUIT');
    }
  });

  it('cannot be said by a login that the client does not know', async () => {
    const { complaint } = await tell({
      login: LOGIN,
      script: offers('STARTTLS', 'AUTH CRAM-MD5 XOAUTH2'),
    });
    expect(complaint).toBe(
      'The server offers the logins CRAM-MD5, XOAUTH2: this client knows PLAIN and LOGIN.',
    );
  });
});

describe('STARTTLS', () => {
  it('that is offered but refused is told', async () => {
    const script = on('STARTTLS', '454 TLS not available\r\n');
    const bare = await tell({ script });
    expect(bare.complaint).toBe(
      'Not sent: the server refused STARTTLS: 454 TLS not available (--no-tls does without.)',
    );
    const named = await tell({ script, login: LOGIN });
    expect(named.complaint).toBe('Not sent: the server refused STARTTLS: 454 TLS not available');
    expect(named.server.commands).toEqual([EHLO, 'STARTTLS', 'QUIT']);
  });

  it.each([
    ['a reply', '235 welcome\r\n', '235 welcome'],
    ['a line of a reply', '250-AUTH PLAIN\r\n', '250-AUTH PLAIN'],
    ['a part of a line', '235 wel', '235 wel'],
    ['an octet', '\x1B', '\\x1B'],
  ])('throws away %s that came behind the answer, before TLS', async (_, injected, told) => {
    const { server, complaint } = await tell({
      login: LOGIN,
      script: on('STARTTLS', `220 go ahead\r\n${injected}`),
    });
    expect(complaint).toBe(
      `Behind its answer to the command that begins TLS, the server said "${told}" without TLS. ` +
        'Anybody may have put that in: it was thrown away, and the connection closed.',
    );
    expect(server.commands).toEqual([EHLO, 'STARTTLS']);
  });

  it('without TLS behind it is told', async () => {
    const silent = await tell({
      login: LOGIN,
      server: { timeout: 0.2 },
      script: on('STARTTLS', { end: 'silence', say: '220 go\r\n' }),
    });
    expect(silent.complaint).toBe(
      'The server was silent for 0.2 s instead of shaking hands for TLS.',
    );
    const gone = await tell({
      login: LOGIN,
      script: on('STARTTLS', { end: 'close', say: '220 go\r\n' }),
    });
    expect(gone.complaint).toBe(
      'The server closed the connection instead of shaking hands for TLS.',
    );
  });
});

describe('a server that goes on without TLS', () => {
  it('after it has agreed to TLS is told', async () => {
    const said = ['250-sample\r\n250 STARTTLS\r\n', '220 go ahead\r\n', '250 sample\r\n'];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('220 ready\r\n');
      socket.on('data', () => socket.write(said.shift() ?? ''));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const message = new Message('alice', 'bob', 'Hi', 'text');
    await expect(
      deliver(message, { host: '127.0.0.1', port, timeout: 10 }, () => undefined, LOGIN),
    ).rejects.toThrow('The server agreed to begin TLS, but what it says is not TLS.');
    server.close();
  });
});

describe('a server that leaves', () => {
  it.each([EHLO, 'STARTTLS', PLAIN, 'DATA'])('with 421 to %j is told', async (command) => {
    const { complaint } = await tell({
      login: LOGIN,
      script: on(command, { end: 'close', say: '421 shutting down\r\n' }),
    });
    expect(complaint).toBe('Not sent: the server closes the connection: 421 shutting down');
  });

  it('or wants a login is told, with what to do', async () => {
    const script: Script = (heard) =>
      heard.startsWith('MAIL') ? '530 5.7.0 Authentication required\r\n' : undefined;
    const { complaint } = await tell({ script });
    expect(complaint).toMatch(/: 530 5\.7\.0 Authentication required \(Log in: --user NAME\.\)$/);
    for (const wish of [{ login: LOGIN }, { server: { tls: 'never' } }] as const) {
      const other = await tell({ script, ...wish });
      expect(other.complaint).toMatch(/: 530 5\.7\.0 Authentication required$/);
    }
  });

  it('never says its greeting when it waits for TLS, and that is told', async () => {
    const { complaint } = await tell({
      server: { timeout: 0.2 },
      tls: { ...CERTIFICATE, atOnce: true },
    });
    expect(complaint).toBe(
      'The server was silent for 0.2 s instead of sending its greeting. ' +
        '(If it wants TLS from the first octet, say --tls.)',
    );
  });

  it('begins without TLS where TLS was expected, and that is told', async () => {
    const { complaint } = await tell({ server: { tls: 'at once' } });
    expect(complaint).toBe(
      'What the server says is not TLS: does it begin without? Leave out --tls.',
    );
  });
});
