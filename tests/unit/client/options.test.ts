import { describe, expect, it } from 'vitest';
import * as optionsV1 from '../../../v1-smtp/src/client/options.ts';
import * as optionsV3 from '../../../v3-pop3/src/client/options.ts';

describe.each([
  ['stage 1', optionsV1],
  ['stage 3', optionsV3],
])('the command line of the client of %s', (_, { readOptions }) => {
  it('means the local server if it says nothing', () => {
    expect(readOptions([])).toMatchObject({ host: '127.0.0.1', port: 2525, timeout: 60 });
  });

  it('may name host and port, or one of them', () => {
    expect(readOptions(['mail', '25'])).toMatchObject({ host: 'mail', port: 25 });
    expect(readOptions(['mail'])).toMatchObject({ host: 'mail', port: 2525 });
    expect(readOptions(['2626'])).toMatchObject({ host: '127.0.0.1', port: 2626 });
  });

  it('takes several recipients', () => {
    const { to } = readOptions(['--from', 'a', '--to', 'b', '--to', 'c,d']);
    expect(to).toEqual(['b', 'c,d']);
  });

  it.each([
    [['--form', 'alice'], "Unknown option '--form'. Try --help."],
    [['localhost', '2525', 'x'], '"x" is one argument too many. Try --help.'],
    [['localhost', 'smtp'], 'The port is a number from 1 to 65535, not "smtp". Try --help.'],
    [['--timeout', '0'], '--timeout is a number from 1 to 86400, not "0". Try --help.'],
    [['--from', 'a'], 'To send a message, say both --from and --to. Try --help.'],
    [['--body', 'a'], 'To send a message, say both --from and --to. Try --help.'],
    [
      ['--test', '--body', 'a'],
      '--test has a subject and a text of its own: leave out --subject and --body. Try --help.',
    ],
  ])('cannot be %j, and says why in one line', (args, said) => {
    expect(() => readOptions(args)).toThrow(
      expect.objectContaining({ message: said, exitCode: 2 }),
    );
  });

  it('says how a value that begins with a dash is written', () => {
    expect(() => readOptions(['--subject', '-10 %'])).toThrow(
      /^Option '--subject' argument is ambiguous\. [^\n]*'--subject=-XYZ'\. Try --help\.$/,
    );
  });
});

describe('what the command line says about reading', () => {
  const { readOptions } = optionsV3;
  const bob = ['--user', 'bob@example.com'];

  it('is a mailbox, and what is done with it', () => {
    expect(readOptions(['--list', ...bob])).toMatchObject({
      isReading: true,
      user: 'bob@example.com',
      password: '',
      pop3: 1110,
    });
    const args = ['--read', '2', '--delete', '2', '--delete', '12', ...bob, '--pop3', '11'];
    expect(readOptions(args)).toMatchObject({ read: 2, delete: [2, 12], pop3: 11 });
    expect(readOptions(['mail', '25', '--list', ...bob, '--pop3', '11'])).toMatchObject({
      host: 'mail',
      pop3: 11,
    });
  });

  it('may be said of the menu too', () => {
    expect(readOptions([...bob, '--password', 'a b'])).toMatchObject({
      isReading: false,
      user: 'bob@example.com',
      password: 'a b',
    });
    expect(readOptions(['2600', '--pop3', '1100'])).toMatchObject({ isReading: false, pop3: 1100 });
  });

  const number = (option: string, given: string) =>
    `${option} wants the number of a message, as --list shows it, not "${given}". Try --help.`;

  it.each([
    [['--list'], 'Whose mailbox is it? Say --user bob@example.com. Try --help.'],
    [['--password', 'x'], 'Whose mailbox is it? Say --user bob@example.com. Try --help.'],
    [['--list', '--user', 'a b'], '"a b" is no address: write it like alice@example.com.'],
    [['--list', '--user', ''], 'An address is missing.'],
    [['--list', ...bob, '--password', ''], 'A password is missing.'],
    [
      ['--list', ...bob, '--password', 'a\r\nDELE 1'],
      'The password holds a control character: not allowed.',
    ],
    [['--list', '--read', '1', ...bob], '--list goes without --read and --delete. Try --help.'],
    [['--list', '--delete', '1', ...bob], '--list goes without --read and --delete. Try --help.'],
    [['--read', '1', '--read', '2', ...bob], '--read prints one message at a time. Try --help.'],
    [['--read', '0', ...bob], number('--read', '0')],
    [['--read', '1\r\nQUIT', ...bob], number('--read', '1\\x0D\\x0AQUIT')],
    [['--delete', 'all', ...bob], number('--delete', 'all')],
    [['--delete', '1', '--delete', '1e3', ...bob], number('--delete', '1e3')],
    [['--pop3', '0'], '--pop3 is a number from 1 to 65535, not "0". Try --help.'],
    [
      ['1111', '--list', ...bob],
      'The port of the POP3 server is said like this: --pop3 1111. Try --help.',
    ],
    ...[['--test'], ['--from', 'a', '--to', 'b']].flatMap((sending) =>
      [['--list'], ['--read', '1'], ['--delete', '1'], bob, ['--pop3', '11']].map(
        (reading): [string[], string] => [
          [...sending, ...reading],
          'Sending and reading are two jobs: do one at a time. Try --help.',
        ],
      ),
    ),
  ])('cannot be %j, and says why in one line', (args, said) => {
    expect(() => readOptions(args)).toThrow(
      expect.objectContaining({ message: said, exitCode: 2 }),
    );
  });
});
