// The role ladder: what the grammar read by patterns and the dictionary, then the title that is written like the text among
// those that were imported or learnt, then the vote of the nearest titles. The outcome is a role that is named, or none, and
// how likely each occupation is, which ranking goes by. A guess is never named for sure. Pure.

import type { ReadRole } from "#contracts/matrix";
import { mixed, type OccupationShare, type Vote } from "#domain/occupations/vote";
import type { RoleShare } from "#domain/orders/order-reading";
import { SURE_MIN } from "./title.ts";

export interface Rung {
  /** The role that is named, null when none is known for sure. */
  readonly role: ReadRole;
  /** How likely each occupation is meant, the likeliest first. */
  readonly shares: readonly OccupationShare[];
  /** Roles that may be meant, the likeliest first. */
  readonly candidates: readonly RoleShare[];
}

export interface Names {
  /** What an occupation is called. */
  nameOf(soc: string): string;
  /** How many titles were imported or learnt. */
  readonly learnt: number;
}

export const NO_ROLE: ReadRole = { role: null, soc: null, source: "none", confidence: 0 };
export const NO_VOTE: Vote = { shares: [], similarity: 0, exact: undefined, nearest: [] };

/**
 * What the grammar's reading weighs beside 1 for the vote: among the shipped titles, which the grammar knows better; among
 * thousands of imported or learnt ones; and where one of those is written like the text. By cross-validation.
 */
const READ_WEIGHT = { shipped: 2, learnt: 0.3, exact: 0.1 } as const;
/** Of the uses of a title, what one occupation must have for the title to name it. */
const NAMED_SHARE_MIN = 0.6;
/** The same to overrule what the grammar read. */
const OVERRULING_SHARE_MIN = 0.7;
/** So many titles know what a part of the words does not say; a few that were corrected do not. */
const MANY_TITLES = 1000;
/** A title that was learnt is as sure as one that ships. */
const LEARNT_CONFIDENCE = 0.95;
const CANDIDATES_MAX = 5;
/** A candidate with less is none. */
const CANDIDATE_MIN = 0.01;

/** `read` and `readAs`: the role that the grammar read, and what it says may be meant. */
export function climb(
  read: ReadRole,
  readAs: readonly RoleShare[],
  vote: Vote,
  { nameOf, learnt }: Names,
): Rung {
  const trust = learnt === 0 ? "shipped" : vote.exact === undefined ? "learnt" : "exact";
  const weight = READ_WEIGHT[trust] * read.confidence;
  const shares = mixed(vote.shares, read.soc === null ? undefined : { soc: read.soc, weight });
  const [first] = shares;
  const used = vote.exact === undefined ? undefined : mostUsed(vote.exact);
  const share = used?.share ?? 0;
  if (used !== undefined && used.soc === first?.soc && used.soc !== read.soc) {
    if (share >= (read.role === null ? NAMED_SHARE_MIN : OVERRULING_SHARE_MIN)) {
      const { soc } = used;
      const role: ReadRole = {
        role: nameOf(soc),
        soc,
        source: "dictionary",
        confidence: LEARNT_CONFIDENCE * share,
      };
      return { role, shares, candidates: candidatesOf(shares, 1, nameOf) };
    }
  }
  if (learnt >= MANY_TITLES && read.confidence < SURE_MIN) {
    const role = first === undefined ? read : likelier(read, first, vote.similarity, nameOf);
    return { role, shares, candidates: candidatesOf(shares, vote.similarity, nameOf) };
  }
  if (readAs.length > 0) return { role: read, shares, candidates: readAs };
  return {
    role: read,
    shares,
    candidates: candidatesOf(shares, read.role === null ? vote.similarity : 1, nameOf),
  };
}

/** What was read, unless the vote makes another occupation likelier: then that one, as a guess. */
function likelier(
  read: ReadRole,
  { soc, p }: OccupationShare,
  similarity: number,
  nameOf: Names["nameOf"],
): ReadRole {
  if (read.role === null || soc === read.soc) return read;
  return { role: nameOf(soc), soc, source: "nearest", confidence: Math.min(read.confidence, p * similarity) };
}

/** A vote among titles that are all far away is worth as little as they are near. */
function candidatesOf(
  shares: readonly OccupationShare[],
  similarity: number,
  nameOf: (soc: string) => string,
): RoleShare[] {
  return shares
    .slice(0, CANDIDATES_MAX)
    .map(({ soc, p }) => ({ role: nameOf(soc), soc, p: Math.round(p * similarity * 1000) / 1000 }))
    .filter(({ p }) => p >= CANDIDATE_MIN);
}

function mostUsed(uses: NonNullable<Vote["exact"]>): { soc: string; share: number } | undefined {
  const all = uses.reduce((sum, [, count]) => sum + count, 0);
  const [most] = uses.toSorted(([, left], [, right]) => right - left);
  return most === undefined ? undefined : { soc: most[0], share: most[1] / all };
}
