// The contract of the process that reads a Parquet file: DuckDB never runs in a process that serves.

import { z } from "zod";
import { op } from "#rpc/contract";

/** Half a million rows take some two seconds; a busy disk may take its time. */
const READ_MS_MAX = 120_000;

export const parquetReader = {
  columns: op({
    method: "POST",
    path: "/columns",
    summary: "Name the columns and count the rows of a file",
    input: z.strictObject({ path: z.string() }),
    output: z.object({ columns: z.array(z.string()), rows: z.int() }),
    timeoutMs: READ_MS_MAX,
    errors: ["rejected"],
    scope: "read",
  }),
  rows: op({
    method: "POST",
    path: "/rows",
    summary: "Read columns of a file as JSON lines",
    input: z.strictObject({ path: z.string(), columns: z.array(z.string()).min(1) }),
    reply: "raw",
    output: z.unknown(),
    timeoutMs: READ_MS_MAX,
    errors: ["rejected"],
    scope: "read",
  }),
};
