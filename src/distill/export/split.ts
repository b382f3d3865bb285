// Training rows and hold-out rows. Rows that share an entity, a trace or a source line are one group, directly or by way of
// others, and a group is never on both sides. A group goes by the hash of its name, so that it stays on its side from export
// to export, or into the hold-out when its newest row is not older than the time hold-out.

import { sha256Hex } from "../files/digest.ts";
import type { Evidence } from "../schemas/evidence.ts";

export interface SplitOptions {
  /** Of the groups, 0 to 90. */
  readonly holdoutPercent: number;
  /** Rows recorded at or after this are held out. */
  readonly holdoutAfter?: string | undefined;
}

/** The name of each row's group: the smallest of its keys. */
export function groupsOf(rows: readonly Evidence[]): string[] {
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    let at = key;
    for (;;) {
      const parent = parents.get(at) ?? at;
      if (parent === at) return at;
      const above = parents.get(parent) ?? parent;
      parents.set(at, above);
      at = above;
    }
  };
  const keys = rows.map(({ input, trace_id, provenance }) => [
    `line:${provenance.source_sha256}`,
    ...(input.entity === undefined ? [] : [`entity:${input.entity}`]),
    ...(trace_id === undefined ? [] : [`trace:${trace_id}`]),
  ]);
  for (const [first = "", ...others] of keys) {
    for (const other of others) {
      const [a, b] = [rootOf(first), rootOf(other)];
      // The smaller name leads, whatever order the rows came in.
      if (a !== b) parents.set(a < b ? b : a, a < b ? a : b);
    }
  }
  return keys.map(([first = ""]) => rootOf(first));
}

export function heldOut(
  rows: readonly Evidence[],
  groups: readonly string[],
  { holdoutPercent, holdoutAfter }: SplitOptions,
): boolean[] {
  const late = new Set<string>();
  if (holdoutAfter !== undefined) {
    const from = Date.parse(holdoutAfter);
    for (const [at, { provenance }] of rows.entries()) {
      if (Date.parse(provenance.recorded_at) >= from) late.add(groups[at] ?? "");
    }
  }
  return groups.map((group) => late.has(group) || bucketOf(group) < holdoutPercent);
}

function bucketOf(group: string): number {
  return Number.parseInt(sha256Hex(group).slice(0, 8), 16) % 100;
}
