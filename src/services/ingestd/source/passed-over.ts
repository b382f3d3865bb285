// Lines that are neither header nor rows: titles above a table, rows without a value. They are listed with their
// reason, and they are few: a line beyond the bound counts as a row and is rejected, so that no part of a file is
// skipped in silence.

/** Whichever is more. */
export const LINES_MAX = 20;
const SHARE_MAX = 0.02;
/** Lines that are named one by one. */
const LINES_NAMED_MAX = 20;

export interface PassedOverLine {
  readonly line: number;
  readonly reason: string;
}

export class PassedOver {
  readonly #named: PassedOverLine[] = [];
  #lines = 0;

  get lines(): number {
    return this.#lines;
  }

  /** False when there are too many: then the line is to be rejected. `rows` are those seen so far. */
  add(line: number, reason: string, rows: number): boolean {
    if (this.#lines >= Math.max(LINES_MAX, rows * SHARE_MAX)) return false;
    this.#lines += 1;
    if (this.#named.length < LINES_NAMED_MAX) this.#named.push({ line, reason });
    return true;
  }

  /** In words, lines with the same reason together. */
  words(): string[] {
    const byReason = new Map<string, number[]>();
    for (const { line, reason } of this.#named) byReason.set(reason, [...(byReason.get(reason) ?? []), line]);
    const words = [...byReason].map(
      ([reason, lines]) =>
        `${lines.length === 1 ? "line" : "lines"} ${rangesOf(lines)} passed over: ${reason}`,
    );
    const more = this.#lines - this.#named.length;
    return more > 0 ? [...words, `${more} more lines passed over`] : words;
  }
}

/** 1, 2, 3, 7 as 1-3, 7. */
function rangesOf(lines: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const line of lines) {
    const last = ranges.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else ranges.push([line, line]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}
