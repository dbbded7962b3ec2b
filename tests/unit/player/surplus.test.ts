import { describe, expect, it } from 'vitest';
import {
  answers,
  dialogue,
  MAIL,
  play,
  QUIT,
  scenario,
  serverInTest,
  told,
  type Client,
} from './server-in-test.ts';

describe('a reply too many', () => {
  it('is named with the command that got it', async () => {
    const server = await serverInTest({ command: answers('MAIL', '250 ok\r\n500 what?\r\n') });
    const result = await play(server, scenario(MAIL));
    expect(told(result)).toBe(
      'extraReply: The server answered MAIL FROM:<alice@example.com> more than once: after 250 ok it also said 500 what?. Every command gets exactly one reply.',
    );
  });

  it('is not blamed on the command after, if it comes late', async () => {
    // The second reply to MAIL comes a little later, or right before the reply to RCPT: Nagle's algorithm.
    const server = await serverInTest({
      command(line, client) {
        if (!line.startsWith('MAIL')) return false;
        client.say('250 ok\r\n');
        let isDue = true;
        const again = () => {
          if (isDue) client.say('250 again\r\n');
          isDue = false;
        };
        setTimeout(again, 5).unref();
        client.socket.prependOnceListener('data', again);
        return true;
      },
    });
    const result = await play(server, scenario(MAIL));
    expect(result.finding).toMatchObject({
      key: 'extraReply',
      values: { command: 'MAIL FROM:<alice@example.com>', got: '250 again' },
    });
    expect(result.steps.at(-1)).toMatchObject({ from: 'S', text: '250 again', ok: false });
  });

  it('is named after the last command', async () => {
    const server = await serverInTest({ command: answers('NOOP', '250 ok\r\n250 ok\r\n') });
    const result = await play(server, scenario(dialogue('C: NOOP', 'S: 250')));
    expect(result.finding?.key).toBe('extraReply');
  });

  it('is named before the server closes', async () => {
    const command = (line: string, { socket }: Client) =>
      line === 'QUIT' && !!socket.end('221 bye\r\n500 what?\r\n');
    const result = await play(await serverInTest({ command }), scenario(QUIT));
    expect(result.finding).toMatchObject({ key: 'extraReply', values: { command: 'QUIT' } });
  });

  it('is named after the text', async () => {
    const store = (_: unknown, client: Client) => client.say('250 first\r\n');
    const result = await play(await serverInTest({ store }), scenario(MAIL));
    expect(told(result)).toBe(
      'extraReplyAfterText: The server answered the end of the message more than once: after 250 first it also said 250 stored.',
    );
  });

  it('in the middle of the text is named as such, pipelined or not', async () => {
    const textLine = (line: string, client: Client) =>
      line === 'text' && (client.say('500 what?\r\n'), true);
    for (const delivery of ['line', 'pipelined'] as const) {
      const result = await play(await serverInTest({ textLine }), scenario(MAIL), { delivery });
      expect(told(result)).toBe(
        'replyInText: The server said 500 what? in the middle of the text of the message. After 354 no line is a command, until a line with a lone dot.',
      );
    }
  });

  it('is counted where slowness does not show it', async () => {
    // Only where commands come in one packet does this server answer once more.
    const data = (octets: Buffer, client: Client) => {
      const lines = octets.toString().split('\r\n').slice(0, -1);
      client.say('250 ok\r\n'.repeat(lines.length > 1 ? lines.length + 1 : 1));
    };
    const body = dialogue('C: NOOP', 'S: 250', 'C: NOOP', 'S: 220');
    const result = await play(await serverInTest({ data }), scenario(body), {
      delivery: 'pipelined',
    });
    expect(told(result)).toBe(
      'moreReplies: The server sent more replies than it got commands. NOOP should be answered with 220, but the next reply was 250 ok.',
    );
  });

  it('is refused where silence is wanted', async () => {
    const data = (_: Buffer, client: Client) => client.say('500 what?\r\n');
    const body = dialogue('C raw: NO', 'silence', 'C raw: OP\\r\\n', 'S: 250');
    expect((await play(await serverInTest({ data }), scenario(body))).finding).toMatchObject({
      key: 'replyTooEarly',
      values: { command: 'NO' },
    });
    expect((await play(await serverInTest(), scenario(body))).ok).toBe(true);
  });
});
