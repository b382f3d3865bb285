// Whether a text asks for people at all. Thanks, invoices, jokes and instructions to the reader do not; what speaks for and
// against is claimed by `grammar/rules-purpose.ts`, and weighed here with what was read.

import type { Claim, Kind, Of } from "../grammar/claim.ts";
import type { Token } from "../text/tokens.ts";

/** What speaks for an order besides its own words. */
const COUNT_PURPOSE = 1.5;
const DETAIL_PURPOSE = 0.5;

const DETAILS: ReadonlySet<Kind> = new Set(["place", "day", "hours", "pay"]);
/** Kinds of details that make an order of a role as surely as a number does. */
const DETAILS_MIN = 3;
const COUNTED_PURPOSE = 3;

const STRONG_AGAINST = 4;
/** "need a replacement", "looking for somebody": asked so, what was said before does not matter. */
const PLAIN_PURPOSE = 4;

/**
 * Without what a sentence of thanks or complaint names, where another sentence asks for somebody: "Thanks for the cooks.
 * We need 2 servers" is about servers.
 */
export function withoutPast(
  tokens: readonly Token[],
  claims: readonly Claim[],
  purposes: readonly Of<"purpose">[],
): readonly Claim[] {
  const against = purposes.filter(({ value }) => value.order <= -STRONG_AGAINST);
  if (against.length === 0) return claims;
  const sentences = sentencesOf(tokens);
  const past = new Set(against.map(({ from }) => sentences[from]));
  const isPast = ({ from }: Claim): boolean => past.has(sentences[from]);
  const asked = claims.some((claim) => claim.kind === "role" && !isPast(claim));
  return asked ? claims.filter((claim) => !PAST.has(claim.kind) || !isPast(claim)) : claims;
}

/** What belongs to those that were thanked for; a place may be the order's as well. */
const PAST: ReadonlySet<Kind> = new Set(["role", "count", "day"]);

/** "Thanks for last week! This time: 2 cooks": a sentence of its own counts who is wanted. */
function isCountedApart(
  tokens: readonly Token[],
  claims: readonly Claim[],
  purposes: readonly Of<"purpose">[],
): boolean {
  const kind = purposes.every(
    ({ from, value }) => value.order > -STRONG_AGAINST || KIND_WORDS.has(tokens[from]?.word ?? ""),
  );
  if (!kind) return false;
  const sentences = sentencesOf(tokens);
  const against = new Set(purposes.flatMap(({ from, value }) => (value.order < 0 ? [sentences[from]] : [])));
  const counted = new Set(claims.flatMap(({ kind, from }) => (kind === "count" ? [sentences[from]] : [])));
  return claims.some(
    ({ kind, from }) => kind === "role" && counted.has(sentences[from]) && !against.has(sentences[from]),
  );
}

const APART_PURPOSE = 2;
/** Thanks and praise go before the next order; an invoice goes before its lines. */
const KIND_WORDS: ReadonlySet<string> = new Set(
  "thank thanks gracias great good awesome nice amazing excellent terrific".split(" "),
);

/** The number of the sentence that a token stands in. */
function sentencesOf(tokens: readonly Token[]): number[] {
  let sentence = 0;
  return tokens.map(({ word }) => (SENTENCE_ENDS.has(word) ? sentence++ : sentence));
}

const SENTENCE_ENDS: ReadonlySet<string> = new Set([".", "!", "?", "\n", ";"]);

/** Whether the text asks for people at all: thanks, invoices, jokes and instructions to the reader do not. */
export function isOrder(
  tokens: readonly Token[],
  claims: readonly Claim[],
  purposes: readonly Of<"purpose">[],
): boolean {
  let against = 0;
  let strongest = 0;
  let forIt = 0;
  let plainest = 0;
  const counted = new Set<number>();
  const longest = purposes.toSorted(
    (left, right) => right.to - right.from - (left.to - left.from) || left.from - right.from,
  );
  for (const { from, to, value } of longest) {
    let free = true;
    for (let at = from; at < to; at++) free &&= !counted.has(at);
    if (!free) continue;
    for (let at = from; at < to; at++) counted.add(at);
    // "invoice clerk" is a title.
    if (claims.some((claim) => claim.kind === "role" && claim.from <= from && to <= claim.to)) continue;
    if (value.order < 0) {
      against -= value.order;
      strongest = Math.max(strongest, -value.order);
    } else {
      forIt += value.order;
      plainest = Math.max(plainest, value.order);
    }
  }
  if (against === 0) return true;
  let asks = false;
  let counts = false;
  const details = new Set<Kind>();
  for (const { kind } of claims) {
    if (kind === "count") {
      forIt += COUNT_PURPOSE;
      counts = true;
    } else if (DETAILS.has(kind)) {
      forIt += DETAIL_PURPOSE;
      details.add(kind);
    }
    asks ||= kind === "role" || kind === "person";
  }
  // Somebody is asked for, and how many: thanks and jokes around that change nothing.
  const plain = strongest < STRONG_AGAINST || plainest >= PLAIN_PURPOSE;
  const apart = !plain && asks && counts && isCountedApart(tokens, claims, purposes);
  if (asks && (counts || details.size >= DETAILS_MIN) && (plain || apart)) forIt += COUNTED_PURPOSE;
  if (apart) forIt += APART_PURPOSE;
  // A weak sign alone does not outweigh that somebody is asked for: "who is free as a cook".
  return forIt >= against || (asks && against < STRONG_AGAINST);
}
