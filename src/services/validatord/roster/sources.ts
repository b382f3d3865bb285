// Where a roster comes from: a dataset, a file of JSON lines, a Parquet file. Each says which version it has now, which is
// cheap and asked for often, and gives its rows, which is neither.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { catalog } from "#contracts/catalog";
import type { query } from "#contracts/query";
import { quoteIdentifier } from "#lib/sql-text";
import { spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { Fault, toFault } from "#rpc/fault";
import { jsonLines, type JsonRow } from "./lines.ts";
import { parquetReader } from "./parquet/contract.ts";
import { type RosterColumns, rosterColumns } from "./read-row.ts";

export interface SourceVersion {
  readonly version: string;
  /** Rows that are expected; 0 when that is not known. */
  readonly rows: number;
}

interface SourceRows {
  readonly rows: readonly JsonRow[];
  /** The columns of the rows, by meaning. */
  readonly columns: RosterColumns;
}

export interface RosterSource {
  readonly kind: "dataset" | "jsonl" | "parquet";
  /** Throws `unavailable` when there is no such source. */
  version(): Promise<SourceVersion>;
  rows(): AsyncIterable<SourceRows>;
}

/** The `reason` of a fault whose roster is not there at all, and does not come back by itself. */
export const ABSENT = "absent";

/** Half a million rows take some seconds to arrive. */
const READ_MS_MAX = 120_000;
/** Resident bytes of the process that reads a Parquet file. */
const READER_BYTES_MAX = 768 * 1024 * 1024;

interface Lake {
  readonly catalog: Service<typeof catalog>;
  readonly query: Service<typeof query>;
}

export function datasetSource(dataset: string, lake: Lake): RosterSource {
  const described = async () => {
    try {
      return await lake.catalog.dataset({ dataset });
    } catch (thrown) {
      if (toFault(thrown).code !== "not_found") throw thrown;
      throw new Fault(
        "unavailable",
        `No roster is loaded: there is no dataset ${dataset}. Ingest one, or name another with \`roster\` or LAKEHOUSE_ROSTER.`,
        { cause: thrown, reason: ABSENT },
      );
    }
  };
  return {
    kind: "dataset",
    version: async () => {
      const { snapshot_id, rows } = await described();
      return { version: `${dataset}@${snapshot_id ?? "empty"}`, rows };
    },
    rows: async function* () {
      const { columns: all, rows } = await described();
      const columns = rosterColumns(all.map(({ name }) => name));
      checkIdColumn(columns, `The dataset ${dataset}`);
      if (rows === 0) return;
      const selected = [...new Set(Object.values(columns))].map(quoteIdentifier).join(", ");
      const { body } = await lake.query.sqlStream(
        { sql: `SELECT ${selected} FROM ${quoteIdentifier(dataset)}`, timeout_ms: READ_MS_MAX },
        { timeoutMs: READ_MS_MAX },
      );
      if (body !== null) for await (const batch of jsonLines(body)) yield { rows: batch, columns };
    },
  };
}

/** A file of the server, by its ending. */
export function fileSource(path: string): RosterSource {
  const kind = path.endsWith(".parquet") ? ("parquet" as const) : ("jsonl" as const);
  return {
    kind,
    version: async () => {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return { version: [kind, ino, size, mtimeMs].map((part) => part.toString(36)).join("-"), rows: 0 };
      } catch (error) {
        throw new Fault("unavailable", "No roster is loaded: the file of LAKEHOUSE_ROSTER cannot be read.", {
          cause: error,
        });
      }
    },
    rows: () => (kind === "parquet" ? parquetRows(path) : jsonlRows(path)),
  };
}

async function* jsonlRows(path: string): AsyncGenerator<SourceRows> {
  const keys = new Set<string>();
  let columns: RosterColumns = {};
  for await (const rows of jsonLines(Bun.file(path).stream())) {
    const before = keys.size;
    for (const row of rows) for (const key in row) keys.add(key);
    // A key may come with a later line.
    if (keys.size !== before) columns = rosterColumns([...keys]);
    checkIdColumn(columns, "The roster file");
    yield { rows, columns };
  }
}

async function* parquetRows(path: string): AsyncGenerator<SourceRows> {
  const child = await spawnChild(parquetReader, {
    entry: join(import.meta.dir, "parquet/main.ts"),
    origin: "validatord",
    settings: null,
    memoryBytesMax: READER_BYTES_MAX,
  });
  try {
    const { columns: all } = await child.service.columns({ path });
    const columns = rosterColumns(all);
    checkIdColumn(columns, "The roster file");
    const { body } = await child.service.rows({ path, columns: [...new Set(Object.values(columns))] });
    if (body !== null) for await (const rows of jsonLines(body)) yield { rows, columns };
  } finally {
    child.kill();
  }
}

function checkIdColumn(columns: RosterColumns, what: string): void {
  if (columns.id !== undefined) return;
  throw new Fault(
    "unavailable",
    `${what} has no column that names each worker (worker_id, employee_id or id), so it is no roster.`,
  );
}
