// Which known names somebody may have meant by one that is not known.

/** Suggestions that still help; a longer list is read by nobody. */
const SUGGESTIONS_MAX = 3;
/** Names that are compared: some milliseconds of work. */
const COMPARED_MAX = 2000;

/** Up to three known names within a third of the name's length in edits, nearest first. */
export function nearest(name: string, known: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3));
  return known
    .slice(0, COMPARED_MAX)
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase(), distanceMax) }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, SUGGESTIONS_MAX)
    .map(({ candidate }) => candidate);
}

/**
 * Edits, a swap of neighbours being one (the restricted Damerau-Levenshtein distance); a beginning counts as
 * one edit, whatever it leaves out.
 */
function distanceOf(wanted: string, candidate: string, max: number): number {
  if (wanted.length >= 3 && (candidate.startsWith(wanted) || wanted.startsWith(candidate))) return 1;
  if (Math.abs(wanted.length - candidate.length) > max) return Infinity;
  let previous = Array.from({ length: candidate.length + 1 }, (_, index) => index);
  let before: number[] = [];
  for (let row = 1; row <= wanted.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= candidate.length; column += 1) {
      const same = wanted[row - 1] === candidate[column - 1] ? 0 : 1;
      current.push(
        // Two letters swapped are one slip, and the commonest.
        Math.min(
          swapped(wanted, candidate, row, column) ? (before[column - 2] ?? Infinity) + 1 : Infinity,
          (previous[column] ?? Infinity) + 1,
          (current[column - 1] ?? Infinity) + 1,
          (previous[column - 1] ?? Infinity) + same,
        ),
      );
    }
    before = previous;
    previous = current;
  }
  return previous[candidate.length] ?? Infinity;
}

function swapped(wanted: string, candidate: string, row: number, column: number): boolean {
  return (
    row > 1 &&
    column > 1 &&
    wanted[row - 1] === candidate[column - 2] &&
    wanted[row - 2] === candidate[column - 1]
  );
}
