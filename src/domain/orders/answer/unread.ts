// Which words nothing was made of. Words that say nothing by themselves, "the", "need", "in", are not told; all others
// are, also those that were recognised and have no slot ("4 years", "dock 12"), because nothing acts on them.

import type { Claim, Kind } from "../grammar/claim.ts";
import type { Lexicon } from "../tables/lexicon.ts";
import type { Token } from "../text/tokens.ts";

/** What is recognised and needs no telling. */
const SILENT: ReadonlySet<Kind> = new Set(["courtesy", "negation", "experience", "purpose"]);
/** Words that say nothing, unless they describe who is wanted or where. */
const EMPTY = [
  "filler",
  "lead",
  "prep",
  "neg",
  "closing",
  "greeting",
  "subject",
  "unneeded",
  "per",
  "urgent",
];
const TELLING = ["modifier", "workplace", "head"];

export function unreadTokens(
  tokens: readonly Token[],
  claims: readonly Claim[],
  used: ReadonlySet<Claim>,
  lexicon: Lexicon,
): Token[] {
  const read = new Uint8Array(tokens.length);
  for (const claim of claims) {
    if (used.has(claim) || SILENT.has(claim.kind)) read.fill(1, claim.from, claim.to);
  }
  return tokens.filter((token, at) => read[at] === 0 && token.kind !== "mark" && !isEmpty(token, lexicon));
}

/** Whether a word says nothing of its own. */
export function isEmpty({ kind, word }: Token, lexicon: Lexicon): boolean {
  if (kind === "number") return false;
  const meanings = lexicon.meaningsOf(word);
  if (meanings === undefined) return word.length < 2;
  return EMPTY.some((one) => meanings.has(one)) && !TELLING.some((one) => meanings.has(one));
}
