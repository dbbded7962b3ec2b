/** What somebody can do with a server that listens: lines to type, with the ports in use. */
import pc from 'picocolors';
import type { Stage } from '../notation/model.ts';
import type { PortLine } from './port-line.ts';
import { STAGE_FOLDERS } from './stages.ts';

/**
 * @param ports Where the server listens, in the order in which it said so.
 * @param args  What the server was told.
 */
export function nextSteps(
  stage: Stage,
  ports: readonly PortLine[],
  args: readonly string[],
): string {
  const smtp = ports.find(({ protocol }) => protocol === 'smtp');
  const pop3 = ports.find(({ protocol }) => protocol === 'pop3');
  const there = smtp === undefined ? '' : address(smtp);
  const client = `npx stagepost client ${stage}${there}`;
  const steps: [line: string, what: string][] = [
    [`npx stagepost talk${there}`, 'type the commands yourself, as in telnet'],
    [client, 'write a message with the mail client'],
    [`npx stagepost check ${stage}`, 'see what a right server of this stage does'],
  ];
  if (pop3 !== undefined) {
    steps[1] = [client + pop3Option(pop3), 'write and read mail with the mail client'];
    const { host, port } = reachable(pop3);
    const byHand = `npx stagepost talk ${host} ${port}`;
    // From stage 4 on passwords go through TLS.
    const words =
      stage < 'v4' ? 'USER, PASS, LIST, RETR 1, QUIT' : 'STLS, USER, PASS, LIST, RETR 1';
    steps.splice(1, 0, [byHand, `read mail: ${words}`]);
  }
  const submission = ports.find(({ protocol }) => protocol === 'submission');
  if (submission !== undefined) {
    const { host, port } = reachable(submission);
    const byHand = `npx stagepost talk ${host} ${port}`;
    steps.splice(1, 0, [byHand, 'send mail: EHLO me, STARTTLS, AUTH PLAIN']);
  }
  const width = Math.max(...steps.map(([line]) => line.length)) + 2;
  const foreign = args.some((arg) => arg.startsWith('--mailboxes') || arg.startsWith('--file-by'));
  const where = foreign || process.env.MAILBOXES ? '' : 'Mail arrives in the folder mailboxes. ';
  return [
    '',
    'What to try next, in a second terminal:',
    ...steps.map(([line, what]) => `  ${pc.bold(line.padEnd(width))}${what}`),
    `${where}The handout is ${STAGE_FOLDERS[stage]}/README.md.`,
    'Ctrl-C ends the server.',
    '',
    '',
  ].join('\n');
}

/** Host and port as arguments, as far as they are not what every job takes by itself. */
function address(where: PortLine): string {
  const { host, port } = reachable(where);
  return host === '127.0.0.1' && port === 2525 ? '' : ` ${host} ${port}`;
}

/** For the client, which asks the same host for mail. */
function pop3Option({ port }: PortLine): string {
  return port === 1110 ? '' : ` --pop3 ${port}`;
}

/** "Every address of this machine" is a place to listen, not one to call. */
function reachable({ host, port }: PortLine): { host: string; port: number } {
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port };
}
