import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultLimits } from '../../../v3-pop3/src/guards/limits.ts';
import { Mailboxes } from '../../../v3-pop3/src/mailboxes.ts';
import { pop3Service, smtpService } from '../../../v3-pop3/src/services.ts';
import type { Disk } from './disk.ts';
import { lines, Listener, LOGIN } from './pop3-sessions.ts';
import { plainV3 } from './sessions.ts';

const disk = vi.hoisted((): { current?: Disk } => ({}));
vi.mock('node:fs/promises', async (importOriginal) => {
  const { Disk } = await import('./disk.ts');
  disk.current = new Disk(await importOriginal());
  return disk.current.functions;
});
const theDisk = () => disk.current!;

let folder: string;
let mailboxes: Mailboxes;
let log: string[];
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-services-'));
  theDisk().start(folder);
  mailboxes = await Mailboxes.open(folder, undefined);
  log = [];
});
afterEach(async () => {
  await theDisk().stop();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** Somebody who reads mail, with everything that the network would do. */
function connect() {
  const served = pop3Service(plainV3, mailboxes).serve('192.0.2.1', (text) => log.push(text));
  const listener = new Listener();
  listener.hear(served.session.open(0));
  return {
    listener,
    session: served.session,
    leave: () => served.leave(),
    hear: (actions: Parameters<Listener['hear']>[0]) => listener.hear(actions),
    /** Says lines, and does what the session asks for. Gives what was answered. */
    async say(...texts: string[]): Promise<string> {
      const before = listener.outcome.sent.length;
      listener.hear(served.session.receive(lines(...texts), 0));
      await this.settle();
      return listener.outcome.sent.slice(before);
    },
    async settle(): Promise<void> {
      while (listener.pending) {
        listener.hear(served.session.resume(await served.fulfil(listener.take()), 0));
      }
    },
    /** Has the next request carried out, but does not hear how it went. */
    fulfil: () => served.fulfil(listener.take()),
  };
}

async function deliver(...texts: string[]): Promise<void> {
  for (const text of texts) {
    const { fulfil } = smtpService(plainV3, mailboxes).serve('192.0.2.1', () => {});
    await fulfil({
      type: 'deliver',
      message: {
        helo: '',
        reversePath: 'alice',
        recipients: [{ address: 'bob', mailbox: 'bob' }],
        text: Buffer.from(text),
        receivedAt: 0,
      },
    });
  }
}

const lying = () => readdirSync(path.join(folder, 'bob', 'reception')).length;

/** Whether somebody else can open the mailbox now. */
async function isFree(): Promise<boolean> {
  const other = connect();
  const isOpen = (await other.say(...LOGIN)).includes('Welcome');
  other.leave();
  return isOpen;
}

describe('the POP3 service', () => {
  it('sends what SMTP has stored', async () => {
    await deliver('Subject: x\r\n\r\n.dot\r\n');
    const said = await connect().say(...LOGIN, 'STAT', 'RETR 1');
    expect(said).toMatch(/\r\n\+OK 1 (\d+)\r\n\+OK \1 octets\r\nReturn-Path: <alice>\r\n/);
    expect(said).toMatch(/\r\nSubject: x\r\n\r\n\.\.dot\r\n\.\r\n$/);
  });

  it('writes into the log who opens what, and how much is deleted, but no password', async () => {
    await deliver('1', '2');
    const client = connect();
    await client.say('USER Bob', 'PASS hush', 'DELE 1', 'QUIT');
    expect(log).toEqual(['mailbox bob: open, messages: 2', 'messages deleted: 1']);
  });

  it('has one reader in a mailbox at a time, and says so to the others', async () => {
    const [first, second, third] = [connect(), connect(), connect()];
    expect(await first.say(...LOGIN)).toContain('Welcome');
    expect(await second.say(...LOGIN)).toMatch(/\r\n-ERR \[IN-USE\] .*\r\n$/);
    expect(await third.say('USER BOB', 'PASS x')).toContain('[IN-USE]');
    expect(await third.say('USER carol', 'PASS x')).toContain('Welcome');
    // Who was not let in opens nothing by leaving.
    second.leave();
    expect(await isFree()).toBe(false);
    expect(log).toContain('mailbox bob: in use');
  });

  describe('lets the next reader in', () => {
    it('at QUIT, before it says goodbye', async () => {
      await deliver('1', '2');
      const client = connect();
      await client.say(...LOGIN, 'DELE 1');
      client.hear(client.session.receive(lines('QUIT'), 0));
      const answer = await client.fulfil();
      expect(lying()).toBe(1);
      expect(await isFree()).toBe(true);
      client.hear(client.session.resume(answer, 0));
      expect(client.listener.outcome.closed).toBe(true);
    });

    it('at QUIT, though nothing could be deleted', async () => {
      const complaints = vi.spyOn(console, 'error').mockReturnValue();
      await deliver('1', '2');
      const client = connect();
      await client.say(...LOGIN, 'DELE 1', 'DELE 2');
      theDisk().failAt(2, 'EIO');
      expect(await client.say('QUIT')).toBe('-ERR Some messages could not be deleted\r\n');
      expect(lying()).toBe(1);
      expect(complaints).toHaveBeenCalledExactlyOnceWith('could not update a mailbox: EIO at rm');
      expect(await isFree()).toBe(true);
    });

    const later = 11 * 60_000;
    it.each<[string, (client: ReturnType<typeof connect>) => unknown]>([
      ['has left without a word', () => undefined],
      ['was too slow', ({ session, hear }) => hear(session.expire(later))],
      ['was sent away, as the server stops', ({ session, hear }) => hear(session.stop(0, 0))],
      ['has said a line too long', (client) => client.say('x'.repeat(3000))],
      ['has made twenty mistakes', (client) => client.say(...Array<string>(20).fill(''))],
      ['has left in the midst of a message', ({ session, hear, fulfil }) => {
        hear(session.receive(lines('RETR 2'), 0));
        return fulfil();
      }],
      ['has left while it was to take a list', ({ session, hear, fulfil }) => {
        hear(session.receive(lines('LIST', 'QUIT'), 0));
        return fulfil();
      }],
    ])('when one %s; then nothing is deleted', async (_, end) => {
      await deliver('1', '2');
      const client = connect();
      await client.say(...LOGIN, 'DELE 1');
      await end(client);
      client.leave();
      expect(await isFree()).toBe(true);
      expect(lying()).toBe(2);
      // The network may say it twice. By then somebody else may be in.
      const next = connect();
      await next.say(...LOGIN);
      client.leave();
      expect(await isFree()).toBe(false);
    }); // prettier-ignore

    it('when one has left while the mailbox was being opened', async () => {
      const client = connect();
      client.hear(client.session.receive(lines(...LOGIN), 0));
      await client.fulfil();
      client.leave();
      expect(await isFree()).toBe(true);
    });

    it('when one has left while messages were being deleted: they are gone', async () => {
      await deliver('1', '2');
      const client = connect();
      await client.say(...LOGIN, 'DELE 2');
      client.hear(client.session.receive(lines('QUIT'), 0));
      await client.fulfil();
      client.leave();
      expect(lying()).toBe(1);
      expect(await isFree()).toBe(true);
    });

    it('when a mailbox could not be opened', async () => {
      const complaints = vi.spyOn(console, 'error').mockReturnValue();
      mkdirSync(path.join(folder, 'bob'));
      writeFileSync(path.join(folder, 'bob', 'reception'), 'a file');
      const client = connect();
      expect(await client.say(...LOGIN)).toContain('-ERR The mailbox cannot be read, try later');
      expect(complaints).toHaveBeenCalledOnce();
      rmSync(path.join(folder, 'bob', 'reception'));
      expect(await client.say(...LOGIN)).toContain('Welcome');
    });
  });

  it('goes on when a mailbox is removed by hand under its reader', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    await deliver('1', '2');
    const client = connect();
    await client.say(...LOGIN);
    rmSync(path.join(folder, 'bob'), { recursive: true });
    expect(await client.say('RETR 1', 'STAT', 'DELE 1')).toMatch(
      /^-ERR The message cannot be read\r\n\+OK 2 \d+\r\n\+OK .*\r\n$/,
    );
    await deliver('3');
    expect(await client.say('QUIT')).toBe('+OK localhost goodbye\r\n');
    expect(await connect().say(...LOGIN, 'RETR 1')).toMatch(/\r\n3\r\n\.\r\n$/);
  });

  it('has limits of its own', () => {
    const limits = { ...defaultLimits, pop3Seconds: 7, commandSeconds: 3 };
    const { session } = pop3Service({ ...plainV3, limits }, mailboxes).serve('x', () => {});
    session.open(1000);
    expect(session.deadline).toBe(8000);
    expect(pop3Service(plainV3, mailboxes).refusal).toMatch(/^-ERR .*\r\n$/);
    expect(smtpService(plainV3, mailboxes).refusal).toMatch(/^421 .*\r\n$/);
  });
});
