import { describe, expect, it } from 'vitest';
import { Attempts } from '../../../v4-advanced/src/guards/attempts.ts';

/** A clock that stands still until it is told to go on. */
function clock() {
  let time = 0;
  const calls = new Set<{ at: number; call: () => void }>();
  return {
    now: () => time,
    after: (milliseconds: number, call: () => void) => {
      const entry = { at: time + milliseconds, call };
      calls.add(entry);
      return () => void calls.delete(entry);
    },
    /** How long each of those who wait has still to wait. */
    waits: () => Array.from(calls, ({ at }) => at - time),
    async pass(milliseconds: number) {
      time += milliseconds;
      for (const { at, call } of [...calls]) if (at <= time) call();
      await settled();
    },
  };
}

/** Everything that had only to be carried on has been. */
const settled = () => new Promise(setImmediate);

const right = () => Promise.resolve(true);
const wrong = () => Promise.resolve(false);

function setup(changes: { atOnce?: number; waiting?: number; delay?: number } = {}) {
  const time = clock();
  const attempts = new Attempts({
    atOnce: 1, waiting: 10, delay: 100, window: 60_000, now: time.now, after: time.after, ...changes,
  }); // prettier-ignore
  const log: string[] = [];
  const answers = new Map<string, (isRight: boolean) => void>();
  const ask = (address: string, name = address) => {
    const result = attempts.run(address, () => {
      log.push(`check ${name}`);
      return new Promise((resolve) => answers.set(name, resolve));
    });
    void result.then((answer) => log.push(`${name}: ${answer}`));
  };
  const answer = async (name: string, isRight: boolean) => {
    answers.get(name)!(isRight);
    await settled();
  };
  const fail = async (address: string) => {
    const result = attempts.run(address, wrong);
    await settled();
    const waits = time.waits();
    await time.pass(Math.max(0, ...waits));
    expect(await result).toBe(false);
    return waits;
  };
  return { attempts, time, log, ask, answer, fail };
}

describe('checks of passwords', () => {
  it('are made one after the other', async () => {
    const { log, ask, answer } = setup();
    ask('192.0.2.1', 'one');
    ask('192.0.2.2', 'two');
    await settled();
    expect(log).toEqual(['check one']);
    await answer('one', true);
    expect(log).toEqual(['check one', 'one: true', 'check two']);
  });

  it('are made as many at once as is said', async () => {
    const { log, ask, answer } = setup({ atOnce: 2 });
    for (const name of ['a', 'b', 'c', 'd']) ask(name);
    await settled();
    expect(log).toEqual(['check a', 'check b']);
    await answer('b', true);
    expect(log.slice(2)).toEqual(['b: true', 'check c']);
  });

  it('of different addresses take turns, however many one of them asks for', async () => {
    const { log, ask, answer } = setup();
    for (const name of ['a1', 'a2', 'a3', 'a4']) ask('192.0.2.1', name);
    ask('192.0.2.2', 'b1');
    ask('192.0.2.3', 'c1');
    ask('192.0.2.2', 'b2');
    await settled();
    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']) await answer(name, true);
    const checks = log.filter((line) => line.startsWith('check'));
    expect(checks.join()).toBe('check a1,check a2,check b1,check c1,check a3,check b2,check a4');
  });

  it('are refused to an address that has too many waiting, and only to that one', async () => {
    const { log, ask, answer } = setup({ waiting: 2 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) ask('192.0.2.1', name);
    ask('192.0.2.2', 'b1');
    await settled();
    expect(log).toEqual(['check a1', 'a4: too many']);
    await answer('a1', true);
    ask('192.0.2.1', 'a5');
    await settled();
    for (const name of ['a2', 'b1', 'a3', 'a5']) await answer(name, true);
    expect(log.filter((line) => !line.startsWith('check'))).toEqual([
      'a4: too many', 'a1: true', 'a2: true', 'b1: true', 'a3: true', 'a5: true',
    ]); // prettier-ignore
  });

  it('that fail as programs do hand their error on, and the next one is made', async () => {
    const { attempts, log, ask } = setup();
    const broken = attempts.run('192.0.2.1', () => Promise.reject(new Error('no memory')));
    ask('192.0.2.2', 'next');
    await expect(broken).rejects.toThrow('no memory');
    await settled();
    expect(log).toEqual(['check next']);
  });

  it('may even throw at once', async () => {
    const { attempts, fail } = setup();
    const broken = attempts.run('192.0.2.1', () => {
      throw new Error('no memory');
    });
    await expect(broken).rejects.toThrow('no memory');
    await fail('192.0.2.1');
  });
});

describe('the answer to a wrong password', () => {
  it('is held back the longer the more its address has failed, up to twenty times', async () => {
    const { fail } = setup();
    for (let failures = 1; failures <= 25; failures += 1) {
      expect(await fail('192.0.2.1')).toEqual([100 * Math.min(failures, 20)]);
    }
    expect(await fail('192.0.2.2')).toEqual([100]);
  });

  it('does not keep the next check waiting', async () => {
    const { time, log, ask, answer } = setup();
    ask('192.0.2.1', 'wrong');
    ask('192.0.2.1', 'right');
    await settled();
    await answer('wrong', false);
    expect(log).toEqual(['check wrong', 'check right']);
    await answer('right', true);
    expect(log[2]).toBe('right: true');
    await time.pass(99);
    expect(log).toHaveLength(3);
    await time.pass(1);
    expect(log[3]).toBe('wrong: false');
  });

  it('is held back less when the failures are long ago', async () => {
    const { time, fail } = setup();
    await fail('192.0.2.1');
    await time.pass(59_000);
    expect(await fail('192.0.2.1')).toEqual([200]);
    await time.pass(2000); // a minute since the first
    expect(await fail('192.0.2.1')).toEqual([200]);
    await time.pass(60_000);
    expect(await fail('192.0.2.1')).toEqual([100]);
  });

  it('is not forgotten for a right one in between: anybody may have one account', async () => {
    const { attempts, time, fail } = setup();
    await fail('192.0.2.1');
    expect(await attempts.run('192.0.2.1', right)).toBe(true);
    expect(time.waits()).toEqual([]);
    expect(await fail('192.0.2.1')).toEqual([200]);
  });

  it.each([
    ['192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:1:2::1', '2001:DB8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:db8::1', '2001:db8:0:0:1:2:3:4'],
    ['2001:db8:0:2::', '2001:db8:0:2:0:0:0:9'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['fe80::1%eth0', 'fe80::2%eth1'],
  ])('counts %s and %s as one: whoever has the one may have the other', async (one, other) => {
    const { fail } = setup();
    await fail(one);
    expect(await fail(other)).toEqual([200]);
  });

  it.each([
    ['192.0.2.1', '192.0.2.2'],
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8:1::1', '2001:db8:2::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2'],
    ['unknown', '192.0.2.1'],
  ])('counts %s and %s as two', async (one, other) => {
    const { fail } = setup();
    await fail(one);
    expect(await fail(other)).toEqual([100]);
  });

  it('comes at once where no delay is wanted', async () => {
    const { fail } = setup({ delay: 0 });
    expect(await fail('192.0.2.1')).toEqual([]);
  });

  it('is remembered of many addresses, but not of endlessly many', async () => {
    const { attempts, time, fail } = setup({ waiting: 20_000 });
    await fail('192.0.2.1');
    const others = Array.from({ length: 9_999 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
    const all = Promise.all(others.map((address) => attempts.run(address, wrong)));
    await settled();
    await time.pass(100);
    await all;
    expect(await fail('192.0.2.1')).toEqual([200]); // the first and the last still remembered
    await fail('192.0.2.99');
    expect(await fail('10.1.0.0')).toEqual([100]); // forgotten, being the oldest
    expect(await fail('10.1.39.14')).toEqual([200]);
  });
});

describe('when the server stops', () => {
  it('nobody is held back, and nobody waits for his turn', async () => {
    const { attempts, time, log, ask, answer } = setup();
    ask('192.0.2.1', 'held');
    await settled();
    await answer('held', false);
    ask('192.0.2.1', 'running');
    ask('192.0.2.2', 'waiting');
    await settled();
    attempts.close();
    await settled();
    expect(log.slice(0, 2)).toEqual(['check held', 'check running']);
    expect(log.slice(2).sort()).toEqual(['held: false', 'waiting: too many']);
    expect(time.waits()).toEqual([]);
    await answer('running', false);
    expect(log.at(-1)).toBe('running: false');
    ask('192.0.2.3', 'late');
    await settled();
    expect(log.at(-1)).toBe('late: too many');
  });
});

describe('without a clock of its own', () => {
  it('the time is that of the computer', async () => {
    const attempts = new Attempts({ atOnce: 1, waiting: 1, delay: 1, window: 1000 });
    expect(await attempts.run('192.0.2.1', wrong)).toBe(false);
    expect(await attempts.run('192.0.2.1', right)).toBe(true);
  });
});
