import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultLimits, limitOptions } from '../../../v4-advanced/src/guards/limits.ts';
import { LEVELS } from '../../../v4-advanced/src/log.ts';
import { type Options, readOptions, usage, UsageError } from '../../../v4-advanced/src/options.ts';

function options(args: string[] = [], env: NodeJS.ProcessEnv = {}): Options {
  const read = readOptions(args, env);
  if (read === 'help') throw new Error('help');
  return read;
}

const PORTS = { smtp: 2525, submission: 5870, smtps: 4650, pop3: 1110, pop3s: 9950 };
const NAMES = Object.keys(PORTS);

describe('the options of v4-advanced', () => {
  it('are all there when none is given', () => {
    expect(options()).toEqual({
      host: '127.0.0.1',
      ports: PORTS,
      mailboxes: './mailboxes',
      data: './data',
      users: path.join('data', 'accounts'),
      cert: undefined,
      key: undefined,
      log: { level: 'info' },
      domains: [],
      limits: defaultLimits,
    });
  });

  it.each(NAMES)('take the port of %s from the command line, from the environment, or as ever', (name) => {
    const variable = `${name.toUpperCase()}_PORT`;
    expect(options([`--${name}`, '7']).ports).toEqual({ ...PORTS, [name]: 7 });
    expect(options([], { [variable]: '8' }).ports).toEqual({ ...PORTS, [name]: 8 });
    expect(options([`--${name}`, '0'], { [variable]: '8' }).ports).toEqual({ ...PORTS, [name]: 0 });
    for (const wrong of ['x', '65536', '', '1.5', '0x10']) {
      expect(() => options([`--${name}=${wrong}`])).toThrow(`--${name} must be a whole number from 0 to 65535, not "${wrong}".`);
      expect(() => options([], { [variable]: wrong })).toThrow(`--${name} must be`);
    }
  }); // prettier-ignore

  it('take the port of SMTP without a name, too', () => {
    expect(options(['2600'], { SMTP_PORT: '1' }).ports.smtp).toBe(2600);
  });

  it('give all services a port that is free, if all are 0', () => {
    expect(options(NAMES.flatMap((name) => [`--${name}`, '0'])).ports).toEqual(
      Object.fromEntries(NAMES.map((name) => [name, 0])),
    );
  });

  it('keep what belongs together in the data folder', () => {
    expect(options(['--data', 'd']).users).toBe(path.join('d', 'accounts'));
    expect(options(['--data', 'd', '--users', 'u'])).toMatchObject({ data: 'd', users: 'u' });
    const env = { DATA: 'e', MAILBOXES: 'm' };
    expect(options([], env)).toMatchObject({ data: 'e', mailboxes: 'm' });
    expect(options(['--data', 'd', '--mailboxes', 'n'], env)).toMatchObject({
      data: 'd',
      mailboxes: 'n',
    });
  });

  it('take domains, as many as there are', () => {
    expect(options(['--domain', 'a.example', '--domain', 'B.example']).domains).toEqual([
      'a.example',
      'B.example',
    ]);
  });

  it('say where the log goes, and how much of it', () => {
    expect(options(['--log', 'f', '--log-level', 'debug']).log).toEqual({
      file: 'f',
      level: 'debug',
    });
    for (const level of LEVELS) expect(options(['--log-level', level]).log).toEqual({ level });
  });

  it.each(Object.entries(limitOptions))('set the limit %s', (name, { option, value }) => {
    expect(options([`--${option}`, '7']).limits).toEqual({ ...defaultLimits, [name]: 7 });
    expect(options().limits).toHaveProperty(name, value);
    for (const wrong of ['0', '-1', 'x', '1e3', String(2 ** 31)]) {
      expect(() => options([`--${option}=${wrong}`])).toThrow(`--${option} must be`);
    }
  });

  it.each<[string[], string]>([
    [['--smtp', '25', '--pop3', '25'], 'smtp and pop3 need a port each, and both were given 25.'],
    [['9950'], 'smtp and pop3s need a port each, and both were given 9950.'],
    [['1', '2'], 'One port is enough, that of SMTP: say 1 --pop3 PORT.'],
    [['1', '--smtp', '1'], 'The port was given twice: as an argument and as --smtp.'],
    [['--log-level', 'loud'], '--log-level must be one of debug, info, warn, error, not "loud".'],
    [['--nonsense'], "Unknown option '--nonsense'. See server.ts --help."],
    [['--strict'], "Unknown option '--strict'. See server.ts --help."],
    [['--imap', '1'], "Unknown option '--imap'. See server.ts --help."],
    [['--cert'], "Option '--cert <value>' argument missing. See server.ts --help."],
  ])('refuse %j: %s', (args, message) => {
    expect(() => options(args)).toThrow(new UsageError(message));
  });

  it('listen on this computer alone if the host is left empty', () => {
    expect(options(['--host', '']).host).toBe('127.0.0.1');
    expect(options(['--host', '0.0.0.0']).host).toBe('0.0.0.0');
  });

  it('are told by --help, every one of them, in 80 columns', () => {
    expect(readOptions(['--help'], {})).toBe('help');
    expect(readOptions(['-h', '--host', 'x'], {})).toBe('help');
    const named = [...NAMES, 'host', 'mailboxes', 'data', 'users', 'cert', 'key', 'domain', 'log', 'log-level', 'help'];
    for (const { option } of Object.values(limitOptions)) named.push(option);
    for (const name of named) expect(usage).toMatch(new RegExp(`--${name}\\b`));
    for (const line of usage.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  }); // prettier-ignore
});
