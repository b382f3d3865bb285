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

/** The first k. Hits are changed in place: they were made for this response. */
export function ranked(parts: readonly RankedPart[], k: number): MatrixHit[] {
  const hits = parts.flatMap((part) => part.hits);
  if (hits.every(({ boost }) => boost === undefined)) {
    if (parts.length > 1) hits.sort(byScore);
    const best = hits.slice(0, k);
    for (const [rank, hit] of best.entries()) hit.rank = hit.base_rank = rank;
    return best;
  }
  for (const part of parts) {
    const others = parts.filter((one) => one !== part);
    for (const hit of part.hits) {
      const raw = hit.score_raw ?? hit.score;
      for (const { scoresRaw } of others) hit.base_rank += countAbove(scoresRaw, raw);
    }
  }
  return placed(hits.map(orderable), k).map(({ one: { hit }, score }, rank) => {
    hit.rank = rank;
    hit.score = score;
    return hit;
  });
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
