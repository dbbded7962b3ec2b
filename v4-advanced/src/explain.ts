/**
 * Errors for people: what happened, where, what to do, in one line.
 */
import { UsageError } from './options.ts';

/** What each error of the operating system means to somebody who starts a server. */
const advice: Record<
  string,
  (error: NodeJS.ErrnoException & { port?: number; address?: string }) => string
> = {
  EADDRINUSE: ({ port }) =>
    `Port ${port} is taken. Is the server running already? Stop it, or choose another port.`,
  EADDRNOTAVAIL: ({ address }) =>
    `This machine does not have the address ${address}. Try 127.0.0.1.`,
  EEXIST: ({ path }) => `${path} is a file, and not a folder for mailboxes.`,
  EISDIR: () => 'A folder was named where a file is needed.',
  ENOTFOUND: ({ message }) => `There is no such host (${message}). Try --host 127.0.0.1.`,
};

export function explain(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  const failure = error as NodeJS.ErrnoException & { port?: number };
  const known = advice[failure.code ?? ''];
  if (known) return known(failure);
  if (failure.code === 'EACCES' && failure.syscall === 'listen') {
    return `Only an administrator may open port ${failure.port}. Choose one above 1023, such as 2525.`;
  }
  if (failure.path !== undefined) {
    return `${failure.path} cannot be used (${failure.code}): is it there, and is it yours?`;
  }
  return `The server could not start: ${failure.message}`;
}
