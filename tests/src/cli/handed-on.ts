/**
 * Options that a job hands on to a program of a stage without reading them. They are named here so that
 * the job notices when npm has swallowed one. A test compares them with what the programs' help says.
 */
import type { KnownOption } from './swallowed.ts';

function withValue(...names: string[]): KnownOption[] {
  return names.map((name) => ({ name, takesValue: true }));
}

function flags(...names: string[]): KnownOption[] {
  return names.map((name) => ({ name, takesValue: false }));
}

export const SERVER_OPTIONS: readonly KnownOption[] = [
  ...withValue('smtp', 'pop3', 'imap', 'submission', 'smtps', 'pop3s', 'imaps'),
  ...withValue('host', 'mailboxes', 'users', 'file-by', 'data', 'cert', 'key', 'domain'),
  ...withValue('log', 'log-level'),
  ...flags('strict'),
  ...withValue('max-command-line', 'max-text-line', 'max-message', 'max-recipients'),
  ...withValue('max-bad-commands', 'max-connections', 'max-connections-per-address'),
  ...withValue('max-wrong-passwords', 'login-delay', 'tls-timeout'),
  ...withValue('command-timeout', 'text-timeout', 'message-timeout', 'pop3-timeout'),
];

export const CLIENT_OPTIONS: readonly KnownOption[] = [
  ...withValue('from', 'to', 'subject', 'body', 'timeout'),
  ...flags('test', 'quiet', 'list', 'dialogue', 'tls', 'no-tls', 'insecure'),
  ...withValue('user', 'password', 'pop3', 'read', 'delete', 'ca'),
];

/** The options that this job hands on, by its name. */
export function handedOn(job: string): readonly KnownOption[] {
  if (job === 'start') return SERVER_OPTIONS;
  return job === 'client' ? CLIENT_OPTIONS : [];
}
