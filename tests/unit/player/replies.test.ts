import { describe, expect, it } from 'vitest';
import {
  answers,
  dialogue,
  MAIL,
  play,
  scenario,
  serverInTest,
  SILENT,
  told,
  type Client,
} from './server-in-test.ts';

describe('a reply that is missing', () => {
  it('is named with its command', async () => {
    const server = await serverInTest({ command: answers('RCPT', '') });
    const result = await play(server, scenario(MAIL), SILENT);
    expect(told(result)).toBe(
      'noReply: The server did not answer RCPT TO:<bob@example.com> within 0.15 s. Every command gets exactly one reply.',
    );
    expect(result.restart).toBe(false);
    expect(result.steps.at(-1)).toMatchObject({ from: '-', text: 'silence', expected: 'S: 250' });
  });

  it('is waited for while the server is busy', async () => {
    const server = await serverInTest({
      command(line, client) {
        if (line !== 'NOOP') return false;
        // Answers only once the player has asked whether it is busy.
        void asked.then(() => client.say('250 at last\r\n'));
        return true;
      },
    });
    let ask = () => {};
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const isBusy = () => {
      ask();
      return Promise.resolve(true);
    };
    const body = dialogue('C: NOOP', 'S: 250');
    expect(told(await play({ ...server, isBusy }, scenario(body), SILENT))).toBe('nothing');
  });

  it('is not waited for for ever, however busy the server is', async () => {
    const server = await serverInTest({ command: answers('NOOP', '') });
    const isBusy = () => Promise.resolve(true);
    const result = await play(
      { ...server, isBusy },
      scenario(dialogue('C: NOOP', 'S: 250')),
      SILENT,
    );
    expect(result.finding).toMatchObject({ key: 'noReply', values: { seconds: 0.4 } });
  });

  it('after the text is named as such', async () => {
    const textLine = (line: string) => line === '.';
    expect(told(await play(await serverInTest({ textLine }), scenario(MAIL), SILENT))).toBe(
      'noReplyAfterText: The server did not answer the end of the message (the line with a lone dot) within 0.15 s.',
    );
  });

  it('is a hang if nobody else is served either', async () => {
    let hangs = false;
    const server = await serverInTest({ command: (line) => (hangs = line.startsWith('RCPT')) });
    const connect = () => (hangs ? Promise.reject(new Error()) : server.connect('smtp'));
    expect(await play({ ...server, connect }, scenario(MAIL), SILENT)).toMatchObject({
      finding: { key: 'noReply' },
      restart: true,
    });
  });
});

describe('a server that takes what recv returns for a line', () => {
  /** Answers each packet by its first word, and takes a packet that is `.` for the end of the text. */
  const recvIsLine = () => {
    let inText = false;
    return {
      data(octets: Buffer, { say: answer, socket }: Client) {
        const packet = octets.toString();
        if (inText) {
          if (packet !== '.\r\n') return;
          inText = false;
          return answer('250 stored\r\n');
        }
        if (packet.startsWith('DATA')) {
          inText = true;
          return answer('354 go on\r\n');
        }
        if (packet.startsWith('QUIT')) return void socket.end('221 bye\r\n');
        answer(/^(MAIL|RCPT)/.test(packet) ? '250 ok\r\n' : '500 what?\r\n');
      },
    };
  };

  it('passes line by line', async () => {
    expect(told(await play(await serverInTest(recvIsLine()), scenario(MAIL)))).toBe('nothing');
  });

  it('is told about a text in one packet', async () => {
    const result = await play(await serverInTest(recvIsLine()), scenario(MAIL), {
      ...SILENT,
      delivery: 'text',
    });
    expect(result.finding?.key).toBe('noReplyToTextInOnePacket');
  });

  it('is told about pipelined commands', async () => {
    const result = await play(await serverInTest(recvIsLine()), scenario(MAIL), {
      ...SILENT,
      delivery: 'pipelined',
    });
    expect(told(result)).toBe(
      'noReplyPipelined: 3 commands came in one packet, and the server answered 1 of them. What arrives in one piece may hold several lines.',
    );
  });

  it('is told about pipelined commands that it takes for one', async () => {
    const server = await serverInTest({
      data: (octets: Buffer, { say }: Client) =>
        say(/^[^\r\n]*\r\n$/.test(octets.toString()) ? '250 ok\r\n' : '500 what?\r\n'),
    });
    expect(told(await play(server, scenario(MAIL), { delivery: 'pipelined' }))).toBe(
      'wrongCodePipelined: 3 commands came in one packet. MAIL FROM:<alice@example.com> should be answered with 250, but the server said 500 what?. What arrives in one piece may hold several lines.',
    );
  });

  it('is told about commands in pieces', async () => {
    const result = await play(await serverInTest(recvIsLine()), scenario(MAIL), {
      delivery: 'bytes',
    });
    expect(told(result)).toBe(
      'replyTooEarly: The server said 500 what? before MAIL FROM:<alice@example.com> was complete. A command is complete when its CR LF has come, not when a packet has.',
    );
  });
});

describe('a wrong reply', () => {
  it('is named with what was expected', async () => {
    const server = await serverInTest({ command: answers('RCPT', '550 nobody here\r\n') });
    const body = dialogue('C: RCPT TO:<bob@example.com>', 'S: 250 or 251');
    const result = await play(server, scenario(body));
    expect(told(result)).toBe(
      'wrongCode: RCPT TO:<bob@example.com> should be answered with 250 or 251, but the server said 550 nobody here.',
    );
    expect(result.finding).toMatchObject({ step: result.steps.length - 1, line: 9 });
  });

  it('after the text is named as such', async () => {
    const textLine = (line: string, { say: answer }: Client) =>
      line === '.' && (answer('451 disk full\r\n'), true);
    expect(told(await play(await serverInTest({ textLine }), scenario(MAIL)))).toBe(
      'wrongCodeAfterText: The end of the message should be answered with 250, but the server said 451 disk full.',
    );
  });

  it('may differ in its text alone', async () => {
    const body = dialogue('C: NOOP', 'S: 250 Fine');
    expect(told(await play(await serverInTest(), scenario(body)))).toBe(
      'wrongText: The reply to NOOP should be 250 Fine, but the server said 250 ok.',
    );
  });

  it('may lack a line', async () => {
    const server = await serverInTest({ command: answers('EHLO', '250-me\r\n250 HELP\r\n') });
    const body = dialogue('C: EHLO me', 'S: 250-SIZE', 'S: 250');
    expect(told(await play(server, scenario(body)))).toBe(
      'missingLine: The reply to EHLO me should have a line SIZE, but it has none.',
    );
  });

  it('gives later lines what it captured, pipelined too', async () => {
    const server = await serverInTest({ command: answers('NOOP', '250 id x7\r\n') });
    const body = dialogue('C: NOOP', 'S: 250 /id (?<id>\\w+)/', 'C: {id}', 'S: 500');
    const result = await play(server, scenario(body), { delivery: 'pipelined' });
    expect(told(result)).toBe('nothing');
    expect(result.steps.map(({ text }) => text)).toContain('x7');
  });
});

describe('a reply that is not well formed', () => {
  it.each([
    [
      '250 ok\n',
      'replyLfOnly: The reply to NOOP ends in LF alone (\\n). In SMTP every line ends in CR LF (\\r\\n).',
    ],
    [
      '250 ok\r\n\0\0\0',
      'replyNul: There are NUL octets (\\0) in or after the reply to NOOP. Send only the octets of the text, not the whole buffer that it lies in.',
    ],
    [
      '250 ok',
      'replyNoEnd: The reply to NOOP is 250 ok, and its line has no end. Every reply ends in CR LF (\\r\\n).',
    ],
    [
      '250-ok\r\n',
      'replyUnfinished: The reply to NOOP never ends: 250-ok says that another line follows. In the last line of a reply a blank follows the code.',
    ],
    [
      '250-a\r\n500 b\r\n',
      'replyCodesDiffer: The lines of one reply to NOOP have different codes: 250-a, then 500 b.',
    ],
    [
      'ok\r\n',
      'replyMalformed: The server answered NOOP with ok. A reply begins with a code of three digits, then a blank.',
    ],
    [
      '\x1b[31m\r\n',
      'replyMalformed: The server answered NOOP with \\x1b[31m. A reply begins with a code of three digits, then a blank.',
    ],
  ])('%j is named', async (octets, sentence) => {
    const server = await serverInTest({ command: answers('NOOP', octets) });
    const strict = scenario(dialogue('C: NOOP', 'S: 250'), 'lineEnds: strict');
    expect(told(await play(server, strict, SILENT))).toBe(sentence);
  });

  const twice = dialogue('C: NOOP', 'S: 250', 'C: NOOP', 'S: 250');

  it.each(['250 ok\n', '250-ok\n250 ok\n', '250 ok\r\n\0\0\0', '250 ok\0\n\0'])(
    '%j is forgiven where the scenario is not about line ends',
    async (octets) => {
      const server = await serverInTest({ command: answers('NOOP', octets) });
      expect(told(await play(server, scenario(twice), SILENT))).toBe('nothing');
    },
  );

  it.each(['250 ok', '250 ok\0\0', '250-ok\n250 ok'])(
    '%j is taken for whole where the server is known to end its replies so',
    async (octets) => {
      const server = await serverInTest({ command: answers('NOOP', octets) });
      const result = await play(server, scenario(twice), { ...SILENT, noLineEnds: true });
      expect(told(result)).toBe('nothing');
    },
  );

  it('is named where the server closes before its end', async () => {
    const command = (line: string, { socket }: Client) => line === 'NOOP' && !!socket.end('250 ok');
    const result = await play(
      await serverInTest({ command }),
      scenario(dialogue('C: NOOP', 'S: 250')),
    );
    expect(result.finding?.key).toBe('replyNoEnd');
  });
});
