/**
 * Programs that fetch mail from stage 3. Each of them would like a command that comes with stage 4 (CAPA,
 * UIDL, TOP); what it does without is told here, and how it must be asked.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { makeHome, type Home } from './home.ts';
import { bodyLines, messageText, recipient, sender, sendOctets, subject } from './messages.ts';
import { readMbox } from './mbox.ts';
import { expectSameOctets, hardMessages } from './octets.ts';
import { testWith } from './programs.ts';
import { startStage, type Stage } from './stage.ts';
import { openTap, type Tap } from './tap.ts';

let stage: Stage;
let tap: Tap;
let home: Home;
beforeEach(async () => {
  stage = await startStage('v3-pop3');
  tap = await openTap(stage.pop3Port);
  home = await makeHome();
});
afterEach(async () => {
  await tap.close();
  await stage.close();
  await home.remove();
});

const letter = Buffer.from(messageText('\r\n'));
const short = Buffer.from('Subject: short\r\n\r\nshort\r\n');

const octets = (text: string) => Buffer.from(text, 'latin1');

/** What the client said, in order. */
const commands = () =>
  tap.dialogue.filter((line) => line.startsWith('C: ')).map((line) => line.slice(3));

describe('curl', () => {
  const curl = (url: string, ...args: string[]) => {
    const login = ['--user', `${recipient}:secret`];
    const address = `pop3://127.0.0.1:${tap.port}/${url}`;
    return home.run('curl', ['--silent', '--show-error', ...login, ...args, address]);
  };

  testWith(['curl'], 'lists, fetches and deletes', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const { stdout: list } = await curl('');
    expect(commands()).toEqual(['CAPA', `USER ${recipient}`, 'PASS secret', 'LIST', 'QUIT']);
    const sizes = /^1 (\d+)\r\n2 (\d+)\r\n$/.exec(list);
    const [{ stdout: first }, { stdout: second }] = [await curl('1'), await curl('2')];
    expectSameOctets(octets(first), letter);
    expectSameOctets(octets(second), short);
    expect(sizes?.slice(1).map(Number), list).toEqual([first.length, second.length]);
    // Without --list-only it waits for a message behind the +OK.
    await curl('1', '--request', 'DELE', '--list-only');
    const [left, ...others] = await stage.mailbox(recipient);
    expect(left!.headers.get('subject')).toBe('short');
    expect(others).toEqual([]);
  });

  for (const [what, make] of hardMessages) {
    testWith(['curl'], `sends and fetches back ${what}`, async () => {
      const sent = home.file('sent');
      await writeFile(sent, make());
      const envelope = ['--mail-from', sender, '--mail-rcpt', recipient];
      const server = `smtp://127.0.0.1:${stage.port}/localhost`;
      await home.run('curl', ['--silent', server, ...envelope, '--upload-file', sent]);
      expectSameOctets(octets((await curl('1')).stdout), await readFile(sent));
    });
  }
});

describe('fetchmail', () => {
  /** @param how what the configuration says behind the password */
  const fetchmail = async (...how: string[]) => {
    const rc = await home.writeSecret('fetchmailrc', [
      'set invisible', // adds no Received of its own
      `poll 127.0.0.1 protocol pop3 port ${tap.port} no uidl`,
      `user '${recipient}' password 'secret' ${how.join(' ')}`,
      `mda "cat >> ${home.file('fetched')}"`,
    ]);
    return home.run('fetchmail', ['--fetchmailrc', rc, '--pidfile', home.file('pid')]);
  };

  testWith(
    ['fetchmail'],
    'fetches and deletes, when told "fetchall", "no keep" and no TLS',
    async () => {
      await sendOctets(stage, recipient, [letter, short]);
      const { exitCode, stderr } = await fetchmail("sslproto ''", 'fetchall', 'no keep');
      expect(exitCode, stderr).toBe(0);
      // Refused CAPA, it comes back on a connection of its own.
      expect(commands()).toEqual([
        'CAPA',
        `USER ${recipient}`,
        'PASS secret',
        'STAT',
        ...['LIST 1', 'RETR 1', 'DELE 1'],
        ...['LIST 2', 'RETR 2', 'DELE 2'],
        'QUIT',
      ]);
      const fetched = await readFile(home.file('fetched'), 'utf8');
      for (const sent of [letter, short])
        expect(fetched).toContain(sent.toString().replaceAll('\r\n', '\n'));
      expect(await stage.mailbox(recipient)).toEqual([]);
    },
  );

  testWith(['fetchmail'], 'stops when it must find out what is new', async () => {
    await sendOctets(stage, recipient, [letter]);
    const { exitCode, stderr } = await fetchmail("sslproto ''", 'no keep');
    expect(exitCode).toBe(7);
    expect(stderr).toContain('protocol error while fetching UIDLs');
    expect(commands().slice(-5)).toEqual(['STAT', 'LAST', 'UIDL', 'TOP 1 1', 'QUIT']);
    expect(await stage.mailbox(recipient)).toHaveLength(1);
  });

  testWith(['fetchmail'], 'stops when it may not go on without TLS', async () => {
    const { exitCode, stderr } = await fetchmail('fetchall', 'no keep');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('STLS is mandatory for this session');
    expect(commands()).toEqual(['CAPA', 'QUIT']);
  });
});

describe('mpop', () => {
  const mpop = async (...how: string[]) => {
    const rc = await home.writeSecret('mpoprc', [
      'account default',
      'host 127.0.0.1',
      `port ${tap.port}`,
      `user ${recipient}`,
      'password secret',
      'received_header off',
      `uidls_file ${home.file('uidls')}`,
      `delivery mbox ${home.file('fetched')}`,
      ...how,
    ]);
    return home.run('mpop', ['--file', rc, '--quiet']);
  };
  const login = ['CAPA', `USER ${recipient}`, 'PASS secret', 'STAT', 'LIST', 'UIDL'];
  const fetched = async () => readMbox(await readFile(home.file('fetched')));

  testWith(['mpop'], 'fetches and deletes, when told "auth user"', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const { exitCode, stderr } = await mpop('auth user');
    expect(exitCode, stderr).toBe(0);
    expect(commands()).toEqual([...login, 'RETR 1', 'RETR 2', 'DELE 1', 'DELE 2', 'QUIT']);
    const wholes = (await fetched()).map(({ whole }) => whole.replaceAll('\n', '\r\n'));
    expect(wholes).toHaveLength(2);
    expectSameOctets(Buffer.from(wholes[0]!), letter);
    expectSameOctets(Buffer.from(wholes[1]!), short);
    expect(await stage.mailbox(recipient)).toEqual([]);
  });

  testWith(['mpop'], 'gets its replies in order when it does not wait for them', async () => {
    await sendOctets(
      stage,
      recipient,
      Array.from({ length: 50 }, (_, n) => Buffer.from(`Subject: ${n}\r\n\r\n`)),
    );
    await mpop('auth user', 'pipelining on');
    const subjects = (await fetched()).map(({ headers }) => headers.get('subject'));
    expect(subjects).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
    expect(await stage.mailbox(recipient)).toEqual([]);
  });

  testWith(
    ['mpop'],
    'takes every message for a new one when it keeps them, for want of UIDL',
    async () => {
      await sendOctets(stage, recipient, [short]);
      await mpop('auth user', 'keep on');
      await mpop('auth user', 'keep on');
      expect(commands()).toEqual([...login, 'RETR 1', 'QUIT', ...login, 'RETR 1', 'QUIT']);
      expect(await fetched()).toHaveLength(2);
      expect(await stage.mailbox(recipient)).toHaveLength(1);
    },
  );

  testWith(['mpop'], 'stops when it is not told how to log in, for want of CAPA', async () => {
    const { exitCode, stderr } = await mpop();
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('cannot use a secure authentication method');
    expect(commands()).toEqual(['CAPA']);
  });
});

describe('getmail', () => {
  const getmail = async (retriever: string) => {
    const rc = await home.writeSecret('getmailrc', [
      '[retriever]',
      `type = ${retriever}`,
      'server = 127.0.0.1',
      `port = ${tap.port}`,
      `username = ${recipient}`,
      'password = secret',
      '[destination]',
      'type = MDA_external',
      'path = /bin/sh',
      `arguments = ("-c", "cat >> ${home.file('fetched')}")`,
      'allow_root_commands = true',
      '[options]',
      'delete = true',
      'delivered_to = false',
      'received = false',
    ]);
    return home.run('getmail', ['--getmaildir', home.file('.'), '--rcfile', rc]);
  };

  testWith(['getmail'], 'fetches and deletes as BrokenUIDLPOP3Retriever', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const { exitCode, stderr } = await getmail('BrokenUIDLPOP3Retriever');
    expect(exitCode, stderr).toBe(0);
    const fetched = await readFile(home.file('fetched'), 'utf8');
    for (const sent of [letter, short])
      expect(fetched).toContain(sent.toString().replaceAll('\r\n', '\n'));
    expect(await stage.mailbox(recipient)).toEqual([]);
  });

  testWith(['getmail'], 'asks for UIDL as SimplePOP3Retriever, and stops', async () => {
    await sendOctets(stage, recipient, [letter]);
    const { stderr } = await getmail('SimplePOP3Retriever');
    expect(stderr).toContain('use BrokenUIDLPOP3Retriever instead');
    expect(await stage.mailbox(recipient)).toHaveLength(1);
  });
});

describe('mutt', () => {
  const mutt = (mailbox: string, keys: string) => {
    const server = `pop://127.0.0.1:${tap.port}/`;
    const settings = [
      `set pop_host=${server}`,
      `set pop_user=${recipient}`,
      'set pop_pass=secret',
      'set pop_delete=yes',
      'set pop_authenticators=user',
      'set ssl_starttls=no',
      'set ssl_force_tls=no',
      'set sleep_time=0',
      `set spoolfile=${home.file('inbox')}`,
      `set folder=${home.file('.')}`,
      `push '${keys}'`,
    ];
    const args = [
      '-n',
      '-F',
      '/dev/null',
      ...settings.flatMap((each) => ['-e', each]),
      '-f',
      mailbox,
    ];
    return home.runOnTerminal('mutt', args);
  };

  testWith(['mutt', 'python3'], 'fetches and deletes with its command fetch-mail', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const inbox = home.file('inbox');
    await writeFile(inbox, '');
    await mutt(inbox, '<fetch-mail><quit>');
    const messages = readMbox(await readFile(inbox));
    expect(messages.map(({ headers }) => headers.get('subject'))).toEqual([subject, 'short']);
    expect(messages[0]!.text.trimEnd().split('\n')).toEqual(bodyLines);
    expect(await stage.mailbox(recipient)).toEqual([]);
  });

  testWith(['mutt', 'python3'], 'opens no POP3 mailbox without UIDL', async () => {
    await sendOctets(stage, recipient, [letter]);
    await mutt(`pop://127.0.0.1:${tap.port}/`, '<quit>');
    expect(commands().slice(-3)).toEqual(['STAT', 'UIDL', 'QUIT']);
  });
});

describe('s-nail', () => {
  testWith(['s-nail'], 'shows messages and deletes one', async () => {
    await sendOctets(stage, recipient, [letter, short]);
    const url = `pop3://${encodeURIComponent(recipient)}:secret@127.0.0.1:${tap.port}`;
    // Without pop3-bulk-load it asks for TOP for each message, and is sent away after twenty.
    const settings = ['-:/', '-Sv15-compat', '-Spop3-bulk-load', '-Snomimetypes-load-control'];
    const input = 'type 1\ndelete 2\nquit\n';
    const { stdout } = await home.run('s-nail', [...settings, '-f', url], input);
    expect(octets(stdout).toString()).toContain(bodyLines.join('\n'));
    const left = await stage.mailbox(recipient);
    expect(left.map(({ headers }) => headers.get('subject'))).toEqual([subject]);
  });
});
