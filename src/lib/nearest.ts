// "Did you mean": known words near to a typed one, by the optimal string alignment distance (insert, delete, replace,
// swap of neighbours). A far guess does not help, so a word of up to five letters allows one edit, longer ones a third
// of their length.

/** A longer list of guesses does not help. */
const GUESSES_MAX = 3;
/** Words that are compared: some milliseconds of work. */
const COMPARED_MAX = 2000;

/** Up to three candidates near to `typed`, the nearest first; of equals the first. */
export function nearest(typed: string, candidates: readonly string[]): string[] {
  const word = typed.toLowerCase();
  const editsMax = Math.max(1, Math.floor(word.length / 3));
  return candidates
    .slice(0, COMPARED_MAX)
    .map((candidate) => ({ candidate, edits: editsOf(word, candidate.toLowerCase(), editsMax) }))
    .filter(({ edits }) => edits <= editsMax)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, GUESSES_MAX)
    .map(({ candidate }) => candidate);
}

/** ` Did you mean x?`, or nothing. */
export function didYouMean(typed: string, candidates: readonly string[]): string {
  const [guess] = nearest(typed, candidates);
  return guess === undefined ? "" : ` Did you mean ${guess}?`;
}

/** What was begun but not finished ("data" for "datasets") is near, though many letters are missing. */
function editsOf(word: string, candidate: string, editsMax: number): number {
  const begun = word.length >= 3 && candidate.startsWith(word);
  if (!begun && Math.abs(word.length - candidate.length) > editsMax) return Infinity;
  const edits = editsBetween(word, candidate);
  return begun ? Math.min(edits, editsMax) : edits;
}

export function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, (before[j - 2] ?? 0) + 1);
      }
      row.push(edits);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? a.length;
}
