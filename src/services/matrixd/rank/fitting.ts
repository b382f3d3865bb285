// What of the candidates is shown. Vectors relate everything to everything, so a search whose candidates share neither
// role, title nor word with the text says that nothing fits instead of showing strangers.

import type { Generation } from "../corpus/generation.ts";
import type { Candidate } from "./lifting.ts";
import type { Ranking } from "./ranking.ts";

/** Below this, neither a title nor a vote for an occupation relates a row to the text. */
const TITLE_RELATED_MIN = 0.3;
const OCCUPATION_RELATED_MIN = 0.02;
/** The vote's shares times the nearness of the nearest title: nine of ten unseen titles have more, most other words less. */
const VOTE_RELATED_MIN = 0.25;

/** What to show of the candidates, and a sentence when none of them is what was asked for. */
export function fittingOf(
  { mode, relevance, conditions, filter, near, understood }: Ranking,
  { corpus, titles }: Generation,
  found: readonly Candidate[],
): { scored: readonly Candidate[]; noMatch: string | undefined } {
  if (found.length === 0) return { scored: found, noMatch: `Nothing in ${corpus} meets the conditions.` };
  if (mode !== "hybrid") return { scored: found, noMatch: undefined };
  const ofRole = found.filter(({ row }) => relevance.standing(row) === "asked");
  const isSure = found.some(({ row }) => relevance.standing(row) !== "open");
  // Nearest titles that are all far away vote as well, and say nothing.
  const voted = understood.candidates.reduce((sum, { p }) => sum + p, 0);
  const related = found.filter(
    ({ row, parts }) =>
      relevance.standing(row) === "asked" ||
      (voted >= VOTE_RELATED_MIN && (parts.role ?? 0) >= OCCUPATION_RELATED_MIN) ||
      (parts.title ?? 0) >= TITLE_RELATED_MIN,
  );
  if (isSure) {
    if (ofRole.length === 0)
      return {
        scored: related,
        noMatch: `Nobody in ${corpus} who meets the conditions is a ${relevance.role.role}.`,
      };
    // Of another role and with the certificate is no more use than of the role and without.
    return { scored: conditions.preferences.length > 0 ? ofRole : found, noMatch: undefined };
  }
  const { slots, unread } = understood.order;
  // A place or a status selects by itself, unless what is wanted there is a word that nobody knows.
  const placed =
    slots.state !== undefined ||
    slots.city !== undefined ||
    slots.site !== undefined ||
    slots.status !== undefined;
  // Who asks for nothing but a certificate or a language wants those who have it.
  if (
    !placed &&
    unread.length === 0 &&
    filter === undefined &&
    near === undefined &&
    conditions.preferences.length > 0
  ) {
    const having = found.filter(({ missing }) => missing.length === 0);
    if (having.length === 0)
      return { scored: [], noMatch: `Nobody in ${corpus} has what the text asks for.` };
    return { scored: having, noMatch: undefined };
  }
  const selective =
    filter !== undefined ||
    near !== undefined ||
    ((placed || conditions.preferences.length > 0) && unread.length === 0);
  // Vectors alone relate everything to everything; without titles there is nothing to tell by.
  const relates = related.length > 0 || selective || titles === undefined;
  if (relates || found.some(({ parts }) => parts.lexical > 0)) return { scored: found, noMatch: undefined };
  return { scored: [], noMatch: `Nothing in ${corpus} is like what the text asks for.` };
}
