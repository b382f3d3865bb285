// Values of a table's cells, as they come over the wire: how they are compared, searched and written.

/** Whatever JSON holds; integers beyond 2^53 and decimals come as text. */
export type Cell = unknown;

export function textOf(value: Cell): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Numbers by size, also those that come as text; all else as a dictionary has it. Missing values are last either way. */
export function compareCells(a: Cell, b: Cell, direction: 1 | -1): number {
  const [noA, noB] = [isMissing(a), isMissing(b)];
  if (noA || noB) return noA && noB ? 0 : noA ? 1 : -1;
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined && x !== y) return (x - y) * direction;
  return collator.compare(textOf(a), textOf(b)) * direction;
}

function isMissing(value: Cell): boolean {
  return value === null || value === undefined || value === "";
}

function numberOf(value: Cell): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && NUMBER.test(value) ? Number(value) : undefined;
}
