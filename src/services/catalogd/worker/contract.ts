// The worker's contract: a process of its own that holds DuckDB and writes one data file at a time.

import { z } from "zod";
import { dataFile } from "#contracts/catalog";
import { op } from "#rpc/contract";

/** A merge reads and writes at most 128 MiB; a busy disk may take its time. */
const MERGE_MS_MAX = 300_000;

export const fileWorker = {
  merge: op({
    method: "POST",
    path: "/merge",
    summary:
      "Write the rows of some data files into one, in their order, under the dataset's present columns",
    input: z.strictObject({
      files: z.array(z.strictObject({ path: z.string(), sha256: z.string().optional() })).min(1),
      columns: z.array(z.strictObject({ id: z.int(), name: z.string(), type: z.string() })).min(1),
      iceberg_schema: z.string(),
      /** The file to write. */
      to: z.string(),
    }),
    bodyBytesMax: 16 * 1024 * 1024,
    output: dataFile.omit({ key: true }),
    timeoutMs: MERGE_MS_MAX,
    errors: [],
    scope: "write",
  }),
};
