/**
 * Programs that want to say EHLO first. Stages 2 and 3 answer 502 (500 when strict), and they fall back
 * to HELO (RFC 5321 §3.2); then the message must arrive to the octet.
 */
import { execa } from 'execa';
import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bodyLines, expectDelivered, messageText, recipient, sender, subject } from './messages.ts';
import { testWith } from './programs.ts';
import { startStage, type Stage, type StageName } from './stage.ts';
import { openTap, type Tap } from './tap.ts';

const servers: [string, StageName, string[], string][] = [
  ['stage 2', 'v2-helo', [], '502'],
  ['stage 2 with --strict', 'v2-helo', ['--strict'], '500'],
  ['stage 3', 'v3-pop3', [], '502'],
];

describe.each(servers)('%s', (_, name, serverArgs, toEhlo) => {
  let stage: Stage;
  let tap: Tap;
  beforeEach(async () => {
    stage = await startStage(name, { args: serverArgs });
    tap = await openTap(stage.port);
  });
  afterEach(async () => {
    await tap.close();
    await stage.close();
  });

  /** EHLO was refused, HELO taken, and the message is there. */
  async function expectFallBackAndDelivery(): Promise<void> {
    const verbs = tap.dialogue.map((line) => line.slice(0, 7).toUpperCase());
    expect(verbs.slice(0, 5), tap.dialogue.join('\n')).toEqual([
      'S: 220 ',
      'C: EHLO',
      `S: ${toEhlo} `,
      'C: HELO',
      'S: 250 ',
    ]);
    await expectDelivered(stage);
  }

  testWith(['curl'], 'takes a message from curl', async () => {
    const envelope = ['--mail-from', sender, '--mail-rcpt', recipient];
    const url = `smtp://127.0.0.1:${tap.port}/localhost`;
    await execa('curl', ['--silent', '--show-error', url, ...envelope, '--upload-file', '-'], {
      input: messageText('\r\n'),
    });
    await expectFallBackAndDelivery();
  });

  testWith(['swaks'], 'takes a message from swaks', async () => {
    const server = ['--server', '127.0.0.1', '--port', String(tap.port)];
    await execa('swaks', [...server, '--from', sender, '--to', recipient, '--data', '-'], {
      input: messageText('\n'),
    });
    await expectFallBackAndDelivery();
  });

  testWith(['msmtp'], 'takes a message from msmtp', async () => {
    const server = ['--host=127.0.0.1', `--port=${tap.port}`, '--auth=off', '--tls=off'];
    await execa('msmtp', ['--file=/dev/null', ...server, `--from=${sender}`, '--', recipient], {
      input: messageText('\n'),
    });
    await expectFallBackAndDelivery();
  });

  testWith(['python3'], "takes a message from Python's smtplib", async () => {
    const program = `
import smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as server:
    refused = server.sendmail(sys.argv[2], [sys.argv[3]], sys.stdin.buffer.read())
assert refused == {}, refused
`;
    const args = ['-c', program, String(tap.port), sender, recipient];
    await execa('python3', args, { input: messageText('\r\n') });
    await expectFallBackAndDelivery();
  });

  test('takes a message from nodemailer', async () => {
    const transport = createTransport({ host: '127.0.0.1', port: tap.port, ignoreTLS: true });
    const raw = messageText('\r\n');
    const sent = await transport.sendMail({ envelope: { from: sender, to: recipient }, raw });
    transport.close();
    expect(sent.accepted).toEqual([recipient]);
    await expectFallBackAndDelivery();
  });

  test('takes a message that nodemailer wrote itself', async () => {
    const transport = createTransport({ host: '127.0.0.1', port: tap.port, ignoreTLS: true });
    await transport.sendMail({
      from: sender,
      to: recipient,
      subject,
      text: bodyLines.slice(1).join('\n'),
    });
    transport.close();
    const [message] = await stage.mailbox(recipient);
    expect(message!.text.trimEnd().split('\n')).toEqual(bodyLines.slice(1));
  });
});
