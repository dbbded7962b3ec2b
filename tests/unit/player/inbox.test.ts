import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeInbox } from '../../src/player/inbox.ts';

describe('an inbox', () => {
  it('holds what was added and not taken, and what it has shown does not change', () => {
    const steps = fc.array(
      fc.record({ add: fc.uint8Array({ maxLength: 9000 }), take: fc.nat(9000) }),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const inbox = makeInbox();
        const shown: { view: Buffer; copy: Buffer }[] = [];
        let held: Buffer = Buffer.alloc(0);
        for (const { add, take } of all) {
          inbox.add(Buffer.from(add));
          held = Buffer.concat([held, add]);
          shown.push({ view: inbox.octets(), copy: held });
          const length = Math.min(take, held.length);
          inbox.take(length);
          held = held.subarray(length);
          expect(inbox.octets().equals(held)).toBe(true);
        }
        expect(shown.every(({ view, copy }) => view.equals(copy))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
