// One corpus, one question: candidates from the vectors, tier by tier (right role and near, right role in the
// state, right role, anybody), and from the words; every candidate scored by all of its parts; the best k.

import type { Hit, vector } from "#contracts/vector";
import type { MatrixHit } from "#contracts/matrix";
import { milesBetween, type Point } from "#domain/places";
import { type Role, ROLES } from "#domain/roles";
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

const NO_WORDS: ReadonlyMap<string, number> = new Map();
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
): Promise<{ hits: MatrixHit[]; plan: string }> {
  const { understood, text, k, mode, filter } = question;
  const wanted = Math.min(CANDIDATES_MAX, k + CANDIDATES_BESIDE);
  const wordScores = mode === "dense" ? NO_WORDS : generation.wordScores(text, wanted);
  const tiers = tiersFor(generation, understood, filter, mode);
  const found = await vectors.searchTiers(
    {
      index: generation.index,
      vector: understood.vector,
      // In lexical mode the words alone name candidates; their distances are told all the same.
      k: mode === "lexical" ? 1 : wanted,
      // Who is of another role never comes before who is of the right one, so wider tiers only fill up.
      enough: k,
      tiers,
      also: [...wordScores.keys()],
    },
    call,
  );
  const candidates = mode === "lexical" ? found.hits.filter(({ id }) => wordScores.has(id)) : found.hits;
  const scored = candidates.map((candidate) =>
    scoredOf(generation, question, candidate, wordScores.get(candidate.id) ?? 0),
  );
  scored.sort((a, b) => b.score - a.score || a.distance - b.distance || (a.id < b.id ? -1 : 1));
  const plan = mode === "lexical" ? "bm25" : mode === "dense" ? found.plan : `${found.plan}+bm25`;
  return { hits: scored.slice(0, k).map((one) => hitOf(generation, question, one)), plan };
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

/** A candidate with all that its rank depends on. */
interface Scored {
  readonly id: string;
  readonly distance: number;
  readonly metadata: Metadata;
  readonly parts: Parts;
  readonly role: Role | undefined;
  readonly sameState: boolean;
  readonly miles: number | undefined;
  readonly score: number;
}

function scoredOf(generation: Generation, question: Question, candidate: Hit, lexical: number): Scored {
  const { known, slots } = question.understood;
  const { id, distance, metadata = {} } = candidate;
  const role = ROLES_BY_NAME.get(metadata[ROLE_FIELD]);
  const miles = milesTo(metadata[generation.geoField ?? ""], slots);
  const sameState = slots.state !== undefined && metadata["state"] === slots.state;
  const placed = slots.state !== undefined || miles !== undefined;
  const parts: Parts = {
    dense: Math.max(0, 1 - distance),
    lexical,
    role: known === undefined ? undefined : rolePart(known, role),
    place: placed ? placePart(sameState, miles) : undefined,
  };
  return { id, distance, metadata, parts, role, sameState, miles, score: scoreOf(parts, question.mode) };
}

/** Rows carry canonical names, which need no folding. */
const ROLES_BY_NAME: ReadonlyMap<unknown, Role> = new Map(ROLES.map((role) => [role.name, role]));

function hitOf(generation: Generation, { understood, text, explain }: Question, scored: Scored): MatrixHit {
  const { id, distance, metadata, parts, role, sameState, miles, score } = scored;
  const hit: MatrixHit = {
    // Known when all corpora have answered.
    rank: 0,
    base_rank: 0,
    id,
    corpus: generation.corpus,
    cite: `${generation.dataset}@${generation.snapshotId}#${id}`,
    distance,
    distance_raw: distance,
    score,
    metadata: shown(metadata),
  };
  if (miles !== undefined) hit.miles = Math.round(miles * 10) / 10;
  if (explain) {
    const { known, slots } = understood;
    const matched = generation.termsOf(id, text);
    hit.explain = {
      dense: parts.dense,
      lexical: parts.lexical,
      role: parts.role ?? 0,
      place: parts.place ?? 0,
      matched_terms: matched,
      why: whyOf({ known, found: role, slots, sameState, miles, matched }),
      ...(miles === undefined ? {} : { miles }),
    };
  }
  return hit;
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
    if (found.name === known.name) reasons.push(known.name);
    else if (found.soc === known.soc) reasons.push(`${found.name} is the same occupation as ${known.name}`);
    else if (known.adjacent.includes(found.name)) reasons.push(`${found.name} is close to ${known.name}`);
    else reasons.push(`${found.name}, not ${known.name}`);
  }
  if (miles !== undefined) reasons.push(`${milesText(miles)} from ${slots.city ?? "there"}`);
  else if (sameState) reasons.push(`in ${slots.state}`);
  if (matched.length > 0) reasons.push(`matches ${matched.slice(0, WORDS_SHOWN_MAX).join(", ")}`);
  return reasons.length === 0 ? "the nearest in meaning" : reasons.join("; ");
}

function milesText(miles: number): string {
  const rounded = Math.round(miles);
  return rounded === 0 ? "less than a mile" : rounded === 1 ? "1 mile" : `${rounded} miles`;
}

const WORDS_SHOWN_MAX = 5;
