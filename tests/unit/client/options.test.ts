import { describe, expect, it } from 'vitest';
import { Complaint } from '../../../v1-smtp/src/client/complaint.ts';
import { readOptions } from '../../../v1-smtp/src/client/options.ts';

describe('the command line of the client', () => {
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
    expect(() => readOptions(args)).toThrow(new Complaint(said, 2));
  });

  it('says how a value that begins with a dash is written', () => {
    expect(() => readOptions(['--subject', '-10 %'])).toThrow(
      /^Option '--subject' argument is ambiguous\. [^\n]*'--subject=-XYZ'\. Try --help\.$/,
    );
  });
});
