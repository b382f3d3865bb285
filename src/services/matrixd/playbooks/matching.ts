// Which records act on one query, and how: pure selection from the recorded queries near it. Of the records on one answer
// an actor, or a key, has at most so many a say, and the strongest of what is left counts.

import { LOCAL_CALLER } from "#rpc/call";
import { decayAt, effectOf, factorOf, weightAt } from "./effect.ts";
import { agreedAnswers, type AgreementQuery } from "./agreement.ts";
import { personIsInjected, personMoves, recordActs } from "./gate.ts";
import type { Library } from "./library.ts";
import type { NearQuery } from "./near-queries.ts";
import { type OrderPlace, placeShare } from "./order-place.ts";
import { type Playbook, standingAt, type Version } from "./playbook.ts";

export interface MatchSettings {
  readonly halfLifeMs: number;
  /** Records of one actor that act on one answer at most. */
  readonly perActorMax: number;
}

export interface MatchQuery extends AgreementQuery {
  /** Where people are wanted. */
  readonly place: OrderPlace;
  readonly distanceMax: number;
}

/** A record that acts on an answer. */
export interface Acting {
  readonly playbook: Playbook;
  readonly version: Version;
  readonly queryDistance: number;
  readonly weight: number;
  readonly decay: number;
  readonly factor: number;
  /** The answer may be brought in where the ranking did not find it. */
  readonly mayInject: boolean;
}

export interface Matches {
  /** One for each answer that is lifted, the strongest first. */
  readonly lifts: readonly Acting[];
  readonly pushes: readonly Acting[];
  readonly matched: number;
  readonly blocked: number;
}

export const NO_MATCHES: Matches = { lifts: [], pushes: [], matched: 0, blocked: 0 };

/** The same text is the same order, wherever its caller wants people. Cosine distance, as far as it can be computed. */
const SAME_MAX = 1e-6;
/** A factor nearer to 1 than this changes nothing that anybody sees. */
const LEAST_EFFECT = 1e-9;

export function matchesAmong(
  near: readonly NearQuery[],
  library: Library,
  query: MatchQuery,
  settings: MatchSettings,
): Matches {
  const agreed = agreedAnswers(near, library, query);
  const byAnswer = new Map<string, Acting[]>();
  let [matched, blocked] = [0, 0];
  for (const { recorded, distance } of near) {
    if (distance > query.distanceMax) continue;
    for (const id of recorded.ids) {
      const playbook = library.get(id);
      const standing = playbook === undefined ? undefined : standingAt(playbook, query.at);
      if (playbook === undefined || standing?.state !== "active") continue;
      if (!recordActs(query.gate, query.role, playbook.role, distance)) {
        blocked += 1;
        continue;
      }
      const acting = actingOf(playbook, standing.version, distance, query, settings, agreed);
      if (acting === undefined) continue;
      const own = byAnswer.get(playbook.answerId);
      if (own === undefined) byAnswer.set(playbook.answerId, [acting]);
      else own.push(acting);
    }
  }
  const strongest: Acting[] = [];
  for (const records of byAnswer.values()) {
    const heard = heardOf(records, settings.perActorMax);
    matched += heard.length;
    strongest.push(...heard.slice(0, 1));
  }
  strongest.sort(byStrength);
  return {
    lifts: strongest.filter(({ factor }) => factor < 1),
    pushes: strongest.filter(({ factor }) => factor > 1),
    matched,
    blocked,
  };
}

function actingOf(
  playbook: Playbook,
  version: Version,
  queryDistance: number,
  { role, place, gate, distanceMax, at, personRole }: MatchQuery,
  { halfLifeMs }: MatchSettings,
  agreed: ReadonlySet<string>,
): Acting | undefined {
  const person = personRole(playbook.answerId);
  if (person === undefined) return undefined;
  const roles = { query: role, record: playbook.role, person };
  if (!personMoves(gate, roles, queryDistance)) return undefined;
  const mayDiffer = queryDistance > SAME_MAX && playbook.place !== undefined;
  const share = mayDiffer ? placeShare(place, playbook.place) : 1;
  const weight = share * weightAt(queryDistance, distanceMax);
  const decay = decayAt(at - version.recordedAt, halfLifeMs);
  const factor = factorOf({ effect: effectOf(version), score: version.score, weight, decay });
  if (Math.abs(1 - factor) < LEAST_EFFECT) return undefined;
  const mayInject = personIsInjected(gate, roles, queryDistance) || agreed.has(playbook.answerId);
  return { playbook, version, queryDistance, weight, decay, factor, mayInject };
}

/** The records on one answer, the strongest first, without those beyond what one actor or one key may have. */
export function heardOf(records: readonly Acting[], perActorMax: number): readonly Acting[] {
  const said = new Map<string, number>();
  return records.toSorted(byStrength).filter(({ playbook: { actor }, version: { recordedBy } }) => {
    const voices =
      recordedBy === LOCAL_CALLER.id ? [`actor ${actor}`] : [`actor ${actor}`, `key ${recordedBy}`];
    if (voices.some((voice) => (said.get(voice) ?? 0) >= perActorMax)) return false;
    for (const voice of voices) said.set(voice, (said.get(voice) ?? 0) + 1);
    return true;
  });
}

/** What pushes down goes before what lifts as much; then by id, so that the order is one. */
function byStrength(a: Acting, b: Acting): number {
  return (
    Math.abs(1 - b.factor) - Math.abs(1 - a.factor) ||
    b.factor - a.factor ||
    (a.playbook.id < b.playbook.id ? -1 : 1)
  );
}
