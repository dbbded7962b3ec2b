/**
 * The log: a line for each thing that happens. Lines for people go to the terminal, and lines of JSON
 * for programs to a file, if there is one.
 *
 * What clients say does not come here: their dialogue holds passwords, and their mail.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import { escapeJson, localTime, visible } from './guards/visible.ts';

/** From the most talkative to the most silent. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type Level = (typeof LEVELS)[number];

/** What a line holds besides, for programs. The names that every line has are taken. */
export type Fields = Readonly<Record<string, unknown>> & {
  readonly [taken in 'level' | 'time' | 'connection' | 'service' | 'msg']?: never;
};

/** The text says all that people need. */
type Say = (text: string, fields?: Fields) => void;

export interface Log {
  debug: Say;
  info: Say;
  warn: Say;
  error: Say;
  /** The log of one connection, such as `#12`, to one service, such as `smtp`. */
  child(fields: { connection: string; service: string }): Log;
}

export interface OpenLog extends Log {
  /** Opens the file anew: the one it had may have been renamed, to be kept or packed. */
  reopen(): void;
  /** Afterwards all is in the file. The terminal can still be written to. */
  close(): Promise<void>;
}

/** Characters of a line for people. A message for a thousand recipients is told in full in the file. */
const LONGEST_LINE = 1000;

/** Octets that wait while the disk is full; what is more is lost. */
const MOST_WAITING = 8 * 2 ** 20;

/** Where the lines for people go: standard output, in a test something else. */
type Terminal = Writable & { isTTY?: boolean; hasColors?: () => boolean };

/**
 * Opens the log. All is written when a call returns, so nothing is lost however the program ends.
 * Throws if the file cannot be opened.
 */
export function openLog(
  { file, level }: { file?: string; level: Level },
  terminal: Terminal = process.stdout,
): OpenLog {
  const forPeople = pretty.prettyFactory({
    colorize: (terminal.isTTY && terminal.hasColors?.()) ?? false, // it knows of NO_COLOR
    customColors: 'message:reset', // the words stay as they are; their colours are chosen below
    messageFormat: lineForPeople,
    include: 'msg',
    hideObject: true,
  });
  let destination = file === undefined ? undefined : openFile(file);
  let failing = false;
  // `server.ts | head`: when nobody reads the log any more, the mail still goes on.
  if (!terminal.listeners('error').includes(ignore)) terminal.on('error', ignore);

  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Nobody gives us any. Should somebody some day, it stays in the program.
      redact: ['password', '*.password'],
    },
    {
      write(line) {
        terminal.write(forPeople(line));
        destination?.write(`${escapeJson(line.trimEnd())}\n`);
      },
    },
  );
  const log = logOf(logger);
  return {
    ...log,
    reopen() {
      if (file === undefined || !destination) return;
      try {
        const before = destination;
        destination = openFile(file);
        before.destroy();
      } catch (error) {
        log.error(`the log stays in the file it had: ${(error as Error).message}`);
      }
    },
    async close() {
      const before = destination;
      destination = undefined;
      if (!before) return;
      const closed = once(before, 'close');
      before.destroy();
      await closed;
    },
  };

  function openFile(name: string) {
    // Who wrote to whom is nobody else's business.
    const opened = pino.destination({
      dest: name,
      append: true,
      mode: 0o600,
      sync: true,
      maxLength: MOST_WAITING,
    });
    opened.on('error', (error: Error) => {
      if (failing) return; // said once is enough: this very line goes to the file too
      failing = true;
      log.error(`the log file cannot be written: ${error.message}`);
    });
    opened.on('write', () => (failing = false));
    return opened;
  }
}

function logOf(logger: pino.Logger): Log {
  return {
    debug: (text, fields = {}) => logger.debug(fields, text),
    info: (text, fields = {}) => logger.info(fields, text),
    warn: (text, fields = {}) => logger.warn(fields, text),
    error: (text, fields = {}) => logger.error(fields, text),
    child: (fields) => logOf(logger.child(fields)),
  };
}

const COLOURS = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;

/** `15:02:03.123 INFO  #12 smtp        message from <a@x> for <b@y>, 123 octets: stored` */
const lineForPeople: pretty.MessageFormatFunc = (line, _, __, { colors }) => {
  const { time, level, connection, service, msg } = line as {
    time: string;
    level: Level;
    connection?: string;
    service?: string;
    msg: string;
  };
  const who = connection === undefined ? '' : `${`${connection} ${service}`.padEnd(14)}  `;
  return [
    colors.gray(localTime(time).slice(11)),
    colors[COLOURS[level]](level.toUpperCase().padEnd(5)),
    visible(who + msg, LONGEST_LINE),
  ].join(' ');
};

function ignore(): void {}
