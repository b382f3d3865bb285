// Search of one corpus: candidates from the vectors, tier by tier (right occupation and near, in the state, right
// occupation, any row), and from the words; every candidate is scored by all of its parts, playbooks move some of them,
// and the best k are hits.

import type { Hit, vector } from "#contracts/vector";
import type { MatrixHit } from "#contracts/matrix";
import type { OrderReading } from "#domain/orders/order-reading";
import type { Point } from "#domain/places";
import { type Role, roleNamed } from "#domain/roles";
import { present } from "#lib/assert";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { OWN_FIELDS, PLACE_FIELD, SOC_FIELD, STATE_FIELD } from "../corpus/build.ts";
import type { Generation } from "../corpus/generation.ts";
import { bestByPlace } from "./by-place.ts";
import { type Conditions, conditionsOf, type Filter } from "./conditions.ts";
import { sureRole } from "../playbooks/gate.ts";
import { orderPlaceOf } from "../playbooks/order-place.ts";
import type { Acting } from "../playbooks/matching.ts";
import type { Found } from "../playbooks/playbooks.ts";
import { boostOf, lifted, type Movable, movedDistance, personRoleOf, type PlaybookUse } from "./lifting.ts";
import { byScore } from "./order.ts";
import { personsExcluded, personsNamed } from "./persons.ts";
import { placeOf, type RowPlace } from "./row-place.ts";
import { cachedRelevance, type Relevance } from "./relevance.ts";
import type { Mode, Weights } from "./score.ts";
import { measured, type Measures, type Scored, scored } from "./scoring.ts";
import type { Understood } from "../query/understand.ts";

export interface Request {
  readonly understood: Understood;
  readonly text: string;
  /** The role that the caller names. */
  readonly role: string | undefined;
  readonly k: number;
  readonly mode: Mode;
  /** The caller's own conditions, which every hit meets. */
  readonly filter: Filter | undefined;
  /** Where the caller wants people, over the place that the text names. */
  readonly near: Point | undefined;
  readonly explain: boolean;
  /** When the text is meant, milliseconds since the epoch. */
  readonly now: number;
  /** Undefined when none are to act. */
  readonly playbooks?: PlaybookUse | undefined;
  /** The row whose place is to be explained. */
  readonly explainId?: string | undefined;
  /** What the parts of the ranking weigh. */
  readonly weights: Weights;
}

type Metadata = Readonly<Record<string, unknown>>;

/**
 * Candidates that are scored. They do not depend on k, so that a smaller k gives the first hits of a larger one; above
 * the first size, k of all sizes share the second.
 */
const POOL_SIZES = [128, 1000] as const;
/** Hits that the first pool serves: the rest of it is what a part that vectors do not see may lift. */
const SMALL_K_MAX = 100;
/** Rows of a corpus that one call to vectord names. */
const IDS_MAX = 1000;
/** Up to so many people of a role are all candidates; of more, the nearest are. */
const FEW_MAX = 50;
/** "Near" for the first tier: farther than most go for a shift. Miles. */
const NEAR_MILES = 60;
/** Below this, neither a title nor a vote for an occupation relates a row to the text. */
const TITLE_RELATED_MIN = 0.3;
const OCCUPATION_RELATED_MIN = 0.02;
/** The vote's shares times the nearness of the nearest title: nine of ten unseen titles have more, most other words less. */
const VOTE_RELATED_MIN = 0.25;

export interface Retrieved {
  /**
   * The best k, in order, by what they are without a lift; and all that are lifted, whose place depends on the other
   * corpora. Their `base_rank` is that within this corpus.
   */
  readonly hits: MatrixHit[];
  /** Scores of all candidates without playbooks, the highest first. */
  readonly scoresRaw: readonly number[];
  readonly playbook: PlaybookCounts;
  /** Where the row that is to be explained stands. */
  readonly place: RowPlace | undefined;
  readonly plan: string;
  readonly relevance: Relevance;
  readonly notApplied: readonly string[];
  /** Why nothing fits, for a person; undefined when something does. */
  readonly noMatch: string | undefined;
  /** Somebody in the corpus whom the text names, where it was not read as an order for a person. */
  readonly person: OrderReading["person"];
}

export interface PlaybookCounts {
  readonly matched: number;
  readonly boosted: number;
  readonly injected: number;
  readonly blocked: number;
  readonly degraded: string | undefined;
}

const NO_PLAYBOOKS: PlaybookCounts = { matched: 0, boosted: 0, injected: 0, blocked: 0, degraded: undefined };

export async function retrieve(
  generation: Generation,
  request: Request,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Retrieved> {
  const { understood, text, role, k, mode, near } = request;
  const { order } = understood;
  const pool = k <= SMALL_K_MAX ? POOL_SIZES[0] : POOL_SIZES[1];
  const relevance = cachedRelevance(generation, understood, { text, role, mode, rows: pool });
  const conditions = conditionsOf(generation, request, relevance.socs);
  const few = relevance.people <= FEW_MAX;
  const barred = personsExcluded(generation, order);
  const isWanted = ({ id }: { readonly id: string }): boolean =>
    barred.rows.size === 0 || !barred.rows.has(generation.rows.get(id) ?? -1);
  const persons = personsNamed(generation, text, order).map((row) => generation.ids[row] ?? "");
  const named = new Set(persons);
  const ranking: Ranking = { ...request, relevance, conditions, named, point: near ?? relevance.point, few };
  const matching = named.size > 0 ? undefined : matchingFor(generation, ranking, call);
  const people = await byId(generation, ranking, persons, request.filter ?? {}, vectors, call);
  const own = measured(generation, ranking, people);
  let found = scored(own, mode, request.weights).map(unmoved);
  let compared: Measures = own;
  const knowsNames = generation.names.length > 0 || order.person?.id !== undefined;
  const lookedUp = order.person !== undefined && knowsNames && relevance.role.role === null;
  const notApplied = [...conditions.notApplied];
  if (barred.unclear) notApplied.push("exclude");
  if (order.person !== undefined && found.length === 0 && !lookedUp) notApplied.push("person");
  let plan = "exact";
  let noMatch: string | undefined;
  if (lookedUp && found.length === 0) {
    const { name = "", id = name } = order.person ?? {};
    noMatch = `Nobody in ${generation.corpus} is ${name || id}.`;
  } else if (found.length === 0 || relevance.role.role !== null) {
    const candidates = await candidatesOf(generation, ranking, pool, vectors, call);
    plan = candidates.plan;
    const others = candidates.hits.filter((hit) => !named.has(hit.id) && isWanted(hit));
    const measures = measured(generation, ranking, others);
    compared = { ...measures, candidates: [...own.candidates, ...measures.candidates] };
    const fitting = fittingOf(ranking, generation, scored(measures, mode, request.weights).map(unmoved));
    if (found.length === 0) noMatch = fitting.noMatch;
    found.push(...fitting.scored);
  }
  const [first] = order.person === undefined && relevance.role.role === null ? people : [];
  const person = first && (/\d/.test(text) ? { id: first.id } : { name: text.trim() });
  /** Rows beside the candidates, scored as if they were among them; the candidates' own scores stay as they are. */
  const beside = (hits: readonly Hit[]): Candidate[] => {
    const ids = new Set(hits.map(({ id }) => id));
    const others = compared.candidates.filter(({ id }) => !ids.has(id));
    const { candidates } = measured(generation, ranking, hits);
    const all = scored({ ...compared, candidates: [...others, ...candidates] }, mode, request.weights);
    return all.filter(({ id }) => ids.has(id)).map(unmoved);
  };
  let playbook = NO_PLAYBOOKS;
  if (matching !== undefined) {
    const matches = await matching;
    const passing = passingFilter(ranking);
    const moved = await lifted(found, matches, request.playbooks?.topK ?? 0, async (ids) => {
      return beside(await byId(generation, ranking, ids, passing, vectors, call));
    });
    const { boosted, injected } = moved;
    playbook = { ...matches, boosted, injected };
    found = moved.scored.filter(isWanted);
  }
  found.sort(byRawScore);
  const shown = shownOf(found, k);
  const hits = shown.map(({ one, base }) => hitOf(generation, ranking, one, base));
  const scoresRaw = found.map((one) => one.scoreRaw);
  const place =
    request.explainId === undefined
      ? undefined
      : await placeOf(
          { generation, ...ranking, id: request.explainId },
          found,
          (hit) => present(beside([hit])[0], "the row that is explained"),
          (id, filter) => byId(generation, ranking, [id], filter, vectors, call),
        );
  return { hits, scoresRaw, playbook, place, plan, relevance, notApplied, noMatch, person };
}

/** What is recorded for queries near this one; undefined where nothing is. */
function matchingFor(generation: Generation, ranking: Ranking, call: CallInit): Promise<Found> | undefined {
  const { playbooks, understood, relevance, text, near } = ranking;
  if (playbooks === undefined) return undefined;
  const { gate, topK, distanceMax, at } = playbooks;
  const { corpus, model } = generation;
  const search = {
    corpus,
    model,
    text,
    vector: understood.vector,
    role: sureRole(relevance.role),
    place: orderPlaceOf(understood.order, near),
    gate,
    topK,
    distanceMax,
    at,
    personRole: (id: string) => personRoleOf(generation, id),
  };
  return playbooks.matching(search, call);
}

/** The k best as they stand, and all that are lifted, each with its place without playbooks. */
function shownOf(found: readonly Candidate[], k: number): { one: Candidate; base: number }[] {
  const all = found.map((one, base) => ({ one, base }));
  if (!all.some(({ one }) => one.acting !== undefined)) return all.slice(0, k);
  const isLifted = ({ acting }: Candidate): boolean => acting !== undefined && acting.factor < 1;
  const others = all.filter(({ one }) => !isLifted(one)).sort((a, b) => byScore(a.one, b.one));
  return [...all.filter(({ one }) => isLifted(one)), ...others.slice(0, k)];
}

function byRawScore(a: Candidate, b: Candidate): number {
  return b.scoreRaw - a.scoreRaw || a.distance - b.distance || (a.id < b.id ? -1 : 1);
}

/** What every hit passes, wherever it comes from. */
function passingFilter({ filter, conditions, mode }: Ranking): Filter {
  const always = filter === undefined ? conditions.filters : [filter, ...conditions.filters];
  return allOf(mode === "hybrid" ? always : [...always, ...conditions.preferences]);
}

/** The candidates of a request with all that weights act on, for whoever looks for better weights. */
export async function measuredCandidates(
  generation: Generation,
  request: Request,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Measures> {
  const { understood, text, role, mode } = request;
  const [pool] = POOL_SIZES;
  const relevance = cachedRelevance(generation, understood, { text, role, mode, rows: pool });
  const conditions = conditionsOf(generation, request, relevance.socs);
  const few = relevance.people <= FEW_MAX;
  const ranking = {
    ...request,
    relevance,
    conditions,
    named: new Set<string>(),
    point: relevance.point,
    few,
  };
  const { hits } = await candidatesOf(generation, ranking, pool, vectors, call);
  return measured(generation, ranking, hits);
}

export interface Ranking extends Request {
  readonly relevance: Relevance;
  readonly conditions: Conditions;
  /** Ids of persons whom the text names. */
  readonly named: ReadonlySet<string>;
  readonly point: Point | undefined;
  /** All people of the role are candidates, wherever they are. */
  readonly few: boolean;
}

interface Candidates {
  readonly hits: readonly Hit[];
  readonly plan: string;
}

async function candidatesOf(
  generation: Generation,
  ranking: Ranking,
  pool: number,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Candidates> {
  const { understood, relevance, few, mode } = ranking;
  if (mode === "lexical") {
    const passing = passingFilter(ranking);
    const hits: Hit[] = [];
    // The best rows by words that pass: filters act before the cut.
    let ids: readonly string[] = relevance.byWords;
    for (let from = 0; from < ids.length && hits.length < pool; from += from === 0 ? pool : IDS_MAX) {
      const some = ids.slice(from, from === 0 ? pool : from + IDS_MAX);
      hits.push(...(await byId(generation, ranking, some, passing, vectors, call)));
      if (from === 0 && hits.length < pool && ids.length === pool) ids = relevance.moreByWords();
    }
    return { hits, plan: "bm25" };
  }
  const { hits: nearest, plan } = await vectors.searchTiers(
    {
      index: generation.index,
      vector: understood.vector,
      k: few ? Math.max(pool, relevance.people) : pool,
      // Rows of another role never rank above rows of the right one, so wider tiers only fill up.
      enough: pool,
      tiers: tiersFor(ranking),
      also: [...relevance.byWords],
    },
    call,
  );
  if (mode === "dense") return { hits: nearest, plan };
  const hits = [...nearest, ...(await othersByPlace(generation, ranking, nearest, vectors, call))];
  return { hits, plan: `${plan}+bm25` };
}

/** Where several occupations may be meant: the best of each by place that are not candidates yet. */
async function othersByPlace(
  generation: Generation,
  ranking: Ranking,
  found: readonly Hit[],
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Hit[]> {
  const { relevance, point, understood, weights, filter, conditions } = ranking;
  if (relevance.occupations.length < 2) return [];
  const { state } = understood.order.slots;
  const known = new Set(found.map(({ id }) => id));
  const ids = bestByPlace(generation, relevance.occupations, { point, state }, weights);
  const always = filter === undefined ? conditions.filters : [filter, ...conditions.filters];
  const missing = ids.filter((id) => !known.has(id));
  return byId(generation, ranking, missing.slice(0, IDS_MAX), allOf(always), vectors, call);
}

/** Those of the rows that pass the filter, with their distances. */
async function byId(
  { index }: Generation,
  { understood }: Ranking,
  ids: readonly string[],
  filter: Filter,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Hit[]> {
  if (ids.length === 0) return [];
  const tiers = { index, vector: understood.vector, k: 1, enough: 1, tiers: [filter], also: [...ids] };
  const { hits } = await vectors.searchTiers(tiers, call);
  const wanted = new Set(ids);
  return hits.filter(({ id }) => wanted.has(id));
}

/** What to show of the candidates, and a sentence when none of them is what was asked for. */
function fittingOf(
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
  const placed = slots.state !== undefined || slots.city !== undefined || slots.status !== undefined;
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

/** From the narrowest to the widest; the last one lets every row pass that passes the filters. */
function tiersFor({ understood, relevance, point, few, mode, filter, conditions }: Ranking): Filter[] {
  const { filters, preferences } = conditions;
  const always = filter === undefined ? filters : [filter, ...filters];
  if (mode === "dense") return [allOf([...always, ...preferences])];
  const ofRole: Filter[][] = [];
  const [first, ...others] = relevance.socs;
  if (first !== undefined) {
    const { state } = understood.order.slots;
    const occupation: Filter = { [SOC_FIELD]: others.length === 0 ? first : { in: relevance.socs } };
    if (point !== undefined && !few)
      ofRole.push([occupation, { near: { field: PLACE_FIELD, ...point, miles: NEAR_MILES } }]);
    if (state !== undefined && !few) ofRole.push([occupation, { [STATE_FIELD]: state }]);
    ofRole.push([occupation]);
  }
  const preferred = preferences.length === 0 ? [] : ofRole.map((tier) => [...tier, ...preferences]);
  const anybody = preferences.length === 0 ? [[]] : [[...preferences], []];
  return [...preferred, ...ofRole, ...anybody].map((tier) => allOf([...always, ...tier]));
}

function allOf(filters: readonly Filter[]): Filter {
  const [only] = filters;
  if (only === undefined) return {};
  return filters.length === 1 ? only : { and: [...filters] };
}

/** A candidate with all that its rank depends on. */
interface Candidate extends Scored, Movable {}

function unmoved(one: Scored): Candidate {
  return { ...one, scoreRaw: one.score, acting: undefined, isInjected: false };
}

function hitOf(generation: Generation, ranking: Ranking, scored: Candidate, base: number): MatrixHit {
  const { id, row, distance, metadata, parts, sameState, miles, score, missing, acting } = scored;
  const hit: MatrixHit = {
    // Known when all corpora have answered.
    rank: 0,
    base_rank: base,
    id,
    corpus: generation.corpus,
    cite: `${generation.dataset}@${generation.snapshotId}#${id}`,
    distance: movedDistance(scored, acting),
    distance_raw: distance,
    score,
    metadata: shown(metadata),
  };
  if (acting !== undefined) {
    hit.score_raw = scored.scoreRaw;
    hit.boost = boostOf(acting);
    if (scored.isInjected) hit.injected = true;
  }
  const status = ranking.conditions.unavailableStatus(row);
  if (status !== undefined) hit.status = status;
  if (missing.length > 0) hit.missing = [...missing];
  if (miles !== undefined) hit.miles = Math.round(miles * 10) / 10;
  if (ranking.explain) {
    const { relevance, understood, text } = ranking;
    const matched = generation.termsOf(id, text);
    const title = generation.titles?.all[generation.facts.title[row] as number];
    const found = roleNamed(title?.role ?? "");
    hit.explain = {
      dense: parts.dense,
      lexical: parts.lexical,
      title: parts.title ?? 0,
      role: parts.role ?? 0,
      place: parts.place ?? 0,
      matched_terms: matched,
      ...(acting === undefined ? {} : { playbook: explainedPlaybook(acting) }),
      why: whyOf({
        relevance,
        found,
        title: title?.text,
        slots: understood.order.slots,
        sameState,
        miles,
        matched,
        missing,
        named: ranking.named.has(id),
        acting,
      }),
      ...(miles === undefined ? {} : { miles }),
    };
  }
  return hit;
}

function explainedPlaybook(acting: Acting): NonNullable<MatrixHit["explain"]>["playbook"] {
  const { playbook, version, weight, decay } = acting;
  return { ...boostOf(acting), query_text: playbook.queryText, score: version.score, weight, decay };
}

/** Without the fields of our own. */
function shown(metadata: Metadata): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).filter(([field]) => !Object.hasOwn(OWN_FIELDS, field)));
}

interface Reasons {
  readonly relevance: Relevance;
  readonly found: Role | undefined;
  readonly title: string | undefined;
  readonly slots: Understood["order"]["slots"];
  readonly sameState: boolean;
  readonly miles: number | undefined;
  readonly matched: readonly string[];
  readonly missing: readonly string[];
  /** The text names this person. */
  readonly named: boolean;
  readonly acting: Acting | undefined;
}

/** One line for a person: what speaks for this hit. */
function whyOf({
  relevance,
  found,
  title,
  slots,
  sameState,
  miles,
  matched,
  missing,
  named,
  acting,
}: Reasons): string {
  const { role, known } = relevance;
  const reasons: string[] = named ? ["the person asked for"] : [];
  if (role.role !== null && title !== undefined) {
    const name = found?.name ?? title;
    if (name === role.role) reasons.push(name);
    else if (found !== undefined && found.soc === role.soc)
      reasons.push(`${name} is the same occupation as ${role.role}`);
    else if (known?.adjacent.includes(name) === true) reasons.push(`${name} is close to ${role.role}`);
    else reasons.push(`${name}, not ${role.role}`);
  }
  if (miles !== undefined) reasons.push(`${milesText(miles)} from ${slots.city ?? "there"}`);
  else if (sameState) reasons.push(`in ${slots.state}`);
  if (missing.length > 0) reasons.push(`without ${missing.join(", ")}`);
  if (acting !== undefined)
    reasons.push(acting.factor < 1 ? "worked for an order like this" : "did not work for an order like this");
  if (matched.length > 0) reasons.push(`matches ${matched.slice(0, WORDS_SHOWN_MAX).join(", ")}`);
  return reasons.length === 0 ? "the nearest in meaning" : reasons.join("; ");
}

function milesText(miles: number): string {
  const rounded = Math.round(miles);
  return rounded === 0 ? "less than a mile" : rounded === 1 ? "1 mile" : `${rounded} miles`;
}

const WORDS_SHOWN_MAX = 5;
