// Turns in their order: by the place that a trace names ("D1:3", 17), else by the order of recording. A turn that is
// recorded late stands where it was said.

/** Where a trace stands in a conversation. */
export interface Turn {
  readonly turns: readonly Placed[];
  readonly placed: Placed;
}

interface Placed {
  readonly place: string;
  readonly trace: number;
  /** Its number among the turns, which rises when one is put before it. */
  at: number;
}

/** Numbers in a place sort by value. */
const DIGITS = 12;

export class Conversations {
  readonly #all = new Map<string, Placed[]>();

  add(conversation: string, place: string, trace: number): Turn {
    const turns = this.#all.get(conversation) ?? [];
    this.#all.set(conversation, turns);
    const sortable = place.replaceAll(/\d+/g, (digits) => digits.padStart(DIGITS, "0"));
    const placed: Placed = { place: sortable, trace, at: turns.length };
    const last = turns.at(-1);
    if (last === undefined || isBefore(last, placed)) turns.push(placed);
    else {
      placed.at = indexOf(turns, placed);
      turns.splice(placed.at, 0, placed);
      for (const later of turns.slice(placed.at + 1)) later.at += 1;
    }
    return { turns, placed };
  }
}

/** The traces of the turns before and after a turn, the nearest first, of those that `isThere`. */
export function turnsBeside(
  { turns, placed }: Turn,
  before: number,
  after: number,
  isThere: (trace: number) => boolean,
): { readonly before: readonly number[]; readonly after: readonly number[] } {
  const walk = (step: 1 | -1, many: number): number[] => {
    const found: number[] = [];
    for (let at = placed.at + step; found.length < many; at += step) {
      const trace = turns[at]?.trace;
      if (trace === undefined) break;
      if (isThere(trace)) found.push(trace);
    }
    return found;
  };
  return { before: walk(-1, before), after: walk(1, after) };
}

function isBefore(a: Placed, b: Placed): boolean {
  return a.place < b.place || (a.place === b.place && a.trace < b.trace);
}

/** Where it belongs. */
function indexOf(turns: readonly Placed[], placed: Placed): number {
  let low = 0;
  let high = turns.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(turns[middle] as Placed, placed)) low = middle + 1;
    else high = middle;
  }
  return low;
}
