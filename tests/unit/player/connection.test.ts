import { describe, expect, it } from 'vitest';
import {
  answers,
  dialogue,
  MAIL,
  play,
  QUIT,
  scenario,
  serverInTest,
  SILENT,
  told,
  type Client,
} from './server-in-test.ts';

describe('a right server', () => {
  it.each(['line', 'text', 'pipelined', 'bytes'] as const)(
    'is found right by %s',
    async (delivery) => {
      const result = await play(await serverInTest(), scenario(MAIL), { delivery });
      expect(told(result)).toBe('nothing');
      expect(result).toMatchObject({ ok: true, restart: false, delivery });
    },
  );

  it('is recorded the same in every run', async () => {
    const server = await serverInTest();
    const first = await play(server, scenario(MAIL));
    const second = await play(server, scenario(MAIL));
    expect(second.steps).toEqual(first.steps);
    expect(first.steps.map(({ from, text }) => `${from} ${text}`)).toEqual([
      '- connects',
      'S 220 ready',
      'C MAIL FROM:<alice@example.com>',
      'S 250 ok',
      'C RCPT TO:<bob@example.com>',
      'S 250 ok',
      'C DATA',
      'S 354 go on',
      'C Subject: {token}',
      'C ',
      'C text',
      'C .',
      'S 250 stored',
      'C QUIT',
      'S 221 bye',
      '- closes',
    ]);
  });
});

describe('the connection', () => {
  it('names a server that nobody answers at', async () => {
    const server = await serverInTest();
    const result = await play(
      { ...server, connect: () => Promise.reject(new Error()) },
      scenario(QUIT),
    );
    expect(told(result)).toBe(
      'nobodyAccepts: Nobody accepts a connection on the port of the server.',
    );
    expect(result.restart).toBe(true);
  });

  it('names a missing greeting', async () => {
    const result = await play(await serverInTest({ greeting: '' }), scenario(QUIT), SILENT);
    expect(told(result)).toBe(
      'noGreeting: The server accepted the connection, but sent no greeting within 0.15 s. In SMTP the server speaks first.',
    );
    expect(result.restart).toBe(true);
  });

  it('names a wrong greeting', async () => {
    const result = await play(await serverInTest({ greeting: '250 hi\r\n' }), scenario(QUIT));
    expect(told(result)).toBe(
      'wrongGreeting: The greeting should be 220, but the server said 250 hi.',
    );
  });

  it('names a greeting that is sent twice', async () => {
    const server = await serverInTest({ greeting: '220 one\r\n220 two\r\n' });
    expect(told(await play(server, scenario(QUIT)))).toBe(
      'extraGreeting: The server sent more than a greeting: after 220 one came 220 two, although nothing had been asked.',
    );
  });

  it('names a server that closes before it greets', async () => {
    const server = await serverInTest({ connections: 0 });
    const result = await play(server, scenario(QUIT));
    expect(result.finding?.key).toBe('closedBeforeGreeting');
  });

  it('names a server that closes instead of answering', async () => {
    const command = (line: string, { socket }: Client) => line.startsWith('RCPT') && !!socket.end();
    expect(told(await play(await serverInTest({ command }), scenario(MAIL)))).toBe(
      'closedInstead: The server closed the connection instead of answering RCPT TO:<bob@example.com>.',
    );
  });

  it('takes a connection that is broken off for closed', async () => {
    const command = (line: string, { socket }: Client) =>
      line.startsWith('RCPT') && !!socket.resetAndDestroy();
    const result = await play(await serverInTest({ command }), scenario(MAIL));
    expect(result.finding?.key).toBe('closedInstead');
  });

  it('names a connection that stays open after QUIT', async () => {
    const server = await serverInTest({ command: answers('QUIT', '221 bye\r\n') });
    const result = await play(server, scenario(QUIT), SILENT);
    expect(told(result)).toBe(
      'staysOpenAfterQuit: The server answered QUIT, but left the connection open. After 221 the server closes it.',
    );
    expect(result.restart).toBe(false);
    expect(result.steps[result.finding!.step!]).toMatchObject({ expected: 'closes', ok: false });
  });

  it('passes over what is left where hanging up is right too', async () => {
    const command = (line: string, { socket }: Client) => line === 'BAD' && !!socket.end();
    const body = dialogue('C: BAD', 'S: 500 or closes', 'C: NOOP', 'S: 250');
    expect(told(await play(await serverInTest({ command }), scenario(body)))).toBe('nothing');
  });

  it('accepts 421 before the server hangs up', async () => {
    const command = (line: string, { socket }: Client) =>
      line === 'BAD' && !!socket.end('500 no\r\n421 enough\r\n');
    const body = dialogue('C: BAD', 'S: 500 or closes', 'C: BAD', 'S: 500 or closes');
    expect(told(await play(await serverInTest({ command }), scenario(body)))).toBe('nothing');
  });

  it('tells the client that leaves from the server that closes', async () => {
    const server = await serverInTest();
    const result = await play(server, scenario(dialogue('C: NOOP', 'S: 250', 'C: MAIL', 'leaves')));
    expect(result.steps.at(-1)).toMatchObject({ from: '-', text: 'leaves' });
  });
});

describe('the opening', () => {
  it('is said after the greeting, and recorded without a line of the scenario', async () => {
    const result = await play(await serverInTest(), scenario(QUIT), { opening: ['HELO me'] });
    expect(result.ok).toBe(true);
    expect(result.steps[2]).toEqual({ connection: 'smtp', from: 'C', text: 'HELO me', ok: true });
  });

  it('is the scenario’s own business with opening: none', async () => {
    const body = scenario(dialogue('S: 220', 'C: QUIT', 'S: 221'), 'opening: none');
    const result = await play(await serverInTest(), body, { opening: ['HELO me'] });
    expect(result.ok).toBe(true);
    expect(result.steps.map(({ text }) => text)).not.toContain('HELO me');
  });
});

describe('several connections', () => {
  it('take turns, and end with the play', async () => {
    const body = [
      '```smtp alice\nC: NOOP\nS: 250\n```',
      '```smtp bob\nC: NOOP\nS: 250\n```',
      '```smtp alice\nC: QUIT\nS: 221\n```',
    ].join('\n');
    const result = await play(await serverInTest(), scenario(body), { delivery: 'pipelined' });
    expect(
      result.steps.filter(({ from }) => from === 'C').map(({ connection }) => connection),
    ).toEqual(['alice', 'bob', 'alice']);
  });
});

describe('the end of the server', () => {
  it('is reported at the command that it got, with its last words', async () => {
    const command = (line: string, { die }: Client) =>
      line.startsWith('RCPT') &&
      (die('exited with code 1', ['Traceback', 'KeyError: 7', '']), true);
    const result = await play(await serverInTest({ command }), scenario(MAIL));
    expect(told(result)).toBe(
      'serverDiedSaying: The server exited with code 1 when it got RCPT TO:<bob@example.com>. Its last words: KeyError: 7',
    );
    expect(result.restart).toBe(true);
  });

  it('is found where a new connection is wanted', async () => {
    const command = (line: string, { die, socket }: Client) =>
      line === 'QUIT' && (socket.end('221 bye\r\n', () => die('exited with code 0')), true);
    const body = `${dialogue('C: QUIT', 'S: 221', 'closes')}\n\`\`\`smtp again\nC: NOOP\nS: 250\n\`\`\``;
    const result = await play(await serverInTest({ command }), scenario(body));
    expect(told(result)).toBe('serverGone: The server exited with code 0.');
    expect(result.restart).toBe(true);
  });

  it('is no finding of a scenario that it does not touch, but wants a restart', async () => {
    const command = (line: string, { die, socket }: Client) =>
      line === 'QUIT' && (socket.end('221 bye\r\n', () => die('exited with code 0')), true);
    const result = await play(await serverInTest({ command }), scenario(QUIT));
    expect(result).toMatchObject({ ok: true, restart: true });
  });

  it('after a hostile scenario is a finding', async () => {
    const command = (line: string, { die }: Client) =>
      line === 'BAD' && (die('was killed by SIGSEGV'), true);
    const body = scenario(dialogue('C: BAD', 'S: 500 or closes'), 'hostile: true');
    const result = await play(await serverInTest({ command }), body);
    expect(told(result)).toBe('serverDied: The server was killed by SIGSEGV when it got BAD.');
  });

  it('or serving nobody any more, after a hostile scenario, is a finding', async () => {
    const body = scenario(dialogue('C: NOOP', 'S: 250'), 'hostile: true');
    const result = await play(await serverInTest({ connections: 1 }), body, SILENT);
    expect(told(result)).toBe(
      'notServedAfter: After this a new connection gets no greeting within 0.15 s. What one client does must not stop the server for others.',
    );
    expect(result.restart).toBe(true);
    expect((await play(await serverInTest(), body)).ok).toBe(true);
  });
});
