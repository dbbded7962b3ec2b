import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, mkdirSync } from 'node:fs';
import { PassThrough, Writable } from 'node:stream';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openLog } from '../../../v4-advanced/src/log.ts';
import { HARMFUL, HOSTILE, hostileText } from './v4-entries.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'stagepost-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const newFile = () => path.join(folder, `${(count += 1)}.log`);

/** Standard output, as it is when it is a pipe; with `colours`, as when it is a terminal. */
function terminal({ isTTY = false, colours = false } = {}) {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  return Object.assign(stream, { isTTY, hasColors: () => colours, text: () => text });
}

const jsonOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log for people', () => {
  it('has a line for each thing that happens: when, how bad, which connection, what', () => {
    const out = terminal();
    const log = openLog({ level: 'debug' }, out);
    log.info('the server has begun');
    const twelve = log.child({ connection: '#12', service: 'smtp' });
    twelve.info('message from <a@x> for <b@y>, 123 octets: stored', { octets: 123 });
    log.child({ connection: '#1', service: 'submission' }).warn('a warning');
    twelve.error('an error');
    twelve.debug('%s %d %% {msg}');
    expect(out.text().replaceAll(/^\d\d:\d\d:\d\d\.\d\d\d /gm, '… ')).toBe(`\
… INFO  the server has begun
… INFO  #12 smtp        message from <a@x> for <b@y>, 123 octets: stored
… WARN  #1 submission   a warning
… ERROR #12 smtp        an error
… DEBUG #12 smtp        %s %d %% {msg}
`);
  });

  it('is as silent as it was told to be', () => {
    const file = newFile();
    const out = terminal();
    const log = openLog({ file, level: 'warn' }, out);
    for (const each of [log, log.child({ connection: '#1', service: 'pop3' })]) {
      each.debug('no');
      each.info('no');
      each.warn('yes');
      each.error('yes');
    }
    expect(out.text()).not.toContain('no');
    expect(out.text().match(/yes/g)).toHaveLength(4);
    expect(jsonOf(file).map(({ level }) => level)).toEqual(['warn', 'error', 'warn', 'error']);
  });

  it('has colours on a terminal that shows them, and nowhere else', () => {
    const written = (out: ReturnType<typeof terminal>) => {
      openLog({ level: 'info' }, out).warn('careful');
      return out.text();
    };
    expect(written(terminal({ isTTY: true, colours: true }))).toContain('\x1b[33mWARN \x1b[39m');
    expect(written(terminal({ isTTY: true, colours: false }))).not.toContain('\x1b'); // NO_COLOR
    expect(written(terminal({ isTTY: false, colours: true }))).not.toContain('\x1b');
  });

  it('does no harm when nobody reads it any more', () => {
    const out = terminal();
    const log = openLog({ level: 'info' }, out);
    openLog({ level: 'info' }, out);
    expect(out.listenerCount('error')).toBe(1);
    out.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    log.info('goes on');
    const gone = new PassThrough();
    const other = openLog({ level: 'info' }, gone);
    gone.destroy();
    other.info('goes on');
  });

  it('does not print a megabyte', () => {
    const out = terminal();
    openLog({ level: 'info' }, out).info('x'.repeat(1e6));
    expect(out.text().length).toBeLessThan(1100);
    expect(out.text()).toMatch(/x…\n$/);
  });
});

describe('the log in a file', () => {
  it('has all that was said, in JSON, when the call returns', async () => {
    const file = newFile();
    const log = openLog({ file, level: 'info' }, terminal());
    log.info('one');
    log.child({ connection: '#12', service: 'smtp' }).info('two', { octets: 123 });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
    expect(jsonOf(file)).toEqual([
      { level: 'info', time, msg: 'one' },
      { level: 'info', time, connection: '#12', service: 'smtp', octets: 123, msg: 'two' },
    ]);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    await log.close();
  });

  it('is continued by the next server', async () => {
    const file = newFile();
    for (const text of ['one', 'two']) {
      const log = openLog({ file, level: 'info' }, terminal());
      log.info(text);
      await log.close();
      log.info('to the terminal only');
      await log.close();
    }
    expect(jsonOf(file).map(({ msg }) => msg)).toEqual(['one', 'two']);
  });

  it('is opened anew after it was renamed', async () => {
    const file = newFile();
    const log = openLog({ file, level: 'info' }, terminal());
    log.info('one');
    renameSync(file, `${file}.1`);
    log.info('two');
    log.reopen();
    log.info('three');
    await log.close();
    expect(jsonOf(`${file}.1`).map(({ msg }) => msg)).toEqual(['one', 'two']);
    expect(jsonOf(file).map(({ msg }) => msg)).toEqual(['three']);
  });

  it('stays the one it was where it cannot be opened anew', async () => {
    const file = newFile();
    const out = terminal();
    const log = openLog({ file, level: 'info' }, out);
    renameSync(file, `${file}.1`);
    mkdirSync(file);
    log.reopen();
    log.info('two');
    await log.close();
    expect(out.text()).toMatch(/ERROR the log stays in the file it had: EISDIR/);
    expect(jsonOf(`${file}.1`).at(-1)).toMatchObject({ msg: 'two' });
  });

  it('may be none', async () => {
    const out = terminal();
    const log = openLog({ level: 'info' }, out);
    log.reopen();
    await log.close();
    log.info('still here');
    expect(out.text()).toContain('still here');
  });

  it('must be a file that can be written', () => {
    expect(() => openLog({ file: folder, level: 'info' }, terminal())).toThrow('EISDIR');
    const nowhere = path.join(folder, 'none', 'x.log');
    expect(() => openLog({ file: nowhere, level: 'info' }, terminal())).toThrow('ENOENT');
  });

  it.runIf(process.platform === 'linux')('may be on a full disk: that is said once', async () => {
    const out = terminal();
    const log = openLog({ file: '/dev/full', level: 'info' }, out);
    for (let each = 0; each < 12; each += 1) log.info('x'.repeat(1e6));
    expect(out.text().match(/ERROR the log file cannot be written: ENOSPC/g)).toHaveLength(1);
    await log.close();
  });
});

describe('what clients say', () => {
  it('breaks no line and colours none', async () => {
    const file = newFile();
    const out = terminal();
    const log = openLog({ file, level: 'info' }, out);
    let lines = 0;
    fc.assert(
      fc.property(hostileText, (text) => {
        log
          .child({ connection: '#1', service: 'smtp' })
          .info(`message from <${text}>`, { from: text });
        lines += 1;
        expect(jsonOf(file).at(-1)).toMatchObject({ msg: `message from <${text}>`, from: text });
      }),
    );
    await log.close();
    for (const text of [out.text(), readFileSync(file, 'utf8')]) {
      const [last, ...all] = text.split('\n').reverse();
      expect(last).toBe('');
      expect(all).toHaveLength(lines);
      for (const line of all) expect(line).not.toMatch(HARMFUL);
    }
    expect(HOSTILE).toMatch(HARMFUL);
  });

  it('holds no password: should one be given by mistake, it is not written', () => {
    const file = newFile();
    const log = openLog({ file, level: 'info' }, terminal());
    log.info('login', { account: 'bob', password: 'hush', login: { password: 'hush' } });
    expect(readFileSync(file, 'utf8')).not.toContain('hush');
  });
});
