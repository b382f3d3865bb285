// Names of the corpus's own people within a text, for those whom the reading of the order does not know as a name: "send
// Ottoline Vandersloot to Denver", "welder but not Zebulon Quartermain". A whole name counts, with at least one word that
// nothing else was made of: "baker Austin TX" asks for nobody called Austin Baker.

export interface NamedInText {
  /** Row numbers of all who have the name. */
  readonly rows: readonly number[];
  /** "but not ...". */
  readonly denied: boolean;
}

interface Names {
  /** By the words of the name in alphabetical order. */
  readonly byName: ReadonlyMap<string, readonly number[]>;
  readonly isPartOfName: (word: string) => boolean;
}

/** Words of a name that is looked for. */
const WORDS_MIN = 2;
const WORDS_MAX = 4;

/** What stands right before a name of somebody who is not wanted, over words that lead on to it. */
const DENIAL =
  /(?:^| )(?:not|no|never|except|excepting|excluding|exclude|without|minus|barring|besides|avoid|skip|don ?t|than|instead of|sin|excepto|menos|salvo|(?:any|every)(?:one|body) but|all but)(?: (?:for|from|to|of|send|use|want|have|call|book|please|mr|mrs|ms|a|al|mandar|manden|con))*$/;

/** `words`: all of the text, folded, in their order; `unread`: those that nothing was made of, folded. */
export function namesInText(
  words: readonly string[],
  unread: ReadonlySet<string>,
  { byName, isPartOfName }: Names,
): { readonly named: readonly NamedInText[]; readonly unclear: boolean } {
  const named: NamedInText[] = [];
  let unclear = false;
  let from = 0;
  while (unread.size > 0 && from < words.length) {
    const length = nameLengthAt(words, from, unread, byName);
    const word = words[from] ?? "";
    if (length > 0) {
      const rows = byName.get(keyOf(words.slice(from, from + length))) ?? [];
      named.push({ rows, denied: isDenied(words, from) });
    } else if (unread.has(word) && isPartOfName(word) && isDenied(words, from)) unclear = true;
    from += Math.max(1, length);
  }
  return { named, unclear };
}

/** Words of the longest name that begins there; 0 where none does. */
function nameLengthAt(
  words: readonly string[],
  from: number,
  unread: ReadonlySet<string>,
  byName: Names["byName"],
): number {
  for (let length = Math.min(WORDS_MAX, words.length - from); length >= WORDS_MIN; length--) {
    const some = words.slice(from, from + length);
    if (some.some((word) => unread.has(word)) && byName.has(keyOf(some))) return length;
  }
  return 0;
}

function keyOf(words: readonly string[]): string {
  return words.toSorted().join(" ");
}

/** Words before a name that a denial may have. */
const LEAD_WORDS = 6;

/** Whether what begins at that word is not wanted. */
export function isDenied(words: readonly string[], at: number): boolean {
  return DENIAL.test(words.slice(Math.max(0, at - LEAD_WORDS), at).join(" "));
}
