/** "Did you mean …?": finds the word of a list that somebody most likely had in mind. */

/**
 * The word of `known` that is nearest to `word`, or undefined if none is near: at most one slip in
 * three letters (a letter too many, missing, wrong, or two swapped), or one is the start of the other.
 */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  const scored = known
    .map((name) => ({ name, slips: slips(wanted, name.toLowerCase()) }))
    .filter(({ name, slips: count }) => count <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.slips - b.slips);
  return (
    scored[0]?.name ??
    known.find((name) => wanted.length > 2 && startsOneTheOther(wanted, name.toLowerCase()))
  );
}

function startsOneTheOther(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

/** Damerau's distance (optimal string alignment) between two words. */
function slips(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, beforeLast[column - 2]! + 1);
      }
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
