import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAddress } from '../../../v4-advanced/src/client/message.ts';
import {
  readingServer,
  readOptions,
  sendingServer,
} from '../../../v4-advanced/src/client/options.ts';
import { CERTIFICATE } from './v4-servers.ts';

const to = ['--to', 'bob@example.com'];
const sending = (args: string[], isLoggedIn = false) => {
  const { port, tls, option } = sendingServer(readOptions(args), isLoggedIn);
  return [port, tls, option];
};
const reading = (args: string[]) => {
  const { port, tls, option } = readingServer(readOptions(args));
  return [port, tls, option];
};

describe('the command line of the client of stage 4', () => {
  it('sends to where mail arrives, and whoever logs in to submission', () => {
    expect(sending([])).toEqual([2525, 'if offered', undefined]);
    expect(sending([], true)).toEqual([5870, 'if offered', '--submission']);
    expect(sending(['2600'], true)).toEqual([2600, 'if offered', '--submission']);
    expect(sending(['mail', '25'])).toEqual([25, 'if offered', undefined]);
  });

  it('begins with TLS when told so, or on the ports for it', () => {
    expect(sending(['--tls'])).toEqual([4650, 'at once', '--smtps']);
    expect(sending(['--tls', '2600'], true)).toEqual([2600, 'at once', '--smtps']);
    for (const port of ['4650', '465']) expect(sending([port], true)[1]).toBe('at once');
    expect(reading(['--tls'])).toEqual([9950, 'at once', '--pop3s']);
    for (const port of ['9950', '995']) expect(reading(['--pop3', port])[1]).toBe('at once');
  });

  it('never begins TLS when told so', () => {
    expect(sending(['--no-tls', '4650'])[1]).toBe('never');
    expect(reading(['--no-tls'])).toEqual([1110, 'never', '--pop3']);
    expect(reading([])).toEqual([1110, 'if offered', '--pop3']);
  });

  it('needs no sender where somebody logs in', () => {
    const options = readOptions(['--user', 'alice', ...to]);
    expect(options).toMatchObject({ user: 'alice', to: ['bob@example.com'], isReading: false });
    expect(readOptions(['--test', '--user', 'alice']).isReading).toBe(false);
  });

  it.each([
    [to, 'To send a message, say --to, and --from or --user. Try --help.'],
    [
      ['--user', 'alice', '--body', 'a'],
      'To send a message, say --to, and --from or --user. Try --help.',
    ],
    [['--password', 'x'], 'Who are you? Say --user bob. Try --help.'],
    [['--list'], 'Who are you? Say --user bob. Try --help.'],
    [
      ['--user', 'a', '--list', ...to],
      'Sending and reading are two jobs: do one at a time. Try --help.',
    ],
    [
      ['--user', 'a', '--pop3', '1', ...to],
      'Sending and reading are two jobs: do one at a time. Try --help.',
    ],
    [['--no-tls', '--tls'], '--no-tls goes without --tls, --ca and --insecure. Try --help.'],
    [['--no-tls', '--insecure'], '--no-tls goes without --tls, --ca and --insecure. Try --help.'],
    [
      ['--ca', 'x', '--insecure'],
      'Say --ca or --insecure: whom to believe, or everybody. Try --help.',
    ],
    [
      ['--list', '--user', 'bob', '2525'],
      'The port of the POP3 server is said like this: --pop3 2525. Try --help.',
    ],
    [['--user', 'a b'], '"a b" is no address: write it like alice@example.com.'],
  ])('cannot be %j, and says why in one line', (args, said) => {
    expect(() => readOptions(args)).toThrow(
      expect.objectContaining({ message: said, exitCode: 2 }),
    );
  });
});

describe('the certificate of the command line', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'stagepost-client-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('is read, whatever is written above it', async () => {
    const file = path.join(folder, 'cert.pem');
    await writeFile(file, `Our server\n${CERTIFICATE.cert}`);
    expect(readOptions(['--ca', file]).trust.ca).toContain(CERTIFICATE.cert);
  });

  it('must be there, and be one', async () => {
    const file = path.join(folder, 'key.pem');
    expect(() => readOptions(['--ca', file])).toThrow(`The file ${file} cannot be read: ENOENT.`);
    for (const text of [CERTIFICATE.key, '', CERTIFICATE.cert.slice(0, 100)]) {
      await writeFile(file, text);
      expect(() => readOptions(['--ca', file])).toThrow(
        `The file ${file} holds no certificate: it should have a line -----BEGIN CERTIFICATE-----.`,
      );
    }
  });
});

describe('an address of stage 4', () => {
  it.each(['bob', 'αλίκη@παράδειγμα.gr', 'jöran@example.com', '用户@例子.中国', 'a@[127.0.0.1]'])(
    'may be %s',
    (address) => expect(checkAddress(`<${address}>`)).toBe(address),
  );

  it.each(['a b', 'a\u2028b', 'a\u202Eb', 'a>b', 'é\0', '😀@example.com', 'é'.repeat(128)])(
    'cannot be %j',
    (address) => expect(() => checkAddress(address)).toThrow(/is no address/),
  );
});
