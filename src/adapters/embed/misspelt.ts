// Finds the word that a slip of the fingers meant: one letter too many, one too few, or two neighbours swapped.
// A wrong letter is left alone, as it mostly makes another word ("pointer" is no painter), and so are short words and
// a wrong first letter. Frozen with the model's name.

/** Shorter words have too many neighbours that are words themselves. */
const LENGTH_MIN = 7;

export type Corrector = (word: string) => string;

/** Gives for a word the one of the vocabulary that is a slip away; the word itself when it is in, or when none is. */
export function correctorFor(vocabulary: Iterable<string>): Corrector {
  const known = new Set([...vocabulary].filter((word) => word.length >= LENGTH_MIN));
  const shortened = new Map<string, string[]>();
  for (const word of known) {
    for (const short of withoutOneLetter(word)) shortened.set(short, [...(shortened.get(short) ?? []), word]);
  }
  return (word) => {
    // No word of the vocabulary is so long that a longer one could be meant.
    if (word.length < LENGTH_MIN || word.length > 24 || known.has(word)) return word;
    const letterMissing = shortened.get(word)?.find((meant) => meant[0] === word[0]);
    if (letterMissing !== undefined) return letterMissing;
    for (const short of withoutOneLetter(word)) {
      if (known.has(short)) return short;
      const swapped = shortened.get(short)?.find((meant) => isSwap(word, meant));
      if (swapped !== undefined) return swapped;
    }
    return word;
  };
}

/** The first letter always stays. */
function withoutOneLetter(word: string): string[] {
  return Array.from({ length: word.length - 1 }, (_, i) => word.slice(0, i + 1) + word.slice(i + 2));
}

/** Two neighbours have changed places, and nothing else differs. */
function isSwap(left: string, right: string): boolean {
  if (left.length !== right.length || left === right) return false;
  let at = 0;
  while (left[at] === right[at]) at++;
  return (
    left[at] === right[at + 1] && left[at + 1] === right[at] && left.slice(at + 2) === right.slice(at + 2)
  );
}
