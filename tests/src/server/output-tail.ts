/** Keeps the end of what a program prints: bounded, however much it prints. */

/** Octets of output that are kept: enough for any stack trace, little enough for an endless printer. */
export const OUTPUT_LIMIT = 64 * 1024;

export interface OutputTail {
  add(octets: Buffer): void;
  /** All that was kept, as UTF-8. */
  text(): string;
  /** The last `count` lines that are not empty, oldest first. */
  lines(count: number): string[];
}

export function outputTail(limit = OUTPUT_LIMIT): OutputTail {
  let kept: Buffer[] = [];
  let octets = 0;
  const text = () => Buffer.concat(kept).subarray(-limit).toString('utf8');
  return {
    add(chunk) {
      kept.push(chunk);
      octets += chunk.length;
      // Cutting only now and then keeps the cost of a chunk independent of how much is kept.
      if (octets <= 2 * limit) return;
      kept = [Buffer.from(Buffer.concat(kept).subarray(-limit))];
      octets = limit;
    },
    text,
    lines: (count) =>
      text()
        .split(/\r?\n/)
        .filter((line) => line.trim() !== '')
        .slice(-count),
  };
}
