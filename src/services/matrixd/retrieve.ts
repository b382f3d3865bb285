// One corpus, one question: candidates from the vectors, tier by tier (right role and near, right role in the
// state, right role, anybody), and from the words; every candidate scored by all of its parts; the best k.

import type { vector } from "#contracts/vector";
import type { MatrixHit } from "#contracts/matrix";
import { milesBetween, type Point } from "#domain/places";
import { type Role, roleNamed } from "#domain/roles";
import { readVector } from "#lib/vector-text";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import type { Generation } from "./generation.ts";
import { type Mode, type Parts, placePart, rolePart, scoreOf } from "./score.ts";
import type { Understood } from "./understand.ts";

export interface Question {
  readonly understood: Understood;
  readonly text: string;
  readonly k: number;
  readonly mode: Mode;
  /** The caller's own conditions, which every hit meets. */
  readonly filter: Filter | undefined;
  readonly explain: boolean;
}

type Filter = Record<string, unknown>;
type Metadata = Readonly<Record<string, unknown>>;

interface Candidate {
  readonly id: string;
  readonly distance: number;
  readonly metadata: Metadata;
}

export type CorpusHit = Omit<MatrixHit, "rank" | "base_rank">;

/** Candidates beyond k: what a part that the vectors do not see may lift into the answer. */
const CANDIDATES_BESIDE = 10;
const CANDIDATES_MAX = 1000;
/** "Near" for the first tier: farther than most go for a shift. Miles. */
const NEAR_MILES = 60;

export async function retrieve(
  generation: Generation,
  question: Question,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<{ hits: CorpusHit[]; plan: string }> {
  const { understood, text, k, mode, filter } = question;
  const wanted = Math.min(CANDIDATES_MAX, k + CANDIDATES_BESIDE);
  const byWords = mode === "dense" ? [] : generation.words.search(text, wanted);
  const best = byWords[0]?.score ?? 1;
  const wordScores = new Map(byWords.map(({ row, score }) => [generation.ids[row] ?? "", score / best]));

  const index = generation.index;
  const tiers = mode === "lexical" ? [] : tiersFor(generation, understood, filter, mode);
  const found =
    tiers.length === 0
      ? { hits: [], plan: "lexical" }
      : await vectors.searchTiers({ index, vector: understood.vector, k: wanted, tiers }, call);
  const candidates = new Map<string, Candidate>();
  for (const { id, distance, metadata = {} } of found.hits) candidates.set(id, { id, distance, metadata });
  if (mode !== "dense") {
    const missing = [...wordScores.keys()].filter((id) => !candidates.has(id));
    for (const candidate of await byId(generation, missing, question, vectors, call))
      candidates.set(candidate.id, candidate);
  }
  const wordScore = (id: string): number => wordScores.get(id) ?? 0;
  const hits = [...candidates.values()].map((candidate) =>
    hitOf(generation, question, candidate, wordScore(candidate.id)),
  );
  const counted = mode === "lexical" ? hits.filter(({ id }) => wordScores.has(id)) : hits;
  counted.sort((a, b) => b.score - a.score || a.distance - b.distance || (a.id < b.id ? -1 : 1));
  return { hits: counted.slice(0, k), plan: mode === "hybrid" ? `${found.plan}+bm25` : found.plan };
}

/** From the narrowest to the widest; the last one lets everybody pass whom the caller's own filter lets pass. */
function tiersFor(
  { fields, geoField }: Generation,
  { known, slots }: Understood,
  filter: Filter | undefined,
  mode: Mode,
): Filter[] {
  const tiers: Filter[][] = [[]];
  if (mode === "hybrid" && known !== undefined) {
    const sameRole: Filter = { [ROLE_FIELD]: known.name };
    tiers.unshift([{ [SOC_FIELD]: known.soc }]);
    tiers.unshift([sameRole]);
    if (slots.state !== undefined && fields["state"] === "keyword")
      tiers.unshift([sameRole, { state: slots.state }]);
    if (geoField !== undefined && slots.lat !== undefined && slots.lon !== undefined) {
      tiers.unshift([
        sameRole,
        { near: { field: geoField, lat: slots.lat, lon: slots.lon, miles: NEAR_MILES } },
      ]);
    }
  }
  return tiers.map((tier) => allOf(filter === undefined ? tier : [filter, ...tier]));
}

function allOf(filters: readonly Filter[]): Filter {
  const [only] = filters;
  if (only === undefined) return {};
  return filters.length === 1 ? only : { and: [...filters] };
}

/** Payload fields of our own: what a row's role is called in the taxonomy. */
export const ROLE_FIELD = "_role";
export const SOC_FIELD = "_soc";

/** Candidates that the words found and the vectors did not, those that meet the caller's conditions. */
async function byId(
  { index }: Generation,
  ids: readonly string[],
  { understood, filter }: Question,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Candidate[]> {
  if (ids.length === 0) return [];
  const query = readVector(understood.vector) ?? new Float32Array();
  const { items } = await vectors.fetch(
    { index, ids: [...ids], ...(filter === undefined ? {} : { filter }) },
    call,
  );
  return items.map(({ id, vector: stored, metadata }) => ({
    id,
    metadata,
    distance: cosineDistance(query, readVector(stored) ?? new Float32Array()),
  }));
}

function cosineDistance(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i += 1) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 1 : 1 - dot / Math.sqrt(aa * bb);
}

function hitOf(generation: Generation, question: Question, candidate: Candidate, lexical: number): CorpusHit {
  const { understood, mode, text, explain } = question;
  const { known, slots } = understood;
  const { metadata, distance, id } = candidate;
  const found = roleOfRow(metadata);
  const miles = milesTo(metadata[generation.geoField ?? ""], slots);
  const placed = slots.state !== undefined || miles !== undefined;
  const sameState = slots.state !== undefined && metadata["state"] === slots.state;
  const parts: Parts = {
    dense: Math.max(0, 1 - distance),
    lexical,
    role: known === undefined ? undefined : rolePart(known, found),
    place: placed ? placePart(sameState, miles) : undefined,
  };
  const hit: CorpusHit = {
    id,
    corpus: generation.corpus,
    cite: `${generation.dataset}@${generation.snapshotId}#${id}`,
    distance,
    distance_raw: distance,
    score: scoreOf(parts, mode),
    metadata: shown(metadata),
  };
  if (miles !== undefined) hit.miles = Math.round(miles * 10) / 10;
  if (explain) {
    const matched = generation.termsOf(id, text);
    hit.explain = {
      dense: parts.dense,
      lexical,
      role: parts.role ?? 0,
      place: parts.place ?? 0,
      matched_terms: matched,
      why: whyOf({ known, found, slots, sameState, miles, matched }),
      ...(miles === undefined ? {} : { miles }),
    };
  }
  return hit;
}

function roleOfRow(metadata: Metadata): Role | undefined {
  const name = metadata[ROLE_FIELD];
  return typeof name === "string" ? roleNamed(name) : undefined;
}

function milesTo(place: unknown, slots: Understood["slots"]): number | undefined {
  if (slots.lat === undefined || slots.lon === undefined) return undefined;
  const { lat, lon } = (place ?? {}) as Partial<Point>;
  if (typeof lat !== "number" || typeof lon !== "number") return undefined;
  return milesBetween({ lat, lon }, { lat: slots.lat, lon: slots.lon });
}

function shown(metadata: Metadata): Record<string, unknown> {
  const { [ROLE_FIELD]: _role, [SOC_FIELD]: _soc, ...rest } = metadata;
  return rest;
}

interface Reasons {
  readonly known: Role | undefined;
  readonly found: Role | undefined;
  readonly slots: Understood["slots"];
  readonly sameState: boolean;
  readonly miles: number | undefined;
  readonly matched: readonly string[];
}

/** One line for a person: what speaks for this hit. */
function whyOf({ known, found, slots, sameState, miles, matched }: Reasons): string {
  const reasons: string[] = [];
  if (known !== undefined && found !== undefined) {
    if (found.name === known.name) reasons.push(`is a ${known.name}`);
    else if (found.soc === known.soc) reasons.push(`${found.name} is the same occupation as ${known.name}`);
    else if (known.adjacent.includes(found.name)) reasons.push(`${found.name} is close to ${known.name}`);
    else reasons.push(`is a ${found.name}, not a ${known.name}`);
  }
  if (miles !== undefined) reasons.push(`${Math.round(miles)} miles from ${slots.city ?? "there"}`);
  else if (sameState) reasons.push(`in ${slots.state}`);
  if (matched.length > 0) reasons.push(`matches ${matched.slice(0, WORDS_SHOWN_MAX).join(", ")}`);
  return reasons.length === 0 ? "the nearest in meaning" : reasons.join("; ");
}

const WORDS_SHOWN_MAX = 5;
