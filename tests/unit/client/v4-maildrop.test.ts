import { describe, expect, it } from 'vitest';
import { Complaint } from '../../../v4-advanced/src/client/complaint.ts';
import type { ServerAddress } from '../../../v4-advanced/src/client/conversation.ts';
import { visit, type Maildrop } from '../../../v4-advanced/src/client/maildrop.ts';
import type { Head } from '../../../v4-advanced/src/client/received.ts';
import type { SampleServer, Script, Tls } from './sample-server.ts';
import { CERTIFICATE, LOGIN, on, pop3Server, SECRET } from './v4-servers.ts';

interface Told {
  server: SampleServer;
  /** The dialogue as it was shown. */
  shown: string[];
  deleted: number[] | undefined;
  complaint: string | undefined;
}

interface Wish {
  script?: Script;
  server?: Partial<ServerAddress>;
  tls?: Tls;
  login?: typeof LOGIN;
  known?: Map<string, Head>;
}

async function tell(
  work: (maildrop: Maildrop) => Promise<unknown>,
  { script, server: address, tls, login = LOGIN, known }: Wish = {},
): Promise<Told> {
  await using server = await pop3Server(script, tls);
  const shown: string[] = [];
  const told: Told = { server, shown, deleted: undefined, complaint: undefined };
  try {
    told.deleted = await visit(
      login,
      { host: '127.0.0.1', port: server.port, option: '--pop3', timeout: 10, ...address },
      (who, line) => shown.push(`${who}: ${line}`),
      work,
      known,
    );
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    expect(error.message).not.toContain('\n');
    told.complaint = error.message;
  }
  await server.allClosed();
  // Whatever happens: the password is shown to nobody, and nobody hears it without TLS.
  const everything = [...shown, told.complaint ?? ''].join('\n');
  for (const secret of [LOGIN.password, SECRET]) {
    expect(everything).not.toContain(secret);
    const said = server.commands.findIndex((command) => command.includes(secret));
    if (said >= 0) expect(server.commands.slice(0, said)).toContain('(TLS)');
  }
  return told;
}

const nothing = () => Promise.resolve();
const list = (maildrop: Maildrop) => maildrop.list();
const capa = (...lines: string[]): Script =>
  on('CAPA', ['+OK', ...lines, '.'].map((line) => `${line}\r\n`).join(''));
const LISTED = [
  { number: 1, octets: 52, head: { from: 'alice', subject: 'Café' } },
  { number: 2, octets: 200_000, head: { from: '', subject: 'long' } },
];

describe('a visit of stage 4', () => {
  it('says CAPA, STLS, CAPA again, and logs in, each after the reply before', async () => {
    const { server, shown, deleted } = await tell(nothing);
    expect(server.commands).toEqual([
      ...['CAPA', 'STLS', '(TLS)', 'CAPA'],
      ...[`AUTH PLAIN ${SECRET}`, 'QUIT'],
    ]);
    expect(server.early).toEqual([]);
    expect(deleted).toEqual([]);
    expect(shown).toContain('-: TLS 1.3 from here on');
    expect(shown).toContain('C: AUTH PLAIN ********');
  });

  it('begins with TLS when told so', async () => {
    const { server, complaint } = await tell(nothing, {
      tls: { ...CERTIFICATE, atOnce: true },
      server: { tls: 'at once' },
    });
    expect(complaint).toBe(undefined);
    expect(server.commands.slice(0, 3)).toEqual(['(TLS)', 'CAPA', `AUTH PLAIN ${SECRET}`]);
  });

  it('says USER and PASS where AUTH PLAIN is not offered, or CAPA not known', async () => {
    const offered = await tell(nothing, { script: capa('stls', 'sasl CRAM-MD5') });
    expect(offered.server.commands.slice(-3)).toEqual(['USER alice', 'PASS wonderland', 'QUIT']);
    expect(offered.shown).toContain('C: PASS ********');
    const unknown = await tell(nothing, {
      script: on('CAPA', '-ERR what?\r\n'),
      tls: { ...CERTIFICATE, atOnce: true },
      server: { tls: 'at once' },
    });
    expect(unknown.server.commands).toEqual([
      ...['(TLS)', 'CAPA', 'USER alice', 'PASS wonderland', 'QUIT'],
    ]);
  });

  it('forgets what was offered before TLS', async () => {
    let times = 0;
    const { server } = await tell(nothing, {
      script: (heard) => {
        if (heard !== 'CAPA') return undefined;
        return times++ === 0 ? '+OK\r\nSTLS\r\n.\r\n' : '+OK\r\nSASL LOGIN PLAIN\r\n.\r\n';
      },
    });
    expect(server.commands).toContain(`AUTH PLAIN ${SECRET}`);
  });

  it('says the secret of AUTH PLAIN on a line of its own when it is long, or wanted there', async () => {
    const password = 'x'.repeat(200);
    const secret = Buffer.from(`\0alice\0${password}`).toString('base64');
    const long = await tell(nothing, {
      login: { user: 'alice', password },
      script: (heard) => {
        if (heard === 'AUTH PLAIN') return '+ \r\n';
        return heard === secret ? '+OK\r\n' : undefined;
      },
    });
    expect(long.complaint).toBe(undefined);
    expect(long.server.commands.slice(4, 6)).toEqual(['AUTH PLAIN', secret]);
    const wanted = await tell(nothing, {
      script: (heard) => {
        if (heard === `AUTH PLAIN ${SECRET}`) return '+\r\n';
        return heard === SECRET ? '+OK\r\n' : undefined;
      },
    });
    expect(wanted.complaint).toBe(undefined);
    expect(wanted.shown).toContain('C: ********');
  });
});

describe('a list of stage 4', () => {
  it('asks for heads only, by TOP, however long the messages are', async () => {
    const { server } = await tell(async (maildrop) => {
      expect(await maildrop.list()).toEqual(LISTED);
      expect(await maildrop.list()).toEqual(LISTED);
    });
    expect(server.commands.slice(5)).toEqual([
      ...['LIST', 'UIDL', 'TOP 1 0', 'TOP 2 0', 'LIST', 'QUIT'],
    ]);
  });

  it('knows heads again at the next visit, by their unique id', async () => {
    const known = new Map<string, Head>();
    await tell(list, { known });
    const { server } = await tell(
      async (maildrop) => {
        expect(await maildrop.list()).toEqual([
          { number: 1, octets: 200_000, head: LISTED[1]!.head },
          { number: 2, octets: 7, head: undefined },
        ]);
      },
      {
        known,
        script: (heard) => {
          if (heard === 'LIST') return '+OK\r\n1 200000\r\n2 7\r\n.\r\n';
          if (heard === 'UIDL') return '+OK\r\n1 two\r\n2 three\r\n.\r\n';
          return heard === 'TOP 2 0' ? '-ERR gone\r\n' : undefined;
        },
      },
    );
    expect(server.commands.slice(5)).toEqual(['LIST', 'UIDL', 'TOP 2 0', 'QUIT']);
  });

  it('knows nothing again without UIDL, and can do without its lines', async () => {
    const known = new Map<string, Head>();
    for (const script of [
      capa('STLS', 'TOP', 'SASL PLAIN'),
      on('UIDL', '-ERR no\r\n'),
      on('UIDL', '+OK\r\n1\r\nx y\r\n2 \x1B\r\n.\r\n'),
    ]) {
      const { server, complaint } = await tell(list, { known, script });
      expect(complaint).toBe(undefined);
      expect(server.commands.slice(-3)).toEqual(['TOP 1 0', 'TOP 2 0', 'QUIT']);
    }
    expect(known.size).toBe(0);
  });

  it('fetches small messages where TOP is not offered', async () => {
    const { server } = await tell(list, { script: capa('STLS', 'SASL PLAIN') });
    expect(server.commands.slice(5)).toEqual(['LIST', 'RETR 1', 'QUIT']);
  });

  it('of nothing asks nothing more', async () => {
    const { server } = await tell(list, { script: on('LIST', '+OK\r\n.\r\n') });
    expect(server.commands.slice(5)).toEqual(['LIST', 'QUIT']);
  });

  it('does not keep a message from being read and deleted', async () => {
    const { server, deleted } = await tell(async (maildrop) => {
      const message = Buffer.from(await maildrop.read(1)).toString();
      expect(message).toBe('From: alice\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n\r\n.é\r\n');
      await maildrop.mark(1);
    });
    expect(server.commands.slice(5)).toEqual(['RETR 1', 'DELE 1', 'QUIT']);
    expect(deleted).toEqual([1]);
  });
});

describe('the password of a mailbox', () => {
  it('is not sent where there is no TLS', async () => {
    for (const script of [capa('SASL PLAIN', 'USER'), on('CAPA', '-ERR what?\r\n')]) {
      const { server, complaint } = await tell(nothing, { script });
      expect(complaint).toBe(
        'The server does not offer TLS (STLS), and without it no password is sent. ' +
          'If it has a port for TLS, say that port and --tls.',
      );
      expect(server.commands).toEqual(['CAPA', 'QUIT']);
    }
  });

  it('is not sent without TLS if that is wanted: what the server says to USER is shown', async () => {
    const refused = await tell(nothing, {
      server: { tls: 'never' },
      script: on('USER alice', '-ERR STLS first\r\n'),
    });
    expect(refused.complaint).toBe('The server refused the login of alice: -ERR STLS first');
    expect(refused.server.commands).toEqual(['CAPA', 'USER alice', 'QUIT']);
    const taken = await tell(nothing, { server: { tls: 'never' } });
    expect(taken.complaint).toBe(
      'The server would take the password without TLS. It was not sent.',
    );
    expect(taken.server.commands).toEqual(['CAPA', 'USER alice', 'QUIT']);
  });

  it('is not shown when the server repeats it', async () => {
    const { shown, complaint } = await tell(nothing, {
      script: on(`AUTH PLAIN ${SECRET}`, `-ERR [AUTH] ${SECRET} wonderland\r\n`),
    });
    expect(shown).toContain('S: -ERR [AUTH] ******** ********');
    expect(complaint).toBe('The server refused the login of alice: -ERR [AUTH] ******** ********');
  });

  it('may be right, and the mailbox open elsewhere', async () => {
    const { complaint, server } = await tell(nothing, {
      script: on(`AUTH PLAIN ${SECRET}`, '-ERR [IN-USE] locked\r\n'),
    });
    expect(complaint).toBe(
      'The server refused the login of alice: -ERR [IN-USE] locked ' +
        '(Is it open in another program? Close that, and try again.)',
    );
    expect(server.commands.at(-1)).toBe('QUIT');
  });
});

describe('STLS', () => {
  it('that is offered but refused is told', async () => {
    const { server, complaint } = await tell(nothing, { script: on('STLS', '-ERR not now\r\n') });
    expect(complaint).toBe('The server refused STLS: -ERR not now');
    expect(server.commands).toEqual(['CAPA', 'STLS', 'QUIT']);
  });

  it.each([
    ['a reply', '+OK logged in\r\n'],
    ['a part of a line', '+O'],
  ])('throws away %s that came behind the answer, before TLS', async (_, injected) => {
    const { server, complaint } = await tell(nothing, { script: on('STLS', `+OK\r\n${injected}`) });
    expect(complaint).toContain(`the server said "${injected.trim()}" without TLS. Anybody may`);
    expect(server.commands).toEqual(['CAPA', 'STLS']);
  });
});
