// Why a row is not among the hits, in words: what its place within its corpus (row-place.ts) means once the hits of all
// corpora are known.

import type { MatrixHit, WhyNot } from "#contracts/matrix";
import { boostOf } from "./lifting.ts";
import type { RowPlace } from "./row-place.ts";

export interface PlaceInCorpus {
  readonly corpus: string;
  readonly place: RowPlace;
}

/** `places`: what each corpus that was searched knows of the row. */
export function whyNot(id: string, places: readonly PlaceInCorpus[], hits: readonly MatrixHit[]): WhyNot {
  const hit = hits.find((one) => one.id === id);
  const known = places.find(({ place }) => place.kind === "candidate") ?? places.find(isKnown);
  const corpus = hit?.corpus ?? known?.corpus ?? null;
  if (hit !== undefined) {
    const message = `${id} is the hit at rank ${hit.rank}.`;
    const { rank, score, distance, boost } = hit;
    return {
      id,
      corpus,
      reason: "is_hit",
      message,
      rank,
      score,
      distance,
      ...(boost && { playbook: boost }),
    };
  }
  if (known === undefined) {
    const searched = places.map((one) => one.corpus).join(", ");
    return { id, corpus, reason: "not_in_corpus", message: `There is no row ${id} in ${searched}.` };
  }
  return { id, corpus, ...explained(id, known, hits) };
}

function isKnown({ place }: PlaceInCorpus): boolean {
  return place.kind !== "absent";
}

function explained(
  id: string,
  { corpus, place }: PlaceInCorpus,
  hits: readonly MatrixHit[],
): Omit<WhyNot, "id" | "corpus"> {
  const cut = hits.at(-1)?.score;
  switch (place.kind) {
    case "absent":
      return { reason: "not_in_corpus", message: `There is no row ${id} in ${corpus}.` };
    case "not_embedded":
      return {
        reason: "not_embedded",
        message: `The index of ${corpus} has no vector of ${id}: the corpus must be built again.`,
      };
    case "status":
      return {
        reason: "status",
        message: `${id} has the status ${place.status}, which a search shows only when it asks for it.`,
        failed: ["status"],
      };
    case "filtered":
      return {
        reason: "filtered",
        message: `${id} does not meet ${place.failed.join(", ")}.`,
        failed: [...place.failed],
      };
    case "not_related": {
      const { score, distance } = place;
      const message = `Nothing but its vector relates ${id} to the text, and others are of the role that is asked for.`;
      return { reason: "not_related", message, score, distance, ...(cut === undefined ? {} : { cut }) };
    }
    case "candidate":
      return behind(id, corpus, place, cut);
    default:
      return place satisfies never;
  }
}

function behind(
  id: string,
  corpus: string,
  { rank, score, scoreRaw, distance, acting }: Extract<RowPlace, { readonly kind: "candidate" }>,
  cut: number | undefined,
): Omit<WhyNot, "id" | "corpus"> {
  const numbers = { rank, score, distance, ...(acting && { playbook: boostOf(acting) }) };
  if (cut === undefined)
    return { reason: "not_related", message: `Nothing fits the text, ${id} neither.`, ...numbers };
  const below = Math.max(0, cut - score);
  const isPushed = acting !== undefined && acting.factor > 1 && scoreRaw > cut;
  const lacks = `Its score ${score.toFixed(4)} is ${below.toFixed(4)} below that of the last hit; ${rank} candidates of ${corpus} are before it.`;
  const pushed = `A playbook pushes ${id} down: it did not work for a query like this. ${lacks}`;
  return {
    reason: isPushed ? "pushed_down" : "below_cut",
    message: isPushed ? pushed : lacks,
    ...numbers,
    cut,
    below_by: below,
  };
}
