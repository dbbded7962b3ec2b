/** A line by which a server says where it listens: `smtp 127.0.0.1:2525`. */

export interface PortLine {
  protocol: string;
  host: string;
  port: number;
}

const PROTOCOLS = /^(smtp|pop3|imap|submission|smtps|pop3s|imaps) (\S+):(\d{1,5})\r?$/;

/** The line, taken apart; `undefined` for a line that says something else. */
export function portLine(line: string): PortLine | undefined {
  const found = PROTOCOLS.exec(line);
  if (found === null) return undefined;
  return {
    protocol: found[1]!,
    host: found[2]!.replace(/^\[(.*)\]$/, '$1'),
    port: Number(found[3]),
  };
}
