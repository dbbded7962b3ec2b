import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Mailboxes } from '../../../v3-pop3/src/mailboxes.ts';
import { Maildrop } from '../../../v3-pop3/src/pop3/maildrop.ts';
import { LOGIN, play, session } from './pop3-sessions.ts';
import { octets } from './sessions.ts';

describe('a mailbox with 50,000 messages', () => {
  const messages = Array.from({ length: 50_000 }, (_, index) => ({ id: `m${index}`, size: 3 }));

  it('answers STAT at once: thousands of them fit into one packet, and everybody waits', () => {
    const begin = performance.now();
    const packet = octets(`${LOGIN.join('\r\n')}\r\n${'STAT\r\n'.repeat(2000)}QUIT\r\n`);
    const { sent, closed } = play(session(), [packet], ({ type }) =>
      type === 'open' ? { type: 'opened', messages } : { type: 'updated' },
    );
    expect(sent.match(/^\+OK 50000 150000\r$/gm)).toHaveLength(2000);
    expect(closed).toBe(true);
    expect(performance.now() - begin).toBeLessThan(4000);
  });
});

describe('the octets of a maildrop', () => {
  it('are those of the messages that are not marked, however often they are marked', () => {
    const messages = [
      { id: 'a', size: 0 },
      { id: 'b', size: 10 },
      { id: 'c', size: 200 },
    ];
    const maildrop = new Maildrop(messages);
    expect(maildrop.size).toBe(210);
    maildrop.mark(messages[1]!);
    maildrop.mark(messages[1]!);
    expect([maildrop.count, maildrop.size]).toEqual([2, 200]);
    maildrop.unmarkAll();
    maildrop.unmarkAll();
    expect([maildrop.count, maildrop.size]).toEqual([3, 210]);
  });
});

describe('a mailbox on the disk', () => {
  let folder: string;
  let reception: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-large-'));
    reception = path.join(folder, 'bob', 'reception');
    mkdirSync(reception, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('with very many messages does not hold up others while it is opened', async () => {
    for (let count = 0; count < 2000; count += 1) {
      writeFileSync(path.join(reception, `${count}.eml`), 'x');
    }
    const mailboxes = await Mailboxes.open(folder, undefined);
    const others = { served: 0, goOn: true };
    const opened = mailboxes.lock('bob').finally(() => (others.goOn = false));
    for (; others.goOn; others.served += 1) await stat(folder);
    expect((await opened)!.messages).toHaveLength(2000);
    expect(others.served).toBeGreaterThan(100);
  });

  it.runIf(process.platform === 'linux')(
    'opens though it holds a file that cannot be found by its name',
    async () => {
      writeFileSync(path.join(reception, '1.eml'), 'x\r\n');
      writeFileSync(Buffer.from(path.join(reception, '\xff.eml'), 'latin1'), 'y\r\n');
      const mailboxes = await Mailboxes.open(folder, undefined);
      expect((await mailboxes.lock('bob'))!.messages).toEqual([{ id: '1.eml', size: 3 }]);
    },
  );
});
