// Changes of a dataset's schema that an answer offers, as text that can be followed as it stands: a column that is likely
// renamed, and integers that come with decimals. A load that already took effect is undone first: what it wrote is in
// other columns, or in the rejects.

import type { SnapshotId } from "#contracts/shapes";
import { Fault } from "#rpc/fault";
import type { DecimalsFound, LikelyRename } from "../source/shapes.ts";

/** What the load has done when its answer is read. */
export type Effect =
  | { readonly was: "nothing" }
  /** Rows were added, and with them the column; `before` is the snapshot to go back to. */
  | { readonly was: "loaded"; readonly before: SnapshotId }
  /** Rows with a value in an unknown column are rejected rows of this ingest. */
  | { readonly was: "quarantined"; readonly before: SnapshotId; readonly ingestId: string };

export function renameOffer(
  dataset: string,
  { old, new: to, common, distinct, respelled }: LikelyRename,
  effect: Effect,
): string {
  const why =
    respelled === true
      ? "the names differ in capitals, spaces and marks alone"
      : `${common} of ${distinct} different values of "${to}" stand there`;
  const found = `"${to}" is likely the column "${old}" of ${dataset} under a new name: the file has no "${old}", and ${why}.`;
  const rename = `lakehouse datasets rename ${dataset} ${word(old)} ${word(to)}`;
  if (effect.was === "loaded")
    return `${found} It was added as a column of its own. If it is "${old}", run ${rollback(dataset, effect.before)}, then ${rename} --replace (or ${patch(dataset, { drop: [to], rename: { [old]: to } })}), and load the file again.`;
  const then =
    effect.was === "nothing" ? "load the file again" : `run lakehouse replay ${dataset} ${effect.ingestId}`;
  return `${found} If so, run ${rename} (or ${patch(dataset, { rename: { [old]: to } })}), and ${then}.`;
}

/** The values that are there stay under another name: a column of integers becomes no decimal in place. */
export function decimalsOffer(
  dataset: string,
  { column, wanted, ...seen }: Pick<DecimalsFound, "column" | "wanted"> & Partial<DecimalsFound>,
  effect: Effect,
): string {
  const kept = `${column}_whole`;
  const change = patch(dataset, { rename: { [column]: kept }, add: [{ name: column, type: wanted }] });
  const found =
    seen.example === undefined
      ? `"${column}" holds whole numbers in ${dataset}, and the file's have decimals.`
      : `"${column}" is ${seen.type} in ${dataset}, and rows with decimals ("${seen.example}" in line ${seen.line}) are rejected.`;
  const undo = effect.was === "nothing" ? "" : `${rollback(dataset, effect.before)}, then `;
  return `${found} To take them: ${undo}${change}, and load the file again; earlier values are then in "${kept}".`;
}

/** A refusal with what would make the file fit. */
export function withOffers(
  error: unknown,
  dataset: string,
  renames: readonly LikelyRename[],
  decimals: readonly Pick<DecimalsFound, "column" | "wanted">[],
): unknown {
  if (!(error instanceof Fault) || error.code !== "rejected") return error;
  const offers = [
    ...renames.map((rename) => renameOffer(dataset, rename, { was: "nothing" })),
    ...decimals.map((found) => decimalsOffer(dataset, found, { was: "nothing" })),
  ];
  if (offers.length === 0) return error;
  return new Fault("rejected", [error.message, ...offers].join(" "), {
    ...(error.details === undefined ? {} : { details: error.details }),
    cause: error,
  });
}

function rollback(dataset: string, snapshot: SnapshotId): string {
  return `lakehouse datasets rollback ${dataset} ${snapshot}`;
}

function patch(dataset: string, change: object): string {
  return `PATCH /v1/catalog/datasets/${dataset}/schema ${JSON.stringify(change)}`;
}

/** A name as it is typed in a shell. */
function word(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
