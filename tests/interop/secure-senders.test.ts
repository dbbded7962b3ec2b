/**
 * Programs that send to stage 4: logged in, by TLS, and sure whom they talk to, since they know the
 * certificate that the server has made for itself. STARTTLS on the submission port, TLS from the first
 * octet on the other; without TLS no password, and without a login no submission.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeHome, type Home } from './home.ts';
import {
  alice,
  bob,
  bodyLines,
  expectDelivered,
  messageText,
  subject,
  recipient,
  sender,
} from './messages.ts';
import { testWith } from './programs.ts';
import { startStage, type Stage } from './stage.ts';

let stage: Stage;
let home: Home;
/** The server's certificate, which the programs are told to trust. */
let certificate: string;
beforeAll(async () => {
  stage = await startStage('v4-advanced', { bundled: true, args: ['--login-delay', '10'] });
  certificate = path.join(stage.data, 'cert.pem');
});
afterAll(() => stage.close());
beforeEach(async () => (home = await makeHome()));
afterEach(async () => {
  await home.remove();
  await rm(path.join(stage.mailboxes, bob.user, 'new'), { recursive: true, force: true });
  await mkdir(path.join(stage.mailboxes, bob.user, 'new'), { recursive: true });
});

/** @param how as `Received:` tells it (RFC 3848): E for EHLO, S for TLS, A for a login */
async function expectReceived(how: string): Promise<void> {
  await expectDelivered(stage);
  const [letter] = await stage.mailbox(recipient);
  expect(letter!.headers.get('received')).toContain(` with ${how} id `);
}

const expectNothing = async () => expect(await stage.mailbox(recipient)).toEqual([]);

describe('swaks', () => {
  const swaks = (service: string, ...how: string[]) => {
    const server = ['--server', 'localhost', '--port', String(stage.ports[service])];
    const envelope = ['--from', sender, '--to', recipient, '--data', '-'];
    const input = messageText('\n');
    return home.run('swaks', [...server, ...envelope, ...how], input);
  };
  const login = (mechanism: string, password = alice.password) => {
    return ['--auth', mechanism, '--auth-user', alice.user, '--auth-password', password];
  };
  const verify = () => ['--tls-verify', '--tls-ca-path', certificate];

  /** Its options for TLS, and the port for each. */
  const modes = [
    ['--tls', 'submission'],
    ['--tls-optional', 'submission'],
    ['--tls-optional-strict', 'submission'],
    ['--tls-on-connect', 'smtps'],
  ] as const;
  for (const [tls, service] of modes) {
    for (const mechanism of ['PLAIN', 'LOGIN']) {
      testWith(
        ['swaks', 'Net::SSLeay'],
        `sends to ${service} with ${tls} and AUTH ${mechanism}`,
        async () => {
          const { exitCode, all } = await swaks(service, tls, ...verify(), ...login(mechanism));
          expect(exitCode, all).toBe(0);
          await expectReceived('ESMTPSA');
        },
      );
    }
  }

  /** Its option --protocol, the port, and what becomes of it. */
  const protocols = [
    ['ESMTPSA', 'submission', 'ESMTPSA'],
    ['SSMTPA', 'smtps', 'ESMTPSA'],
    ['ESMTPS', 'smtp', 'ESMTPS'],
    ['ESMTP', 'smtp', 'ESMTP'],
    ['SMTP', 'smtp', 'SMTP'],
  ] as const;
  for (const [protocol, service, received] of protocols) {
    testWith(
      ['swaks', 'Net::SSLeay'],
      `sends to ${service} with --protocol ${protocol}`,
      async () => {
        const user = protocol.endsWith('A') ? login('ANY').slice(2) : [];
        const { exitCode, all } = await swaks(service, '--protocol', protocol, ...user);
        expect(exitCode, all).toBe(0);
        await expectReceived(received);
      },
    );
  }

  /** What is refused, the exit code that it has for that, and what it shows. */
  const refusals: [string, string, () => string[], number, RegExp][] = [
    [
      'a wrong password',
      'submission',
      () => ['--tls', ...login('PLAIN', 'wonder')],
      28,
      /^<~\* 535 5\.7\.8 /m,
    ],
    [
      'a wrong password by AUTH LOGIN',
      'smtps',
      () => ['--tls-on-connect', ...login('LOGIN', 'wonder')],
      28,
      /^<~\* 535 5\.7\.8 /m,
    ],
    ['a message without a login', 'submission', () => ['--tls'], 23, /^<~\* 530 5\.7\.0 /m],
    ['a message without TLS', 'submission', () => [], 23, /^<\*\* 530 5\.7\.0 /m],
    [
      'a password in the clear, which it does not even ask for',
      'submission',
      () => login('PLAIN'),
      28,
      /^\*\*\* Host did not advertise authentication/m,
    ],
    [
      'a mechanism that the server does not have',
      'submission',
      () => ['--tls', ...login('CRAM-MD5')],
      28,
      /^\*\*\* Auth not attempted, requested type not available/m,
    ],
    [
      "a sender who is not the account's",
      'submission',
      () => ['--tls', ...login('PLAIN'), '--from', recipient],
      23,
      /^<~\* 55\d 5\.7\.1 /m,
    ],
  ];
  for (const [what, service, how, code, shown] of refusals) {
    testWith(['swaks', 'Net::SSLeay'], `is refused ${what}`, async () => {
      const { exitCode, all } = await swaks(service, ...how());
      expect(all).toMatch(shown);
      expect(exitCode, all).toBe(code);
      await expectNothing();
    });
  }
});

describe('curl', () => {
  const curl = (scheme: 'smtp' | 'smtps', ...how: string[]) => {
    const port = stage.ports[scheme === 'smtp' ? 'submission' : 'smtps'];
    const url = `${scheme}://localhost:${port}/localhost`;
    const envelope = ['--mail-from', sender, '--mail-rcpt', recipient, '--upload-file', '-'];
    const words = ['--silent', '--show-error', '--ssl-reqd', ...how, ...envelope, url];
    return home.run('curl', words, messageText('\r\n'));
  };
  const trust = () => ['--cacert', certificate];
  const user = ['--user', `${alice.user}:${alice.password}`];

  for (const scheme of ['smtp', 'smtps'] as const) {
    testWith(['curl'], `sends by ${scheme}`, async () => {
      const { exitCode, all } = await curl(scheme, ...trust(), ...user);
      expect(exitCode, all).toBe(0);
      await expectReceived('ESMTPSA');
    });

    testWith(['curl'], `sends by ${scheme} with AUTH LOGIN and an address as name`, async () => {
      const how = ['--login-options', 'AUTH=LOGIN', '--user', `${sender}:${alice.password}`];
      const { exitCode, all } = await curl(scheme, ...trust(), ...how);
      expect(exitCode, all).toBe(0);
      await expectReceived('ESMTPSA');
    });

    testWith(['curl'], `sends nothing by ${scheme} to a server that it does not know`, async () => {
      const { exitCode, all } = await curl(scheme, ...user);
      expect(exitCode, all).toBe(60);
      await expectNothing();
    });
  }

  testWith(['curl'], 'is refused a wrong password', async () => {
    const { exitCode, all } = await curl('smtp', ...trust(), '--user', `${alice.user}:x`);
    expect(exitCode, all).toBe(67);
    await expectNothing();
  });
});

describe('msmtp', () => {
  const msmtp = async (service: string, ...how: string[]) => {
    const rc = await home.writeSecret('msmtprc', [
      'account default',
      'host localhost',
      `port ${stage.ports[service]}`,
      `from ${sender}`,
      `user ${alice.user}`,
      'tls on',
      `tls_starttls ${service === 'submission' ? 'on' : 'off'}`,
      ...how,
    ]);
    return home.run('msmtp', ['--file', rc, '--', recipient], messageText('\n'));
  };
  const trust = () => `tls_trust_file ${certificate}`;

  for (const service of ['submission', 'smtps']) {
    for (const mechanism of ['plain', 'login']) {
      testWith(['msmtp'], `sends to ${service} with "auth ${mechanism}"`, async () => {
        const password = `password ${alice.password}`;
        const { exitCode, all } = await msmtp(service, trust(), password, `auth ${mechanism}`);
        expect(exitCode, all).toBe(0);
        await expectReceived('ESMTPSA');
      });
    }
  }

  testWith(['msmtp'], 'is refused a wrong password', async () => {
    const { exitCode, all } = await msmtp('submission', trust(), 'password x', 'auth on');
    expect(exitCode, all).toBe(77);
    expect(all).toContain('535 5.7.8');
    await expectNothing();
  });

  testWith(['msmtp'], 'sends nothing to a server that it does not know', async () => {
    const password = `password ${alice.password}`;
    const { exitCode, all } = await msmtp('submission', 'auth on', password);
    expect(exitCode, all).not.toBe(0);
    expect(all).toContain('certificate');
    await expectNothing();
  });
});

describe("Python's smtplib", () => {
  /** @param conversation what it does with `server`, a connection that is made already */
  const smtplib = (opening: string, conversation: string) => {
    const program = `
import smtplib, ssl, sys
submission, smtps = int(sys.argv[1]), int(sys.argv[2])
context = ssl.create_default_context(cafile=sys.argv[3])
context.verify_flags |= ssl.VERIFY_X509_STRICT  # as newer Pythons do by themselves
text = sys.stdin.buffer.read()
with ${opening} as server:
${conversation.replace(/^/gm, '    ')}
`;
    const ports = [stage.ports.submission, stage.ports.smtps].map(String);
    return home.run('python3', ['-c', program, ...ports, certificate], messageText('\r\n'));
  };
  const send = `
server.login("${alice.user}", "${alice.password}")
refused = server.sendmail("${sender}", ["${recipient}"], text)
assert refused == {}, refused`;

  testWith(['python3'], 'sends with starttls', async () => {
    const startTls = 'server.starttls(context=context)\n';
    const run = await smtplib('smtplib.SMTP("localhost", submission)', startTls + send);
    expect(run.exitCode, run.all).toBe(0);
    await expectReceived('ESMTPSA');
  });

  testWith(['python3'], 'sends with SMTP_SSL', async () => {
    const run = await smtplib('smtplib.SMTP_SSL("localhost", smtps, context=context)', send);
    expect(run.exitCode, run.all).toBe(0);
    await expectReceived('ESMTPSA');
  });

  testWith(['python3'], 'raises its own exception for whatever is refused', async () => {
    const run = await smtplib(
      'smtplib.SMTP("localhost", submission)',
      `
def refused(exception, call, *arguments):
    try:
        call(*arguments)
    except exception as error:
        return getattr(error, "smtp_code", None)
    assert False, "no exception"
login = lambda: server.login("${alice.user}", "${alice.password}")
refused(smtplib.SMTPNotSupportedError, login)
server.starttls(context=context)
assert 530 == refused(smtplib.SMTPSenderRefused, server.sendmail, "${sender}", "${recipient}", text)
assert 535 == refused(smtplib.SMTPAuthenticationError, server.login, "${alice.user}", "x")
login()
refused(smtplib.SMTPSenderRefused, server.sendmail, "${recipient}", "${recipient}", text)
refused(smtplib.SMTPRecipientsRefused, server.sendmail, "${sender}", "nobody@example.com", text)
refused(smtplib.SMTPSenderRefused, server.sendmail, "${sender}", "${recipient}", b"x" * 2**26)`,
    );
    expect(run.exitCode, run.all).toBe(0);
    await expectNothing();
  });
});

describe('nodemailer', () => {
  const send = async (service: string, password: string, tls: object) => {
    const transport = createTransport({
      host: 'localhost',
      port: stage.ports[service],
      ...(service === 'smtps' ? { secure: true } : { requireTLS: true }),
      auth: { user: alice.user, pass: password },
      tls,
    });
    try {
      const envelope = { from: sender, to: recipient };
      return await transport.sendMail({ envelope, raw: messageText('\r\n') });
    } finally {
      transport.close();
    }
  };
  const trust = async () => ({ ca: await readFile(certificate) });

  for (const service of ['submission', 'smtps']) {
    test(`sends to ${service}`, async () => {
      const sent = await send(service, alice.password, await trust());
      expect(sent.accepted).toEqual([recipient]);
      await expectReceived('ESMTPSA');
    });
  }

  test('is refused a wrong password', async () => {
    await expect(send('submission', 'x', await trust())).rejects.toThrow('535 5.7.8');
    await expectNothing();
  });

  test('sends nothing to a server that it does not know', async () => {
    await expect(send('smtps', alice.password, {})).rejects.toThrow('self-signed certificate');
    await expectNothing();
  });
});

for (const program of ['mutt', 'neomutt']) {
  describe(program, () => {
    const mutt = async (url: string, password: string) => {
      const rc = await home.writeSecret('muttrc', [
        `set smtp_url=${url}`,
        `set smtp_pass=${password}`,
        `set ssl_ca_certificates_file=${certificate}`,
        'set ssl_force_tls=yes',
        `set from=${sender}`,
        'set copy=no',
        'set send_charset=utf-8',
      ]);
      const words = ['-n', '-F', rc, '-s', subject, '--', recipient];
      return home.run(program, words, `${bodyLines.join('\n')}\n`);
    };

    for (const [scheme, service] of [
      ['smtp', 'submission'],
      ['smtps', 'smtps'],
    ] as const) {
      testWith([program], `sends by ${scheme}://`, async () => {
        const url = `${scheme}://${alice.user}@localhost:${stage.ports[service]}/`;
        const { exitCode, all } = await mutt(url, alice.password);
        expect(exitCode, all).toBe(0);
        await expectReceived('ESMTPSA');
      });
    }

    testWith([program], 'is refused a wrong password', async () => {
      const url = `smtps://${alice.user}@localhost:${stage.ports.smtps}/`;
      const { exitCode, all } = await mutt(url, 'x');
      expect(exitCode, all).not.toBe(0);
      await expectNothing();
    });
  });
}
