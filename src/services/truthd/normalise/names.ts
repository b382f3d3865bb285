// Names of people as keys: without case, accents and punctuation, "Last, First" turned round. A generational suffix stays,
// because it tells a father from his son; titles go, because they tell nobody apart.

const TITLES: ReadonlySet<string> = new Set(["mr", "mrs", "ms", "miss", "mx", "dr", "prof"]);
const SUFFIXES: Readonly<Record<string, string>> = {
  jr: "jr",
  junior: "jr",
  sr: "sr",
  senior: "sr",
  ii: "ii",
  iii: "iii",
  iv: "iv",
};

/** Without case, accents and repeated spaces. */
export function foldText(text: string): string {
  return unaccented(text).toLowerCase().replaceAll(/\s+/gu, " ").trim();
}

function unaccented(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}+/gu, "");
}

export function nameKey(text: string): string {
  const parts = foldText(text).split(",").map(wordsOf);
  const [last = [], ...rest] = parts.filter((words) => words.length > 0);
  // What follows a comma is the given name, unless it is only a suffix: "Lee, Ann" and "Ann Lee, Jr".
  const given = rest.filter((words) => !words.every((word) => word in SUFFIXES));
  const suffixes = rest.filter((words) => words.every((word) => word in SUFFIXES));
  const words = [...given.flat(), ...last, ...suffixes.flat()].map((word) => SUFFIXES[word] ?? word);
  const key = words.filter((word) => !TITLES.has(word)).join(" ");
  // Nothing but punctuation or titles is compared as it stands.
  return key === "" ? foldText(text) : key;
}

/** "O'Neil" and "ONeil" are one name, "Smith-Jones" and "Smith Jones" too. */
function wordsOf(text: string): string[] {
  return text
    .replaceAll(/['’.]/gu, "")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .split(" ")
    .filter((word) => word !== "");
}
