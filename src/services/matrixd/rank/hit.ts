// A candidate as a hit of the response: what it is, what its score is made of, and one line that says why it is there.

import type { MatrixHit } from "#contracts/matrix";
import { type Role, roleNamed } from "#domain/roles";
import { OWN_FIELDS } from "../corpus/build.ts";
import type { Generation } from "../corpus/generation.ts";
import type { Acting } from "../playbooks/matching.ts";
import type { Understood } from "../query/understand.ts";
import { boostOf, type Candidate, movedDistance } from "./lifting.ts";
import type { Ranking } from "./ranking.ts";
import type { Relevance } from "./relevance.ts";

type Metadata = Readonly<Record<string, unknown>>;

/** The hit at the place `base` of its corpus; another place among the hits is known when all corpora have answered. */
export function hitOf(
  generation: Generation,
  ranking: Ranking,
  scored: Candidate,
  base: number,
  explain: boolean,
): MatrixHit {
  const { id, row, distance, metadata, parts, sameState, miles, score, missing, acting } = scored;
  const hit: MatrixHit = {
    rank: base,
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
  if (explain) {
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
  // A number alone (a wage, an hour, a count) is a reason for nobody.
  const words = matched.filter((word) => !/^\d+$/.test(word));
  if (words.length > 0) reasons.push(`matches ${words.slice(0, WORDS_SHOWN_MAX).join(", ")}`);
  return reasons.length === 0 ? "the nearest in meaning" : reasons.join("; ");
}

function milesText(miles: number): string {
  const rounded = Math.round(miles);
  return rounded === 0 ? "less than a mile" : rounded === 1 ? "1 mile" : `${rounded} miles`;
}

const WORDS_SHOWN_MAX = 5;
