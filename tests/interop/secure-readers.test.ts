/**
 * Programs that fetch from stage 4: with a password, by TLS, and sure whom they talk to, since they know
 * the certificate that the server has made for itself. Where they leave the mail on the server, UIDL tells
 * them the next time that there is nothing new.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { makeHome, type Home } from './home.ts';
import { readMbox } from './mbox.ts';
import {
  alice,
  bob,
  bodyLines,
  messageText,
  recipient,
  sender,
  sendOctets,
  subject,
} from './messages.ts';
import { readWithMutt } from './mutt.ts';
import { expectSameOctets, hardMessages } from './octets.ts';
import { testWith } from './programs.ts';
import { startStage, type Stage } from './stage.ts';

let stage: Stage;
let home: Home;
/** The server's certificate, which the programs are told to trust. */
let certificate: string;
beforeEach(async () => {
  stage = await startStage('v4-advanced', { bundled: true, args: ['--login-delay', '10'] });
  certificate = path.join(stage.data, 'cert.pem');
  home = await makeHome();
});
afterEach(async () => {
  await stage.close();
  await home.remove();
});

const letter = Buffer.from(messageText('\r\n'));
const short = Buffer.from('Subject: short\r\n\r\nshort\r\n');
const third = Buffer.from('Subject: third\r\n\r\nIt came later.\r\n');

const octets = (text: string) => Buffer.from(text, 'latin1');

/** The services, and how TLS begins there. */
const services = [
  ['pop3', 'STLS'],
  ['pop3s', 'TLS from the first octet'],
] as const;
type Service = (typeof services)[number][0];

describe('curl', () => {
  const curl = (service: Service, url: string, ...args: string[]) => {
    const login = ['--user', `${bob.user}:${bob.password}`, '--cacert', certificate];
    const address = `${service}://localhost:${stage.ports[service]}/${url}`;
    return home.run('curl', ['-sS', '--ssl-reqd', ...login, ...args, address]);
  };

  for (const [service] of services) {
    testWith(
      ['curl'],
      `lists, fetches, asks for UIDL and TOP, and deletes by ${service}`,
      async () => {
        await sendOctets(stage, recipient, [letter, short]);
        const [{ stdout: first }, { stdout: second }] = [
          await curl(service, '1'),
          await curl(service, '2'),
        ];
        expectSameOctets(octets(first), letter);
        expectSameOctets(octets(second), short);
        const { stdout: list, all } = await curl(service, '');
        expect(list, all).toBe(`1 ${first.length}\r\n2 ${second.length}\r\n`);

        const { stdout: uids } = await curl(service, '', '--request', 'UIDL');
        const [, uid1, uid2] =
          /^1 ([\x21-\x7e]{1,70})\r\n2 ([\x21-\x7e]{1,70})\r\n$/.exec(uids) ?? [];
        expect(uid1, uids).toBeTruthy();
        expect(uid2).not.toBe(uid1);

        const { stdout: top } = await curl(service, '', '--request', 'TOP 1 2');
        const shown = first.slice(0, first.indexOf('\r\n\r\n') + 4);
        const lines = bodyLines.slice(0, 2).join('\r\n');
        expect(octets(top).toString()).toBe(`${octets(shown).toString()}${lines}\r\n`);

        // Without --list-only it waits for a message behind the +OK.
        await curl(service, '1', '--request', 'DELE', '--list-only');
        const { stdout: left } = await curl(service, '', '--request', 'UIDL');
        expect(left).toBe(`1 ${uid2}\r\n`);
      },
    );

    for (const [what, make] of hardMessages) {
      testWith(['curl'], `sends with TLS, and fetches back by ${service}, ${what}`, async () => {
        const sent = home.file('sent');
        await writeFile(sent, make());
        const [scheme, port] = service === 'pop3' ? ['smtp', 'submission'] : ['smtps', 'smtps'];
        const sending = await home.run('curl', [
          ...['-sS', '--ssl-reqd', '--cacert', certificate],
          ...['--user', `${alice.user}:${alice.password}`],
          ...['--mail-from', sender, '--mail-rcpt', recipient, '--upload-file', sent],
          `${scheme}://localhost:${stage.ports[port]}/localhost`,
        ]);
        expect(sending.exitCode, sending.all).toBe(0);
        expectSameOctets(octets((await curl(service, '1')).stdout), await readFile(sent));
      });
    }
  }

  testWith(['curl'], 'is refused a wrong password, and without TLS all passwords', async () => {
    await sendOctets(stage, recipient, [letter]);
    const wrong = await curl('pop3s', '1', '--user', `${bob.user}:x`);
    expect(wrong.exitCode, wrong.all).toBe(67);
    const { exitCode, all } = await home.run('curl', [
      ...['-sSv', '--user', `${bob.user}:${bob.password}`],
      `pop3://localhost:${stage.ports.pop3}/1`,
    ]);
    expect(exitCode, all).toBe(67);
    // CAPA tells it that there is no login; so it keeps the password to itself.
    expect(all).not.toMatch(/^> (?:USER|PASS|AUTH)/m);
  });
});

describe('fetchmail', () => {
  /** @param how what the configuration says behind the password */
  const fetchmail = async (service: Service, ...how: string[]) => {
    const tls = service === 'pop3' ? "sslproto 'auto'" : 'ssl';
    const rc = await home.writeSecret('fetchmailrc', [
      'set invisible', // adds no Received of its own
      `poll localhost protocol pop3 port ${stage.ports[service]} uidl`,
      `user '${bob.user}' password '${bob.password}'`,
      `${tls} sslcertck sslcertfile '${certificate}' ${how.join(' ')}`,
      `mda "cat >> ${home.file('fetched')}"`,
    ]);
    return home.run('fetchmail', ['--fetchmailrc', rc, '--pidfile', home.file('pid')]);
  };
  const fetched = () => readFile(home.file('fetched'), 'utf8');
  const asLines = (...messages: Buffer[]) =>
    messages.map((sent) => sent.toString().replaceAll('\r\n', '\n'));

  for (const [service, tls] of services) {
    testWith(['fetchmail'], `fetches by ${tls} only what is new, when told "keep"`, async () => {
      await sendOctets(stage, recipient, [letter, short]);
      const first = await fetchmail(service, 'keep');
      expect(first.exitCode, first.all).toBe(0);
      const whole = await fetched();
      for (const text of asLines(letter, short)) expect(whole).toContain(text);

      const nothing = 1; // its exit code for "there was no mail"
      const second = await fetchmail(service, 'keep');
      expect(second.exitCode, second.all).toBe(nothing);
      expect(second.all).toContain('2 messages (2 seen)');
      expect(await fetched()).toBe(whole);

      await sendOctets(stage, recipient, [third]);
      expect((await fetchmail(service, 'keep')).exitCode).toBe(0);
      const later = (await fetched()).slice(whole.length);
      expect(later).toContain(asLines(third)[0]);
      expect(later).not.toContain('Subject: short');
      expect(await stage.mailbox(recipient)).toHaveLength(3);
    });
  }

  testWith(['fetchmail'], 'fetches and deletes, when told "no keep"', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const { exitCode, all } = await fetchmail('pop3', 'no keep');
    expect(exitCode, all).toBe(0);
    for (const text of asLines(letter, short)) expect(await fetched()).toContain(text);
    expect(await stage.mailbox(recipient)).toEqual([]);
  });
});

describe('mpop', () => {
  const mpop = async (service: Service, ...how: string[]) => {
    const rc = await home.writeSecret('mpoprc', [
      'account default',
      'host localhost',
      `port ${stage.ports[service]}`,
      `user ${bob.user}`,
      `password ${bob.password}`,
      'tls on',
      `tls_starttls ${service === 'pop3' ? 'on' : 'off'}`,
      `tls_trust_file ${certificate}`,
      'received_header off',
      `uidls_file ${home.file('uidls')}`,
      `delivery mbox ${home.file('fetched')}`,
      ...how,
    ]);
    return home.run('mpop', ['--file', rc, '--debug']);
  };
  const fetched = async () => readMbox(await readFile(home.file('fetched')));
  const subjects = async () => (await fetched()).map(({ headers }) => headers.get('subject'));

  for (const [service, tls] of services) {
    testWith(['mpop'], `fetches by ${tls} only what is new, when told "keep on"`, async () => {
      await sendOctets(stage, recipient, [letter, short]);
      const { exitCode, all } = await mpop(service, 'keep on');
      expect(exitCode, all).toBe(0);
      const wholes = (await fetched()).map(({ whole }) => whole.replaceAll('\n', '\r\n'));
      expect(wholes).toHaveLength(2);
      expectSameOctets(Buffer.from(wholes[0]!), letter);
      expectSameOctets(Buffer.from(wholes[1]!), short);

      const again = await mpop(service, 'keep on');
      expect(again.exitCode, again.all).toBe(0);
      expect(again.all).toContain('new: no messages, total: 2 messages');
      await sendOctets(stage, recipient, [third]);
      await mpop(service, 'keep on');
      expect(await subjects()).toEqual([subject, 'short', 'third']);
      expect(await stage.mailbox(recipient)).toHaveLength(3);
    });
  }

  testWith(
    ['mpop'],
    'sees in CAPA that it need not wait for replies; they are in order',
    async () => {
      const numbers = Array.from({ length: 50 }, (_, n) => String(n));
      await sendOctets(
        stage,
        recipient,
        numbers.map((n) => Buffer.from(`Subject: ${n}\r\n\r\n`)),
      );
      const { all } = await mpop('pop3s');
      expect(all).toMatch(/^--> RETR 1\r?\n--> RETR 2\r?\n/m);
      expect(await subjects()).toEqual(numbers);
      expect(await stage.mailbox(recipient)).toEqual([]);
    },
  );
});

describe('getmail', () => {
  const getmail = async (service: Service, deletes: boolean) => {
    const type = service === 'pop3' ? 'SimplePOP3Retriever' : 'SimplePOP3SSLRetriever';
    const rc = await home.writeSecret('getmailrc', [
      '[retriever]',
      `type = ${type}`,
      'server = localhost',
      `port = ${stage.ports[service]}`,
      `username = ${bob.user}`,
      `password = ${bob.password}`,
      `ca_certs = ${certificate}`,
      '[destination]',
      'type = MDA_external',
      'path = /bin/sh',
      `arguments = ("-c", "cat >> ${home.file('fetched')}")`,
      'allow_root_commands = true',
      '[options]',
      'read_all = false',
      `delete = ${deletes}`,
      'delivered_to = false',
      'received = false',
    ]);
    return home.run('getmail', ['--getmaildir', home.file('.'), '--rcfile', rc]);
  };

  testWith(['getmail'], 'fetches only what is new, when told "delete = false"', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const { exitCode, all } = await getmail('pop3s', false);
    expect(exitCode, all).toBe(0);
    const fetched = await readFile(home.file('fetched'), 'utf8');
    for (const sent of [letter, short])
      expect(fetched).toContain(sent.toString().replaceAll('\r\n', '\n'));

    const again = await getmail('pop3s', false);
    expect(again.all).toContain('0 messages (0 bytes) retrieved, 2 skipped');
    await sendOctets(stage, recipient, [third]);
    expect((await getmail('pop3s', false)).all).toContain('retrieved, 2 skipped');
    expect(await readFile(home.file('fetched'), 'utf8')).toContain('It came later.');
    expect(await stage.mailbox(recipient)).toHaveLength(3);
  });

  testWith(['getmail'], 'fetches and deletes, when told "delete = true"', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const { exitCode, all } = await getmail('pop3s', true);
    expect(exitCode, all).toBe(0);
    expect(await stage.mailbox(recipient)).toEqual([]);
  });

  testWith(
    ['getmail'],
    'gets nowhere without TLS, which its SimplePOP3Retriever has not',
    async () => {
      await sendOctets(stage, recipient, [letter]);
      const { exitCode, all } = await getmail('pop3', false);
      expect(exitCode, all).not.toBe(0);
    },
  );
});

for (const program of ['mutt', 'neomutt'] as const) {
  describe(program, () => {
    for (const [service, tls] of services) {
      testWith([program, 'python3'], `opens the mailbox by ${tls}`, async () => {
        await sendOctets(stage, recipient, [letter, short]);
        const scheme = service === 'pop3' ? 'pop' : 'pops';
        const url = `${scheme}://${bob.user}@localhost:${stage.ports[service]}/`;
        const shown = await readWithMutt(program, home, url, [
          `set pop_pass=${bob.password}`,
          `set ssl_ca_certificates_file=${certificate}`,
          'set ssl_starttls=yes ssl_force_tls=yes',
          'set sort=mailbox-order',
        ]);
        expect(shown).toHaveLength(2);
        expect(shown[0]).toContain(`Subject: ${subject}\n`);
        expect(shown[0]).toContain(`\n\n${bodyLines.join('\n')}\n`);
        expect(shown[1]).toContain('Subject: short\n');
        expect(await stage.mailbox(recipient)).toHaveLength(2);
      });
    }
  });
}

describe('s-nail', () => {
  testWith(['s-nail'], 'shows messages and deletes one', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const url = `pop3s://${bob.user}:${bob.password}@localhost:${stage.ports.pop3s}`;
    const settings = ['-:/', '-Sv15-compat', '-Stls-verify=strict', '-Snomimetypes-load-control'];
    const trust = [`-Stls-ca-file=${certificate}`, '-Stls-ca-no-defaults'];
    const input = 'type 1\ndelete 2\nquit\n';
    const { stdout, all } = await home.run('s-nail', [...settings, ...trust, '-f', url], input);
    expect(octets(stdout).toString(), all).toContain(bodyLines.join('\n'));
    const left = await stage.mailbox(recipient);
    expect(left.map(({ headers }) => headers.get('subject'))).toEqual([subject]);
  });
});
