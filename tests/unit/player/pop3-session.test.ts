import { describe, expect, it } from 'vitest';
import { emptyMailboxes } from '../../src/player/empty-mailboxes.ts';
import { DEFAULT_LOGINS, type Login } from '../../src/player/login.ts';
import type { PlayOptions } from '../../src/player/model.ts';
import { stuffed, type Pop3Behaviour } from './pop3-in-test.ts';
import {
  answers,
  dialogue,
  keep,
  mail,
  mailbox,
  MAIL,
  play,
  pop3,
  scenario,
  serverInTest,
  SILENT,
  told,
  type Client,
} from './server-in-test.ts';
import type { Store } from './storing-server.ts';

const BOB = 'bob@example.com';
const STAT = pop3(BOB, 'C: STAT', 'S: +OK 0 0');

/** The lines that the client says in POP3, in a play of this body. */
async function saidBy(body: string, options: Partial<PlayOptions> = {}): Promise<string[]> {
  const said: string[] = [];
  const command = (line: string) => {
    said.push(line);
    return false;
  };
  const data: Pop3Behaviour = { command };
  const result = await play(await serverInTest({ pop3: data }), scenario(body), options);
  expect(told(result)).toBe('nothing');
  return said;
}

describe('the opening', () => {
  it('of a mailbox is the player’s, with the manifest’s words', async () => {
    expect(await saidBy(STAT)).toEqual(['USER bob@example.com', 'PASS secret', 'STAT', 'QUIT']);
    const login: Login = {
      accounts: [{ address: 'bob@projet.fr', user: 'robert', password: 'x y' }],
      lines: ['USER {user}', 'PASS {password}', 'NOOP {address}'],
    };
    expect((await saidBy(STAT, { login })).slice(0, 3)).toEqual([
      'USER robert',
      'PASS x y',
      'NOOP bob@example.com',
    ]);
  });

  it('of a dialogue without an address is its own', async () => {
    const lines = ['S: +OK', 'C: USER {user.bob}', 'S: +OK', 'C: PASS {password.bob}', 'S: +OK'];
    expect(await saidBy(pop3('', ...lines))).toEqual([
      'USER bob@example.com',
      'PASS secret',
      'QUIT',
    ]);
    const login: Login = {
      accounts: [{ address: BOB, user: 'robert', password: 'x' }],
      lines: ['USER {user}', 'PASS {password}{user}'],
    };
    const said = await saidBy(pop3('', ...lines), { login });
    expect(said).toEqual(['USER robert', 'PASS xrobert', 'QUIT']);
  });

  it('is recorded without lines of the scenario', async () => {
    const result = await play(await serverInTest({ pop3: {} }), scenario(STAT));
    expect(result.steps.map(({ from, text, line }) => [from, text, line ?? 0])).toEqual([
      ['-', 'connects', 0],
      ['S', '+OK ready', 0],
      ['C', 'USER bob@example.com', 0],
      ['S', '+OK', 0],
      ['C', 'PASS secret', 0],
      ['S', '+OK', 0],
      ['C', 'STAT', 8],
      ['S', '+OK 0 0', 9],
    ]);
  });

  it('of a message that the player sends is the stage’s, whatever the scenario says of its own', async () => {
    const body = scenario(
      `${mail(BOB, 'a')}${dialogue('S: 220', 'C: QUIT', 'S: 221')}`,
      'opening: none',
    );
    const server = await serverInTest({ pop3: {} });
    const result = await play(server, body, { stage: 'v3', opening: ['HELO me'] });
    expect(told(result)).toBe('nothing');
    const said = result.steps.filter(({ from }) => from === 'C').map(({ text }) => text);
    expect(said.filter((line) => line.startsWith('HELO'))).toHaveLength(1);
    expect(said[0]).toBe('HELO me');
    expect(server.mailboxes.get(BOB)).toEqual(['a\r\n']);
  });
});

describe('before a scenario', () => {
  /** Whether bob's mailbox with so many messages can be emptied, and how many are left. */
  async function emptied(
    behaviour: Pop3Behaviour,
    count: number,
    options: Partial<PlayOptions> = {},
    body = STAT,
  ): Promise<[boolean, number]> {
    const server = await serverInTest({ pop3: behaviour });
    const texts = Array.from({ length: count }, (_, n) => `Subject: ${n}\r\n`);
    server.mailboxes.set(BOB, texts);
    const isEmpty = await emptyMailboxes(scenario(body), server, {
      stage: 'v3',
      ...SILENT,
      ...options,
    });
    return [isEmpty, server.mailboxes.get(BOB)!.length];
  }

  it('the mailboxes that it looks into are emptied', async () => {
    expect(await emptied({}, 0)).toEqual([true, 0]);
    expect(await emptied({}, 3)).toEqual([true, 0]);
    const named = pop3('', 'S: +OK', 'C: USER bob@example.com', 'S: +OK');
    expect(await emptied({}, 3, {}, named)).toEqual([true, 0]);
    const placeholder = pop3('', 'S: +OK', 'repeat 2', 'C: USER {user.bob}', 'S: +OK', 'end');
    expect(await emptied({}, 3, {}, placeholder)).toEqual([true, 0]);
  });

  it('the others are left alone, and so is a server that is not asked by POP3', async () => {
    const alice = pop3('alice@example.com', 'C: STAT', 'S: +OK');
    expect(await emptied({}, 3, {}, alice)).toEqual([true, 3]);
    expect(await emptied({ greeting: '' }, 3, {}, MAIL)).toEqual([true, 3]);
  });

  it.each<[string, Pop3Behaviour]>([
    ['there are too many', {}],
    ['there is no DELE', { command: answers('DELE', '-ERR what?\r\n') }],
    ['DELE does not delete', { command: answers('DELE', '+OK\r\n') }],
    ['there is no STAT', { command: answers('STAT', '-ERR what?\r\n') }],
    ['STAT says nothing', { command: answers('STAT', '') }],
    ['PASS says nothing', { command: answers('PASS', '') }],
    ['there is no greeting', { greeting: '' }],
    ['a mailbox is in use for ever', { keepsLocks: true }],
    ['QUIT says nothing', { command: answers('QUIT', '') }],
    [
      'the session ends',
      { command: (line: string, { socket }: Client) => line === 'STAT' && !!socket.end() },
    ],
  ])('it is said that they cannot be emptied: %s', async (why, behaviour) => {
    const [isEmpty] = await emptied(behaviour, why === 'there are too many' ? 21 : 3);
    expect(isEmpty).toBe(false);
  });

  it('nobody answers: that is said too', async () => {
    expect(
      await emptyMailboxes(scenario(STAT), await serverInTest(), { stage: 'v3', ...SILENT }),
    ).toBe(false);
  });

  it('a right server loses a few milliseconds', async () => {
    const server = await serverInTest({ pop3: {} });
    await emptyMailboxes(scenario(STAT), server, { stage: 'v3' });
    const began = performance.now();
    for (let n = 0; n < 20; n += 1) await emptyMailboxes(scenario(STAT), server, { stage: 'v3' });
    expect((performance.now() - began) / 20).toBeLessThan(100);
  });

  it('is played a second time, they are emptied again', async () => {
    // The second reply to LIST comes late, so the scenario is played slowly once more.
    let late = false;
    const command = (line: string, client: Client) => {
      if (line !== 'LIST 1') return false;
      client.say('+OK 1 3\r\n');
      const more = () => {
        if (!late) client.say('+OK again\r\n');
        late = true;
      };
      client.socket.prependOnceListener('data', more);
      setTimeout(more, 20).unref();
      return true;
    };
    const read = pop3(BOB, 'C: STAT', 'S: +OK 1 3', 'C: LIST 1', 'S: +OK', 'C: STAT', 'S: +OK 1 3');
    const server = await serverInTest({ pop3: { command } });
    const result = await play(server, scenario(`${mail(BOB, 'a')}${read}`));
    // Without that, the slow play would find two messages, and say so.
    expect(result.finding?.key).not.toBe('wrongText');
    expect(server.mailboxes.get(BOB)).toHaveLength(1);
  });
});

describe('a long message', () => {
  it('is read in a time that grows with its length alone', async () => {
    // Ten megaoctets, in as many packets as the system makes of them.
    const textOf = (lines: number) =>
      `Subject: x\r\n\r\n${'a line of forty octets, and its line end\r\n'.repeat(lines)}`;
    const lines = ['C: RETR 1', 'S: +OK', 'S: …', 'S: Subject: x', 'S: …', 'S: .'];
    const server = await serverInTest({ pop3: {} });
    const time = async (whole: string) => {
      server.mailboxes.set(BOB, [whole]);
      const began = performance.now();
      const body = pop3(BOB, ...lines, `octets ${whole.length}`);
      expect(told(await play(server, scenario(body)))).toBe('nothing');
      return performance.now() - began;
    };
    await time(textOf(1000));
    expect(textOf(250_000).length).toBeGreaterThan(10_000_000);
    expect(await time(textOf(250_000))).toBeLessThan(10_000);
  });

  it('that never ends is no reason to wait for ever, or to keep it all', async () => {
    const command = (line: string, { socket }: Client) => {
      if (!line.startsWith('RETR')) return false;
      const megaoctet = Buffer.alloc(1024 * 1024, 'x'.repeat(62) + '\r\n');
      socket.write('+OK\r\n');
      const more = () => {
        while (!socket.destroyed && socket.write(megaoctet));
      };
      socket.on('drain', more);
      more();
      return true;
    };
    const server = await serverInTest({ pop3: { command } });
    const body = scenario(pop3(BOB, 'C: RETR 1', 'S: +OK'));
    const result = await play(server, body, SILENT);
    expect(result.finding?.key).toMatch(/^replyNoLoneDot|replyLastLineNoEnd/);
    expect(result.steps.length).toBeLessThan(20);
  });

  it('that comes slowly is waited for, as long as it comes', async () => {
    const command = (line: string, { socket, say }: Client) => {
      if (!line.startsWith('RETR')) return false;
      say('+OK\r\n');
      let left = 8;
      const timer = setInterval(() => {
        left -= 1;
        say(left === 0 ? '.\r\n' : 'a line\r\n');
        if (left === 0 || socket.destroyed) clearInterval(timer);
      }, 40);
      return true;
    };
    const server = await serverInTest({ pop3: { command } });
    const body = scenario(pop3(BOB, 'C: RETR 1', 'S: +OK', 'S: …', 'S: a line', 'S: .'));
    expect(told(await play(server, body, SILENT))).toBe('nothing');
  });
});

describe('a message that is in no file', () => {
  const TEXT = ['Subject: {token}', '', '.a line'];
  const body = `${mail(BOB, ...TEXT)}${mailbox(BOB, '.a line')}`;
  const inMemory = { store: () => undefined };
  const stage3: Partial<PlayOptions> = { stage: 'v3', opening: [] };

  it('is found through POP3, from stage 3 on', async () => {
    const server = await serverInTest({ ...inMemory, pop3: {} });
    expect(told(await play(server, scenario(body), stage3))).toBe('nothing');
    expect(told(await play(server, scenario(body), { stage: 'v2' }))).toMatch(/^mailNotFound: /);
  });

  it('is looked at as a file is', async () => {
    const wire = (text: string) => `${text.replace(/^\./gm, '...')}.\r\n`;
    const server = await serverInTest({ ...inMemory, pop3: { wire } });
    expect(told(await play(server, scenario(body), stage3))).toMatch(/^mailDotsKept: .*bob@/);
  });

  it('is found though an old one comes so badly that the session is lost', async () => {
    const wire = (text: string) =>
      text.includes('old') ? '.\r\nmore\r\n'.repeat(9) : stuffed(text);
    const server = await serverInTest({ ...inMemory, pop3: { wire } });
    server.mailboxes.set(BOB, ['old\r\n', 'old\r\n']);
    expect(told(await play(server, scenario(body), stage3))).toBe('nothing');
  });

  it('may be seen by another where all see the same', async () => {
    const oneHeap: Pop3Behaviour['command'] = (line, _client, session) => {
      const heap = [...server.mailboxes.values()].flat();
      session.texts = line === 'QUIT' ? undefined : heap;
      return false;
    };
    const server = await serverInTest({ ...inMemory, pop3: { command: oneHeap } });
    const nothing = `${mail(BOB, ...TEXT)}${mailbox('carol@example.com nothing')}`;
    const login: Login = { ...DEFAULT_LOGINS, lines: [] };
    expect(told(await play(server, scenario(nothing), { ...stage3, login }))).toBe('nothing');
    server.mailboxes.clear();
    expect(told(await play(server, scenario(body), { ...stage3, login }))).toBe('nothing');
  });

  it('is found in the mailbox of another', async () => {
    const server = await serverInTest({ ...inMemory, pop3: {} });
    const wrong = `${mail(BOB, ...TEXT)}${mailbox('carol@example.com', '.a line')}`;
    expect(told(await play(server, scenario(wrong), stage3))).toBe(
      'mailInOther: The message for carol@example.com is in the mailbox of bob@example.com (bob@example.com by POP3).',
    );
  });

  it.each<[string, Pop3Behaviour | undefined]>([
    ['has no POP3', undefined],
    ['lets nobody in', { command: answers('PASS', '-ERR no\r\n') }],
    ['says nothing', { greeting: '' }],
  ])('is not found where the server %s', async (_, behaviour) => {
    const server = await serverInTest({ ...inMemory, ...(behaviour && { pop3: behaviour }) });
    const result = await play(server, scenario(body), { ...stage3, ...SILENT });
    expect(result.finding?.key).toBe('mailNotFound');
  });

  it('is not found while the scenario itself has the mailbox open', async () => {
    const server = await serverInTest({ ...inMemory, pop3: {} });
    const open = `${pop3(BOB, 'C: STAT', 'S: +OK')}${body}`;
    expect((await play(server, scenario(open), stage3)).finding?.key).toBe('mailNotFound');
  });

  it('and must not be there, is found all the same', async () => {
    const nothing = `${mail(BOB, ...TEXT)}${mailbox(`${BOB} nothing`)}`;
    const server = await serverInTest({ ...inMemory, pop3: {} });
    expect(told(await play(server, scenario(nothing), stage3))).toBe(
      'mailUnexpected: The mailbox of bob@example.com holds a message that must not be there (bob@example.com by POP3).',
    );
    const others = `${mail(BOB, ...TEXT)}${mailbox('carol@example.com nothing')}`;
    expect(told(await play(server, scenario(others), stage3))).toBe('nothing');
  });
});

describe('a message in a file that does not say clearly whose it is', () => {
  const TEXT = ['Subject: {token}', '', 'a line'];
  const stage3: Partial<PlayOptions> = { stage: 'v3', opening: [] };
  /** The mailboxes are known by their numbers; beside each message stand its sender, and Carol. */
  const store: Store = ({ sender, text }, { folder }) =>
    keep(folder, 'all.txt', `carol@example.com\n${sender} 17\n${text}`);

  it('is where POP3 shows it', async () => {
    const server = await serverInTest({ store, pop3: {} });
    const body = `${mail(BOB, ...TEXT)}${mailbox(BOB, 'a line')}`;
    expect(told(await play(server, scenario(body), stage3))).toBe('nothing');
    expect(told(await play(server, scenario(body), { stage: 'v2' }))).toMatch(/^mailInSender: /);
    const others = `${mail(BOB, ...TEXT)}${mailbox('carol@example.com nothing')}`;
    expect(told(await play(server, scenario(others), stage3))).toBe('nothing');
    expect(told(await play(server, scenario(others), { stage: 'v2' }))).toMatch(
      /^mailUnexpected: /,
    );
  });

  it('is where the file says, if POP3 does not show it', async () => {
    const pop3: Pop3Behaviour = { command: answers('RETR', '-ERR no\r\n') };
    const server = await serverInTest({ store, pop3 });
    const body = `${mail(BOB, ...TEXT)}${mailbox(BOB, 'a line')}`;
    expect(told(await play(server, scenario(body), stage3))).toMatch(/^mailInSender: .*all\.txt/);
    const others = `${mail(BOB, ...TEXT)}${mailbox('carol@example.com nothing')}`;
    expect(told(await play(server, scenario(others), stage3))).toMatch(/^mailUnexpected: /);
  });
});
