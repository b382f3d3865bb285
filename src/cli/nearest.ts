// "Did you mean": the known word that is nearest to one that was typed, by edits (insert, delete, replace, swap of
// neighbours: the optimal string alignment distance). A guess that is far away helps nobody, so a word of up to
// three letters allows one edit, longer ones a third of their length.

/** The candidate nearest to `typed`, or undefined when none is near. The first of equals wins. */
export function nearest(typed: string, candidates: Iterable<string>): string | undefined {
  const word = typed.toLowerCase();
  const editsMax = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let fewest = editsMax + 1;
  for (const candidate of candidates) {
    const edits = editsBetween(word, candidate.toLowerCase());
    // What was begun but not finished ("data" for "datasets") is near too, though many letters are missing.
    const begun = word.length >= 3 && candidate.toLowerCase().startsWith(word);
    const distance = begun ? Math.min(edits, editsMax) : edits;
    if (distance < fewest) {
      fewest = distance;
      best = candidate;
    }
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(typed: string, candidates: Iterable<string>): string {
  const guess = nearest(typed, candidates);
  return guess === undefined ? "" : ` Did you mean ${guess}?`;
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
