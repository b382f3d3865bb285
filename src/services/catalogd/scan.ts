// What a question about a table needs to know: the columns and files of one snapshot. A snapshot never changes, and
// neither does a schema once it is listed, so what was worked out for a pair of them is kept: it is asked for with
// every question, and reading a manifest takes longer than many questions do.

import type { catalog } from "#contracts/catalog";
import { assert } from "#lib/assert";
import { CountedCache } from "#lib/counted-cache";
import type { CacheFigures } from "#lib/figures";
import type { OutputOf } from "#rpc/contract";
import { wireId } from "./describe.ts";
import { columnsOf } from "./duckdb/columns.ts";
import { isLive } from "./iceberg/commit.ts";
import { CONTENT } from "./iceberg/manifest/manifest.ts";
import { type Snapshot, snapshotOf } from "./iceberg/metadata/metadata.ts";
import { schemaById } from "./iceberg/types/schema.ts";
import { snapshotNamed } from "./snapshots.ts";
import { contentId } from "./tables/compaction-note.ts";
import { personalKey } from "./tables/personal-data.ts";
import type { Table, Tables } from "./tables/tables.ts";

type Scan = OutputOf<typeof catalog.scan>;
type File = Scan["files"][number];

/** Files and columns of all scans that are kept: some 60 MiB. */
const KEPT_PARTS_MAX = 200_000;
/** Past states of tables are read rarely, and each costs at least as much as its columns. */
const KEPT_MAX = 1000;

interface Scans {
  readonly scan: (table: Table, at: number | string | undefined) => Promise<Scan>;
  readonly figures: CacheFigures;
}

export function scans(tables: Tables): Scans {
  const kept = new CountedCache<string, Scan>({
    max: KEPT_MAX,
    maxSize: KEPT_PARTS_MAX,
    sizeCalculation: ({ files, columns }) => files.length + columns.length + 1,
  });
  const scan: Scans["scan"] = async (table, at) => {
    const { metadata, prefix } = table;
    const snapshot = at === undefined ? snapshotOf(metadata) : await snapshotNamed(tables, table, at);
    // A table as it was has the columns that it had; the snapshot that is current has those of today, so that a reader
    // a reader that pins it by its id finds a column that was renamed or added since.
    const isCurrent = snapshot?.["snapshot-id"] === metadata["current-snapshot-id"];
    const schemaId = (isCurrent ? undefined : snapshot?.["schema-id"]) ?? metadata["current-schema-id"];
    const place = `${prefix} ${snapshot?.["snapshot-id"]} ${schemaId} ${personalKey(metadata.properties)}`;
    const known = kept.get(place);
    if (known !== undefined) return known;
    const schema = schemaById(metadata.schemas, schemaId);
    const made = {
      snapshot_id: snapshot === undefined ? null : wireId(contentId(snapshot)),
      columns: columnsOf(schema, metadata.properties),
      files: await liveFiles(tables, table, snapshot),
    };
    kept.set(place, made);
    return made;
  };
  return {
    scan,
    get figures() {
      return { ...kept.figures, used: kept.size, max: kept.max, unit: "entries" as const };
    },
  };
}

/** Names of data files end in their SHA-256, so that a manifest vouches for what it lists. */
const FILE_NAME = /([0-9a-f]{64})\.parquet$/;

async function liveFiles(tables: Tables, table: Table, snapshot: Snapshot | undefined): Promise<File[]> {
  const place = tables.placeOf(table);
  const files: File[] = [];
  for (const listed of await tables.manifests(table, snapshot)) {
    const { entries } = await tables.manifest(table, listed);
    for (const { data_file: file } of entries.filter(isLive)) {
      assert(file.content === CONTENT.data, "tables hold data files alone");
      const key = place.keyOf(file.file_path);
      const sha256 = FILE_NAME.exec(key)?.[1];
      files.push({
        key,
        bytes: file.file_size_in_bytes,
        rows: file.record_count,
        ...(sha256 === undefined ? {} : { sha256 }),
      });
    }
  }
  return files;
}
