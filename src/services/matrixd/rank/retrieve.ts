// One corpus, one question: candidates from the vectors, tier by tier (right occupation and near, in the state, right
// occupation, anybody), and from the words; every candidate scored by all of its parts; the best k.

import type { Hit, vector } from "#contracts/vector";
import type { MatrixHit } from "#contracts/matrix";
import type { Point } from "#domain/places";
import { type Role, roleNamed } from "#domain/roles";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { PLACE_FIELD, SOC_FIELD, STATE_FIELD } from "../corpus/build.ts";
import { NONE } from "../corpus/row-facts.ts";
import type { Generation } from "../corpus/generation.ts";
import type { Reading } from "./relevance.ts";
import { type Mode, type Parts, placePart, scoreOf } from "./score.ts";
import type { Understood } from "../query/understand.ts";

export interface Question {
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
}

type Filter = Record<string, unknown>;
type Metadata = Readonly<Record<string, unknown>>;

/** Candidates beyond k: what a part that the vectors do not see may lift into the answer. */
const CANDIDATES_BESIDE = 10;
const CANDIDATES_MAX = 1000;
/** So many people of a role are all looked at; of more, those who are near come first. */
const FEW_MAX = 50;
/** "Near" for the first tier: farther than most go for a shift. Miles. */
const NEAR_MILES = 60;

export async function retrieve(
  generation: Generation,
  question: Question,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<{ hits: MatrixHit[]; plan: string; reading: Reading }> {
  const { understood, text, role, k, mode, near } = question;
  const wanted = Math.min(CANDIDATES_MAX, k + CANDIDATES_BESIDE);
  const reading = generation.read({ understood, text, role, mode, rows: wanted });
  const few = reading.people <= FEW_MAX;
  const asked: Asked = { ...question, reading, point: near ?? reading.point, few };
  const found = await vectors.searchTiers(
    {
      index: generation.index,
      vector: understood.vector,
      // In lexical mode the words alone name candidates; their distances are told all the same.
      k: mode === "lexical" ? 1 : few ? Math.max(wanted, reading.people) : wanted,
      // Who is of another role never comes before who is of the right one, so wider tiers only fill up.
      enough: k,
      tiers: tiersFor(asked),
      also: [...reading.byWords],
    },
    call,
  );
  const named = mode === "lexical" ? new Set(reading.byWords) : undefined;
  const scored: Scored[] = [];
  for (const candidate of found.hits)
    if (named === undefined || named.has(candidate.id)) scored.push(scoredOf(generation, asked, candidate));
  scored.sort((a, b) => b.score - a.score || a.distance - b.distance || (a.id < b.id ? -1 : 1));
  const plan = mode === "lexical" ? "bm25" : mode === "dense" ? found.plan : `${found.plan}+bm25`;
  return { hits: scored.slice(0, k).map((one) => hitOf(generation, asked, one)), plan, reading };
}

interface Asked extends Question {
  readonly reading: Reading;
  readonly point: Point | undefined;
  /** All people of the role are candidates, wherever they are. */
  readonly few: boolean;
}

/** From the narrowest to the widest; the last one lets everybody pass whom the caller's own filter lets pass. */
function tiersFor({ understood, reading, point, few, mode, filter }: Asked): Filter[] {
  const tiers: Filter[][] = [[]];
  const [first, ...others] = reading.socs;
  if (mode === "hybrid" && first !== undefined) {
    const { state } = understood.order.slots;
    const ofRole: Filter = { [SOC_FIELD]: others.length === 0 ? first : { in: reading.socs } };
    tiers.unshift([ofRole]);
    if (state !== undefined && !few) tiers.unshift([ofRole, { [STATE_FIELD]: state }]);
    if (point !== undefined && !few)
      tiers.unshift([ofRole, { near: { field: PLACE_FIELD, ...point, miles: NEAR_MILES } }]);
  }
  return tiers.map((tier) => allOf(filter === undefined ? tier : [filter, ...tier]));
}

function allOf(filters: readonly Filter[]): Filter {
  const [only] = filters;
  if (only === undefined) return {};
  return filters.length === 1 ? only : { and: [...filters] };
}

/** A candidate with all that its rank depends on. */
interface Scored {
  readonly id: string;
  readonly row: number;
  readonly distance: number;
  readonly metadata: Metadata;
  readonly parts: Parts;
  readonly sameState: boolean;
  readonly miles: number | undefined;
  readonly score: number;
}

function scoredOf({ rows, located }: Generation, asked: Asked, { id, distance, metadata = {} }: Hit): Scored {
  const { understood, reading, point, mode } = asked;
  const row = rows.get(id) ?? NONE;
  const { state } = understood.order.slots;
  const miles = point === undefined ? undefined : located.milesTo(row, point);
  const sameState = state !== undefined && located.stateOf(row) === state;
  const parts: Parts = {
    dense: Math.max(0, 1 - distance),
    lexical: reading.lexical(row),
    title: reading.title(row),
    role: reading.occupation(row),
    place: state === undefined && miles === undefined ? undefined : placePart(sameState, miles),
  };
  const score = scoreOf(parts, mode, reading.standing(row));
  return { id, row, distance, metadata, parts, sameState, miles, score };
}

function hitOf(generation: Generation, asked: Asked, scored: Scored): MatrixHit {
  const { id, row, distance, metadata, parts, sameState, miles, score } = scored;
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
  if (asked.explain) {
    const { reading, understood, text } = asked;
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
      why: whyOf({
        reading,
        found,
        title: title?.text,
        slots: understood.order.slots,
        sameState,
        miles,
        matched,
      }),
      ...(miles === undefined ? {} : { miles }),
    };
  }
  return hit;
}

/** Without the fields of our own. */
function shown(metadata: Metadata): Record<string, unknown> {
  const { [SOC_FIELD]: _soc, [STATE_FIELD]: _state, [PLACE_FIELD]: _place, ...rest } = metadata;
  return rest;
}

interface Reasons {
  readonly reading: Reading;
  readonly found: Role | undefined;
  readonly title: string | undefined;
  readonly slots: Understood["order"]["slots"];
  readonly sameState: boolean;
  readonly miles: number | undefined;
  readonly matched: readonly string[];
}

/** One line for a person: what speaks for this hit. */
function whyOf({ reading, found, title, slots, sameState, miles, matched }: Reasons): string {
  const { role, known } = reading;
  const reasons: string[] = [];
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
  if (matched.length > 0) reasons.push(`matches ${matched.slice(0, WORDS_SHOWN_MAX).join(", ")}`);
  return reasons.length === 0 ? "the nearest in meaning" : reasons.join("; ");
}

function milesText(miles: number): string {
  const rounded = Math.round(miles);
  return rounded === 0 ? "less than a mile" : rounded === 1 ? "1 mile" : `${rounded} miles`;
}

const WORDS_SHOWN_MAX = 5;
