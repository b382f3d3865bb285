// From candidates to the rows of a training file and its hold-out: barred ones out, exact and near duplicates out, groups to
// their sides, overlap out. The result follows from the set of candidates and not from their order.

import { canonicalJson } from "#lib/canonical-json";
import { sha256Hex } from "../files/digest.ts";
import type { Candidate } from "./candidates.ts";
import { decontaminated, type RowTexts } from "./contamination.ts";
import { nearDuplicates } from "./near-duplicates.ts";
import { groupsOf, heldOut, type SplitOptions } from "./split.ts";

export interface Selected extends Candidate {
  readonly group: string;
}

export interface Selection {
  readonly train: readonly Selected[];
  readonly holdout: readonly Selected[];
  readonly duplicates: number;
  readonly barred: readonly (Candidate & { readonly reason: string })[];
  readonly removed: readonly { readonly candidate: Candidate; readonly overlap: string }[];
}

export function select(
  candidates: readonly Candidate[],
  options: SplitOptions,
  against: readonly (readonly RowTexts[])[],
): Selection {
  const ordered = candidates
    .map((candidate) => ({ candidate, key: keyOf(candidate) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const barred: (Candidate & { reason: string })[] = [];
  const hashes = new Set<string>();
  const distinct: Candidate[] = [];
  let duplicates = 0;
  for (const { candidate } of ordered) {
    if (candidate.barred !== undefined) {
      barred.push({ ...candidate, reason: candidate.barred });
      continue;
    }
    const { meta: _meta, ...row } = candidate.row as Record<string, unknown>;
    const hash = sha256Hex(canonicalJson(row));
    if (hashes.has(hash)) duplicates += 1;
    else {
      hashes.add(hash);
      distinct.push(candidate);
    }
  }
  // A row's label is part of what it says: the two sides of a KTO pair are no duplicates.
  const repeats = nearDuplicates(distinct.map((candidate) => saidBy(candidate).join("\n")));
  const kept = distinct.filter((_, at) => repeats[at] === undefined);
  duplicates += distinct.length - kept.length;
  const evidence = kept.map(({ source }) => source.evidence);
  const groups = groupsOf(evidence);
  const isHeld = heldOut(evidence, groups, options);
  const selected = kept.map((candidate, at) => ({ ...candidate, group: groups[at] ?? "" }));
  const holdout = selected.filter((_, at) => isHeld[at] === true);
  const training = selected.filter((_, at) => isHeld[at] !== true);
  const others = [holdout.map(({ texts }) => texts), ...against];
  const clean = decontaminated(
    training.map(({ texts }) => texts),
    others,
  );
  return {
    train: clean.kept.flatMap((at) => training[at] ?? []),
    holdout,
    duplicates,
    barred,
    removed: clean.removed.flatMap(({ at, size }) => {
      const candidate = training[at];
      return candidate === undefined ? [] : [{ candidate, overlap: `${size}-gram` }];
    }),
  };
}

/** By what a row says, and then by its source line's bytes: where in its log a line stands changes nothing. */
function keyOf(candidate: Candidate): string {
  const { evidence_id, provenance } = candidate.source.evidence;
  return `${canonicalJson(saidBy(candidate))} ${provenance.source_sha256} ${evidence_id}`;
}

function saidBy({ row, texts, said = texts }: Candidate): string[] {
  return [labelOf(row), ...said];
}

function labelOf(row: object): string {
  const { label, kto_tag } = row as { label?: boolean; kto_tag?: boolean };
  return String(label ?? kto_tag ?? "");
}
