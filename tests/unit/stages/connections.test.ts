import { describe, expect, it } from 'vitest';
import { Connections } from '../../../v1-smtp/src/guards/connections.ts';
import { defaultLimits } from '../../../v1-smtp/src/guards/limits.ts';

describe('the count of connections', () => {
  const connections = (all: number, one: number) =>
    new Connections({ ...defaultLimits, connections: all, connectionsPerAddress: one });

  it('admits as many from one address as it may, and again when one leaves', () => {
    const it = connections(100, 2);
    expect(['a', 'a', 'a', 'b'].map((address) => it.admit(address))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    it.leave('a');
    expect([it.admit('a'), it.admit('a')]).toEqual([true, false]);
  });

  it('counts all of them, this machine too', () => {
    const it = connections(3, 1);
    const addresses = ['127.0.0.1', '127.0.0.1', '::1', '::1'];
    expect(addresses.map((address) => it.admit(address))).toEqual([true, true, true, false]);
  });

  it.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])(
    'has no limit for %s alone',
    (address) => {
      const it = connections(10, 1);
      expect([it.admit(address), it.admit(address)]).toEqual([true, true]);
    },
  );

  it.each(['10.0.0.1', '::ffff:10.0.0.1', '1270::1'])('has one for %s', (address) => {
    const it = connections(10, 1);
    expect([it.admit(address), it.admit(address)]).toEqual([true, false]);
  });
});
