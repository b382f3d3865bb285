// The changes and the conditions of the Iceberg REST protocol (`TableUpdate`, `TableRequirement` of its OpenAPI
// document) over a table's metadata. A commit is a list of conditions, all checked first, and a list of
// changes, applied in order; -1 as an id means "the one that this commit added last". Snapshot ids must have
// been parsed without loss (see json.ts).

import { Fault } from "#rpc/fault";

import { type Long } from "../types/long.ts";
import {
  refOf,
  type Snapshot,
  type SnapshotRef,
  type SortOrder,
  type StatisticsFile,
  type TableMetadata,
} from "./metadata.ts";
import { type SpecInput } from "../types/partition.ts";
import { type Schema } from "../types/schema.ts";
import { addSnapshot, removeRef, removeSnapshots, setRef } from "./snapshots.ts";
import {
  addSchema,
  addSortOrder,
  addSpec,
  setCurrentSchema,
  setDefaultSortOrder,
  setDefaultSpec,
  setProperties,
} from "./table-changes.ts";

export type TableUpdate =
  | { readonly action: "assign-uuid"; readonly uuid: string }
  | { readonly action: "upgrade-format-version"; readonly "format-version": number }
  | { readonly action: "add-schema"; readonly schema: Schema; readonly "last-column-id"?: number }
  | { readonly action: "set-current-schema"; readonly "schema-id": number }
  | { readonly action: "remove-schemas"; readonly "schema-ids": readonly number[] }
  | { readonly action: "add-spec"; readonly spec: SpecInput }
  | { readonly action: "set-default-spec"; readonly "spec-id": number }
  | { readonly action: "remove-partition-specs"; readonly "spec-ids": readonly number[] }
  | { readonly action: "add-sort-order"; readonly "sort-order": SortOrder }
  | { readonly action: "set-default-sort-order"; readonly "sort-order-id": number }
  | { readonly action: "add-snapshot"; readonly snapshot: Snapshot }
  | ({ readonly action: "set-snapshot-ref"; readonly "ref-name": string } & SnapshotRef)
  | { readonly action: "remove-snapshots"; readonly "snapshot-ids": readonly Long[] }
  | { readonly action: "remove-snapshot-ref"; readonly "ref-name": string }
  | { readonly action: "set-location"; readonly location: string }
  | { readonly action: "set-properties"; readonly updates: Readonly<Record<string, string>> }
  | { readonly action: "remove-properties"; readonly removals: readonly string[] }
  | { readonly action: "set-statistics"; readonly statistics: StatisticsFile }
  | { readonly action: "remove-statistics"; readonly "snapshot-id": Long }
  | { readonly action: "set-partition-statistics"; readonly "partition-statistics": StatisticsFile }
  | { readonly action: "remove-partition-statistics"; readonly "snapshot-id": Long };

/** What the present commit added last, for changes that say -1. */
interface Last {
  schemaId: number | undefined;
  specId: number | undefined;
  orderId: number | undefined;
}

/** Applies the changes in order. Throws `invalid` for an action that is not known or cannot be done in v2. */
export function applyUpdates(
  metadata: TableMetadata,
  updates: readonly TableUpdate[],
  nowMs: number,
): TableMetadata {
  const last: Last = { schemaId: undefined, specId: undefined, orderId: undefined };
  return updates.reduce((current, update) => applyUpdate(current, update, last, nowMs), metadata);
}

function lastOr(id: number, last: number | undefined, what: string): number {
  if (id !== -1) return id;
  if (last === undefined)
    throw new Fault("invalid", `This commit adds no ${what}, so -1 names none: give its id.`);
  return last;
}

function applyUpdate(metadata: TableMetadata, update: TableUpdate, last: Last, nowMs: number): TableMetadata {
  switch (update.action) {
    case "assign-uuid":
      if (update.uuid === metadata["table-uuid"]) return metadata;
      throw new Fault(
        "conflict",
        "The table has another uuid, which cannot be changed: load the table again.",
      );
    case "upgrade-format-version":
      if (update["format-version"] === 2) return metadata;
      throw new Fault("invalid", `The table stays at format version 2, not ${update["format-version"]}.`);
    case "add-schema": {
      const added = addSchema(metadata, update.schema, nowMs, update["last-column-id"]);
      last.schemaId = added.schemaId;
      return added.metadata;
    }
    case "set-current-schema":
      return setCurrentSchema(metadata, lastOr(update["schema-id"], last.schemaId, "schema"), nowMs);
    case "remove-schemas": {
      const gone = new Set(update["schema-ids"]);
      if (gone.has(metadata["current-schema-id"])) throw inUse("schema", metadata["current-schema-id"]);
      return { ...metadata, schemas: metadata.schemas.filter((schema) => !gone.has(schema["schema-id"])) };
    }
    case "add-spec": {
      const added = addSpec(metadata, update.spec, nowMs);
      last.specId = added.specId;
      return added.metadata;
    }
    case "set-default-spec":
      return setDefaultSpec(metadata, lastOr(update["spec-id"], last.specId, "partition spec"), nowMs);
    case "remove-partition-specs": {
      const gone = new Set(update["spec-ids"]);
      if (gone.has(metadata["default-spec-id"])) throw inUse("partition spec", metadata["default-spec-id"]);
      const specs = metadata["partition-specs"].filter((spec) => !gone.has(spec["spec-id"]));
      return { ...metadata, "partition-specs": specs };
    }
    case "add-sort-order": {
      const added = addSortOrder(metadata, update["sort-order"], nowMs);
      last.orderId = added.orderId;
      return added.metadata;
    }
    case "set-default-sort-order":
      return setDefaultSortOrder(
        metadata,
        lastOr(update["sort-order-id"], last.orderId, "sort order"),
        nowMs,
      );
    case "add-snapshot":
      return addSnapshot(metadata, update.snapshot);
    case "set-snapshot-ref": {
      const { action: _, "ref-name": name, ...ref } = update;
      return setRef(metadata, name, ref, nowMs);
    }
    case "remove-snapshots":
      return removeSnapshots(metadata, new Set(update["snapshot-ids"]), nowMs);
    case "remove-snapshot-ref":
      return removeRef(metadata, update["ref-name"], nowMs);
    case "set-location":
      return { ...metadata, location: update.location.replace(/\/+$/, "") };
    case "set-properties":
      return setProperties(metadata, update.updates, [], nowMs);
    case "remove-properties":
      return setProperties(metadata, {}, update.removals, nowMs);
    case "set-statistics":
      return { ...metadata, statistics: withStatistics(metadata, metadata.statistics, update.statistics) };
    case "remove-statistics":
      return { ...metadata, statistics: without(metadata.statistics, update["snapshot-id"]) };
    case "set-partition-statistics": {
      const files = withStatistics(
        metadata,
        metadata["partition-statistics"],
        update["partition-statistics"],
      );
      return { ...metadata, "partition-statistics": files };
    }
    case "remove-partition-statistics":
      return {
        ...metadata,
        "partition-statistics": without(metadata["partition-statistics"], update["snapshot-id"]),
      };
    default: {
      const { action } = update as { readonly action: unknown };
      throw new Fault(
        "invalid",
        `The change "${String(action)}" is not known for tables of format version 2.`,
      );
    }
  }
}

function inUse(what: string, id: number): Fault {
  return new Fault("conflict", `The ${what} ${id} is in use: make another one the default first.`);
}

function without(files: readonly StatisticsFile[], snapshotId: Long): StatisticsFile[] {
  return files.filter((file) => file["snapshot-id"] !== snapshotId);
}

/** A snapshot has one statistics file of each kind; a new one takes the place of the old. */
function withStatistics(
  metadata: TableMetadata,
  files: readonly StatisticsFile[],
  added: StatisticsFile,
): StatisticsFile[] {
  const id = added["snapshot-id"];
  if (!metadata.snapshots.some((snapshot) => snapshot["snapshot-id"] === id)) {
    throw new Fault("not_found", `The table has no snapshot ${id} to keep statistics of.`);
  }
  return [...without(files, id), added];
}

export type TableRequirement =
  | { readonly type: "assert-create" }
  | { readonly type: "assert-table-uuid"; readonly uuid: string }
  | { readonly type: "assert-ref-snapshot-id"; readonly ref: string; readonly "snapshot-id": Long | null }
  | { readonly type: "assert-last-assigned-field-id"; readonly "last-assigned-field-id": number }
  | { readonly type: "assert-current-schema-id"; readonly "current-schema-id": number }
  | { readonly type: "assert-last-assigned-partition-id"; readonly "last-assigned-partition-id": number }
  | { readonly type: "assert-default-spec-id"; readonly "default-spec-id": number }
  | { readonly type: "assert-default-sort-order-id"; readonly "default-sort-order-id": number };

/**
 * Throws `conflict` for the first condition that does not hold; `metadata` is undefined while there is no
 * table. A ref that must be at snapshot null must not exist.
 */
export function checkRequirements(
  metadata: TableMetadata | undefined,
  requirements: readonly TableRequirement[],
): void {
  for (const requirement of requirements) {
    if (requirement.type === "assert-create") {
      if (metadata !== undefined) throw new Fault("conflict", "The table exists already: load it instead.");
    } else if (metadata === undefined) {
      throw new Fault("not_found", "The table does not exist: create it first.");
    } else {
      checkRequirement(metadata, requirement);
    }
  }
}

function checkRequirement(
  metadata: TableMetadata,
  requirement: Exclude<TableRequirement, { readonly type: "assert-create" }>,
): void {
  const demand = (what: string, wanted: Long | string | null, found: Long | string | null): void => {
    if (wanted === found) return;
    throw new Fault(
      "conflict",
      `Requirement failed: ${what} is ${found}, not ${wanted}. Load the table and retry.`,
    );
  };
  switch (requirement.type) {
    case "assert-table-uuid":
      return demand("the table's uuid", requirement.uuid.toLowerCase(), metadata["table-uuid"].toLowerCase());
    case "assert-ref-snapshot-id": {
      const found = refOf(metadata, requirement.ref)?.["snapshot-id"] ?? null;
      const wanted = requirement["snapshot-id"] ?? null;
      return demand(`the snapshot of ${requirement.ref}`, wanted, found);
    }
    case "assert-last-assigned-field-id":
      return demand("the last field id", requirement["last-assigned-field-id"], metadata["last-column-id"]);
    case "assert-current-schema-id":
      return demand("the current schema", requirement["current-schema-id"], metadata["current-schema-id"]);
    case "assert-last-assigned-partition-id":
      return demand(
        "the last partition id",
        requirement["last-assigned-partition-id"],
        metadata["last-partition-id"],
      );
    case "assert-default-spec-id":
      return demand(
        "the default partition spec",
        requirement["default-spec-id"],
        metadata["default-spec-id"],
      );
    case "assert-default-sort-order-id":
      return demand(
        "the default sort order",
        requirement["default-sort-order-id"],
        metadata["default-sort-order-id"],
      );
    default: {
      const { type } = requirement as { readonly type: unknown };
      throw new Fault("invalid", `The requirement "${String(type)}" is not known.`);
    }
  }
}
