/**
 * What can be said on the command line. Bad options end the program with one line that says why.
 */
import { parseArgs } from 'node:util';
import type { Settings } from './commands.ts';
import { defaultLimits, type Limits, limitOptions } from './guards/limits.ts';

export interface Options {
  host: string;
  ports: { smtp: number; pop3: number };
  mailboxes: string;
  settings: Settings;
  /** The file of `--users`. */
  usersFile: string | undefined;
}

export const usage = `Usage: server.ts [port] [options]

A mail server: it receives by SMTP, and hands out by POP3 what it has received.

  --smtp PORT        port for sending mail (2525; 0: any that is free)
  --pop3 PORT        port for reading mail (1110)
  --host ADDRESS     address to listen on (127.0.0.1)
  --mailboxes DIR    folder for the mailboxes, made if missing (./mailboxes)
  --users FILE       only those named in the file receive and read, one a
                     line: name, or name:password
  --strict           the order HELO, MAIL, RCPT, DATA and no other
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
  const smtp = portOf('smtp', values.smtp ?? positionals[0] ?? env.SMTP_PORT ?? '2525');
  const pop3 = portOf('pop3', values.pop3 ?? env.POP3_PORT ?? '1110');
  if (smtp === pop3 && smtp !== 0) {
    throw new UsageError(`SMTP and POP3 need a port each, and both were given ${smtp}.`);
  }
  const limits = { ...defaultLimits };
  for (const [name, { option }] of Object.entries(limitOptions)) {
    const value = (values as Record<string, unknown>)[option];
    if (typeof value === 'string') limits[name as keyof Limits] = whole(`--${option}`, value, 1);
  }
  return {
    host: values.host || '127.0.0.1', // an empty one would be every address of this computer
    ports: { smtp, pop3 },
    mailboxes: values.mailboxes ?? env.MAILBOXES ?? './mailboxes',
    settings: { limits, strict: values.strict ?? false },
    usersFile: values.users,
  };
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
        pop3: { type: 'string' },
        host: { type: 'string' },
        mailboxes: { type: 'string' },
        users: { type: 'string' },
        strict: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        ...(Object.fromEntries(limits) as Record<string, { type: 'string' }>),
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\.\s/)[0]}. See server.ts --help.`);
  }
}

function portOf(protocol: string, text: string): number {
  return whole(`The ${protocol} port`, text, 0, 65535);
}

function whole(what: string, text: string, least: number, most = 2 ** 30): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`${what} must be a whole number from ${least} to ${most}, not "${text}".`);
}
