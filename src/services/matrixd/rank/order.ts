// The order of hits where playbooks act. Hits stand by their scores, but in every prefix at most half, rounded up, may stand
// where they do because of a playbook, so that what was never recorded is still seen and can prove itself. A hit that is held
// back stands after the next one that is not lifted, with that one's score. Every choice depends on the hits before
// it alone, so the first hits of a longer list are the hits of a shorter one.

export interface Orderable {
  readonly id: string;
  readonly distance: number;
  readonly score: number;
  /** Without playbooks. */
  readonly scoreRaw: number;
  readonly isLifted: boolean;
}

export interface Placed<T> {
  readonly one: T;
  /** The hit's own score, or that of the hit before it where it was held back. */
  readonly score: number;
}

/** The first `count` of them. */
export function placed<T extends Orderable>(all: readonly T[], count: number): Placed<T>[] {
  const lifted = all.filter(({ isLifted }) => isLifted).sort(byScore);
  const others = all.filter(({ isLifted }) => !isLifted).sort(byScore);
  const result: Placed<T>[] = [];
  let previous = Infinity;
  /** Hits so far that stand before one which is better without playbooks. */
  let owed = 0;
  let at = 0;
  while (result.length < count && (lifted.length > 0 || at < others.length)) {
    const other = others[at];
    const index = choose(lifted, other, owed, result.length);
    const chosen = index === undefined ? other : lifted[index];
    if (chosen === undefined) break;
    if (index === undefined) at += 1;
    else {
      lifted.splice(index, 1);
      if (other !== undefined && chosen.scoreRaw < other.score) owed += 1;
    }
    previous = Math.min(previous, chosen.score);
    result.push({ one: chosen, score: previous });
  }
  return result;
}

/** The place among the lifted of the next hit; undefined where it is the best of the others. */
function choose(
  lifted: readonly Orderable[],
  other: Orderable | undefined,
  owed: number,
  place: number,
): number | undefined {
  const [best] = lifted;
  if (best === undefined) return undefined;
  if (other === undefined) return 0;
  if (byScore(other, best) < 0) return undefined;
  if (owed + 1 <= Math.ceil((place + 1) / 2) || best.scoreRaw >= other.score) return 0;
  // What is as good without its playbook owes it nothing.
  const own = lifted.findIndex(({ scoreRaw }) => scoreRaw >= other.score);
  return own === -1 ? undefined : own;
}

/** The best first; equal ones by distance, then by id. */
export function byScore(
  a: Pick<Orderable, "score" | "distance" | "id">,
  b: Pick<Orderable, "score" | "distance" | "id">,
): number {
  return b.score - a.score || a.distance - b.distance || (a.id < b.id ? -1 : 1);
}
