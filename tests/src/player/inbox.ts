/**
 * What has come on a connection and was not read yet, in one piece. To add to it takes time for what
 * is added, however much there is already: a long message comes in hundreds of packets.
 */

const SMALLEST = 4 * 1024;

export interface Inbox {
  /** The octets, in their order. What is shown here never changes, whatever comes later. */
  octets(): Buffer;
  add(octets: Buffer): void;
  /** The first so many octets were read. */
  take(length: number): void;
}

export function makeInbox(): Inbox {
  let store = Buffer.alloc(0);
  let from = 0;
  let to = 0;
  return {
    octets: () => store.subarray(from, to),
    add(octets) {
      if (to + octets.length > store.length) {
        // A new place, not the old one cleared: replies that were read still lie there.
        const unread = store.subarray(from, to);
        store = Buffer.allocUnsafe(Math.max(SMALLEST, 2 * (unread.length + octets.length)));
        unread.copy(store);
        from = 0;
        to = unread.length;
      }
      octets.copy(store, to);
      to += octets.length;
    },
    take(length) {
      from += length;
    },
  };
}
