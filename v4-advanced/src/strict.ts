/**
 * The strict order (`--strict`): HELO, MAIL, one RCPT, DATA, then MAIL again or QUIT. Whatever else comes
 * gets `500 Syntax error, command unrecognized`, and the server waits for the right command. An
 * address that is refused leads back to MAIL, and nobody leaves before a message was stored.
 *
 * It is the same protocol with another table: only what is allowed where is different.
 */
import { type Command, type Protocol, table } from './commands.ts';

const greeting: Command = { ...table.HELO, allowed: ['start'] };

export const strictProtocol: Protocol = {
  commands: new Map<string, Command>([
    ['HELO', greeting],
    ['HELLO', greeting],
    ['MAIL', { ...table.MAIL, allowed: ['ready', 'sent'] }],
    ['RCPT', { ...table.RCPT, allowed: ['mail'] }],
    ['DATA', table.DATA],
    ['QUIT', { ...table.QUIT, allowed: ['sent'] }],
  ]),
  start: 'start',
  endOfText: { allowed: ['data'], next: 'sent' },
};
