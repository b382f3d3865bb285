// Datasets as sources: what an import reads, and as of when its rows were observed. The rows go from queryd to the writer
// as they are, so that the serving process passes bytes on and parses none of them.

import { createHash } from "node:crypto";
import type { catalog } from "#contracts/catalog";
import type { query } from "#contracts/query";
import type { Imported, truth } from "#contracts/truth";
import { didYouMean } from "#lib/nearest";
import { quoteIdentifier } from "#lib/sql-text";
import type { Call } from "#rpc/call";
import type { OutputOf, ParsedOf, Service } from "#rpc/contract";
import { Fault, type FaultDetail } from "#rpc/fault";
import { millisOf } from "./store/time.ts";
import type { ImportPlan } from "./writer/contract.ts";

export type ImportInput = ParsedOf<typeof truth.import>;

export interface ImportSource {
  readonly plan: ImportPlan;
  readonly sql: string;
  readonly snapshotId: NonNullable<Imported["snapshot_id"]> | null;
  /** Names the import of this snapshot: the same again would record nothing. */
  readonly key: string;
}

type Scan = OutputOf<(typeof catalog)["scan"]>;
type Catalog = Pick<Service<typeof catalog>, "scan" | "snapshots">;

/** Throws `rejected`, naming the fields, for columns that the dataset does not have. */
export async function planImport(input: ImportInput, catalog: Catalog, call: Call): Promise<ImportSource> {
  const { dataset, at, entity_key, mapping, source, entity_prefix, confidence } = input;
  const scan = await catalog.scan({ dataset, ...(at === undefined ? {} : { at }) }, call);
  const givenMs = input.observed_at === undefined ? undefined : millisOf(input.observed_at);
  const columns = scan.columns.map(({ name }) => name);
  const observedColumn = givenMs === undefined ? input.observed_at : undefined;
  refuseUnknown(input, columns, observedColumn);
  const entries = Object.entries(mapping);
  const selected = [
    `${quoteIdentifier(entity_key)} AS k`,
    ...(observedColumn === undefined ? [] : [`${quoteIdentifier(observedColumn)} AS o`]),
    ...entries.map(([, column], at) => `${quoteIdentifier(column)} AS "${at}"`),
  ];
  const observedMs =
    observedColumn === undefined ? (givenMs ?? (await snapshotMs(dataset, scan, catalog, call))) : undefined;
  const key = createHash("sha256")
    .update(
      JSON.stringify([
        dataset,
        String(scan.snapshot_id),
        entity_key,
        entity_prefix,
        entries.sort(([a], [b]) => (a < b ? -1 : 1)),
        source,
        input.observed_at ?? null,
        confidence,
      ]),
    )
    .digest("hex");
  return {
    plan: {
      attributes: Object.keys(mapping),
      entity_prefix,
      source,
      confidence,
      ...(observedMs === undefined ? {} : { observed_ms: observedMs }),
      rows_total: scan.files.reduce((sum, { rows }) => sum + rows, 0),
    },
    sql: `SELECT ${selected.join(", ")} FROM ${quoteIdentifier(dataset)}`,
    snapshotId: scan.snapshot_id,
    key,
  };
}

function refuseUnknown(
  { dataset, entity_key, mapping }: ImportInput,
  columns: readonly string[],
  observedColumn: string | undefined,
): void {
  const details: FaultDetail[] = [];
  const check = (path: string, column: string, otherwise = ""): void => {
    if (columns.includes(column)) return;
    const message = `${dataset} has no column ${column}.${otherwise}${didYouMean(column, columns)}`;
    details.push({ path, message });
  };
  check("entity_key", entity_key);
  for (const [attribute, column] of Object.entries(mapping)) check(`mapping.${attribute}`, column);
  if (observedColumn !== undefined) check("observed_at", observedColumn, " It is no time either.");
  const [first] = details;
  if (first === undefined) return;
  const more = details.length === 1 ? "" : ` (and ${details.length - 1} more)`;
  throw new Fault("rejected", `${first.path}: ${first.message}${more}`, { details });
}

const SNAPSHOTS_PAGE = 1000;

/** When the snapshot was made: what is in it was seen no later. */
async function snapshotMs(
  dataset: string,
  { snapshot_id }: Scan,
  catalog: Catalog,
  call: Call,
): Promise<number> {
  let cursor: string | undefined;
  do {
    const page = await catalog.snapshots({ dataset, limit: SNAPSHOTS_PAGE, cursor }, call);
    const found = page.snapshots.find((snapshot) => String(snapshot.snapshot_id) === String(snapshot_id));
    if (found !== undefined) return Date.parse(found.at);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  throw new Fault(
    "rejected",
    `observed_at: ${dataset} has no snapshot yet, so its rows were observed at no time.`,
  );
}

/** As long as the writer takes to put the rows on its disk. */
const READ_TIMEOUT_MS = 300_000;

export async function rowsOf(
  { sql, snapshotId }: ImportSource,
  dataset: string,
  { sqlStream }: Pick<Service<typeof query>, "sqlStream">,
  call: Call,
): Promise<ReadableStream<Uint8Array>> {
  const at = snapshotId === null ? {} : { at: { [dataset]: snapshotId } };
  const { body } = await sqlStream({ sql, ...at, timeout_ms: READ_TIMEOUT_MS }, call);
  return body ?? new ReadableStream({ start: (controller) => controller.close() });
}
