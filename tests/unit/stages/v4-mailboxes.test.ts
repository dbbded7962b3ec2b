import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeSafely } from '../../../v4-advanced/src/files.ts';
import { mailboxName } from '../../../v4-advanced/src/guards/mailbox-name.ts';
import { type Entry, type Journal, Known } from '../../../v4-advanced/src/journal.ts';
import { byAge, INFO, readName } from '../../../v4-advanced/src/maildir-name.ts';
import { Mailboxes, type OpenMailbox } from '../../../v4-advanced/src/mailboxes.ts';
import type { ReceivedMessage } from '../../../v4-advanced/src/session.ts';
import type { Disk } from './disk.ts';
import { octets } from './sessions.ts';

const disk = vi.hoisted((): { current?: Disk; stats: number } => ({ stats: 0 }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const { Disk } = await import('./disk.ts');
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const counted = (name: unknown) => {
    disk.stats += 1;
    return real.stat(name as string);
  };
  const made = new Disk({ ...real, stat: counted as typeof real.stat });
  disk.current = made;
  return made.functions;
});
const theDisk = () => disk.current!;

let folder: string;
let entries: Entry[];
let known: Known;
let told: string[];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-mailboxes-'));
  theDisk().start(folder);
  [entries, known, told] = [[], new Known(), []];
});
afterEach(async () => {
  await theDisk().stop();
  rmSync(folder, { recursive: true, force: true });
});

const journal: Journal = {
  record(more) {
    for (const entry of more) known.add(entry);
    entries.push(...more);
    return Promise.resolve();
  },
  known: (mailbox) => known.of(mailbox),
};

const open = () => Mailboxes.open(folder, journal, (text) => told.push(text));
const BY = { account: 'alice', session: '#1 submission', client: '192.0.2.1' };
const READER = { account: 'bob', session: '#2 pop3', client: '192.0.2.2' };

const SENT_AT = Date.UTC(2026, 10, 20, 8, 49, 40);

function message(text: string, ...mailboxes: string[]): ReceivedMessage {
  const sent = {
    helo: 'pc.example',
    reversePath: 'alice@example.com',
    recipients: mailboxes.map((mailbox) => ({ address: `${mailbox}@example.com`, mailbox })),
    text: octets(text),
    receivedAt: SENT_AT,
  };
  // What else a transaction knows does not concern the mailboxes.
  return sent as unknown as ReceivedMessage;
}

const head = (to: string) => `Delivered-To: ${to}@example.com\r\n`;
const deliver = (mailboxes: Mailboxes, sent: ReceivedMessage) =>
  mailboxes.deliver(sent, ({ address }) => `Delivered-To: ${address}\r\n`, BY);

/** What must lie in a mailbox after that. */
const stored = (to: string, text: string) => `${head(to)}${text}`;

/** All files below the folder, by their names with slashes. */
const files = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();

const namesIn = (mailbox: string, ...names: string[]) =>
  existsSync(path.join(folder, mailbox, ...names))
    ? readdirSync(path.join(folder, mailbox, ...names))
    : [];

/** The messages of a mailbox as they lie there, the oldest first. */
function lyingIn(mailbox: string): string[] {
  const all = ['new', 'cur'].flatMap((place) =>
    namesIn(mailbox, place).map((name) => ({ place, name, base: readName(name).base })),
  );
  return all
    .sort(byAge)
    .map(({ place, name }) => readFileSync(path.join(folder, mailbox, place, name), 'latin1'));
}

/** Puts a file there as another program does. */
function put(mailbox: string, place: string, name: string, text = 'Subject: x\n\nx\n'): string {
  for (const each of ['tmp', 'new', 'cur']) {
    mkdirSync(path.join(folder, mailbox, each), { recursive: true });
  }
  const file = path.join(folder, mailbox, place, name);
  writeFileSync(file, text, 'latin1');
  return file;
}

const rename = (mailbox: string, from: string, to: string) =>
  renameSync(path.join(folder, mailbox, 'cur', from), path.join(folder, mailbox, 'cur', to));

/** Opens a mailbox, does something and closes it. */
async function reading<T>(mailboxes: Mailboxes, mailbox: string, work: (open: OpenMailbox) => T) {
  const opened = (await mailboxes.lock(mailbox, READER))!;
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

const listed = (mailboxes: Mailboxes, mailbox: string) =>
  reading(mailboxes, mailbox, ({ messages }) => [...messages]);

const asText = (piece: Uint8Array) => Buffer.from(piece).toString('latin1');

/** What the journal was told: `listed bob/<id> #2 pop3 bob`. */
const story = () =>
  entries.map(({ event, mailbox, message, session, account }) =>
    [event, ...(mailbox === undefined ? [message] : [`${mailbox}/${message}`]), session, account]
      .filter((part) => part !== undefined)
      .join(' '),
  );

describe('the mailboxes of v4', () => {
  it('are made if they are not there', async () => {
    rmSync(folder, { recursive: true });
    await open();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keep a message as it goes over the wire, in a file for every recipient', async () => {
    const mailboxes = await open();
    const text = 'Subject: x\r\n\r\nFrom me\r\n.dot\r\n..\r\n\xe9\xff\r\n';
    expect(await deliver(mailboxes, message(text, 'bob', 'carol', 'bob'))).toBe('stored');
    expect(readdirSync(folder).sort()).toEqual(['bob', 'carol']);
    expect(readdirSync(path.join(folder, 'bob')).sort()).toEqual(['cur', 'new', 'tmp']);
    const sizes = ['bob', 'carol'].map((each) => stored(each, text).length);
    expect(files()).toEqual([
      expect.stringMatching(
        new RegExp(String.raw`^bob/new/1795164580\.M000Q000001R[0-9a-f]{8}\.stagepost,S=${sizes[0]},W=${sizes[0]}$`),
      ),
      expect.stringMatching(new RegExp(String.raw`^carol/new/1795164580\..*,S=${sizes[1]},W=`)),
    ]); // prettier-ignore
    expect(lyingIn('bob')).toEqual([stored('bob', text)]);
    expect(lyingIn('carol')).toEqual([stored('carol', text)]);
  });

  it('give the message one id, in all mailboxes and in its trace lines', async () => {
    const mailboxes = await open();
    const ids: string[] = [];
    await mailboxes.deliver(
      message('x\r\n', 'bob', 'carol'),
      ({ mailbox }, id) => {
        ids.push(id);
        return `X: ${mailbox.repeat(3)}\r\n`;
      },
      BY,
    );
    expect(new Set(ids).size).toBe(1);
    for (const mailbox of ['bob', 'carol']) {
      expect((await listed(mailboxes, mailbox)).map(({ id }) => id)).toEqual([ids[0]]);
    }
  });

  it('keep a message without any text', async () => {
    await deliver(await open(), message('', 'bob'));
    expect(lyingIn('bob')).toEqual([stored('bob', '')]);
  });

  it.skipIf(process.platform === 'win32')('are private', async () => {
    const mailboxes = await open();
    await deliver(mailboxes, message('x\r\n', 'bob'));
    const mode = (...names: string[]) => statSync(path.join(folder, 'bob', ...names)).mode & 0o777;
    expect([mode(), mode('new'), mode('cur'), mode('tmp')]).toEqual([0o700, 0o700, 0o700, 0o700]);
    expect(mode('new', namesIn('bob', 'new')[0]!)).toBe(0o600);
  });

  it('show a message where it is read when it is whole and on the disk, and not before', async () => {
    const mailboxes = await open();
    await deliver(mailboxes, message('x\r\n', 'bob', 'carol'));
    const steps = theDisk().steps.map((step) => step.replace(/\d+\.M\S*/g, 'ID'));
    const at = (step: string) => {
      expect(steps).toContain(step);
      return steps.indexOf(step);
    };
    for (const mailbox of ['bob', 'carol']) {
      const whole = at(`sync ${mailbox}/tmp/ID`);
      expect(at(`append ${mailbox}/tmp/ID`)).toBeLessThan(whole);
      const closed = at(`close ${mailbox}/tmp/ID`);
      // Nobody gets it before there is a whole copy for everybody.
      for (const other of ['bob', 'carol']) {
        const shown = at(`rename ${other}/tmp/ID ${other}/new/ID`);
        expect(whole).toBeLessThan(shown);
        expect(closed).toBeLessThan(shown);
      }
      // Its name is on the disk too, and so are those of the folders.
      expect(at(`rename ${mailbox}/tmp/ID ${mailbox}/new/ID`)).toBeLessThan(
        at(`sync ${mailbox}/new`),
      );
      expect(at(`mkdir ${mailbox}/new`)).toBeLessThan(at(`sync ${mailbox}`));
      expect(at(`mkdir ${mailbox}/new`)).toBeLessThan(steps.lastIndexOf('sync .'));
    }
    expect(steps.filter((step) => /^(?:append|open).*(?:new|cur)\/ID/.test(step))).toEqual([]);
  });

  const recipients = ['bob', 'carol'];
  const text = 'Subject: x\r\n\r\nsome lines\r\n';

  const emptyFolder = () => {
    for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true });
  };

  /** How many steps it takes to store a message for both. */
  async function countSteps(mailboxes: Mailboxes): Promise<number> {
    const before = theDisk().steps.length;
    await deliver(mailboxes, message(text, ...recipients));
    return theDisk().steps.length - before;
  }

  it.each([
    ['ENOSPC', 'full'],
    ['EIO', 'failed'],
  ])('keep it for all or for nobody, whichever step fails with %s', async (code, outcome) => {
    const count = await countSteps(await open());
    expect(count).toBeGreaterThan(25);
    for (let step = 1; step <= count; step += 1) {
      emptyFolder();
      entries = [];
      const mailboxes = await open();
      theDisk().failAt(step, code);
      expect(await deliver(mailboxes, message(text, ...recipients))).toBe(outcome);
      expect(files()).toEqual([]);
      expect(entries).toEqual([]);
      // And they go on.
      expect(await deliver(mailboxes, message(text, ...recipients))).toBe('stored');
      for (const each of recipients) expect(lyingIn(each)).toEqual([stored(each, text)]);
    }
    expect(told).toHaveLength(count);
    expect(new Set(told.map((each) => each.split(':')[0]))).toEqual(
      new Set(['could not store a message']),
    );
  });

  it('have nothing but whole messages outside tmp, whenever the server is killed', async () => {
    const count = await countSteps(await open());
    let unfinished = 0;
    for (let step = 1; step <= count; step += 1) {
      emptyFolder();
      const before = await open();
      const killed = theDisk().killAt(step);
      void deliver(before, message(text, ...recipients));
      await killed;
      theDisk().reboot();
      unfinished += files().filter((name) => name.split('/')[1] === 'tmp').length;
      const outside = files().filter((name) => name.split('/')[1] !== 'tmp');
      for (const name of outside) {
        expect(readFileSync(path.join(folder, name), 'latin1')).toBe(
          stored(name.split('/')[0]!, text),
        );
      }
      const after = await open();
      await after.removeUnfinished();
      expect(files()).toEqual(outside);
      expect(await deliver(after, message(text, ...recipients))).toBe('stored');
      for (const each of recipients) expect(lyingIn(each).at(-1)).toBe(stored(each, text));
    }
    expect(unfinished).toBeGreaterThan(recipients.length);
  });

  it('are cleared of what was not finished, but not of what is being written', async () => {
    const mailboxes = await open();
    await deliver(mailboxes, message('one\r\n', 'bob'));
    put('bob', 'tmp', '1795164580.M000Q000001R00000000.stagepost,S=9,W=9', 'half a');
    writeFileSync(path.join(folder, 'a file'), 'not ours');
    const goOn = theDisk().holdAt('rename');
    const delivered = deliver(mailboxes, message('two\r\n', 'bob'));
    await goOn.reached;
    await mailboxes.removeUnfinished();
    goOn.release();
    expect(await delivered).toBe('stored');
    expect(lyingIn('bob')).toEqual([stored('bob', 'one\r\n'), stored('bob', 'two\r\n')]);
    expect(files().filter((name) => !name.includes('/new/'))).toEqual(['a file']);
  });

  it('leave alone what another program is writing, for a day and a half', async () => {
    const mailboxes = await open();
    const hours = (count: number) => new Date(Date.now() - count * 3600 * 1000);
    const [young, old] = [put('bob', 'tmp', '1.host'), put('bob', 'tmp', '2.host')];
    utimesSync(young, hours(35), hours(35));
    utimesSync(old, hours(37), hours(37));
    await mailboxes.removeUnfinished();
    expect(files()).toEqual(['bob/tmp/1.host']);
  });

  it('do nothing in the tmp of a folder that is no Maildir', async () => {
    const name = '1795164580.M000Q000001R00000000.stagepost';
    mkdirSync(path.join(folder, 'carol', 'tmp'), { recursive: true });
    writeFileSync(path.join(folder, 'carol', 'tmp', name), 'x');
    await (await open()).removeUnfinished();
    expect(files()).toEqual([`carol/tmp/${name}`]);
  });

  it.each([
    ['EDQUOT', 'full'],
    ['EACCES', 'failed'],
    ['EROFS', 'failed'],
  ])('say what %s means', async (code, outcome) => {
    const mailboxes = await open();
    theDisk().failAt(1, code);
    expect(await deliver(mailboxes, message(text, 'bob'))).toBe(outcome);
    expect(told).toEqual([`could not store a message: ${code} at mkdir`]);
  });

  it('say that it failed if a mailbox cannot be made, and nobody else gets it', async () => {
    const mailboxes = await open();
    writeFileSync(path.join(folder, 'carol'), 'a file');
    expect(await deliver(mailboxes, message('x\r\n', 'bob', 'carol'))).toBe('failed');
    expect(files()).toEqual(['carol']);
  });

  it('are made again when somebody has removed them by hand', async () => {
    const mailboxes = await open();
    await deliver(mailboxes, message('one\r\n', 'bob'));
    for (const gone of [path.join(folder, 'bob', 'tmp'), path.join(folder, 'bob'), folder]) {
      rmSync(gone, { recursive: true });
      expect(await deliver(mailboxes, message('two\r\n', 'bob'))).toBe('stored');
      expect(lyingIn('bob').at(-1)).toBe(stored('bob', 'two\r\n'));
    }
  });

  describe('keep the order', () => {
    const number = (text: string) => Number(/\r\n(\d+)\r\n$/.exec(text)![1]);

    it.each([
      ['within one millisecond', () => 1000],
      ['when the clock goes back', (nth: number) => 1_000_000 - nth * 10_000],
      ['when the clock jumps', (nth: number) => 1000 + (nth % 3) * 777],
      ['when the seconds get a digit more', (nth: number) => 9_999_999_990_000 + nth * 1000],
    ])('%s', async (_, time) => {
      const mailboxes = await open();
      for (let nth = 0; nth < 25; nth += 1) {
        await deliver(mailboxes, { ...message(`${nth}\r\n`, 'bob'), receivedAt: time(nth) });
      }
      expect(lyingIn('bob').map(number)).toEqual([...Array(25).keys()]);
      await reading(mailboxes, 'bob', async (mailbox) => {
        for (const [nth, { id }] of mailbox.messages.entries()) {
          expect(number(asText(await mailbox.piece(id, 0, 9999)))).toBe(nth);
        }
      });
    });

    it('whatever the clock says', async () => {
      const times = fc.array(fc.nat(5), { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(times, async (all) => {
          rmSync(path.join(folder, 'bob'), { recursive: true, force: true });
          const mailboxes = await open();
          for (const [nth, receivedAt] of all.entries()) {
            await deliver(mailboxes, { ...message(`${nth}\r\n`, 'bob'), receivedAt });
          }
          expect(lyingIn('bob').map(number)).toEqual([...all.keys()]);
        }),
        { numRuns: 20 },
      );
    });

    it('when twenty come at once, and all are there', async () => {
      const mailboxes = await open();
      const texts = [...Array(20).keys()].map((nth) => `${nth}\r\n`.repeat(3000));
      const outcomes = await Promise.all(
        texts.map((each) => deliver(mailboxes, message(each, 'bob'))),
      );
      expect(new Set(outcomes)).toEqual(new Set(['stored']));
      expect(lyingIn('bob')).toEqual(texts.map((each) => stored('bob', each)));
    });

    it('across a restart', async () => {
      for (const [nth, receivedAt] of [1000, 2000, 3000].entries()) {
        await deliver(await open(), { ...message(`${nth}\r\n`, 'bob'), receivedAt });
      }
      expect(lyingIn('bob').map(number)).toEqual([0, 1, 2]);
    });
  });

  it.each([
    '../../x', '..', '.', '/etc/passwd', 'C:\\x', 'a\\b', 'con', 'NUL.txt', 'tmp', 'new', 'cur',
    '.hidden', 'x/cur/y', '%2e%2e', '__proto__', 'constructor', 'é', '\u212a', 'a ', 'a.', '~',
    'x'.repeat(200), '$HOME', '*', '-rf',
  ])('let the hostile name %j name nothing but a mailbox of its own', async (address) => {
    const mailboxes = await open();
    const name = mailboxName(address)!;
    await deliver(mailboxes, message('x\r\n', 'bob', name));
    expect(readdirSync(folder).sort()).toEqual(['bob', name].sort());
    expect(files()).toHaveLength(2);
    expect(await listed(mailboxes, name)).toHaveLength(1);
    expect(await listed(mailboxes, 'bob')).toHaveLength(1);
    expect(existsSync(path.join(folder, '..', 'x'))).toBe(false);
  }); // prettier-ignore

  it('say which folders are mailboxes of stage 3, and do them no harm', async () => {
    for (const old of ['bob', 'carol@example.com']) {
      mkdirSync(path.join(folder, old, 'reception'), { recursive: true });
      mkdirSync(path.join(folder, old, 'tmp'));
      writeFileSync(path.join(folder, old, 'reception', '1.eml'), 'old\r\n');
      writeFileSync(path.join(folder, old, 'tmp', '2.eml'), 'half');
    }
    const before = files();
    const mailboxes = await open();
    expect(mailboxes.oldMailboxes).toEqual(['bob', 'carol@example.com']);
    await mailboxes.removeUnfinished();
    await deliver(mailboxes, message('x\r\n', 'bob'));
    expect(await listed(mailboxes, 'bob')).toHaveLength(1);
    expect(files().filter((name) => !name.startsWith('bob/cur/'))).toEqual(before);
  });
});

describe('a mailbox of v4 that is read', () => {
  it('lists its messages, and gives them out piece by piece', async () => {
    const mailboxes = await open();
    const texts = ['x\r\n', '', 'y'.repeat(5000)];
    for (const each of texts) await deliver(mailboxes, message(each, 'bob'));
    const mailbox = (await mailboxes.lock('bob', READER))!;
    const wholes = texts.map((each) => stored('bob', each));
    expect(mailbox.messages.map(({ size }) => size)).toEqual(wholes.map(({ length }) => length));
    const [first, , third] = mailbox.messages;
    expect(asText(await mailbox.piece(first!.id, 0, 9999))).toBe(wholes[0]);
    expect(asText(await mailbox.piece(first!.id, 0, 9))).toBe('Delivered');
    expect(asText(await mailbox.piece(first!.id, 9, 3))).toBe('-To');
    expect(asText(await mailbox.piece(first!.id, first!.size, 100))).toBe('');
    expect(asText(await mailbox.piece(first!.id, first!.size + 5, 100))).toBe('');
    expect(asText(await mailbox.piece(first!.id, 0, 0))).toBe('');
    expect(asText(await mailbox.piece(third!.id, third!.size - 3, 100))).toBe('yyy');
  });

  it('is empty if it does not exist, and is not made by being asked for', async () => {
    const mailboxes = await open();
    await reading(mailboxes, 'nobody', async (mailbox) => {
      expect(mailbox.messages).toEqual([]);
      await mailbox.remove([]);
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(entries).toEqual([]);
  });

  it('moves what is new to where it is no longer new, and has the same ids next time', async () => {
    const mailboxes = await open();
    await deliver(mailboxes, message('one\r\n', 'bob'));
    const first = await listed(mailboxes, 'bob');
    expect(namesIn('bob', 'new')).toEqual([]);
    expect(namesIn('bob', 'cur')[0]).toMatch(new RegExp(`W=\\d+${INFO}$`));
    await deliver(mailboxes, message('two\r\n', 'bob'));
    const second = await listed(await open(), 'bob');
    expect(second[0]).toEqual(first[0]);
    expect(second).toHaveLength(2);
  });

  it('has no messages but the files that are such', async () => {
    const mailboxes = await open();
    await deliver(mailboxes, message('x\r\n', 'bob'));
    for (const place of ['new', 'cur']) {
      mkdirSync(path.join(folder, 'bob', place, '1.folder'));
      put('bob', place, '.hidden');
      if (process.platform !== 'win32') {
        symlinkSync('/etc/hosts', path.join(folder, 'bob', place, '1.link'));
      }
    }
    put('bob', 'tmp', '1.unfinished');
    put('bob', '.', 'dovecot-uidlist');
    put('bob/.Sent', 'cur', `1.sent${INFO}S`);
    const before = files().filter((name) => !name.includes('stagepost'));
    expect(await listed(mailboxes, 'bob')).toHaveLength(1);
    await mailboxes.removeUnfinished();
    expect(files().filter((name) => !name.includes('stagepost'))).toEqual(before);
    expect(told).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'opens though it holds a file that cannot be found by its name',
    async () => {
      put('bob', 'cur', '1.good');
      const file = Buffer.from(path.join(folder, 'bob', 'cur', '2.\xff,S=3,W=3'), 'latin1');
      writeFileSync(file, 'y\r\n');
      expect(await listed(await open(), 'bob')).toHaveLength(1);
    },
  );

  it('is locked until it is closed, and others are not', async () => {
    const mailboxes = await open();
    const first = (await mailboxes.lock('bob', READER))!;
    expect(await mailboxes.lock('bob', READER)).toBeUndefined();
    expect(await mailboxes.lock('carol', READER)).toBeDefined();
    first.close();
    const second = (await mailboxes.lock('bob', READER))!;
    expect(second).toBeDefined();
    // Who has closed already does not unlock what another one has opened since.
    first.close();
    expect(await mailboxes.lock('bob', READER)).toBeUndefined();
    second.close();
    expect(await mailboxes.lock('bob', READER)).toBeDefined();
  });

  it('is locked while it is being looked into', async () => {
    const mailboxes = await open();
    const both = await Promise.all([mailboxes.lock('bob', READER), mailboxes.lock('bob', READER)]);
    expect(both.map((each) => each !== undefined)).toEqual([true, false]);
  });

  it('is free again if it could not be looked into', async () => {
    const mailboxes = await open();
    mkdirSync(path.join(folder, 'bob'));
    writeFileSync(path.join(folder, 'bob', 'cur'), 'a file');
    await expect(mailboxes.lock('bob', READER)).rejects.toThrow('ENOTDIR');
    rmSync(path.join(folder, 'bob', 'cur'));
    expect(await mailboxes.lock('bob', READER)).toBeDefined();
  });

  it('shows what arrives meanwhile to the next reader, and lets it be stored', async () => {
    const mailboxes = await open();
    await deliver(mailboxes, message('one\r\n', 'bob'));
    const first = (await mailboxes.lock('bob', READER))!;
    expect(await deliver(mailboxes, message('two\r\n', 'bob'))).toBe('stored');
    expect(first.messages).toHaveLength(1);
    await first.remove([first.messages[0]!.id]);
    first.close();
    await reading(mailboxes, 'bob', async (second) => {
      expect(asText(await second.piece(second.messages[0]!.id, 0, 9999))).toBe(
        stored('bob', 'two\r\n'),
      );
    });
  });

  it('loses what is removed, for good, before that is said', async () => {
    const mailboxes = await open();
    for (const each of ['1', '2', '3']) await deliver(mailboxes, message(each, 'bob'));
    const mailbox = (await mailboxes.lock('bob', READER))!;
    const [one, , three] = mailbox.messages.map(({ id }) => id);
    const names = namesIn('bob', 'cur').sort();
    theDisk().steps.length = 0;
    await mailbox.remove([one!, three!]);
    expect(namesIn('bob', 'cur')).toEqual([names[1]]);
    expect(theDisk().steps).toEqual([
      `rm bob/cur/${names[0]}`,
      `rm bob/cur/${names[2]}`,
      'open bob/cur',
      'sync bob/cur',
      'close bob/cur',
    ]);
  });

  it('marks what was read, once, and keeps the other flags', async () => {
    const mailboxes = await open();
    put('bob', 'cur', `1.host,S=3,W=3${INFO}FT`, 'x\r\n');
    await reading(mailboxes, 'bob', async (mailbox) => {
      await mailbox.markRead('1.host');
      expect(namesIn('bob', 'cur')).toEqual([`1.host,S=3,W=3${INFO}FST`]);
      theDisk().steps.length = 0;
      await mailbox.markRead('1.host');
      expect(theDisk().steps).toEqual([]);
      expect(asText(await mailbox.piece('1.host', 0, 10))).toBe('x\r\n');
    });
    // Read twice: the journal says so.
    expect(story().slice(-2)).toEqual(Array(2).fill('read bob/1.host #2 pop3 bob'));
  });

  it('lists ten thousand messages without asking for the size of one, and serves others meanwhile', async () => {
    const mailboxes = await open();
    mkdirSync(path.join(folder, 'bob', 'new'), { recursive: true });
    mkdirSync(path.join(folder, 'bob', 'cur'));
    const original = path.join(folder, 'one');
    writeFileSync(original, 'x\r\n');
    for (let nth = 0; nth < 10_000; nth += 1) {
      linkSync(original, path.join(folder, 'bob', nth % 10 ? 'cur' : 'new', `${nth}.a,S=3,W=3`));
    }
    disk.stats = 0;
    const steps = theDisk().steps.length;
    let turns = 0;
    const count = setInterval(() => (turns += 1), 1);
    const messages = await listed(mailboxes, 'bob').finally(() => clearInterval(count));
    expect(messages).toHaveLength(10_000);
    expect(messages[9999]).toEqual({ id: '9999.a', size: 3 });
    expect(disk.stats).toBe(0);
    expect(
      theDisk()
        .steps.slice(steps)
        .filter((step) => step.startsWith('open')),
    ).toEqual(['open bob/cur']);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('a mailbox of v4 and a delivery', () => {
  it('wait for each other: a listing can miss a file that is being renamed', async () => {
    const mailboxes = await open();
    const goOn = theDisk().holdAt('rename');
    const delivered = deliver(mailboxes, message('x\r\n', 'bob', 'carol'));
    await goOn.reached;
    const order: string[] = [];
    const listing = mailboxes.lock('carol', READER).then((mailbox) => {
      order.push('listed');
      return mailbox!.messages;
    });
    const later = deliver(mailboxes, message('y\r\n', 'carol')).then(() => order.push('later'));
    // Another mailbox is not concerned.
    await mailboxes.lock('dave', READER);
    expect(order).toEqual([]);
    goOn.release();
    expect(await delivered).toBe('stored');
    expect(await listing).toHaveLength(1);
    await later;
    expect(order).toEqual(['listed', 'later']);
  });

  it('may be many at once, with the same people in another order, and nobody waits for ever', async () => {
    const mailboxes = await open();
    const pairs = [...Array(10).keys()].flatMap((nth) => [
      deliver(mailboxes, message(`${nth}\r\n`, 'bob', 'carol')),
      listed(mailboxes, nth % 2 ? 'bob' : 'carol').catch(() => undefined),
      deliver(mailboxes, message(`${nth}\r\n`, 'carol', 'bob')),
    ]);
    await Promise.all(pairs);
    expect(lyingIn('bob')).toHaveLength(20);
    expect(lyingIn('carol')).toHaveLength(20);
  });

  it('go on after one of them has failed', async () => {
    const mailboxes = await open();
    theDisk().failAt(1, 'EIO');
    const outcomes = await Promise.all([
      deliver(mailboxes, message('x\r\n', 'bob')),
      listed(mailboxes, 'bob'),
      deliver(mailboxes, message('y\r\n', 'bob')),
    ]);
    expect(outcomes).toEqual(['failed', [], 'stored']);
  });
});

describe('a mailbox of v4 that others use too', () => {
  it('adopts what they wrote: with CR LF, its flags, its date and its id', async () => {
    const date = new Date('2020-01-02T03:04:05Z');
    const mutt = put('bob', 'new', `1763650000.R123.host${INFO}`, 'Subject: a\n\nx\r\ny\n\n');
    const dovecot = put('bob', 'cur', `1763650001.M1P2.host,S=8,W=9${INFO}FSa`, 'a\r\nb\nc\r\n');
    for (const file of [mutt, dovecot]) utimesSync(file, date, date);
    const mailboxes = await open();
    const messages = await listed(mailboxes, 'bob');
    expect(messages).toEqual([
      { id: '1763650000.R123.host', size: 22 },
      { id: '1763650001.M1P2.host', size: 9 },
    ]);
    expect(lyingIn('bob')).toEqual(['Subject: a\r\n\r\nx\r\ny\r\n\r\n', 'a\r\nb\r\nc\r\n']);
    expect(files()).toEqual([
      `bob/cur/1763650000.R123.host,S=22,W=22${INFO}`,
      `bob/cur/1763650001.M1P2.host,S=9,W=9${INFO}FSa`,
    ]);
    for (const name of files()) expect(statSync(path.join(folder, name)).mtime).toEqual(date);
    expect(await listed(mailboxes, 'bob')).toEqual(messages);
    expect(told).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')(
    'reads the flags of Windows, and keeps the name that it finds',
    async () => {
      put('bob', 'cur', '1.a,S=3,W=3;2,S', 'x\r\n');
      put('bob', 'cur', '2.a,S=3,W=3:2,F', 'y\r\n');
      const mailboxes = await open();
      await reading(mailboxes, 'bob', async (mailbox) => {
        expect(mailbox.messages.map(({ id }) => id)).toEqual(['1.a', '2.a']);
        await mailbox.markRead('2.a');
      });
      expect(namesIn('bob', 'cur').sort()).toEqual(['1.a,S=3,W=3;2,S', `2.a,S=3,W=3${INFO}FS`]);
    },
  );

  it('counts and sends what it adopts as it will lie there, whatever the cut of its line ends', async () => {
    const lines = fc.array(fc.constantFrom('\r', '\n', '\r\n', 'x', 'y'.repeat(65_533)), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(lines, async (parts) => {
        rmSync(path.join(folder, 'bob'), { recursive: true, force: true });
        put('bob', 'cur', '1.a', parts.join(''));
        const [adopted] = await listed(await open(), 'bob');
        const wanted = parts.join('').replace(/(?<!\r)\n/g, '\r\n');
        expect(lyingIn('bob')[0] === wanted).toBe(true);
        expect(adopted).toEqual({ id: '1.a', size: wanted.length });
      }),
      { numRuns: 40 },
    );
  });

  it('has one message, the whole one, whenever the server is killed while it adopts', async () => {
    const lay = () => {
      rmSync(path.join(folder, 'bob'), { recursive: true, force: true });
      put('bob', 'new', `1.a${INFO}`, 'Subject: a\n\nx\n');
    };
    lay();
    const first = await open();
    const before = theDisk().steps.length;
    const messages = await listed(first, 'bob');
    const count = theDisk().steps.length - before;
    expect(count).toBeGreaterThan(8);
    for (let step = 1; step <= count; step += 1) {
      lay();
      const mailboxes = await open();
      const killed = theDisk().killAt(step);
      void mailboxes.lock('bob', READER);
      await killed;
      theDisk().reboot();
      const after = await open();
      expect(await listed(after, 'bob')).toEqual(messages);
      await after.removeUnfinished();
      expect(files()).toEqual([`bob/cur/1.a,S=17,W=17${INFO}`]);
      expect(lyingIn('bob')).toEqual(['Subject: a\r\n\r\nx\r\n']);
    }
  });

  it('leaves alone what it cannot adopt, says so, and shows the rest, whichever step fails', async () => {
    const lay = () => {
      rmSync(path.join(folder, 'bob'), { recursive: true, force: true });
      put('bob', 'cur', `1.a${INFO}S`);
      put('bob', 'cur', `2.a,S=3,W=3${INFO}`, 'x\r\n');
    };
    const mailboxes = await open();
    lay();
    theDisk().steps.length = 0;
    await listed(mailboxes, 'bob');
    // Behind its last renaming it is adopted.
    const steps = [...theDisk().steps];
    const count = steps.findLastIndex((step) => step.startsWith('rename')) + 1;
    expect(count).toBeGreaterThan(7);
    for (let step = 1; step <= count; step += 1) {
      if (steps[step - 1]!.startsWith('rm ')) continue;
      lay();
      told = [];
      theDisk().failAt(step, step % 2 ? 'ENOSPC' : 'EACCES');
      expect((await listed(mailboxes, 'bob')).map(({ id }) => id)).toEqual(['2.a']);
      expect(told).toEqual([
        expect.stringMatching(/^could not make a message of .*1\.a[:;]2,S: E/),
      ]);
      expect(namesIn('bob', 'cur')).toContain(`1.a${INFO}S`);
      expect(namesIn('bob', 'tmp')).toEqual([]);
      // Next time, perhaps.
      expect(await listed(mailboxes, 'bob')).toHaveLength(2);
    }
  });

  it('gives no id to two messages, not even if their names agree up to the comma', async () => {
    put('bob', 'cur', `1.a,S=3,W=3${INFO}S`, 'x\r\n');
    put('bob', 'cur', `1.a,S=4,W=4${INFO}F`, 'yy\r\n');
    put('bob', 'cur', `1.a${INFO}`, 'z\n');
    const mailboxes = await open();
    const messages = await listed(mailboxes, 'bob');
    expect(messages.filter(({ id }) => id === '1.a')).toEqual([{ id: '1.a', size: 3 }]);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(3);
    expect(lyingIn('bob').sort()).toEqual(['x\r\n', 'yy\r\n', 'z\r\n']);
    expect(await listed(mailboxes, 'bob')).toEqual(messages);
  });

  it('finds a message again whose flags they have changed meanwhile', async () => {
    const mailboxes = await open();
    put('bob', 'cur', `1.a,S=3,W=3${INFO}`, 'x\r\n');
    put('bob', 'cur', `2.a,S=3,W=3${INFO}`, 'y\r\n');
    await reading(mailboxes, 'bob', async (mailbox) => {
      rename('bob', `1.a,S=3,W=3${INFO}`, `1.a,S=3,W=3${INFO}F`);
      expect(asText(await mailbox.piece('1.a', 0, 10))).toBe('x\r\n');
      rename('bob', `1.a,S=3,W=3${INFO}F`, `1.a,S=3,W=3${INFO}FR`);
      await mailbox.markRead('1.a');
      expect(namesIn('bob', 'cur')).toContain(`1.a,S=3,W=3${INFO}FRS`);
      rename('bob', `2.a,S=3,W=3${INFO}`, `2.a,S=3,W=3${INFO}T`);
      await mailbox.remove(['2.a']);
    });
    expect(namesIn('bob', 'cur')).toEqual([`1.a,S=3,W=3${INFO}FRS`]);
  });

  it('says clearly that they have removed a message; to remove it again is no error', async () => {
    const mailboxes = await open();
    for (const each of ['1', '2']) await deliver(mailboxes, message(each, 'bob'));
    await reading(mailboxes, 'bob', async (mailbox) => {
      const [one, two] = mailbox.messages.map(({ id }) => id);
      rmSync(path.join(folder, 'bob', 'cur', namesIn('bob', 'cur').sort()[0]!));
      await expect(mailbox.piece(one!, 0, 10)).rejects.toThrow(
        `message ${one} is gone: another program has removed it`,
      );
      await mailbox.markRead(one!);
      await mailbox.remove([one!, two!]);
      // It was not this reader who deleted it.
      expect(story().filter((each) => each.startsWith('deleted'))).toEqual([
        `deleted bob/${two} #2 pop3 bob`,
      ]);
    });
    expect(files()).toEqual([]);
  });
});

describe('the journal is told by the mailboxes', () => {
  it('a message’s whole story', async () => {
    const mailboxes = await open();
    await deliver(mailboxes, message('x\r\n', 'bob', 'carol', 'bob'));
    const [{ id }] = await reading(mailboxes, 'bob', async (mailbox) => {
      const [only] = mailbox.messages;
      await mailbox.markRead(only!.id);
      return [only!];
    });
    await reading(mailboxes, 'bob', (mailbox) => mailbox.remove([id]));
    await listed(mailboxes, 'bob');
    expect(story()).toEqual([
      `received ${id} #1 submission alice`,
      `delivered bob/${id} #1 submission alice`,
      `delivered carol/${id} #1 submission alice`,
      `listed bob/${id} #2 pop3 bob`,
      `read bob/${id} #2 pop3 bob`,
      `deleted bob/${id} #2 pop3 bob`,
    ]);
    expect(entries[0]).toEqual({
      time: '2026-11-20T08:49:40.000Z',
      event: 'received',
      message: id,
      session: '#1 submission',
      account: 'alice',
      from: 'alice@example.com',
      to: ['bob@example.com', 'carol@example.com', 'bob@example.com'],
      octets: 3,
      client: '192.0.2.1',
    });
  });

  it('no name where nobody was logged in', async () => {
    const mailboxes = await open();
    const by = { session: '#1 smtp', client: '192.0.2.1' };
    await mailboxes.deliver(message('x\r\n', 'bob'), () => '', by);
    expect(entries).toHaveLength(2);
    for (const entry of entries) expect(entry).not.toHaveProperty('account');
  });

  it('before the client hears that the message is stored, and a listing comes after it', async () => {
    let release = () => {};
    const written = new Promise<void>((resolve) => (release = resolve));
    const slow: Journal = {
      ...journal,
      record: async (more) => {
        if (more[0]?.event === 'received') await written;
        await journal.record(more);
      },
    };
    const mailboxes = await Mailboxes.open(folder, slow, () => {});
    const done: string[] = [];
    const delivered = deliver(mailboxes, message('x\r\n', 'bob')).then((outcome) => done.push(outcome));
    const listing = listed(mailboxes, 'bob').then(() => done.push('listed'));
    await mailboxes.lock('carol', READER);
    expect(done).toEqual([]);
    release();
    await Promise.all([delivered, listing]);
    expect(done).toEqual(['stored', 'listed']);
    expect(story().filter((each) => each.includes('outside'))).toEqual([]);
  }); // prettier-ignore

  it('what other programs have done since it last knew', async () => {
    const mailboxes = await open();
    for (const [nth, text] of ['x\r\n', 'y\r\n', 'z\r\n'].entries()) {
      put('bob', 'cur', `${nth}.a,S=3,W=3${INFO}${nth === 1 ? 'S' : ''}`, text);
    }
    await listed(mailboxes, 'bob');
    expect(story()).toEqual([
      'delivered bob/0.a outside',
      'delivered bob/1.a outside',
      'read bob/1.a outside',
      'delivered bob/2.a outside',
    ]);
    entries = [];
    await listed(mailboxes, 'bob');
    expect(story()).toEqual([]);
    rename('bob', `0.a,S=3,W=3${INFO}`, `0.a,S=3,W=3${INFO}FS`);
    rename('bob', `1.a,S=3,W=3${INFO}S`, `1.a,S=3,W=3${INFO}`);
    rmSync(path.join(folder, 'bob', 'cur', `2.a,S=3,W=3${INFO}`));
    put('bob', 'new', '3.mutt');
    // A server that was started anew knows it from the journal.
    await listed(await open(), 'bob');
    expect(story()).toEqual([
      'read bob/0.a outside',
      'unread bob/1.a outside',
      'delivered bob/3.mutt outside',
      'deleted bob/2.a outside',
      'listed bob/3.mutt #2 pop3 bob',
    ]);
  });
});

describe('a file that is written safely', () => {
  const names = () => readdirSync(folder).sort();

  it('has the old text or the new one, whichever step fails, and nothing is left beside it', async () => {
    const file = path.join(folder, 'accounts');
    const before = theDisk().steps.length;
    await writeSafely(file, 'old', 0o600);
    const count = theDisk().steps.length - before;
    expect(count).toBeGreaterThanOrEqual(5);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    for (let step = 1; step <= count; step += 1) {
      writeFileSync(file, 'old');
      theDisk().failAt(step, 'EIO');
      await expect(writeSafely(file, 'new', 0o600)).rejects.toThrow('EIO');
      expect(['old', 'new']).toContain(readFileSync(file, 'utf8'));
      expect(names()).toEqual(['accounts']);
    }
    await writeSafely(file, 'new', 0o600);
    expect(readFileSync(file, 'utf8')).toBe('new');
  });

  it('is on the disk before its name is', async () => {
    await writeSafely(path.join(folder, 'x'), 'text', 0o600);
    expect(theDisk().steps.map((step) => step.replace(/\.x\.\S+/, 'TMP'))).toEqual([
      'open TMP',
      'append TMP',
      'sync TMP',
      'close TMP',
      'rename TMP x',
      'open .',
      'sync .',
      'close .',
    ]);
  });
});
