/** What the command line says. */
import { parseArgs } from 'node:util';
import { Complaint } from './complaint.ts';
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
    host,
    port: whole(words.port, port, 65_535),
    timeout: whole('--timeout', values.timeout ?? '60', 86_400),
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

function wrong(problem: string): Complaint {
  return new Complaint(words.seeHelp(problem), 2);
}
