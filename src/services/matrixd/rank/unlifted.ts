// The ranking of one corpus for one question as it is without playbooks: all candidates with their scores, the best first,
// and the hits that they make.

import type { Hit, vector } from "#contracts/vector";
import type { MatrixHit } from "#contracts/matrix";
import type { OrderReading } from "#domain/orders/order-reading";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import type { Generation } from "../corpus/generation.ts";
import { byId, candidatesOf } from "./candidates.ts";
import { fittingOf } from "./fitting.ts";
import { hitOf } from "./hit.ts";
import { type Candidate, unmoved } from "./lifting.ts";
import { personAsked } from "./persons.ts";
import type { Ranking } from "./ranking.ts";
import { measured, type Measures, scored } from "./scoring.ts";

export interface Unlifted {
  readonly ranking: Ranking;
  /** The best first. */
  readonly found: readonly Candidate[];
  /** Scores of the same. */
  readonly scores: readonly number[];
  /** All that were compared, those that are not shown too. */
  readonly compared: Measures;
  readonly plan: string;
  readonly notApplied: readonly string[];
  /** Why nothing fits, for a person; undefined when something does. */
  readonly noMatch: string | undefined;
  /** Somebody in the corpus whom the text names, where it was not read as an order for a person. */
  readonly person: OrderReading["person"];
  /** The k best as hits. They are made once and shared by all responses: nobody may change them. */
  hits(k: number, explain: boolean): readonly MatrixHit[];
}

export async function unliftedOf(
  generation: Generation,
  ranking: Ranking,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Unlifted> {
  const { understood, text, mode, weights, relevance, named, barred, filter } = ranking;
  const { order } = understood;
  const rankedBy = (measures: Measures): Candidate[] => scored(measures, mode, weights).map(unmoved);
  const people = await byId(generation, ranking, [...named], filter ?? {}, vectors, call);
  const own = measured(generation, ranking, people);
  const found = rankedBy(own);
  let compared: Measures = own;
  const knowsNames = generation.names.length > 0 || order.person?.id !== undefined;
  const lookedUp = order.person !== undefined && knowsNames && relevance.role.role === null;
  const notApplied = [...ranking.notApplied];
  if (order.person !== undefined && found.length === 0 && !lookedUp) notApplied.push("person");
  let plan = "exact";
  let noMatch: string | undefined;
  if (lookedUp && found.length === 0) {
    const { name = "", id = name } = order.person ?? {};
    noMatch = `Nobody in ${generation.corpus} is ${name || id}.`;
  } else if (found.length === 0 || relevance.role.role !== null) {
    const candidates = await candidatesOf(generation, ranking, vectors, call);
    plan = candidates.plan;
    const others = candidates.hits.filter(({ id }) => !named.has(id) && isWanted(generation, barred, id));
    const measures = measured(generation, ranking, others);
    compared = { ...measures, candidates: [...own.candidates, ...measures.candidates] };
    const fitting = fittingOf(ranking, generation, rankedBy(measures));
    if (found.length === 0) noMatch = fitting.noMatch;
    found.push(...fitting.scored);
  }
  found.sort(byRawScore);
  const [first] = order.person === undefined && relevance.role.role === null ? people : [];
  const person = first && personAsked(generation, first.id, text);
  const scores = found.map((one) => one.scoreRaw);
  const made = { plain: [] as MatrixHit[], explained: [] as MatrixHit[] };
  const hits = (k: number, explain: boolean): readonly MatrixHit[] => {
    const all = explain ? made.explained : made.plain;
    for (const one of found.slice(all.length, k))
      all.push(frozen(hitOf(generation, ranking, one, all.length, explain)));
    return all.length === k ? all : all.slice(0, k);
  };
  return { ranking, found, scores, compared, plan, notApplied, noMatch, person, hits };
}

/** Rows beside the candidates, scored as if they were among them; the candidates' own scores stay as they are. */
export function scoredBeside(
  generation: Generation,
  { ranking, compared }: Unlifted,
  hits: readonly Hit[],
): Candidate[] {
  const ids = new Set(hits.map(({ id }) => id));
  const others = compared.candidates.filter(({ id }) => !ids.has(id));
  const { candidates } = measured(generation, ranking, hits);
  const all = { ...compared, candidates: [...others, ...candidates] };
  return scored(all, ranking.mode, ranking.weights)
    .filter(({ id }) => ids.has(id))
    .map(unmoved);
}

export function isWanted({ rows }: Generation, barred: ReadonlySet<number>, id: string): boolean {
  return barred.size === 0 || !barred.has(rows.get(id) ?? -1);
}

export function byRawScore(a: Candidate, b: Candidate): number {
  return b.scoreRaw - a.scoreRaw || a.distance - b.distance || (a.id < b.id ? -1 : 1);
}

/** A change of what is shared would be seen by the next one who asks. */
function frozen(hit: MatrixHit): MatrixHit {
  Object.freeze(hit.metadata);
  return Object.freeze(hit);
}
