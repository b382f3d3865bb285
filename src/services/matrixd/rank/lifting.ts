// What playbooks do to the candidates of one search: which of them are lifted or pushed down, and which recorded answers are
// brought in. It happens before the cut to k. Whoever is brought in passes the same filters as every candidate, and is
// scored by the same parts.

import type { MatrixHit } from "#contracts/matrix";
import type { Hit } from "#contracts/vector";
import type { CallInit } from "#rpc/call";
import type { Generation } from "../corpus/generation.ts";
import { NONE } from "../corpus/row-facts.ts";
import { boostedScore } from "../playbooks/effect.ts";
import type { Gate, GateRole } from "../playbooks/gate.ts";
import type { Acting, Matches } from "../playbooks/matching.ts";
import type { Found, Search } from "../playbooks/playbooks.ts";
import { SURE_MIN } from "../query/title.ts";
import type { Scored } from "./scoring.ts";

/** How a search wants playbooks to act. */
export interface PlaybookUse {
  readonly gate: Gate;
  /** Answers that are lifted at most, and as many that are pushed down. */
  readonly topK: number;
  readonly distanceMax: number;
  /** The moment whose playbooks act, milliseconds since the epoch. */
  readonly at: number;
  matching(search: Search, call: CallInit): Promise<Found>;
}

/** A candidate as far as playbooks change it. */
export interface Movable {
  readonly id: string;
  /** Without playbooks. */
  readonly scoreRaw: number;
  readonly score: number;
  readonly acting: Acting | undefined;
  readonly isInjected: boolean;
}

/** A candidate with all that its rank depends on. */
export interface Candidate extends Scored, Movable {}

export function unmoved(one: Scored): Candidate {
  return { ...one, scoreRaw: one.score, acting: undefined, isInjected: false };
}

export interface Lifted<T> {
  readonly scored: readonly T[];
  readonly boosted: number;
  readonly injected: number;
}

/** A recorded answer beyond those that are lifted may have left, or fail a filter. */
const SPARE = 2;

export async function lifted<T extends Movable>(
  candidates: readonly T[],
  { lifts, pushes }: Matches,
  topK: number,
  /** Those of the rows that pass the search's filters, scored. */
  fetch: (ids: readonly string[]) => Promise<readonly T[]>,
): Promise<Lifted<T>> {
  const acting = new Map<string, Acting>();
  const byId = new Map(candidates.map((one) => [one.id, one]));
  const absent = lifts.filter(({ playbook, mayInject }) => mayInject && !byId.has(playbook.answerId));
  const ids = absent.slice(0, SPARE * topK).map(({ playbook }) => playbook.answerId);
  const fetched = new Map((ids.length === 0 ? [] : await fetch(ids)).map((one) => [one.id, one]));
  for (const one of lifts) {
    const { answerId } = one.playbook;
    if (acting.size === topK) break;
    if (byId.has(answerId) || fetched.has(answerId)) acting.set(answerId, one);
  }
  const injected = [...fetched.values()].filter(({ id }) => acting.has(id));
  let pushed = 0;
  for (const one of pushes) {
    if (pushed === topK) break;
    if (!byId.has(one.playbook.answerId)) continue;
    acting.set(one.playbook.answerId, one);
    pushed += 1;
  }
  const moved = (one: T, isInjected: boolean): T => {
    const own = acting.get(one.id);
    return own === undefined
      ? one
      : { ...one, acting: own, isInjected, score: boostedScore(one.scoreRaw, own.factor) };
  };
  return {
    scored: [...candidates.map((one) => moved(one, false)), ...injected.map((one) => moved(one, true))],
    boosted: acting.size - injected.length,
    injected: injected.length,
  };
}

/** What the gate knows of the role of a row: its title's, where that was read for sure, or else the title itself. */
export function personRoleOf({ rows, facts, titles }: Generation, id: string): GateRole | undefined {
  const row = rows.get(id);
  if (row === undefined) return undefined;
  const number = facts.title[row] ?? NONE;
  const title = titles?.all[number];
  if (title === undefined) return null;
  if (title.role === null) return title.text;
  return title.confidence >= SURE_MIN ? title.role : null;
}

/** The occupation of a row by its corpus's column of codes; undefined where there is none, or the row has none. */
export function personCodeOf({ rows, facts, coded }: Generation, id: string): string | undefined {
  const row = rows.get(id);
  return row === undefined || !coded ? undefined : facts.socs[facts.soc[row] ?? NONE];
}

/** Both distances that a hit has: what acts multiplies the cosine. */
export function movedDistance({ distance }: Pick<Hit, "distance">, acting: Acting | undefined): number {
  return acting === undefined ? distance : acting.factor * distance;
}

/** What acts, as it goes over the wire. */
export function boostOf({
  playbook,
  version,
  factor,
  queryDistance,
}: Acting): NonNullable<MatrixHit["boost"]> {
  return { factor, playbook_id: playbook.id, version: version.version, query_distance: queryDistance };
}
