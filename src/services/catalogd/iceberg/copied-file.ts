// From the answer of DuckDB's COPY to the entry of a manifest: one statement writes a file and tells all that
// the manifest says about it.

import { type ColumnStatistics, metricsFromStatistics } from "./bounds.ts";
import { CONTENT, type DataFile } from "./manifest.ts";
import { type Schema } from "./schema.ts";
import { type Value } from "./values.ts";

/** A row of `getRowObjectsJson()` after `COPY ... RETURN_STATS true`; counts may be text or numbers. */
export interface CopiedFile {
  readonly count: string | number | bigint;
  readonly file_size_bytes: string | number | bigint;
  readonly column_statistics: readonly ColumnStatistics[];
}

interface CopiedInput {
  readonly schema: Schema;
  /** The URI under which readers find the file, which may not be where DuckDB wrote it. */
  readonly path: string;
  readonly copied: CopiedFile;
  /** The partition's values in the order of the spec, none for an unpartitioned table. */
  readonly partition?: readonly (Value | null)[];
  readonly sortOrderId?: number;
}

export function dataFileOf({ schema, path, copied, partition = [], sortOrderId }: CopiedInput): DataFile {
  return {
    content: CONTENT.data,
    file_path: path,
    file_format: "PARQUET",
    partition,
    record_count: Number(copied.count),
    file_size_in_bytes: Number(copied.file_size_bytes),
    ...metricsFromStatistics(schema, copied.column_statistics),
    key_metadata: null,
    split_offsets: null,
    equality_ids: null,
    sort_order_id: sortOrderId ?? 0,
    referenced_data_file: null,
  };
}
