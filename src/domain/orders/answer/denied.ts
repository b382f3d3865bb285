// What is denied: "not forklift", "no CDL needed", "cook but not short order", "CDL not required". A negation reaches to
// what stands right behind it (or before it), and over "or" and "nor" to what is joined to that.

import type { Token } from "../text/tokens.ts";
import type { Claim, Kind } from "../grammar/claim.ts";

/** Kinds that can be denied. */
const DENIABLE: ReadonlySet<Kind> = new Set([
  "role",
  "certificate",
  "language",
  "status",
  "shift",
  "weekdays",
  "urgent",
  "pay",
  "person",
  "place",
  "day",
  "hours",
]);
/** Kinds that a negation passes over on its way. */
const PASSED: ReadonlySet<Kind> = new Set(["experience", "aside", "count"]);
/** Kinds that a negation must stand right before. */
const CLOSE_ONLY: ReadonlySet<Kind> = new Set(["place", "day", "hours", "pay", "person"]);
/** Tokens between a negation and what it denies. */
const REACH_MAX = 3;
/** "forklift certificate is a plus but not required". */
const REACH_BACK_MAX = 6;
const JOINS: ReadonlySet<string> = new Set(["or", "nor", "/", "o", "u", "ni", "and", "y", "&"]);

/** The claims that are denied. */
export function deniedClaims(tokens: readonly Token[], claims: readonly Claim[]): ReadonlySet<Claim> {
  const denied = new Set<Claim>();
  for (const [at, claim] of claims.entries()) {
    if (claim.kind !== "negation") continue;
    if (claim.value.after) denyAfter(tokens, claims, at, denied);
    else denyBefore(tokens, claims, at, denied);
  }
  return denied;
}

function denyAfter(tokens: readonly Token[], claims: readonly Claim[], at: number, denied: Set<Claim>): void {
  let end = (claims[at] as Claim).to;
  for (let next = at + 1; next < claims.length; next++) {
    const claim = claims[next] as Claim;
    const between = tokens.slice(end, claim.from);
    if (between.length > REACH_MAX || between.some(endsReach)) return;
    if (CLOSE_ONLY.has(claim.kind) && (between.length > 1 || !between.every(leadsOn))) return;
    if (PASSED.has(claim.kind)) {
      end = claim.to;
      continue;
    }
    if (!DENIABLE.has(claim.kind)) return;
    denied.add(claim);
    const join = tokens[claim.to];
    if (join === undefined || !JOINS.has(join.word)) return;
    // "no forklift and 3 cooks": a number begins a request of its own.
    const joined = claims[next + 1];
    if (joined === undefined || joined.kind !== claim.kind || joined.from > claim.to + 2) return;
    // "no cooks / no servers": a stroke among blanks parts what it stands between.
    if (join.word === "/" && !join.glued) return;
    end = claim.to + 1;
  }
}

function denyBefore(
  tokens: readonly Token[],
  claims: readonly Claim[],
  at: number,
  denied: Set<Claim>,
): void {
  let start = (claims[at] as Claim).from;
  for (let before = at - 1; before >= 0; before--) {
    const claim = claims[before] as Claim;
    const between = tokens.slice(claim.to, start);
    if (between.length > REACH_BACK_MAX || between.some(endsReach)) return;
    if (PASSED.has(claim.kind)) {
      start = claim.from;
      continue;
    }
    if (DENIABLE.has(claim.kind)) denied.add(claim);
    return;
  }
}

/** "not in Austin" is about the place, "not journeyman Austin" about somebody. */
function leadsOn({ word }: Token): boolean {
  return LEADING.has(word);
}

const LEADING: ReadonlySet<string> = new Set(
  "in at on for from to near by with the this next before after until around en de el la para".split(" "),
);

function endsReach({ kind, word }: Token): boolean {
  return kind === "mark" && !["-", "/", "&", "'", "("].includes(word);
}
