/**
 * The delivery `bytes`: a write for every octet. Of a very long line only the beginning and the end
 * are sent that way, and the middle in larger pieces: a line of two megaoctets has two million.
 */

/** Lines of up to this many octets are sent an octet at a time. */
const ALL_SINGLE = 600;
/** Octets that are sent alone at the beginning of a longer line, and at its end. */
const FIRST = 64;
const LAST = 16;
/** The largest piece of the middle, in octets. */
const LARGE = 16 * 1024;

/** The octets in the pieces in which they are written. */
export function inPieces(octets: Buffer): Buffer[] {
  const single = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) =>
      octets.subarray(from + index, from + index + 1),
    );
  if (octets.length <= ALL_SINGLE) return single(0, octets.length);
  const end = octets.length - LAST;
  const middle: Buffer[] = [];
  for (let at = FIRST; at < end; at += LARGE) {
    middle.push(octets.subarray(at, Math.min(end, at + LARGE)));
  }
  return [...single(0, FIRST), ...middle, ...single(end, octets.length)];
}
