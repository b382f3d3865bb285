// Measures by which two replies are compared: the direction and length of vectors, and how alike two rankings are.

const EPSILON_RELATIVE = 1e-6;
const EPSILON_ABSOLUTE = 1e-9;

/** Equal but for rounding. */
export function isClose(a: number, b: number, relative = EPSILON_RELATIVE): boolean {
  return (
    a === b || Math.abs(a - b) <= Math.max(EPSILON_ABSOLUTE, relative * Math.max(Math.abs(a), Math.abs(b)))
  );
}

export function norm(vector: readonly number[]): number {
  return Math.hypot(...vector);
}

/** From -1 to 1; 0 where one of them has no direction. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  const lengths = norm(a) * norm(b);
  if (lengths === 0) return 0;
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0) / lengths;
}

/** Share of the first `k` of the longer list that both have. */
export function overlapAt(a: readonly string[], b: readonly string[], k: number): number {
  const first = new Set(a.slice(0, k));
  const most = Math.min(k, Math.max(a.length, b.length));
  return most === 0 ? 1 : new Set(b.slice(0, k).filter((id) => first.has(id))).size / most;
}

/**
 * Kendall's tau-b of the ids that both have, by their scores: 1 for the same order, -1 for the reverse. Two that are tied
 * on either side have no order (Kendall 1945).
 */
export function kendall(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  const ids = [...a.keys()].filter((id) => b.has(id));
  let concordant = 0;
  let discordant = 0;
  let tiedA = 0;
  let tiedB = 0;
  for (const [at, one] of ids.entries()) {
    for (const other of ids.slice(at + 1)) {
      const inA = orderOf(a.get(one) ?? 0, a.get(other) ?? 0);
      const inB = orderOf(b.get(one) ?? 0, b.get(other) ?? 0);
      if (inA === 0 && inB === 0) continue;
      if (inA === 0) tiedA += 1;
      else if (inB === 0) tiedB += 1;
      else if (inA === inB) concordant += 1;
      else discordant += 1;
    }
  }
  const ordered = concordant + discordant;
  const size = Math.sqrt((ordered + tiedA) * (ordered + tiedB));
  return size === 0 ? 1 : (concordant - discordant) / size;
}

function orderOf(one: number, other: number): number {
  return isClose(one, other) ? 0 : Math.sign(one - other);
}
