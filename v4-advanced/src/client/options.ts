/** What the command line says. */
import { parseArgs } from 'node:util';
import { Complaint } from './complaint.ts';
import { checkPassword } from './maildrop.ts';
import { checkAddress } from './message.ts';
import { words } from './words.ts';

export type Options = ReturnType<typeof readOptions>;

/**
 * @returns what was given, with `timeout` in seconds
 * @throws Complaint if it makes no sense
 */
export function readOptions(args: string[]) {
  const { values, positionals } = parse(args);
  const { from, to, subject, body, test } = values;
  // `client.ts 2626` means a port: the server is called that way too.
  if (positionals.length === 1 && /^\d+$/.test(positionals[0]!)) positionals.unshift('127.0.0.1');
  const [host = '127.0.0.1', port = '2525', surplus] = positionals;
  if (surplus !== undefined) throw wrong(words.surplus(surplus));
  const hasText = subject !== undefined || body !== undefined;
  const isMessage = from !== undefined || to !== undefined || hasText;
  if (test && hasText) throw wrong(words.testHasText);
  if (!test && isMessage && (from === undefined || to === undefined)) throw wrong(words.unpaired);
  return {
    ...values,
    ...readingOptions(values, isMessage || test === true, positionals[1]),
    host,
    port: whole(words.port, port, 65_535),
    timeout: whole('--timeout', values.timeout ?? '60', 86_400),
  };
}

/** @param port that of SMTP, if it was said */
function readingOptions(
  { user, password, pop3, list, read, delete: marks }: ReturnType<typeof parse>['values'],
  isSending: boolean,
  port: string | undefined,
) {
  const isReading = list ?? (read !== undefined || marks !== undefined);
  const concernsReading = isReading || (user ?? password ?? pop3) !== undefined;
  if (isSending && concernsReading) throw wrong(words.oneJob);
  if (list && (read ?? marks)) throw wrong(words.listAlone);
  if (read && read.length > 1) throw wrong(words.readOne);
  if ((isReading || password !== undefined) && user === undefined) throw wrong(words.whose);
  if (isReading && port !== undefined && pop3 === undefined) throw wrong(words.whichPort(port));
  return {
    isReading,
    user: user === undefined ? '' : checkAddress(user),
    password: password === undefined ? '' : checkPassword(password),
    pop3: whole('--pop3', pop3 ?? '1110', 65_535),
    read: read?.map((number) => messageNumber('--read', number))[0],
    delete: marks?.map((number) => messageNumber('--delete', number)),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        to: { type: 'string', multiple: true },
        subject: { type: 'string' },
        body: { type: 'string' },
        user: { type: 'string' },
        password: { type: 'string' },
        pop3: { type: 'string' },
        list: { type: 'boolean' },
        read: { type: 'string', multiple: true },
        delete: { type: 'string', multiple: true },
        timeout: { type: 'string' },
        test: { type: 'boolean' },
        quiet: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    // Node says it well, but in several lines, and after "Unknown option '--form'." too much.
    const [problem] = (error as Error).message.split('. To specify a positional');
    throw wrong(`${problem!.replaceAll('\n', ' ').replace(/\.$/, '')}.`);
  }
}

function whole(what: string, given: string, most: number): number {
  const number = Number(given);
  if (/^\d+$/.test(given) && number >= 1 && number <= most) return number;
  throw wrong(words.badNumber(what, given, most));
}

function messageNumber(option: string, given: string): number {
  if (!/^[1-9]\d{0,8}$/.test(given)) throw wrong(words.noMessageNumber(option, given));
  return Number(given);
}

function wrong(problem: string): Complaint {
  return new Complaint(words.seeHelp(problem), 2);
}
