// What of a letter's claims counts: what its writer says now, completed by the signature (where the writer is) and by
// what is quoted (what was said before), but only in what the writer leaves open. "Make it 6" above a quoted order for
// four changes the number and nothing else.

import type { Claim, Kind } from "../grammar/claim.ts";
import type { LetterPart } from "../text/letter.ts";
import type { Token } from "../text/tokens.ts";

/** Who writes is no request, no number of people and no time. */
const SIGNED: ReadonlySet<Kind> = new Set(["place"]);
/** Kinds that say one thing together: who gives new hours has not left the old clock standing. */
const GROUPS: Partial<Record<Kind, string>> = {
  hours: "time",
  clock: "time",
  day: "date",
  weekdays: "date",
};
/** Kinds that belong to what they stand beside, wherever that is. */
const BESIDE: ReadonlySet<Kind> = new Set(["negation", "experience", "aside", "courtesy", "purpose"]);

/** Which part of a letter a token stands in; undefined for what the writer says. */
export type PartOf = (at: number) => LetterPart["kind"] | undefined;

export function partsOfTokens(tokens: readonly Token[], parts: readonly LetterPart[]): PartOf {
  if (parts.length === 0) return () => undefined;
  const kinds = tokens.map(
    ({ start }) => parts.find((part) => part.start <= start && start < part.end)?.kind,
  );
  return (at) => kinds[at];
}

export function ownWords(claims: readonly Claim[], partOfToken: PartOf): readonly Claim[] {
  const partOf = ({ from }: Claim): ReturnType<PartOf> => partOfToken(from);
  const groupOf = ({ kind }: Claim): string => GROUPS[kind] ?? kind;
  const said = new Set<string>();
  for (const claim of claims) if (partOf(claim) === undefined) said.add(groupOf(claim));
  // A corrected number keeps the role that is quoted, a new role brings its own number.
  const roleSaid = said.has("role");
  return claims.filter((claim) => {
    const part = partOf(claim);
    if (part === undefined) return true;
    if (part === "header") return false;
    if (BESIDE.has(claim.kind)) return true;
    if (part === "signature" && !SIGNED.has(claim.kind)) return false;
    if (claim.kind === "count" && roleSaid) return false;
    return !said.has(groupOf(claim));
  });
}
