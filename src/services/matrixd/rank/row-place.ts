// Where one row stands in a search, for whoever asks why it is not among the hits: which condition it fails, or what its
// score is and how many candidates are before it.

import type { Hit } from "#contracts/vector";
import {
  CERTIFICATES_FIELD,
  FREE_FROM_FIELD,
  LANGUAGES_FIELD,
  ROLE_FIELD,
  SOC_FIELD,
  STATUS_FIELD,
} from "../corpus/build.ts";
import type { Generation } from "../corpus/generation.ts";
import type { Acting } from "../playbooks/matching.ts";
import type { Conditions, Filter } from "./conditions.ts";
import type { Movable } from "./lifting.ts";
import { byScore } from "./order.ts";
import type { Mode } from "./score.ts";

export type RowPlace =
  | { readonly kind: "absent" }
  /** It is in the corpus and not in the index of its vectors. */
  | { readonly kind: "not_embedded" }
  | { readonly kind: "status"; readonly status: string }
  | { readonly kind: "filtered"; readonly failed: readonly string[] }
  /** Nothing relates it to the text, while other rows are related. */
  | { readonly kind: "not_related"; readonly score: number; readonly distance: number }
  | {
      readonly kind: "candidate";
      /** Candidates before it, with playbooks. */
      readonly rank: number;
      readonly score: number;
      readonly scoreRaw: number;
      readonly distance: number;
      readonly acting: Acting | undefined;
    };

interface PlaceSearch {
  readonly generation: Generation;
  readonly id: string;
  readonly filter: Filter | undefined;
  readonly conditions: Conditions;
  readonly mode: Mode;
  readonly barred: ReadonlySet<number>;
}

type Candidate = Movable & { readonly distance: number };

export async function placeOf(
  { generation, id, filter, conditions, mode, barred }: PlaceSearch,
  found: readonly Candidate[],
  scoredOf: (hit: Hit) => Candidate,
  /** The row, when it passes the filter. */
  fetch: (id: string, filter: Filter) => Promise<readonly Hit[]>,
): Promise<RowPlace> {
  const row = generation.rows.get(id);
  if (row === undefined) return { kind: "absent" };
  const candidate = found.find((one) => one.id === id);
  if (candidate !== undefined) return placed(candidate, found);
  const [hit] = await fetch(id, {});
  if (hit === undefined) return { kind: "not_embedded" };
  const failed = barred.has(row) ? ["exclude"] : [];
  for (const [name, clause] of namedClauses(filter, conditions, mode))
    if ((await fetch(id, clause)).length === 0) failed.push(name);
  const status = conditions.unavailableStatus(row);
  if (failed.includes("status") && status !== undefined) return { kind: "status", status };
  if (failed.length > 0) return { kind: "filtered", failed };
  const own = scoredOf(hit);
  const isBehind = found.every(({ score }) => score >= own.score);
  return isBehind ? placed(own, found) : { kind: "not_related", score: own.score, distance: own.distance };
}

function placed({ id, score, scoreRaw, distance, acting }: Candidate, found: readonly Candidate[]): RowPlace {
  const rank = found.filter((one) => one.id !== id && byScore(one, { id, score, distance }) < 0).length;
  return { kind: "candidate", rank, score, scoreRaw, distance, acting };
}

/** Every condition that a hit passes, with the name that its asker gave it. */
function namedClauses(
  filter: Filter | undefined,
  { filters, preferences }: Conditions,
  mode: Mode,
): (readonly [string, Filter])[] {
  return [
    ...(filter === undefined ? [] : clausesOf(filter)),
    ...filters.map((clause) => [nameOf(clause), clause] as const),
    ...(mode === "hybrid" ? [] : preferences.map((clause) => [nameOf(clause), clause] as const)),
  ];
}

function clausesOf(filter: Filter): (readonly [string, Filter])[] {
  return Object.entries(filter).flatMap(([field, value]): (readonly [string, Filter])[] => {
    if (field === "and" && Array.isArray(value)) return value.flatMap((part: Filter) => clausesOf(part));
    return [[field === "near" ? "near" : `filter.${field}`, { [field]: value }]];
  });
}

/** What an order calls the condition on one of our own fields. */
const NAMES: Readonly<Record<string, string>> = {
  [STATUS_FIELD]: "status",
  [ROLE_FIELD]: "exclude",
  [SOC_FIELD]: "exclude",
  [CERTIFICATES_FIELD]: "certifications",
  [LANGUAGES_FIELD]: "languages",
  [FREE_FROM_FIELD]: "available_from",
};

function nameOf(clause: Filter): string {
  const [field = "", value] = Object.entries(clause)[0] ?? [];
  return field === "not" ? nameOf(value as Filter) : (NAMES[field] ?? field);
}
