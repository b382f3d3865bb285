// The relevance of one corpus's rows to one text: which of its occupations the text asks for, where, and how well the
// words of each row fit. It depends on the question and the generation alone, so it is made once
// and kept for as long as the question is asked.

import { LRUCache } from "lru-cache";
import type { ReadRole } from "#contracts/matrix";
import type { Point } from "#domain/places";
import { type Role, roleNamed } from "#domain/roles";
import { Fault } from "#rpc/fault";
import type { Generation, RankedRows } from "../corpus/generation.ts";
import { NONE } from "../corpus/row-facts.ts";
import type { Standing } from "./score.ts";
import { asTitlesGrow } from "../query/ladder.ts";
import { SURE_MIN } from "../query/title.ts";
import type { Understood } from "../query/understand.ts";
import { askedFor, vote } from "./vote.ts";

export interface Relevance {
  readonly role: ReadRole;
  readonly known: Role | undefined;
  /** Codes of the occupations to look for candidates in, the likeliest first; empty when none is known. */
  readonly socs: readonly string[];
  /** The same by their numbers. */
  readonly occupations: readonly number[];
  /** Rows that have these occupations. */
  readonly people: number;
  /** The place that the question names, if it is known where that is. */
  readonly point: Point | undefined;
  /** Ids of the rows that fit best by words. */
  readonly byWords: readonly string[];
  /** The same, and those after them. */
  moreByWords(): string[];
  /** How much of the question's words the row answers by BM25, 0 to 1. */
  lexical(row: number): number;
  /** How near the row's title is, 0 to 1; undefined where question or corpus have no titles. */
  title(row: number): number | undefined;
  /** How much speaks for the row's occupation, 0 to 1. */
  occupation(row: number): number | undefined;
  standing(row: number): Standing;
}

/** What the occupation of a role that was read must have of the vote to come before all others. */
const SURE_SHARE_MIN = 0.8;
/** Where no occupation has as much, a title of the corpus that is written like the question's says more. */
const KNOWN_SHARE_MIN = { shipped: 0.5, learnt: 0.2 } as const;
/** A title of the corpus that is written like the question's is as sure as one of the taxonomy's. */
const OWN_TITLE_CONFIDENCE = 0.95;
/** When neither the taxonomy knows the role nor a title is this near, nothing is known of it. */
const SIMILARITY_MIN = 0.3;

export interface RelevanceInput {
  readonly text: string;
  readonly mode: "hybrid" | "dense" | "lexical";
  /** The role that the caller names. */
  readonly role?: string | undefined;
  /** Rows that are named by their words. */
  readonly rows: number;
}

/** `relevanceOf` of a generation; the same text is compared once for as long as it is understood the same. */
export function cachedRelevance(
  generation: Generation,
  understood: Understood,
  asked: RelevanceInput,
): Relevance {
  const cache = caches.get(generation) ?? new LRUCache<string, Kept>({ max: TEXTS_MAX });
  caches.set(generation, cache);
  const key = `${asked.mode} ${asked.rows} ${asked.role ?? ""}\n${asked.text}`;
  const before = cache.get(key);
  if (before?.understood === understood) return before.relevance;
  const relevance = relevanceOf(generation, understood, asked);
  cache.set(key, { understood, relevance });
  return relevance;
}

/** A title that was learnt, or another moment, is another understanding of the same text. */
interface Kept {
  readonly understood: Understood;
  readonly relevance: Relevance;
}

const caches = new WeakMap<Generation, LRUCache<string, Kept>>();
/** Numbers for some thousand titles and some dozen rows each: about 10 MB in all. */
const TEXTS_MAX = 500;

export function relevanceOf(corpus: RankedRows, understood: Understood, asked: RelevanceInput): Relevance {
  const words = wordsOf(corpus, understood, asked);
  const { city, state, lat, lon } = understood.order.slots;
  const { located } = corpus;
  const point =
    lat !== undefined && lon !== undefined
      ? { lat, lon }
      : city === undefined
        ? undefined
        : located.middleOf(located.placeNumber(city, state));
  return { ...words, point, ...roleOf(corpus, understood) };
}

/** Rows that hold a word of the text and are tried against a filter; more of them differ in common words alone. */
const MATCHES_MAX = 100_000;

/** How often a word is repeated counts less and less: never more than this, k1 + 1 of BM25. */
const REPEATED_MAX = 2.2;

type Words = Pick<Relevance, "byWords" | "moreByWords" | "lexical">;

function wordsOf(
  { words, ids, located }: RankedRows,
  { order: { rest } }: Understood,
  { text, mode, rows }: RelevanceInput,
): Words {
  if (mode === "dense") return { byWords: [], moreByWords: () => [], lexical: () => 0 };
  // A place is judged by where it is; by its name where no row has a place, and where nothing else counts.
  const question = mode === "hybrid" && rest !== "" && located.hasPlaces ? rest : text;
  const found = words.search(question, rows);
  // Of what the words can say at most, which no row decides: shares of several corpora can be compared.
  const full = words.fullScore(question) || 1;
  const shareOf = (score: number): number =>
    mode === "lexical" ? score / (full * REPEATED_MAX) : Math.min(1, score / full);
  const scoreOf = words.scoring(question);
  const known = new Map(found.map(({ row, score }) => [row, shareOf(score)]));
  return {
    byWords: found.map(({ row }) => ids[row] ?? ""),
    moreByWords: () => words.search(question, MATCHES_MAX).map(({ row }) => ids[row] ?? ""),
    lexical: (row) => {
      const before = known.get(row);
      if (before !== undefined) return before;
      const score = shareOf(scoreOf(row));
      known.set(row, score);
      return score;
    },
  };
}

/** The role that a text asks for, as a corpus's titles have it, with what of the reading the corpus has. */
interface AskedRole {
  readonly role: ReadRole;
  /** The title of the corpus that is written like the question's, or NONE. */
  readonly exact: number;
  /** Of the corpus's occupations by number. */
  readonly shares: readonly (readonly [occupation: number, p: number])[];
  /** The role is that title's own. */
  readonly isOwn: boolean;
}

/** Throws `invalid` for a role that the caller names and nobody knows. */
export function askedRole(corpus: RankedRows, understood: Understood): AskedRole {
  const { titles } = corpus;
  const { asked, unknownRole } = understood;
  const exact = titles === undefined || asked === undefined ? NONE : titles.exact(asked.text);
  if (unknownRole !== undefined && exact === NONE) {
    throw new Fault(
      "invalid",
      `${unknownRole} is neither a role of the taxonomy nor a title of the corpus.`,
      {
        details: [{ path: "query_role", message: "is not a known role" }],
      },
    );
  }
  const shares = understood.shares.flatMap(({ soc, p }) => {
    const number = numberOf(corpus, soc);
    return number === NONE ? [] : [[number, p] as const];
  });
  const least = asTitlesGrow(KNOWN_SHARE_MIN.shipped, KNOWN_SHARE_MIN.learnt, understood.experience);
  const ownRole =
    exact === NONE || understood.role.role !== null || shares.some(([, p]) => p >= least)
      ? undefined
      : ownTitle(corpus, exact);
  if (ownRole === undefined) return { role: understood.role, exact, shares, isOwn: false };
  const source = unknownRole === undefined ? "dictionary" : "given";
  return { role: { ...ownRole, source }, exact, shares, isOwn: true };
}

function numberOf(corpus: RankedRows, soc: string | null): number {
  return soc === null ? NONE : corpus.occupation(soc);
}

type RoleRelevance = Pick<
  Relevance,
  "role" | "known" | "socs" | "occupations" | "people" | "title" | "occupation" | "standing"
>;

function roleOf(corpus: RankedRows, understood: Understood): RoleRelevance {
  const { titles, facts } = corpus;
  const { asked } = understood;
  const nothing = {
    role: understood.role,
    known: understood.known,
    socs: [],
    occupations: [],
    people: 0,
    title: () => undefined,
    occupation: () => undefined,
    standing: () => "open" as const,
  };
  const { role, exact, shares, isOwn } = askedRole(corpus, understood);
  if (titles === undefined || asked === undefined) return nothing;
  const known = roleNamed(role.role ?? "");
  const taxonomy = role.role === null ? undefined : numberOf(corpus, role.soc);
  const similarities = titles.similarities(asked.text, asked.vector);
  const [likely] = understood.shares;
  const agreed = isOwn || (likely?.soc === role.soc && likely.p >= SURE_SHARE_MIN);
  const sure = isSure(role) && agreed;
  if (!sure && shares.length === 0 && similarities.every((near) => near < SIMILARITY_MIN)) return nothing;
  const mass = vote({
    similarities,
    occupationsOf: titles.occupationsOf,
    occupations: facts.socs.length,
    shares,
    asked: taxonomy,
    adjacent: (known?.adjacent ?? []).map((name) => numberOf(corpus, roleNamed(name)?.soc ?? null)),
  });
  const ofTitle = exact === NONE ? [] : titles.occupationsOf(exact).map(([occupation]) => occupation);
  const wanted = new Set(sure ? [taxonomy ?? NONE, ...ofTitle] : askedFor(mass));
  const ofRole = (row: number): boolean =>
    facts.soc[row] === taxonomy || (exact !== NONE && facts.title[row] === exact);
  // Of a role that is sure, those who have it have all of it.
  const most = sure ? (mass[taxonomy ?? NONE] ?? 0) || 1 : 1;
  return {
    role,
    known,
    socs: [...wanted].flatMap((occupation) => facts.socs[occupation] ?? []),
    occupations: [...wanted].filter((occupation) => occupation < facts.socs.length),
    people: [...wanted].reduce((sum, occupation) => sum + corpus.occupationRows.count(occupation), 0),
    title: (row) => similarities[facts.title[row] as number] ?? 0,
    occupation: (row) => Math.min(1, (mass[facts.soc[row] as number] ?? 0) / most),
    standing: (row) => (sure ? (ofRole(row) ? "asked" : "other") : "open"),
  };
}

function isSure({ source, confidence }: ReadRole): boolean {
  return source !== "nearest" && source !== "none" && confidence >= SURE_MIN;
}

/** A title of the corpus as a role: under the taxonomy's name where it has one, else under its own. */
function ownTitle({ titles, facts }: RankedRows, title: number): Omit<ReadRole, "source"> | undefined {
  const found = titles?.all[title];
  if (titles === undefined || found === undefined) return undefined;
  const [most] = titles.occupationsOf(title).toSorted(([, left], [, right]) => right - left);
  const soc = most === undefined ? null : (facts.socs[most[0]] ?? null);
  return { role: found.role ?? found.text, soc, confidence: OWN_TITLE_CONFIDENCE };
}
