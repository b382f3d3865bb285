// What a bench finds: rows, each one figure of ours, beside it the same work done by something bare, and the
// bar that the figure or the ratio has to hold.

import type { Spread } from "./rounds.ts";

export interface Bar {
  /** What is held against the limit. */
  readonly of: "ratio" | "figure";
  readonly is: "<=" | ">=";
  readonly limit: number;
}

export interface Row {
  /** Unique within its bench, and stable: the baseline goes by it. */
  readonly name: string;
  readonly unit: string;
  readonly subject: Spread;
  /** The same work done bare; null for what has no peer, such as a start. */
  readonly reference: { readonly name: string; readonly figure: number } | null;
  /** Subject to reference, by rounds. */
  readonly ratio: Spread | null;
  readonly bar: Bar;
  /** What else was measured, for a reader and for the baseline; the unit is in the name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** A row and the bench it comes from. */
export interface Finding {
  readonly bench: string;
  readonly row: Row;
}

export interface Settings {
  /** Of one round of load. */
  readonly seconds: number;
  readonly rounds: number;
  /** Of a soak, for each topology. */
  readonly minutes: number;
  /** Those in which a soak runs. */
  readonly topologies: readonly Topology[];
  /** A folder of a RAG export that retrieval is measured over, in place of its own material. */
  readonly rag?: string | undefined;
}

export const TOPOLOGIES = ["together", "apart"] as const;
export type Topology = (typeof TOPOLOGIES)[number];

export interface Bench {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  rows(settings: Settings): Promise<Row[]>;
}

/** `noisy` when the bar lies within the spread: run it again on a quieter machine before you believe either. */
export type Verdict = "holds" | "fails" | "noisy";

export function verdictOf({ bar, ratio, subject }: Row): Verdict {
  const spread = bar.of === "ratio" ? ratio : subject;
  if (spread === null) return "fails";
  const meets = (value: number): boolean => (bar.is === "<=" ? value <= bar.limit : value >= bar.limit);
  // A single measurement has no spread and is simply judged.
  if (meets(spread.low) !== meets(spread.high)) return "noisy";
  return meets(spread.median) ? "holds" : "fails";
}
