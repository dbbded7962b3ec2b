import { describe, expect, it } from 'vitest';
import * as complaintV1 from '../../../v1-smtp/src/client/complaint.ts';
import type { ServerAddress, Show } from '../../../v1-smtp/src/client/conversation.ts';
import * as deliveryV1 from '../../../v1-smtp/src/client/delivery.ts';
import * as messageV1 from '../../../v1-smtp/src/client/message.ts';
import * as complaintV2 from '../../../v2-helo/src/client/complaint.ts';
import * as deliveryV2 from '../../../v2-helo/src/client/delivery.ts';
import * as messageV2 from '../../../v2-helo/src/client/message.ts';
import { sampleServer, type SampleServer, type Script } from './sample-server.ts';
import * as complaintV3 from '../../../v3-pop3/src/client/complaint.ts';
import * as deliveryV3 from '../../../v3-pop3/src/client/delivery.ts';
import * as messageV3 from '../../../v3-pop3/src/client/message.ts';
import * as complaintV4 from '../../../v4-advanced/src/client/complaint.ts';
import * as deliveryV4 from '../../../v4-advanced/src/client/delivery.ts';
import * as messageV4 from '../../../v4-advanced/src/client/message.ts';
import { words as wordsV4 } from '../../../v4-advanced/src/client/words.ts';

/** What a stage brings; every stage has classes of its own. */
interface Stage<M> {
  deliver: (
    message: M,
    server: ServerAddress,
    show: (who: Parameters<Show>[0] | '-', line: string) => void,
  ) => Promise<deliveryV1.Delivery>;
  Message: new (from: string, to: string, subject: string, text: string) => M;
  Complaint: new (message: string) => Error & { exitCode: number };
}
const V1: Stage<messageV1.Message> = { ...complaintV1, ...deliveryV1, ...messageV1 };
const V2: Stage<messageV2.Message> = { ...complaintV2, ...deliveryV2, ...messageV2 };
const V3: Stage<messageV3.Message> = { ...complaintV3, ...deliveryV3, ...messageV3 };
const V4: Stage<messageV4.Message> = { ...complaintV4, ...deliveryV4, ...messageV4 };

interface Told {
  server: SampleServer;
  /** The dialogue as it was shown. */
  shown: string[];
  delivery: deliveryV1.Delivery | undefined;
  complaint: string | undefined;
}

/**
 * Delivers a message to bob and carol. `timeout` is in seconds. The clients of stages 3 and 4, whose
 * connections are others, do it too; but for HELO they must say the same.
 */
async function tell(script?: Script, timeout = 10, text = 'text'): Promise<Told> {
  const told = await tellBy(V1, script, timeout, text);
  for (const later of [
    await tellBy(V3, script, timeout, text),
    await tellBy(V4, script, timeout, text),
  ]) {
    expect(comparable(later)).toEqual(comparable(told));
  }
  return told;
}

/** Without HELO and EHLO and their replies, and the headers that are new each time. */
function comparable({ server, shown, delivery, complaint }: Told) {
  const isHello = (line = '') => /^C: (HELO|EHLO) /.test(line);
  return {
    commands: server.commands.filter((command) => !/^(HELO|EHLO) /.test(command)),
    early: server.early,
    shown: shown
      .filter((line, index) => !isHello(line) && !isHello(shown[index - 1]))
      .filter((line) => !/^C: (Message-ID|Date): /.test(line)),
    delivery,
    complaint: complaint?.replace(wordsV4.maybeTls, ''),
  };
}

async function tellBy<M>(
  { deliver, Message, Complaint }: Stage<M>,
  script?: Script,
  timeout = 10,
  text = 'text',
): Promise<Told> {
  await using server = await sampleServer(script);
  const shown: string[] = [];
  const told: Told = { server, shown, delivery: undefined, complaint: undefined };
  const message = new Message('alice@example.com', 'bob@example.com,carol', 'Hi', text);
  const address = { host: '127.0.0.1', port: server.port, timeout };
  try {
    told.delivery = await deliver(message, address, (who, line) => shown.push(`${who}: ${line}`));
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    expect(error.exitCode).toBe(1);
    told.complaint = error.message;
  }
  await server.allClosed();
  return told;
}

const on =
  (command: string, answer: ReturnType<Script>): Script =>
  (heard) =>
    heard === command ? answer : undefined;

const MAIL = 'MAIL FROM:<alice@example.com>';
const BOB = 'RCPT TO:<bob@example.com>';
const ALL = [MAIL, BOB, 'RCPT TO:<carol>', 'DATA', 'QUIT'];

describe('a delivery', () => {
  it('says MAIL, RCPT for everybody, DATA, the text and QUIT, each after the reply before', async () => {
    const { server, delivery } = await tell();
    expect(server.commands).toEqual(ALL);
    expect(server.early).toEqual([]);
    expect(server.texts[0]).toMatch(/\r\n\r\ntext\r\n$/);
    expect(delivery).toEqual({ accepted: ['bob@example.com', 'carol'], refused: [] });
  });

  it('shows the dialogue, with the text and its dots as they are sent', async () => {
    const { shown } = await tell(undefined, 10, '.a\n');
    expect(shown.slice(0, 5)).toEqual([
      'S: 220 ready',
      `C: ${MAIL}`,
      'S: 250 ok',
      `C: ${BOB}`,
      'S: 250 ok',
    ]);
    expect(shown.slice(-6)).toEqual([
      'C: ',
      'C: ..a',
      'C: .',
      'S: 250 ok',
      'C: QUIT',
      'S: 221 bye',
    ]);
  });

  it('carries lines of dots, accents and 300 kB unharmed', async () => {
    const lines = [
      '.',
      '..',
      'QUIT',
      '',
      'é€😀',
      ' x ',
      ...Array<string>(3000).fill('x'.repeat(98)),
    ];
    const { server } = await tell(undefined, 10, lines.join('\n'));
    const [, text] = server.texts[0]!.split(/\r\n\r\n(.*)/s);
    expect(text!.replaceAll(/^\./gm, '')).toBe(lines.map((line) => `${line}\r\n`).join(''));
    expect(server.commands).toEqual(ALL);
  });

  it('understands replies of several lines and of several packets', async () => {
    const { server, shown } = await tell(on(MAIL, '250-one\r\n250-two\r\n250 three\r\n'));
    expect(shown.slice(2, 5)).toEqual(['S: 250-one', 'S: 250-two', 'S: 250 three']);
    expect(server.commands).toEqual(ALL);
  });

  it('takes any text and any second and third digit', async () => {
    const { delivery } = await tell((heard) => (heard.startsWith('RCPT') ? '251\r\n' : undefined));
    expect(delivery?.accepted).toEqual(['bob@example.com', 'carol']);
  });
});

describe('a refusal', () => {
  it.each([
    ['', 'the connection', []],
    [MAIL, MAIL, [MAIL]],
    ['DATA', 'DATA', ALL.slice(0, -1)],
    ['.', 'the text', ALL.slice(0, -1)],
  ])('of %j is told and followed by QUIT', async (command, what, before) => {
    for (const code of ['451', '554']) {
      const { server, complaint } = await tell(on(command, `${code} no\r\n`));
      expect(complaint).toBe(`Not sent: the server refused ${what}: ${code} no`);
      expect(server.commands).toEqual([...before, 'QUIT']);
    }
  });

  it('of a command in several lines is told whole', async () => {
    const { complaint } = await tell(on(MAIL, '550-no\r\n550 never\r\n'));
    expect(complaint).toBe(`Not sent: the server refused ${MAIL}: 550-no 550 never`);
  });

  it('of one recipient does not keep the mail from the others', async () => {
    const { server, delivery } = await tell(on(BOB, '550 Address unknown\r\n'));
    expect(delivery).toEqual({
      accepted: ['carol'],
      refused: [{ recipient: 'bob@example.com', reply: '550 Address unknown' }],
    });
    expect(server.texts).toHaveLength(1);
  });

  it('of all recipients ends in QUIT without DATA', async () => {
    const { server, delivery } = await tell((heard) =>
      /^RCPT/.test(heard) ? '450 \r\n' : undefined,
    );
    expect(delivery?.accepted).toEqual([]);
    expect(delivery?.refused).toHaveLength(2);
    expect(server.commands).toEqual([...ALL.slice(0, 3), 'QUIT']);
  });

  it('is what a 250 to DATA amounts to: the text is not sent', async () => {
    const { server, complaint } = await tell(on('DATA', '250 ok\r\n'));
    expect(complaint).toBe('Not sent: the server refused DATA: 250 ok');
    expect(server.texts).toEqual([]);
  });

  it('by 421 ends everything, for all recipients, whether it was awaited or not', async () => {
    const unasked = await tell(on(MAIL, '250 ok\r\n421 closing\r\n'));
    expect(unasked.complaint).toBe('Not sent: the server closes the connection: 421 closing');
    expect(unasked.server.commands).toEqual([MAIL, 'QUIT']);
    const awaited = await tell(on(BOB, { end: 'close', say: '421 closing\r\n' }));
    expect(awaited.complaint).toBe('Not sent: the server closes the connection: 421 closing');
    expect(awaited.server.commands.slice(0, 2)).toEqual([MAIL, BOB]);
  });
});

describe('a server that does not answer', () => {
  it.each([
    ['', 'sending its greeting.'],
    [BOB, `answering ${BOB}.`],
    ['.', 'answering the text of the message. It may have taken the message, or not.'],
  ])('to %j is told after the timeout, in one line', async (command, end) => {
    const { complaint } = await tell(on(command, null), 0.1);
    expect(complaint).toBe(`The server was silent for 0.1 s instead of ${end}`);
  });

  it('to the end is told what was missing', async () => {
    const { complaint } = await tell(on(MAIL, '250 ok'), 0.1);
    expect(complaint).toContain(' It began a reply but sent no CRLF: "250 ok".');
    const second = await tell(on(MAIL, '250-ok\r\n'), 0.1);
    expect(second.complaint).toBe(`The server was silent for 0.1 s instead of answering ${MAIL}.`);
  });

  it('but closes is told, and nothing more is said to it', async () => {
    for (const end of ['close', 'reset'] as const) {
      const { complaint, shown } = await tell(on(BOB, { end }));
      expect(complaint).toBe(`The server closed the connection instead of answering ${BOB}.`);
      expect(shown.at(-1)).toBe(`C: ${BOB}`);
    }
  });

  it('but closes in the midst of the text is told', async () => {
    const { complaint } = await tell(on('.', { end: 'close' }));
    expect(complaint).toMatch(/instead of answering the text of the message\. It may have taken/);
  });

  it('to QUIT spoils nothing: the message was taken', async () => {
    for (const answer of [null, { end: 'reset' }, '500 what?\r\n', 'bye\r\n'] as const) {
      const { delivery } = await tell(on('QUIT', answer), 0.1);
      expect(delivery?.accepted).toHaveLength(2);
    }
  });

  it('because it is not there is told with what to do', async () => {
    const { port } = await closedServer();
    const message = new messageV1.Message('a', 'b', '', '');
    await expect(
      deliveryV1.deliver(message, { host: '127.0.0.1', port, timeout: 10 }, () => undefined),
    ).rejects.toThrow(
      `Nobody listens on 127.0.0.1:${port}. Is the server running? Start it: npx tsx server.ts ${port}`,
    );
  });
});

describe('a server out of step', () => {
  it('is told when it answers twice', async () => {
    const { complaint, server } = await tell(on(MAIL, '250 ok\r\n250 ok again\r\n'));
    expect(complaint).toBe('The server said "250 ok again" unasked: every command gets one reply.');
    expect(server.commands).toEqual([MAIL, 'QUIT']);
  });

  it('is told when it does not speak SMTP, and its control characters are only shown', async () => {
    const { complaint } = await tell(on('', '\x1B[2J+OK\r\n'));
    expect(complaint).toBe('The server said "\\x1B[2J+OK", which is not an SMTP reply.');
  });
});

describe('a delivery of stage 2', () => {
  it('says HELO with a domain name first, and then the same', async () => {
    const { server, delivery } = await tellBy(V2);
    expect(server.commands[0]).toMatch(/^HELO [A-Za-z0-9.-]+$/);
    expect(server.commands.slice(1)).toEqual(ALL);
    expect(server.early).toEqual([]);
    expect(delivery).toEqual({ accepted: ['bob@example.com', 'carol'], refused: [] });
  });

  it('goes no further when HELO is refused', async () => {
    const refuse: Script = (heard) => (heard.startsWith('HELO') ? '502 no\r\n' : undefined);
    const { server, complaint } = await tellBy(V2, refuse);
    expect(complaint).toMatch(/^Not sent: the server refused HELO \S+: 502 no$/);
    expect(server.commands.slice(1)).toEqual(['QUIT']);
  });
});

async function closedServer(): Promise<{ port: number }> {
  await using server = await sampleServer();
  return { port: server.port };
}
