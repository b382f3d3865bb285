// Who could take an order: matrixd ranks, the fill rules check each, and whom a rule keeps out is told with the rule. What
// ranks are given is matrixd's order alone; a rule takes people out and never moves them.

import type { Candidate, Excluded, Shortlist } from "#contracts/fill";
import { type matrix, type MatrixHit, type Searched, WITHOUT_PLACES } from "#contracts/matrix";
import type { Assignment, Context, validate } from "#contracts/validate";
import type { Call } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { Fault, toFault } from "#rpc/fault";
import { wordsOf } from "../order/complete.ts";
import { judged } from "../order/judged.ts";
import type { Board, FillState } from "../state/board.ts";
import { isRosterLoading, withRoster } from "./with-roster.ts";

export interface PeopleDeps {
  readonly matrix: Service<typeof matrix>;
  readonly validate: Service<typeof validate>;
}

/** What a ranking needs to know of a fill. */
export type Wanted = Pick<
  FillState,
  "fillId" | "order" | "orderText" | "textAt" | "corrected" | "corpus" | "seats"
>;

/** Enough that rules may keep out most of the first and a large order is still filled. */
const POOL_FACTOR = 3;
const POOL_MIN = 100;
const POOL_MAX = 1000;
/** People around the place who are looked at for whether a rule keeps them out: as many as a search gives. */
const NEARBY_MAX = 1000;
/** Of those whom a search hides, more than are told. */
const HIDDEN_MAX = 250;
const EXCLUDED_MAX = 200;
const MILES_STANDARD = 50;
/** The role part of a hit's score for somebody of the role itself. */
const SAME_ROLE = 0.99;
/** Of a search's text and role, as matrixd takes them. */
const QUERY_MAX = 3900;
const QUERY_ROLE_MAX = 200;

/** What somebody asks for who is looking for people whom a search hides. */
const HIDDEN_QUERIES = ["do not hire", "inactive"];

/** Why somebody who failed this very order is not offered for it again. */
export const FAILED: Readonly<Record<string, { code: string; message: string }>> = {
  no_show: { code: "fill.no_show", message: "Did not come to this order." },
  late_cancel: { code: "fill.late_cancel", message: "Cancelled late on this order." },
  declined: { code: "fill.declined", message: "Declined this order." },
  blocked: { code: "fill.dnr", message: "Was blocked on this order." },
};

export interface Ranked extends Shortlist {
  readonly query: Searched["query"];
}

/** Without `around`, `excluded` names those among the best by rank alone: for choosing people, and not for telling. */
export async function shortlist(
  { matrix, validate }: PeopleDeps,
  board: Board,
  fill: Wanted,
  { k, now, call, around = true }: { k: number; now: number; call: Call; around?: boolean },
): Promise<Ranked> {
  const { order, corpus, textAt } = fill;
  const words = wordsOf(order, fill.orderText, fill.corrected);
  const radius = 2 * (order.max_miles ?? MILES_STANDARD);
  const near =
    order.lat === undefined || order.lon === undefined
      ? {}
      : { near: { lat: order.lat, lon: order.lon, miles: radius } };
  const search = async (query_text: string, limit: number, where: typeof near): Promise<Searched> =>
    matrix.search(
      {
        query_text: query_text.slice(0, QUERY_MAX),
        corpora: [corpus],
        k: limit,
        explain: true,
        now: textAt,
        ...(order.role === undefined ? {} : { query_role: order.role.slice(0, QUERY_ROLE_MAX) }),
        ...where,
      },
      call,
    );
  let placeless = false;
  /** Around the place, or wherever people are when the corpus does not say where. */
  const searchAround = async (query_text: string, limit: number): Promise<Searched> =>
    search(query_text, limit, near).catch((error: unknown) => {
      if (!(error instanceof Fault) || error.reason !== WITHOUT_PLACES) throw error;
      placeless = true;
      return search(query_text, limit, {});
    });
  const [found, ...nearby] = await Promise.all([
    search(words, Math.min(POOL_MAX, Math.max(POOL_MIN, k * POOL_FACTOR)), {}),
    ...(around ? ["", ...HIDDEN_QUERIES] : []).map((status) =>
      searchAround(`${words} ${status}`.trimEnd(), status === "" ? NEARBY_MAX : HIDDEN_MAX),
    ),
  ]);
  const people = uniqueById([...found.hits, ...nearby.flatMap(({ hits }) => hits)]);
  const verdicts = await screened({ matrix, validate }, board, fill, people, now, call);
  const excluded = new Map<string, Excluded>();
  for (const hit of people) {
    const out = keptOut(fill, hit, verdicts);
    if (out !== undefined) excluded.set(hit.id, { ...describedHit(hit), ...out });
  }
  const isMeant = ({ id, miles = 0, explain }: MatrixHit): boolean =>
    excluded.has(id) && miles <= radius && ((explain?.role ?? 0) >= SAME_ROLE || fill.seats.has(id));
  return {
    query: found.query,
    shortlist: found.hits
      .filter(({ id }) => !excluded.has(id) && !hasPlace(fill, id))
      .slice(0, k)
      .map((hit, rank) => candidateOf(hit, rank, fill, verdicts)),
    excluded: people
      .filter(isMeant)
      .flatMap(({ id }) => excluded.get(id) ?? [])
      .sort((a, b) => (a.miles ?? Infinity) - (b.miles ?? Infinity) || (a.worker_id < b.worker_id ? -1 : 1))
      .slice(0, EXCLUDED_MAX),
    order_findings: verdicts.ofOrder,
    unchecked: placeless
      ? [...verdicts.unchecked, `Distance: the corpus ${corpus} does not know where its people are.`]
      : verdicts.unchecked,
  };
}

/** Has confirmed: there is nothing to offer. */
function hasPlace({ seats }: Wanted, workerId: string): boolean {
  const status = seats.get(workerId)?.status;
  return status === "confirmed" || status === "completed";
}

type Finding = Candidate["checks"][number];

interface Verdicts {
  readonly findings: ReadonlyMap<string, readonly Finding[]>;
  /** Errors of the order itself. */
  readonly ofOrder: Shortlist["order_findings"];
  readonly unchecked: string[];
}

/** The assignments that count against these people elsewhere: holds and confirmed places of other fills. */
export function assignmentsOf(
  board: Board,
  fillId: string,
  workerIds: readonly string[],
  now: number,
): Assignment[] {
  return workerIds.flatMap((worker_id) =>
    board.bookings.of(worker_id, fillId, now).map(({ fillId: order_id, startMs, endMs, status }) => {
      const { city, state, lat, lon } = board.fills.get(order_id)?.order ?? {};
      return {
        worker_id,
        order_id,
        start_at: new Date(startMs).toISOString(),
        end_at: new Date(endMs).toISOString(),
        status,
        ...(city === undefined ? {} : { city }),
        ...(state === undefined ? {} : { state }),
        ...(lat === undefined ? {} : { lat }),
        ...(lon === undefined ? {} : { lon }),
      };
    }),
  );
}

/** What the fill rules judge by, for people of a fill. */
export function contextOf(
  board: Board,
  fill: Pick<Wanted, "fillId" | "order">,
  workerIds: readonly string[],
  now: number,
): Context & { order: NonNullable<Context["order"]> } {
  const among = new Set(workerIds);
  return {
    order: judged(fill.fillId, fill.order, now).order,
    assignments: assignmentsOf(board, fill.fillId, workerIds, now),
    blocks: [...among].flatMap((id) => board.blocks.get(id) ?? []),
    now: new Date(now).toISOString(),
  };
}

/** The dataset of a corpus, which is the roster that its people are checked against. */
export async function rosterOf(
  { matrix }: Pick<PeopleDeps, "matrix">,
  corpus: string,
  call: Call,
): Promise<string> {
  return (await matrix.corpus({ corpus }, call)).dataset;
}

async function screened(
  deps: PeopleDeps,
  board: Board,
  fill: Wanted,
  people: readonly MatrixHit[],
  now: number,
  call: Call,
): Promise<Verdicts> {
  const { moot, unchecked } = judged(fill.fillId, fill.order, now);
  const ids = people.map(({ id }) => id);
  const roster = await rosterOf(deps, fill.corpus, call);
  try {
    const { workers, order } = await withRoster(deps, roster, call, () =>
      deps.validate.screen({ worker_ids: ids, context: contextOf(board, fill, ids, now), roster }, call),
    );
    const findings = new Map(
      Object.entries(workers).map(([id, all]) => [id, all.filter(({ code }) => !moot.has(code))] as const),
    );
    const ofOrder = order.filter(({ code, severity }) => severity === "error" && !moot.has(code));
    return { findings, ofOrder, unchecked };
  } catch (error) {
    const fault = toFault(error);
    const { code, message } = fault;
    if (isRosterLoading(fault)) throw fault;
    if (code !== "unavailable" && code !== "rejected" && code !== "upstream") throw error;
    return { findings: new Map(), ofOrder: [], unchecked: [`No fill rule was looked at. ${message}`] };
  }
}

function keptOut(
  fill: Wanted,
  { id, status }: MatrixHit,
  { findings }: Verdicts,
): Pick<Excluded, "code" | "message"> | undefined {
  const failed = FAILED[fill.seats.get(id)?.status ?? ""];
  if (failed !== undefined) return failed;
  const error = findings.get(id)?.find(({ severity }) => severity === "error");
  if (error !== undefined) return { code: error.code, message: error.message };
  // Hidden from searches, whatever the rules know of it.
  if (status !== undefined) {
    return {
      code: "fill.status",
      message: status === "inactive" ? "Is inactive." : "Is marked do not hire.",
    };
  }
  return undefined;
}

function candidateOf(hit: MatrixHit, rank: number, fill: Wanted, { findings }: Verdicts): Candidate {
  const { id, corpus, base_rank, score, boost, missing = [], metadata, explain } = hit;
  return {
    ...describedHit(hit),
    rank,
    base_rank,
    worker_id: id,
    corpus,
    ...textOf(metadata, "role", "role"),
    ...textOf(metadata, "city", "city"),
    ...textOf(metadata, "state", "state"),
    score,
    ...(boost === undefined ? {} : { boost: { factor: boost.factor, playbook_id: boost.playbook_id } }),
    why: explain?.why ?? "",
    ...(missing.length === 0 ? {} : { lacks: missing }),
    checks: [...(findings.get(id) ?? [])],
    ...(fill.seats.get(id)?.backup === true ? { standby: true } : {}),
    metadata,
  };
}

function describedHit({ id, miles, metadata }: MatrixHit): Pick<Excluded, "worker_id" | "name" | "miles"> {
  return { worker_id: id, ...nameOf(metadata), ...(miles === undefined ? {} : { miles }) };
}

export function nameOf(metadata: Readonly<Record<string, unknown>>): { name?: string } {
  const whole = metadata["name"];
  if (typeof whole === "string" && whole !== "") return { name: whole };
  const parts = [metadata["first_name"], metadata["last_name"]].filter((part) => typeof part === "string");
  return parts.length === 0 ? {} : { name: parts.join(" ") };
}

function textOf<K extends string>(
  metadata: Readonly<Record<string, unknown>>,
  column: string,
  field: K,
): { [P in K]?: string } {
  const value = metadata[column];
  return (typeof value === "string" ? { [field]: value } : {}) as { [P in K]?: string };
}

function uniqueById(hits: readonly MatrixHit[]): MatrixHit[] {
  return [...new Map(hits.toReversed().map((hit) => [hit.id, hit])).values()].toReversed();
}
