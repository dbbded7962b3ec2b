import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Complaint } from '../../../v3-pop3/src/client/complaint.ts';
import { visit, type Maildrop } from '../../../v3-pop3/src/client/maildrop.ts';
import { POP3, sampleServer, type SampleServer, type Script } from './sample-server.ts';

interface Told {
  server: SampleServer;
  /** The dialogue as it was shown. */
  shown: string[];
  deleted: number[] | undefined;
  complaint: string | undefined;
}

/** Visits the mailbox of bob. `timeout` is in seconds. */
async function tell(
  work: (maildrop: Maildrop) => Promise<unknown>,
  script?: Script,
  timeout = 10,
): Promise<Told> {
  await using server = await sampleServer(script, POP3);
  const shown: string[] = [];
  const told: Told = { server, shown, deleted: undefined, complaint: undefined };
  const login = { user: 'bob@example.com', password: 'open sésame' };
  const address = { host: '127.0.0.1', port: server.port, option: '--pop3', timeout } as const;
  try {
    told.deleted = await visit(login, address, (who, line) => shown.push(`${who}: ${line}`), work);
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

const nothing = () => Promise.resolve();
const LOGIN = ['USER bob@example.com', 'PASS open sésame'];

describe('a visit', () => {
  it('says USER, PASS and QUIT, each after the reply before, and hides the password', async () => {
    const { server, shown, deleted } = await tell(nothing);
    expect(server.commands).toEqual([...LOGIN, 'QUIT']);
    expect(server.early).toEqual([]);
    expect(deleted).toEqual([]);
    expect(shown).toEqual([
      'S: +OK ready',
      'C: USER bob@example.com',
      'S: +OK',
      'C: PASS ****',
      'S: +OK',
      'C: QUIT',
      'S: +OK',
    ]);
  });

  it('lists messages with their heads, and fetches each only once', async () => {
    const { server, shown } = await tell(async (maildrop) => {
      for (const list of [await maildrop.list(), await maildrop.list()]) {
        expect(list).toEqual([
          { number: 1, octets: 52, head: { from: 'alice', subject: 'Café' } },
          { number: 2, octets: 11, head: { from: '', subject: '' } },
        ]);
      }
    });
    expect(server.commands.slice(2)).toEqual(['LIST', 'RETR 1', 'RETR 2', 'LIST', 'QUIT']);
    expect(shown.slice(5, 17)).toEqual([
      'C: LIST',
      'S: +OK 2 messages',
      'S: 1 52',
      'S: 2 11',
      'S: .',
      'C: RETR 1',
      'S: +OK',
      'S: From: alice',
      'S: Subject: =?utf-8?Q?Caf=C3=A9?=',
      'S: ',
      'S: … (1 more)',
      'S: .',
    ]);
  });

  it('does not fetch a long message for the list, but knows its head once it was read', async () => {
    const { server } = await tell(
      async (maildrop) => {
        expect((await maildrop.list()).map(({ head }) => head)).toEqual([undefined, undefined]);
        await maildrop.read(1);
        expect((await maildrop.list())[0]?.head?.subject).toBe('Café');
      },
      on('LIST', '+OK\r\n1 100001 and more\r\n2 999999999999\r\n.\r\n'),
    );
    expect(server.commands.slice(2)).toEqual(['LIST', 'RETR 1', 'LIST', 'QUIT']);
  });

  it('lists what cannot be read, too', async () => {
    const { complaint } = await tell(
      async (maildrop) => {
        expect((await maildrop.list()).map(({ head }) => head?.subject)).toEqual([undefined, '']);
      },
      on('RETR 1', '-ERR gone\r\n'),
    );
    expect(complaint).toBe(undefined);
  });

  it('reads a message to the octet, whatever size was announced', async () => {
    const message = Buffer.from('\r\n\xE9\0\n.\r\n.a\r\n\r\n', 'latin1');
    const wire = Buffer.from('+OK 7 octets\r\n\r\n\xE9\0\n.\r\n..a\r\n\r\n.\r\n', 'latin1');
    await tell(
      async (maildrop) => {
        expect(Buffer.from(await maildrop.read(1))).toEqual(message);
      },
      on('RETR 1', wire),
    );
  });

  it('deletes with QUIT what was marked, and counts it once', async () => {
    const { server, deleted } = await tell(async (maildrop) => {
      for (const number of [2, 2, 1]) await maildrop.mark(number);
    });
    expect(server.commands.slice(2)).toEqual(['DELE 2', 'DELE 1', 'QUIT']);
    expect(deleted).toEqual([2, 1]);
  });

  it('takes marks back with RSET', async () => {
    const { server, deleted } = await tell(async (maildrop) => {
      await maildrop.mark(2);
      await maildrop.unmark();
      await maildrop.mark(1);
    });
    expect(server.commands.slice(2)).toEqual(['DELE 2', 'RSET', 'DELE 1', 'QUIT']);
    expect(deleted).toEqual([1]);
  });

  it('may take longer than the server’s time, between two commands', async () => {
    const { complaint } = await tell(
      async (maildrop) => {
        await pause(700);
        await maildrop.list();
      },
      undefined,
      0.5,
    );
    expect(complaint).toBe(undefined);
  });
});

const mark = (maildrop: Maildrop) => maildrop.mark(1);

describe('a refusal', () => {
  it.each([
    ['', 'the connection'],
    [LOGIN[0]!, 'the login of bob@example.com'],
    [LOGIN[1]!, 'the login of bob@example.com'],
  ])('of %j ends in QUIT', async (command, what) => {
    const { server, complaint } = await tell(nothing, on(command, '-ERR no\r\n'));
    expect(complaint).toBe(`The server refused ${what}: -ERR no`);
    expect(server.commands.at(-1)).toBe('QUIT');
  });

  it('because the mailbox is open elsewhere is explained', async () => {
    const { complaint } = await tell(nothing, on(LOGIN[1]!, '-ERR [IN-USE] locked\r\n'));
    expect(complaint).toBe(
      'The server refused the login of bob@example.com: -ERR [IN-USE] locked ' +
        '(Is it open in another program? Close that, and try again.)',
    );
  });

  it('of a message is told, with QUIT', async () => {
    const { server, complaint } = await tell((maildrop) => maildrop.read(9));
    expect(complaint).toBe('The server refused RETR 9: -ERR no');
    expect(server.commands.slice(2)).toEqual(['RETR 9', 'QUIT']);
  });

  it('after a mark means that nothing is deleted: there is no QUIT', async () => {
    const { server, complaint } = await tell(async (maildrop) => {
      await maildrop.mark(1);
      await maildrop.mark(9);
    });
    expect(complaint).toBe('The server refused DELE 9: -ERR no (Nothing was deleted.)');
    expect(server.commands.slice(2)).toEqual(['DELE 1', 'DELE 9']);
  });

  it('of QUIT is told', async () => {
    const { complaint } = await tell(mark, on('QUIT', '-ERR disk\r\n'));
    expect(complaint).toBe(
      'The server refused QUIT: -ERR disk (What was marked may be deleted, or not.)',
    );
  });

  it('of RSET keeps the marks in mind', async () => {
    const { deleted } = await tell(
      async (maildrop) => {
        await maildrop.mark(1);
        await expect(maildrop.unmark()).rejects.toThrow('The server refused RSET: -ERR what');
      },
      on('RSET', '-ERR what\r\n'),
    );
    expect(deleted).toEqual([1]);
  });
});

describe('a POP3 server that does not answer', () => {
  it.each([
    [LOGIN[1]!, nothing, 'answering PASS ****.'],
    ['LIST', (maildrop: Maildrop) => maildrop.list(), 'answering LIST.'],
    ['DELE 1', mark, 'answering DELE 1. (Nothing was deleted.)'],
    ['QUIT', mark, 'answering QUIT. (What was marked may be deleted, or not.)'],
  ])('to %j is told after the timeout', async (command, work, end) => {
    const { complaint } = await tell(work, on(command, null), 0.1);
    expect(complaint).toBe(`The server was silent for 0.1 s instead of ${end}`);
  });

  it('at once, but goes on answering, may take longer than the timeout', async () => {
    const server = createServer((socket) => {
      socket.write('+OK ready\r\n');
      socket.on('error', () => undefined);
      socket.on('data', (command) => {
        if (!command.toString().startsWith('RETR')) return socket.write('+OK\r\n');
        socket.write('+OK\r\n');
        const lines = ['one', 'two', 'three', 'four', 'five', 'six', '.'];
        const timer = setInterval(() => {
          socket.write(`${lines.shift()}\r\n`);
          if (lines.length === 0) clearInterval(timer);
        }, 60);
        return undefined;
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    let message = '';
    await visit(
      { user: 'bob', password: 'x' },
      { host: '127.0.0.1', port, option: '--pop3', timeout: 0.3 },
      () => undefined,
      async (maildrop) => {
        message = Buffer.from(await maildrop.read(1)).toString();
      },
    );
    expect(message).toBe('one\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\n');
    server.close();
  });

  it('to the end is told what was missing', async () => {
    const list = (maildrop: Maildrop) => maildrop.list();
    const silent = await tell(list, on('LIST', '+OK\r\n1 2\r\n.\n'), 0.1);
    expect(silent.complaint).toBe(
      'The server was silent for 0.1 s instead of answering LIST to its end, CR LF . CR LF.',
    );
    const closing = await tell(list, on('LIST', { end: 'close', say: '+OK\r\n1 2\r\n' }));
    expect(closing.complaint).toBe(
      'The server closed the connection instead of answering LIST to its end, CR LF . CR LF.',
    );
    const { complaint } = await tell(list, on('LIST', '+OK'), 0.1);
    expect(complaint).toContain(' It began a reply but sent no CRLF: "+OK".');
  });

  it('but closes is told, with what becomes of the marks', async () => {
    for (const end of ['close', 'reset'] as const) {
      const { complaint } = await tell(
        async (maildrop) => {
          await maildrop.mark(1);
          await maildrop.read(2);
        },
        on('RETR 2', { end }),
      );
      expect(complaint).toBe(
        'The server closed the connection instead of answering RETR 2. (Nothing was deleted.)',
      );
    }
  });

  it('to QUIT spoils nothing if nothing was marked', async () => {
    for (const answer of [null, { end: 'reset' }, '-ERR what?\r\n', 'bye\r\n'] as const) {
      expect((await tell(nothing, on('QUIT', answer), 0.1)).complaint).toBe(undefined);
    }
  });

  it('because it is not there is told with how to start it', async () => {
    const { port } = await closedServer();
    const address = { host: '127.0.0.1', port, option: '--pop3', timeout: 10 } as const;
    await expect(
      visit({ user: 'bob', password: 'x' }, address, () => undefined, nothing),
    ).rejects.toThrow(
      `Nobody listens on 127.0.0.1:${port}. Is the server running? ` +
        `Start it: npx tsx server.ts --pop3 ${port}`,
    );
  });
});

describe('a slow POP3 server', () => {
  it('cannot put off the end for ever, octet by octet', async () => {
    const dribble = async (socket: Socket) => {
      socket.on('error', () => undefined).resume();
      for (const piece of [
        '+OK\r\n',
        '+OK\r\n',
        '+OK\r\n',
        '+OK\r\n',
        ...Array<string>(40).fill('x'),
      ]) {
        await pause(50);
        socket.write(piece);
      }
    };
    const server = createServer((socket) => void dribble(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const address = { host: '127.0.0.1', port, timeout: 0.5 };
    const login = { user: 'bob', password: 'x' };
    const read = (maildrop: Maildrop) => maildrop.read(1);
    await expect(visit(login, address, () => undefined, read)).rejects.toThrow(
      'The server was silent for 0.5 s instead of answering RETR 1 to its end, CR LF . CR LF.',
    );
    server.close();
  });
});

describe('a POP3 server out of step', () => {
  it('is told when it is none, and its control characters are only shown', async () => {
    const { complaint } = await tell(nothing, on('', '220 \x1B[2J\r\n'));
    expect(complaint).toBe('The server said "220 \\x1B[2J", which is not a POP3 reply.');
  });

  it('is told when it answers twice; without QUIT, if something was marked', async () => {
    const { complaint, server } = await tell(
      async (maildrop) => {
        await maildrop.mark(1);
        await maildrop.mark(2);
      },
      on('DELE 1', '+OK\r\n+OK again\r\n'),
    );
    expect(complaint).toBe(
      'The server said "+OK again" unasked: every command gets one reply. (Nothing was deleted.)',
    );
    expect(server.commands.at(-1)).toBe('DELE 1');
  });

  it.each(['abc', '1', '1 x', '-1 5', '1 2x', '1 99999999999999999999', ''])(
    'is told when its list has the line %j',
    async (line) => {
      const list = (maildrop: Maildrop) => maildrop.list();
      const { complaint } = await tell(list, on('LIST', `+OK\r\n1 5\r\n${line}\r\n.\r\n`));
      expect(complaint).toBe(
        `The server's list has a line "${line}": a number and a size were expected.`,
      );
    },
  );

  it('cannot fill the memory', async () => {
    const lines = '1 1\r\n'.repeat(300_000);
    const list = (maildrop: Maildrop) => maildrop.list();
    const { complaint } = await tell(list, on('LIST', `+OK\r\n${lines}`), 5);
    expect(complaint).toBe(
      'The server sends more than 1 MiB: more than this client takes at once.',
    );
  });
});

async function closedServer(): Promise<{ port: number }> {
  await using server = await sampleServer();
  return { port: server.port };
}
