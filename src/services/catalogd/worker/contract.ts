// The worker's contract: a process of its own that holds DuckDB and writes one data file at a time.

import { z } from "zod";
import { dataFile } from "#contracts/catalog";
import { op } from "#rpc/contract";

/** A merge reads and writes at most 128 MiB; a busy disk may take its time. */
const MERGE_MS_MAX = 300_000;

const target = {
  columns: z.array(z.strictObject({ id: z.int(), name: z.string(), type: z.string() })).min(1),
  iceberg_schema: z.string(),
  /** The file to write. */
  to: z.string(),
};

export const fileWorker = {
  write: op({
    method: "POST",
    path: "/write",
    summary: "Write a file of JSON lines, whose values were checked, as a data file",
    input: z.strictObject({ from: z.string(), ...target }),
    bodyBytesMax: 16 * 1024 * 1024,
    output: dataFile.omit({ key: true }),
    timeoutMs: MERGE_MS_MAX,
    errors: [],
    scope: "write",
  }),
  merge: op({
    method: "POST",
    path: "/merge",
    summary:
      "Write the rows of some data files into one, in their order, under the dataset's present columns",
    input: z.strictObject({
      files: z.array(z.strictObject({ path: z.string(), sha256: z.string().optional() })).min(1),
      ...target,
    }),
    bodyBytesMax: 16 * 1024 * 1024,
    output: dataFile.omit({ key: true }),
    timeoutMs: MERGE_MS_MAX,
    errors: [],
    scope: "write",
  }),
};
