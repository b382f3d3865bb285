// 64-bit integers as JavaScript can hold them: a number while it is exact, a bigint beyond. Every producer in
// this folder gives the canonical form, so two equal longs are equal under `===` and work as keys of a Map.

/** A signed 64-bit integer: a number from -(2^53-1) to 2^53-1, a bigint outside of that. */
export type Long = number | bigint;

/** The canonical form of a 64-bit integer. */
export function toLong(value: bigint): Long {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function compareLongs(a: Long, b: Long): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** From text of digits, such as another writer's id. */
export function parseLong(text: string): Long {
  return toLong(BigInt(text));
}
