import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/notation/model.ts';
import { inPieces } from '../../src/player/pieces.ts';
import {
  dialogue,
  play,
  scenario,
  sendsMail,
  serverInTest,
  type Client,
} from './server-in-test.ts';

/** What the server receives, packet by packet, when a body is delivered like this. */
async function packets(delivery: Delivery, body: string): Promise<string[]> {
  const received: string[] = [];
  let inText = false;
  const server = await serverInTest({
    data(octets: Buffer, { say, socket }: Client) {
      received.push(octets.toString());
      // Answers each line, but in a text only its end; half a line waits for its other half.
      for (const line of received.join('').split('\r\n').slice(answered, -1)) {
        answered += 1;
        if (inText && line !== '.') continue;
        inText = line === 'DATA' && !inText;
        say(line === 'DATA' ? '354 go on\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
        if (line === 'QUIT') socket.end();
      }
    },
  });
  let answered = 0;
  const result = await play(server, scenario(body), { delivery });
  expect(result.finding).toBeUndefined();
  return received;
}

const MAIL = sendsMail(['DATA', '..']);
const TOKEN = 'sp000000000001';

describe('a dialogue is delivered', () => {
  it('by line: every line by itself, those of a text too', async () => {
    expect(await packets('line', MAIL)).toEqual([
      'MAIL FROM:<alice@example.com>\r\n',
      'RCPT TO:<bob@example.com>\r\n',
      'DATA\r\n',
      `Subject: ${TOKEN}\r\n`,
      '\r\n',
      'DATA\r\n',
      '..\r\n',
      '.\r\n',
      'QUIT\r\n',
    ]);
  });

  it('by text: the text with its lone dot in one packet', async () => {
    expect(await packets('text', MAIL)).toEqual([
      'MAIL FROM:<alice@example.com>\r\n',
      'RCPT TO:<bob@example.com>\r\n',
      'DATA\r\n',
      `Subject: ${TOKEN}\r\n\r\nDATA\r\n..\r\n.\r\n`,
      'QUIT\r\n',
    ]);
  });

  it('pipelined: all up to DATA, then the text and all up to the next DATA', async () => {
    const twice = dialogue(...MAIL.split('\n').slice(1, -5), ...MAIL.split('\n').slice(1, -2));
    expect(await packets('pipelined', twice)).toEqual([
      'MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n',
      `Subject: ${TOKEN}\r\n\r\nDATA\r\n..\r\n.\r\nMAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n`,
      `Subject: ${TOKEN}\r\n\r\nDATA\r\n..\r\n.\r\nQUIT\r\n`,
    ]);
  });

  it('pipelined: not beyond what needs an answer, or another connection’s turn', async () => {
    const body = dialogue(
      'C: NOOP',
      'S: 250',
      'C raw: NO',
      'silence',
      'C raw: OP\\r\\n',
      'S: 250',
      'C: QUIT',
      'S: 221',
    );
    expect(await packets('pipelined', body)).toEqual(['NOOP\r\nNO', 'OP\r\nQUIT\r\n']);
  });

  it('by bytes: with the octets of a line apart', async () => {
    const received = await packets('bytes', dialogue('C: NOOP', 'S: 250', 'C: QUIT', 'S: 221'));
    expect(received.slice(0, 3)).toEqual(['N', 'O', 'O']);
    expect(received.join('')).toBe('NOOP\r\nQUIT\r\n');
  });
});

describe('the pieces of a line', () => {
  it('are all of it, an octet each, and CR and LF are kept apart', () => {
    const pieces = inPieces(Buffer.from('RCPT TO:<bob@example.com>\r\n'));
    expect(pieces.map(({ octets }) => octets.toString()).join('')).toBe(
      'RCPT TO:<bob@example.com>\r\n',
    );
    expect(pieces.every(({ octets }) => octets.length === 1)).toBe(true);
    expect(pieces.at(-2)).toMatchObject({ alone: true });
    expect(pieces.at(-1)).toMatchObject({ alone: false });
  });

  it('are larger in the middle of a very long line', () => {
    const line = Buffer.alloc(2_000_000, 'a');
    const pieces = inPieces(line);
    expect(Buffer.concat(pieces.map(({ octets }) => octets)).equals(line)).toBe(true);
    expect(pieces.length).toBeLessThan(300);
    expect(pieces[0]!.octets).toHaveLength(1);
    expect(pieces.at(-1)!.octets).toHaveLength(1);
  });
});
