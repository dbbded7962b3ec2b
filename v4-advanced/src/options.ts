/**
 * What can be said on the command line. Bad options end the program with one line that says why.
 */
import { parseArgs } from 'node:util';
import path from 'node:path';
import { defaultLimits, type Limits, limitOptions } from './guards/limits.ts';
import { type Level, LEVELS } from './log.ts';
import type { ServiceName } from './services.ts';

export interface Options {
  host: string;
  ports: Record<ServiceName, number>;
  mailboxes: string;
  /** The folder for what the server keeps besides the mail: accounts, certificate, journal. */
  data: string;
  /** The accounts file. */
  users: string;
  cert: string | undefined;
  key: string | undefined;
  log: { file?: string; level: Level };
  /** Whose mail is taken; none: every domain's. */
  domains: string[];
  limits: Limits;
}

/** The ports, their defaults, and what each is for. */
const portOptions: Record<ServiceName, { value: number; about: string }> = {
  smtp: { value: 2525, about: 'mail for the accounts here, from anybody' },
  submission: { value: 5870, about: 'sending, with STARTTLS and a login' },
  smtps: { value: 4650, about: 'the same, with TLS from the first octet' },
  pop3: { value: 1110, about: 'reading, with STLS and a login' },
  pop3s: { value: 9950, about: 'the same, with TLS from the first octet' },
};

export const usage = `Usage: server.ts [port] [options]

A mail server with accounts and TLS: it receives by SMTP, and hands out by POP3.

${Object.entries(portOptions)
  .map(([name, { value, about }]) => `  --${name} PORT`.padEnd(21) + `${about} (${value})`)
  .join('\n')}
                     (0: any port that is free)
  --host ADDRESS     address to listen on (127.0.0.1)
  --mailboxes DIR    folder for the mailboxes, made if missing (./mailboxes)
  --data DIR         folder for accounts, certificate and journal (./data)
  --users FILE       the accounts (accounts in the data folder); see accounts.ts
  --cert FILE        certificate, and --key FILE its key, both in PEM; without
                     them the server signs a certificate for itself
  --domain NAME      take mail for this domain only; may be given several times
  --log FILE         write the log to this file too, in JSON
  --log-level LEVEL  ${LEVELS.join(', ')} (info)
  --help             this text

Limits:
${Object.values(limitOptions)
  .map(({ option, value, about }) => `  --${option} N`.padEnd(35) + `${about} (${value})`)
  .join('\n')}
`;

/** A mistake of the user: its message is all there is to say. */
export class UsageError extends Error {}

/** @returns the options, or `help` if that is what was asked for */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  if (positionals.length > 1) {
    throw new UsageError(`One port is enough, that of SMTP: say ${positionals[0]} --pop3 PORT.`);
  }
  if (values.smtp !== undefined && positionals.length > 0) {
    throw new UsageError('The port was given twice: as an argument and as --smtp.');
  }
  values.smtp ??= positionals[0];
  const given = (name: ServiceName) => values[name] ?? env[`${name.toUpperCase()}_PORT`];
  const ports = Object.fromEntries(
    Object.entries(portOptions).map(([key, { value }]) => {
      const name = key as ServiceName;
      return [name, portOf(name, given(name) ?? String(value))];
    }),
  ) as Options['ports'];
  rejectTwins(ports);
  const limits = { ...defaultLimits };
  for (const [name, { option }] of Object.entries(limitOptions)) {
    const value = (values as Record<string, unknown>)[option];
    if (typeof value === 'string') limits[name as keyof Limits] = whole(`--${option}`, value, 1);
  }
  const data = values.data ?? env.DATA ?? './data';
  return {
    host: values.host || '127.0.0.1', // an empty one would be every address of this computer
    ports,
    mailboxes: values.mailboxes ?? env.MAILBOXES ?? './mailboxes',
    data,
    users: values.users ?? path.join(data, 'accounts'),
    cert: values.cert,
    key: values.key,
    log: {
      ...(values.log === undefined ? {} : { file: values.log }),
      level: levelOf(values['log-level'] ?? 'info'),
    },
    domains: values.domain ?? [],
    limits,
  };
}

/** Two services cannot share a port, and the system's own message would not say which two. */
function rejectTwins(ports: Options['ports']): void {
  const taken = new Map<number, string>();
  for (const [name, port] of Object.entries(ports)) {
    const other = taken.get(port);
    if (other !== undefined && port !== 0) {
      throw new UsageError(`${other} and ${name} need a port each, and both were given ${port}.`);
    }
    taken.set(port, name);
  }
}

function levelOf(text: string): Level {
  const level = LEVELS.find((one) => one === text);
  if (level) return level;
  throw new UsageError(`--log-level must be one of ${LEVELS.join(', ')}, not "${text}".`);
}

function parse(args: string[]) {
  const limits = Object.values(limitOptions).map(
    ({ option }) => [option, { type: 'string' }] as const,
  );
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        smtp: { type: 'string' },
        submission: { type: 'string' },
        smtps: { type: 'string' },
        pop3: { type: 'string' },
        pop3s: { type: 'string' },
        host: { type: 'string' },
        mailboxes: { type: 'string' },
        data: { type: 'string' },
        users: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        domain: { type: 'string', multiple: true },
        log: { type: 'string' },
        'log-level': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        ...(Object.fromEntries(limits) as Record<string, { type: 'string' }>),
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\.\s/)[0]}. See server.ts --help.`);
  }
}

function portOf(protocol: string, text: string): number {
  return whole(`--${protocol}`, text, 0, 65535);
}

function whole(what: string, text: string, least: number, most = 2 ** 30): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`${what} must be a whole number from ${least} to ${most}, not "${text}".`);
}
