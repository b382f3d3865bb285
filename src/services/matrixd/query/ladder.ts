// The role ladder: what the grammar read by patterns and the dictionary, then the title that is written like the text among
// those that were imported or learnt, then the vote of the nearest titles, and where these leave it open what a model says. The
// outcome is a role that is named, or none, and how likely each occupation is, which ranking goes by. A guess is never named
// for sure. Pure.

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
  /** The text itself is written like one of these. */
  readonly isTaught: boolean;
}

export const NO_ROLE: ReadRole = { role: null, soc: null, source: "none", confidence: 0 };
export const NO_VOTE: Vote = { shares: [], similarity: 0, exact: undefined, nearest: [] };

/**
 * What the grammar's reading weighs beside 1 for the vote: among the shipped titles, which the grammar knows better; among
 * thousands of imported or learnt ones; and where one of those is written like the text. By cross-validation. Between the
 * first two it goes as the titles grow in number: one title that was learnt changes how its own words are read, and
 * hardly anything else.
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

/** How much the imported and learnt titles know, 0 for none to 1 for many. */
export function experienceOf(learnt: number): number {
  return Math.min(1, learnt / MANY_TITLES);
}

/** Goes from one value to the other as titles are learnt. */
export function asTitlesGrow(from: number, to: number, experience: number): number {
  return from + (to - from) * experience;
}

function readWeight(isExact: boolean, { learnt, isTaught }: Names): number {
  if (isTaught) return READ_WEIGHT.exact;
  const { shipped, exact, learnt: many } = READ_WEIGHT;
  return asTitlesGrow(shipped, isExact ? exact : many, experienceOf(learnt));
}

/** `read` and `readAs`: the role that the grammar read, and what it says may be meant. */
export function climb(read: ReadRole, readAs: readonly RoleShare[], vote: Vote, names: Names): Rung {
  const { nameOf, learnt } = names;
  const weight = readWeight(vote.exact !== undefined, names) * read.confidence;
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

/** A model's guess is as likely as all that titles say together, and never sure. */
const MODEL_WEIGHT = 1;
const MODEL_CONFIDENCE = 0.7;

/** Whether a model has something to add: no role is named, or one that is only near. */
export function leavesOpen({ role: { role, source } }: Rung): boolean {
  return role === null || source === "nearest";
}

/** The rung above: with the role that a model named. */
export function withModel(
  { shares }: Rung,
  { role, soc }: { readonly role: string; readonly soc: string },
  nameOf: Names["nameOf"],
): Rung {
  const all = mixed(shares, { soc, weight: MODEL_WEIGHT });
  return {
    role: { role, soc, source: "llm", confidence: MODEL_CONFIDENCE },
    shares: all,
    candidates: candidatesOf(all, 1, nameOf),
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
