// A probe asks both sides the same generated things and says, endpoint by endpoint, what is the same. Known cases are its
// seeds: they come first and are counted by themselves. What is generated follows from one number, which is printed, so that a
// difference can be made again.

import type { Random } from "#lib/random";
import type { Difference } from "../diff/compare.ts";
import type { DialectName } from "../ledger/ledger.ts";
import type { Side, SideRequest } from "../side.ts";

export const PROBE_NAMES = [
  "embed",
  "validate",
  "extract_json",
  "materializer",
  "search",
  "sql",
  "storage",
  "audit",
] as const;
export type ProbeName = (typeof PROBE_NAMES)[number];

export interface ProbeContext {
  readonly dialect: DialectName;
  readonly random: Random;
  /** Generated cases of each endpoint, beyond the seeds. */
  readonly count: number;
  /** The older side, and the one that is to take its place. */
  readonly left: Side;
  readonly right: Side;
  /** Of embeddings, on both sides. */
  readonly model: string | undefined;
  /** An index that both sides have, for `search`. */
  readonly index: string | undefined;
  /** A worker that both rosters have, for the case of `validate` that passes. */
  readonly worker: string;
  readonly distill: Distillation;
  /** A root that an older program wrote; undefined asks its endpoints. */
  readonly root: OlderRoot | undefined;
}

/** Files by their path below the root's folder of sources, of evidence. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** This house's distillation, over a root that is made for one case and goes away with it. */
export interface Distillation {
  /** `chat.jsonl` to its bytes; gives evidence files by partition. */
  materialize(sources: Files): Promise<Files>;
  /** The file of baselines with one more. */
  appendBaseline(before: Uint8Array, baseline: Readonly<Record<string, unknown>>): Promise<Uint8Array>;
}

/** What an older program left on the disk. */
export interface OlderRoot {
  readonly sources: () => Promise<Files>;
  readonly evidence: () => Promise<Files>;
  /** Undefined where there is none. */
  readonly baselines: () => Promise<Uint8Array | undefined>;
}

export interface Outcome {
  /** `POST /v1/embed`. */
  readonly endpoint: string;
  /** Of a known case; undefined for a generated one. */
  readonly seed?: string;
  /** The generated input, for a report: it holds nothing of a person. */
  readonly input: string;
  /** Undefined when both answered; else why there is nothing to compare. */
  readonly absent?: string;
  readonly statuses: readonly [there: number, here: number];
  /** Both did what they were asked for, and did not refuse it alike. */
  readonly answered: boolean;
  readonly differences: readonly Difference[];
  /** Path that differ when the older side is asked the same twice. */
  readonly noise?: readonly string[];
  /** What the comparison measured, the least of which is reported: `cosine`, `overlap@10`. */
  readonly measure?: { readonly name: string; readonly value: number };
}

export interface Probe {
  readonly name: ProbeName;
  readonly summary: string;
  /** It writes to both sides, below a key of its own that it removes; it runs where it is named. */
  readonly writes: boolean;
  run(context: ProbeContext): AsyncIterable<Outcome>;
}

/** One request that both sides get. */
export interface HttpCase {
  readonly endpoint: string;
  readonly seed?: string;
  readonly request: SideRequest;
  /** A refusal is the right answer to it: that both refuse is no gap of the probe. */
  readonly refusable?: boolean;
  /** What is shown of it; its body unless given. */
  readonly input?: string;
}
