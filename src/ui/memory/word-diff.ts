// What changed between two texts, word by word: the longest common subsequence of their words.

export interface Piece {
  readonly text: string;
  readonly change: "same" | "added" | "removed";
}

/** Words of either text: beyond that a browser would stand still, and the texts are shown one after the other. */
const WORDS_MAX = 1500;

export function wordDiff(before: string, after: string): readonly Piece[] {
  const [a, b] = [wordsOf(before), wordsOf(after)];
  if (a.length > WORDS_MAX || b.length > WORDS_MAX) {
    return before === after
      ? [{ text: after, change: "same" }]
      : [
          { text: before, change: "removed" },
          { text: after, change: "added" },
        ];
  }
  const pieces: Piece[] = [];
  const put = (text: string, change: Piece["change"]): void => {
    const last = pieces.at(-1);
    if (last?.change === change) pieces[pieces.length - 1] = { text: last.text + text, change };
    else pieces.push({ text, change });
  };
  const common = commonLengths(a, b);
  const width = b.length + 1;
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      put(left, "same");
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      put(left, "removed");
      i += 1;
    } else if (right !== undefined) {
      put(right, "added");
      j += 1;
    }
  }
  return pieces;
}

/** Words with the space behind them, so that together they are the text. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

/** For each pair of places, how many words the rests have in common, row by row. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
    }
  }
  return lengths;
}
