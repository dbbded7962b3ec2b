/**
 * The delivery `bytes`: a write for every octet. Of a very long line only the beginning and the end
 * are sent that way, and the middle in larger pieces: a line of two megaoctets has two million.
 */

/** One write. */
export interface Piece {
  octets: Buffer;
  /** What follows is held back until the server has read this. */
  alone: boolean;
}

/** Lines of up to this many octets are sent an octet at a time. */
const ALL_SINGLE = 600;
/** Octets that are sent alone at the beginning of a longer line, and at its end. */
const FIRST = 64;
const LAST = 16;
/** The largest piece of the middle, in octets. */
const LARGE = 16 * 1024;

/**
 * The line in the pieces in which it is written. Waiting takes time, so it is done where programs go
 * wrong: for the first octets, at the end (between CR and LF), and now and then.
 */
export function inPieces(line: Buffer): Piece[] {
  const end = line.length;
  const starts: number[] = [];
  for (let at = 0; at < end;) {
    starts.push(at);
    const inMiddle = end > ALL_SINGLE && at >= FIRST && at < end - LAST;
    at = inMiddle ? Math.min(at + LARGE, end - LAST) : at + 1;
  }
  return starts.map((from, index) => {
    const to = starts[index + 1] ?? end;
    const alone = to < end && (from < 3 || from % 32 === 0 || from >= end - 3);
    return { octets: line.subarray(from, to), alone };
  });
}
