// Search of one corpus: its ranking for the question, which is often kept (kept-rankings.ts); what playbooks move of it; and
// the best k as hits.

import type { vector } from "#contracts/vector";
import type { MatrixHit } from "#contracts/matrix";
import type { OrderReading } from "#domain/orders/order-reading";
import { untilAbort } from "#lib/abort";
import { present } from "#lib/assert";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import type { Generation } from "../corpus/generation.ts";
import { sureRole } from "../playbooks/gate.ts";
import { orderPlaceOf } from "../playbooks/order-place.ts";
import type { Found } from "../playbooks/playbooks.ts";
import { byId, candidatesOf, passingFilter } from "./candidates.ts";
import { hitOf } from "./hit.ts";
import { keepRanking, keptRanking } from "./kept-rankings.ts";
import { type Candidate, lifted, personCodeOf, personRoleOf, type PlaybookUse } from "./lifting.ts";
import { byScore } from "./order.ts";
import { poolOf, type Question, type Ranking, rankingOf } from "./ranking.ts";
import { placeOf, type RowPlace } from "./row-place.ts";
import type { Relevance } from "./relevance.ts";
import { measured, type Measures } from "./scoring.ts";
import { byRawScore, isWanted, scoredBeside, unliftedOf } from "./unlifted.ts";

export interface Request extends Omit<Question, "pool"> {
  readonly k: number;
  readonly explain: boolean;
  /** Undefined when none are to act. */
  readonly playbooks?: PlaybookUse | undefined;
  /** The row whose place is to be explained. */
  readonly explainId?: string | undefined;
}

export interface Retrieved {
  /**
   * The best k, in order, by what they are without a lift; and all that are lifted, whose place depends on the other
   * corpora. Their `base_rank` is that within this corpus.
   */
  readonly hits: readonly MatrixHit[];
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
  /** People who are not wanted and whom the corpus alone knows, by name. */
  readonly barredNames: readonly string[];
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
  const { k, explain, explainId } = request;
  const question: Question = { ...request, pool: poolOf(k) };
  const kept = keptRanking(generation, question);
  const ranking = kept?.ranking ?? rankingOf(generation, question);
  const matching = matchingFor(generation, ranking, request.playbooks, call);
  const unlifted = kept ?? (await unliftedOf(generation, ranking, vectors, call));
  if (kept === undefined) keepRanking(generation, unlifted);
  else await checkIndex(generation, vectors, call);
  const moved = matching === undefined ? undefined : await movedBy(await matching);
  const { plan, notApplied, noMatch, person } = unlifted;
  const found = moved?.found ?? unlifted.found;
  const hits =
    moved?.found === undefined
      ? unlifted.hits(k, explain)
      : shownOf(found, k).map(({ one, base }) => hitOf(generation, ranking, one, base, explain));
  const place =
    explainId === undefined
      ? undefined
      : await placeOf(
          { generation, ...ranking, id: explainId },
          found,
          (hit) => present(scoredBeside(generation, unlifted, [hit])[0], "the row that is explained"),
          (id, filter) => byId(generation, ranking, [id], filter, vectors, call),
        );
  return {
    hits,
    scoresRaw: moved?.found === undefined ? unlifted.scores : found.map((one) => one.scoreRaw),
    playbook: moved?.counts ?? NO_PLAYBOOKS,
    place,
    plan,
    relevance: ranking.relevance,
    notApplied,
    noMatch,
    person,
    barredNames: ranking.barredNames,
  };

  /** What playbooks make of the candidates; `found` is undefined where none acts. */
  async function movedBy(matches: Found): Promise<Moved> {
    const { matched, blocked, degraded } = matches;
    const counts = { matched, blocked, degraded, boosted: 0, injected: 0 };
    if (matches.lifts.length + matches.pushes.length === 0) return { counts, found: undefined };
    const passing = passingFilter(ranking);
    const topK = request.playbooks?.topK ?? 0;
    const { scored, boosted, injected } = await lifted(unlifted.found, matches, topK, async (ids) =>
      scoredBeside(generation, unlifted, await byId(generation, ranking, ids, passing, vectors, call)),
    );
    const wanted = scored.filter(({ id }) => isWanted(generation, ranking.barred, id)).sort(byRawScore);
    return { counts: { ...counts, boosted, injected }, found: wanted };
  }
}

/** No row has it: ids are not empty. */
const NO_ID = "";
/** What it answers is in memory. */
const CHECK_MS_MAX = 5000;

const checks = new WeakMap<Generation, Promise<unknown>>();

/** Rejects as a search does whose index is gone, damaged or late. Who asks while another's check is under way shares it. */
function checkIndex(
  generation: Generation,
  vectors: Service<typeof vector>,
  { signal }: CallInit,
): Promise<unknown> {
  const check = checks.get(generation) ?? newCheck(generation, vectors);
  return signal === undefined ? check : untilAbort(check, signal);
}

function newCheck(generation: Generation, vectors: Service<typeof vector>): Promise<unknown> {
  const { index } = generation;
  const check = vectors
    .fetch({ index, ids: [NO_ID], encoding: "base64" }, { timeoutMs: CHECK_MS_MAX })
    .finally(() => checks.delete(generation));
  checks.set(generation, check);
  return check;
}

interface Moved {
  readonly counts: PlaybookCounts;
  readonly found: readonly Candidate[] | undefined;
}

/** What is recorded for queries near this one; undefined where nothing is. */
function matchingFor(
  generation: Generation,
  { understood, relevance, text, near, named }: Ranking,
  playbooks: PlaybookUse | undefined,
  call: CallInit,
): Promise<Found> | undefined {
  if (playbooks === undefined || named.size > 0) return undefined;
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
    personCode: (id: string) => personCodeOf(generation, id),
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

/** The candidates of a request with all that weights act on, for whoever looks for better weights. */
export async function measuredCandidates(
  generation: Generation,
  request: Request,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Measures> {
  const own = rankingOf(generation, { ...request, pool: poolOf(request.k) });
  // No weight acts on people who are named.
  const ranking = { ...own, named: new Set<string>() };
  const { hits } = await candidatesOf(generation, ranking, vectors, call);
  return measured(generation, ranking, hits);
}
