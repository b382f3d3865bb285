// The hits of all corpora as one list: in the order that playbooks allow, each with its rank and with the rank it would have
// without them.

import type { MatrixHit, Searched } from "#contracts/matrix";
import { byScore, type Orderable, placed } from "./order.ts";
import type { PlaybookCounts } from "./retrieve.ts";

/** The hits of one corpus. */
export interface RankedPart {
  /** Each with its `base_rank` within the corpus. */
  readonly hits: readonly MatrixHit[];
  /** Scores of all its candidates without playbooks, the highest first. */
  readonly scoresRaw: readonly number[];
}

/** The first k. */
export function ranked(parts: readonly RankedPart[], k: number): readonly MatrixHit[] {
  if (parts.every(({ hits }) => hits.every(isUnmoved))) {
    const [first] = parts;
    if (first !== undefined && parts.length === 1)
      return first.hits.length > k ? first.hits.slice(0, k) : first.hits;
    const best = parts.flatMap(({ hits }) => hits).sort(byScore);
    return best.slice(0, k).map((hit, rank) => ({ ...hit, rank, base_rank: rank }));
  }
  const hits = parts.flatMap((part) => {
    const others = parts.filter((one) => one !== part);
    return part.hits.map((hit) => ({ ...hit, base_rank: hit.base_rank + countBefore(others, hit) }));
  });
  return placed(hits.map(orderable), k).map(({ one: { hit }, score }, rank) => ({ ...hit, rank, score }));
}

/** Neither a playbook acts on it nor did one push down a hit before it. */
function isUnmoved({ boost, base_rank: base }: MatrixHit, place: number): boolean {
  return boost === undefined && base === place;
}

/** Candidates of other corpora that stand before a hit without playbooks. */
function countBefore(others: readonly RankedPart[], { score, score_raw: raw = score }: MatrixHit): number {
  return others.reduce((sum, { scoresRaw }) => sum + countAbove(scoresRaw, raw), 0);
}

export function orderable(hit: MatrixHit): Orderable & { readonly hit: MatrixHit } {
  const { id, distance, score, score_raw: scoreRaw = score, boost } = hit;
  return { hit, id, distance, score, scoreRaw, isLifted: boost !== undefined && boost.factor < 1 };
}

/** How many of the scores, the highest first, are above one. */
function countAbove(scores: readonly number[], score: number): number {
  let [low, high] = [0, scores.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((scores[middle] ?? -Infinity) > score) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function countsOf(parts: readonly { readonly playbook: PlaybookCounts }[]): Searched["playbook"] {
  const sum = (of: (counts: PlaybookCounts) => number): number =>
    parts.reduce((all, { playbook }) => all + of(playbook), 0);
  const degraded = parts.find(({ playbook }) => playbook.degraded !== undefined)?.playbook.degraded;
  return {
    matched: sum(({ matched }) => matched),
    boosted: sum(({ boosted }) => boosted),
    injected: sum(({ injected }) => injected),
    blocked_by_gate: sum(({ blocked }) => blocked),
    ...(degraded === undefined ? {} : { degraded }),
  };
}
