import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mailboxName } from '../../../v3-pop3/src/guards/mailbox-name.ts';
import { Mailboxes } from '../../../v3-pop3/src/mailboxes.ts';
import type { Disk } from './disk.ts';
import { octets } from './sessions.ts';

const disk = vi.hoisted((): { current?: Disk } => ({}));
vi.mock('node:fs/promises', async (importOriginal) => {
  const { Disk } = await import('./disk.ts');
  const made = new Disk(await importOriginal());
  disk.current = made;
  return made.functions;
});
const theDisk = () => disk.current!;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-mailboxes-'));
  theDisk().start(folder);
});
afterEach(async () => {
  await theDisk().stop();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const open = () => Mailboxes.open(folder, undefined);
const silence = () => vi.spyOn(console, 'error').mockReturnValue();

function message(text: string, ...mailboxes: string[]) {
  return {
    helo: 'pc.example',
    reversePath: 'alice@example.com',
    recipients: mailboxes.map((mailbox) => ({ address: mailbox, mailbox })),
    text: octets(text),
    receivedAt: Date.UTC(2026, 10, 20, 8, 49, 40),
  };
}

/** What must lie in a mailbox after that. */
const stored = (to: string, text: string) =>
  'Return-Path: <alice@example.com>\r\n' +
  `Delivered-To: ${to}\r\n` +
  'Received: from pc.example ([192.0.2.1]) by localhost (Stagepost) with SMTP\r\n' +
  `\tfor <${to}>; Fri, 20 Nov 2026 08:49:40 +0000\r\n${text}`;

/** All files below the folder, by their names with slashes. */
const files = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();

/** The messages of a mailbox as they lie there, the oldest first. */
function lyingIn(mailbox: string): string[] {
  const reception = path.join(folder, mailbox, 'reception');
  return readdirSync(reception)
    .sort()
    .map((name) => readFileSync(path.join(reception, name), 'latin1'));
}

describe('the mailboxes of v3', () => {
  it('are made if they are not there', async () => {
    rmSync(folder, { recursive: true });
    await open();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keep a message as it goes over the wire, in a file for every recipient', async () => {
    const mailboxes = await open();
    const text = 'Subject: x\r\n\r\nFrom me\r\n.dot\r\n..\r\n\xe9\xff\r\n';
    const sent = message(text, 'bob', 'carol@example.com', 'bob');
    expect(await mailboxes.deliver(sent, '192.0.2.1')).toBe('stored');
    expect(readdirSync(folder).sort()).toEqual(['bob', 'carol@example.com']);
    expect(readdirSync(path.join(folder, 'bob')).sort()).toEqual(['reception', 'tmp']);
    expect(files()).toEqual([
      expect.stringMatching(/^bob\/reception\/2026-11-20T08-49-40-000Z-000001-[0-9a-f]{8}\.eml$/),
      expect.stringMatching(/^carol@example\.com\/reception\/[^/:]+\.eml$/),
    ]);
    expect(lyingIn('bob')).toEqual([stored('bob', text)]);
    expect(lyingIn('carol@example.com')).toEqual([stored('carol@example.com', text)]);
  });

  it('keep a first line that begins with a blank out of their own lines', async () => {
    const mailboxes = await open();
    for (const text of [' folded\r\n', '\tfolded\r\n']) {
      await mailboxes.deliver(message(text, 'bob'), '192.0.2.1');
      expect(lyingIn('bob').at(-1)).toBe(stored('bob', `\r\n${text}`));
    }
  });

  it('keep a message without any text', async () => {
    await (await open()).deliver(message('', 'bob'), '192.0.2.1');
    expect(lyingIn('bob')).toEqual([stored('bob', '')]);
  });

  it.each([
    ['pc.example', '::1', 'pc.example ([IPv6:::1])'],
    ['pc.example', '::ffff:192.0.2.1', 'pc.example ([192.0.2.1])'],
    ['', '192.0.2.1', '[192.0.2.1]'],
  ])('say of %j from %s: %s', async (helo, address, from) => {
    await (await open()).deliver({ ...message('x\r\n', 'bob'), helo }, address);
    expect(lyingIn('bob')[0]).toContain(`\r\nReceived: from ${from} by localhost`);
  });

  it('show a message where it is read when it is whole and on the disk, and not before', async () => {
    const mailboxes = await open();
    await mailboxes.deliver(message('x\r\n', 'bob', 'carol'), '192.0.2.1');
    const steps = theDisk().steps.map((step) => step.replace(/20\S*\.eml/g, 'ID'));
    const at = (step: string) => {
      expect(steps).toContain(step);
      return steps.indexOf(step);
    };
    for (const mailbox of ['bob', 'carol']) {
      const whole = at(`sync ${mailbox}/tmp/ID`);
      expect(at(`append ${mailbox}/tmp/ID`)).toBeLessThan(whole);
      // Nobody gets it before there is a whole copy for everybody.
      for (const other of ['bob', 'carol']) {
        expect(whole).toBeLessThan(at(`rename ${other}/tmp/ID ${other}/reception/ID`));
      }
      // Its name is on the disk too, and so are those of the folders.
      expect(at(`rename ${mailbox}/tmp/ID ${mailbox}/reception/ID`)).toBeLessThan(
        at(`sync ${mailbox}/reception`),
      );
      expect(at(`mkdir ${mailbox}/reception`)).toBeLessThan(at(`sync ${mailbox}`));
      expect(at(`mkdir ${mailbox}/reception`)).toBeLessThan(steps.lastIndexOf('sync .'));
    }
    expect(steps.filter((step) => /^(?:append|open).*reception\/ID/.test(step))).toEqual([]);
  });

  const recipients = ['bob', 'carol'];
  const text = 'Subject: x\r\n\r\nsome lines\r\n';

  /** How many steps it takes to store a message for both. */
  async function countSteps(mailboxes: Mailboxes): Promise<number> {
    const before = theDisk().steps.length;
    await mailboxes.deliver(message(text, ...recipients), '192.0.2.1');
    return theDisk().steps.length - before;
  }

  it.each([
    ['ENOSPC', 'full'],
    ['EIO', 'failed'],
  ])('keep it for all or for nobody, whichever step fails with %s', async (code, outcome) => {
    const complaints = silence();
    const count = await countSteps(await open());
    expect(count).toBeGreaterThan(25);
    for (let step = 1; step <= count; step += 1) {
      for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true });
      const mailboxes = await open();
      theDisk().failAt(step, code);
      expect(await mailboxes.deliver(message(text, ...recipients), '192.0.2.1')).toBe(outcome);
      expect(files()).toEqual([]);
      // And they go on.
      expect(await mailboxes.deliver(message(text, ...recipients), '192.0.2.1')).toBe('stored');
      for (const each of recipients) expect(lyingIn(each)).toEqual([stored(each, text)]);
    }
    expect(complaints).toHaveBeenCalledTimes(count);
  });

  it('have nothing but whole messages outside tmp, whenever the server is killed', async () => {
    const count = await countSteps(await open());
    let unfinished = 0;
    for (let step = 1; step <= count; step += 1) {
      for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true });
      const before = await open();
      const killed = theDisk().killAt(step);
      void before.deliver(message(text, ...recipients), '192.0.2.1');
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
      expect(await after.deliver(message(text, ...recipients), '192.0.2.1')).toBe('stored');
      for (const each of recipients) expect(lyingIn(each).at(-1)).toBe(stored(each, text));
    }
    expect(unfinished).toBeGreaterThan(recipients.length);
  });

  it('are cleared of what was not finished, but not of what is being written', async () => {
    const mailboxes = await open();
    await mailboxes.deliver(message('one\r\n', 'bob'), '192.0.2.1');
    writeFileSync(path.join(folder, 'bob', 'tmp', 'left.eml'), 'half a');
    mkdirSync(path.join(folder, 'carol', 'tmp'), { recursive: true });
    writeFileSync(path.join(folder, 'carol', 'tmp', 'x'), '');
    writeFileSync(path.join(folder, 'a file'), 'not ours');
    const goOn = theDisk().holdAt('rename');
    const delivered = mailboxes.deliver(message('two\r\n', 'bob'), '192.0.2.1');
    await goOn.reached;
    await mailboxes.removeUnfinished();
    goOn.release();
    expect(await delivered).toBe('stored');
    expect(lyingIn('bob')).toEqual([stored('bob', 'one\r\n'), stored('bob', 'two\r\n')]);
    expect(files().filter((name) => !name.includes('/reception/'))).toEqual(['a file']);
  });

  it.each([
    ['EDQUOT', 'full'],
    ['EACCES', 'failed'],
    ['EROFS', 'failed'],
  ])('say what %s means', async (code, outcome) => {
    silence();
    const mailboxes = await open();
    theDisk().failAt(1, code);
    expect(await mailboxes.deliver(message(text, 'bob'), '192.0.2.1')).toBe(outcome);
  });

  it('say that it failed if a mailbox cannot be made, and nobody else gets it', async () => {
    silence();
    const mailboxes = await open();
    writeFileSync(path.join(folder, 'carol'), 'a file');
    const sent = message('x\r\n', 'bob', 'carol');
    expect(await mailboxes.deliver(sent, '192.0.2.1')).toBe('failed');
    expect(files()).toEqual(['carol']);
  });

  it('are made again when somebody has removed them by hand', async () => {
    const mailboxes = await open();
    await mailboxes.deliver(message('one\r\n', 'bob'), '192.0.2.1');
    for (const gone of [path.join(folder, 'bob', 'tmp'), path.join(folder, 'bob'), folder]) {
      rmSync(gone, { recursive: true });
      expect(await mailboxes.deliver(message('two\r\n', 'bob'), '192.0.2.1')).toBe('stored');
      expect(lyingIn('bob').at(-1)).toBe(stored('bob', 'two\r\n'));
    }
  });

  it('are made at start for the users of a closed list, and what is in them stays', async () => {
    await (await open()).deliver(message('x\r\n', 'bob'), '192.0.2.1');
    await Mailboxes.open(folder, new Map([['alice', 'secret'], ['bob', undefined]])); // prettier-ignore
    expect(readdirSync(folder).sort()).toEqual(['alice', 'bob']);
    expect(readdirSync(path.join(folder, 'alice')).sort()).toEqual(['reception', 'tmp']);
    expect(lyingIn('bob')).toEqual([stored('bob', 'x\r\n')]);
  });

  describe('keep the order', () => {
    const number = (text: string) => Number(/\r\n(\d+)\r\n$/.exec(text)![1]);

    it.each([
      ['within one millisecond', () => 1000],
      ['when the clock goes back', (nth: number) => 1_000_000 - nth * 10_000],
      ['when the clock jumps', (nth: number) => 1000 + (nth % 3) * 777],
    ])('%s', async (_, time) => {
      const mailboxes = await open();
      for (let nth = 0; nth < 25; nth += 1) {
        const sent = { ...message(`${nth}\r\n`, 'bob'), receivedAt: time(nth) };
        await mailboxes.deliver(sent, '192.0.2.1');
      }
      expect(lyingIn('bob').map(number)).toEqual([...Array(25).keys()]);
      const listed = (await mailboxes.lock('bob'))!.messages;
      expect(listed.map(({ id }) => id)).toEqual(
        readdirSync(path.join(folder, 'bob', 'reception')).sort(),
      );
    });

    it('whatever the clock says', async () => {
      const times = fc.array(fc.nat(5), { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(times, async (all) => {
          rmSync(path.join(folder, 'bob'), { recursive: true, force: true });
          const mailboxes = await open();
          for (const [nth, receivedAt] of all.entries()) {
            await mailboxes.deliver({ ...message(`${nth}\r\n`, 'bob'), receivedAt }, '192.0.2.1');
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
        texts.map((each) => mailboxes.deliver(message(each, 'bob'), '192.0.2.1')),
      );
      expect(new Set(outcomes)).toEqual(new Set(['stored']));
      expect(lyingIn('bob')).toEqual(texts.map((each) => stored('bob', each)));
    });

    it('across a restart', async () => {
      for (const [nth, receivedAt] of [1000, 2000, 3000].entries()) {
        const mailboxes = await open();
        await mailboxes.deliver({ ...message(`${nth}\r\n`, 'bob'), receivedAt }, '192.0.2.1');
      }
      expect(lyingIn('bob').map(number)).toEqual([0, 1, 2]);
    });
  });

  it.each([
    '../../x', '..', '.', '/etc/passwd', 'C:\\x', 'a\\b', 'con', 'NUL.txt', 'tmp', 'reception',
    '.hidden', 'x/reception/y', '%2e%2e', '__proto__', 'constructor', 'é', '\u212a', 'a ', 'a.', '~',
    'x'.repeat(200), '$HOME', '*', '-rf',
  ])('let the hostile name %j name nothing but a mailbox of its own', async (address) => {
    const mailboxes = await open();
    const name = mailboxName(address)!;
    await mailboxes.deliver(message('x\r\n', 'bob', name), '192.0.2.1');
    expect(readdirSync(folder).sort()).toEqual(['bob', name].sort());
    expect(files()).toHaveLength(2);
    expect((await mailboxes.lock(name))!.messages).toHaveLength(1);
    expect((await mailboxes.lock('bob'))!.messages).toHaveLength(1);
    expect(existsSync(path.join(folder, '..', 'x'))).toBe(false);
  }); // prettier-ignore
});

describe('a mailbox of v3 that is read', () => {
  const asText = (piece: Uint8Array) => Buffer.from(piece).toString('latin1');

  it('lists its messages, and gives them out piece by piece', async () => {
    const mailboxes = await open();
    const texts = ['x\r\n', '', 'y'.repeat(5000)];
    for (const each of texts) await mailboxes.deliver(message(each, 'bob'), '192.0.2.1');
    const mailbox = (await mailboxes.lock('bob'))!;
    const wholes = texts.map((each) => stored('bob', each));
    expect(mailbox.messages.map(({ size }) => size)).toEqual(wholes.map(({ length }) => length));
    const [first, , third] = mailbox.messages;
    expect(asText(await mailbox.piece(first!.id, 0, 9999))).toBe(wholes[0]);
    expect(asText(await mailbox.piece(first!.id, 0, 6))).toBe('Return');
    expect(asText(await mailbox.piece(first!.id, 6, 5))).toBe('-Path');
    expect(asText(await mailbox.piece(first!.id, first!.size, 100))).toBe('');
    expect(asText(await mailbox.piece(first!.id, first!.size + 5, 100))).toBe('');
    expect(asText(await mailbox.piece(first!.id, 0, 0))).toBe('');
    expect(asText(await mailbox.piece(third!.id, third!.size - 3, 100))).toBe('yyy');
  });

  it('is empty if it does not exist, and is not made by being asked for', async () => {
    const mailboxes = await open();
    const mailbox = (await mailboxes.lock('nobody'))!;
    expect(mailbox.messages).toEqual([]);
    await mailbox.remove([]);
    mailbox.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has no messages but the files that are such', async () => {
    const mailboxes = await open();
    await mailboxes.deliver(message('x\r\n', 'bob'), '192.0.2.1');
    const reception = path.join(folder, 'bob', 'reception');
    const [id] = readdirSync(reception);
    mkdirSync(path.join(reception, 'folder.eml'));
    writeFileSync(path.join(reception, 'notes.txt'), 'x');
    writeFileSync(path.join(reception, '.DS_Store'), 'x');
    writeFileSync(path.join(folder, 'bob', 'tmp', 'unfinished.eml'), 'x');
    writeFileSync(path.join(folder, 'bob', 'elsewhere.eml'), 'x');
    if (process.platform !== 'win32') symlinkSync('/etc/hosts', path.join(reception, 'link.eml'));
    expect((await mailboxes.lock('bob'))!.messages.map((each) => each.id)).toEqual([id]);
  });

  it('is locked until it is closed, and others are not', async () => {
    const mailboxes = await open();
    const first = (await mailboxes.lock('bob'))!;
    expect(await mailboxes.lock('bob')).toBeUndefined();
    expect(await mailboxes.lock('carol')).toBeDefined();
    first.close();
    const second = (await mailboxes.lock('bob'))!;
    expect(second).toBeDefined();
    // Who has closed already does not unlock what another one has opened since.
    first.close();
    expect(await mailboxes.lock('bob')).toBeUndefined();
    second.close();
    expect(await mailboxes.lock('bob')).toBeDefined();
  });

  it('is locked while it is being looked into', async () => {
    const mailboxes = await open();
    const both = await Promise.all([mailboxes.lock('bob'), mailboxes.lock('bob')]);
    expect(both.map((each) => each !== undefined)).toEqual([true, false]);
  });

  it('is free again if it could not be looked into', async () => {
    const mailboxes = await open();
    mkdirSync(path.join(folder, 'bob'));
    writeFileSync(path.join(folder, 'bob', 'reception'), 'a file');
    await expect(mailboxes.lock('bob')).rejects.toThrow('ENOTDIR');
    rmSync(path.join(folder, 'bob', 'reception'));
    expect(await mailboxes.lock('bob')).toBeDefined();
  });

  it('shows what arrives meanwhile to the next reader, and lets it be stored', async () => {
    const mailboxes = await open();
    await mailboxes.deliver(message('one\r\n', 'bob'), '192.0.2.1');
    const first = (await mailboxes.lock('bob'))!;
    expect(await mailboxes.deliver(message('two\r\n', 'bob'), '192.0.2.1')).toBe('stored');
    expect(first.messages).toHaveLength(1);
    await first.remove([first.messages[0]!.id]);
    first.close();
    const second = (await mailboxes.lock('bob'))!;
    expect(asText(await second.piece(second.messages[0]!.id, 0, 9999))).toBe(
      stored('bob', 'two\r\n'),
    );
  });

  it('loses what is removed, for good, before that is said', async () => {
    const mailboxes = await open();
    for (const each of ['1', '2', '3']) await mailboxes.deliver(message(each, 'bob'), '192.0.2.1');
    const mailbox = (await mailboxes.lock('bob'))!;
    const [one, two, three] = mailbox.messages.map(({ id }) => id);
    theDisk().steps.length = 0;
    await mailbox.remove([one!, three!]);
    expect(readdirSync(path.join(folder, 'bob', 'reception'))).toEqual([two]);
    expect(theDisk().steps).toEqual([
      `rm bob/reception/${one}`,
      `rm bob/reception/${three}`,
      'open bob/reception',
      'sync bob/reception',
      'close bob/reception',
    ]);
  });

  it('does not mind if somebody has removed a message by hand', async () => {
    const mailboxes = await open();
    for (const each of ['1', '2']) await mailboxes.deliver(message(each, 'bob'), '192.0.2.1');
    const mailbox = (await mailboxes.lock('bob'))!;
    const [one, two] = mailbox.messages.map(({ id }) => id);
    rmSync(path.join(folder, 'bob', 'reception', one!));
    await expect(mailbox.piece(one!, 0, 10)).rejects.toThrow('ENOENT');
    await mailbox.remove([one!, two!]);
    expect(files()).toEqual([]);
  });
});
