// The contract of the process that reads a Parquet file of vectors: DuckDB never runs in a process that serves.

import { z } from "zod";
import { op } from "#rpc/contract";

/** As long as an import may take. */
const READ_MS_MAX = 3_600_000;

export const vectorReader = {
  items: op({
    method: "POST",
    path: "/items",
    summary: "Read the rows of a file as items, a line of JSON each, in the order of the file",
    input: z.strictObject({
      path: z.string(),
      /** Columns; every other one becomes a field of the metadata. */
      id: z.string(),
      vector: z.string(),
    }),
    reply: "raw",
    output: z.unknown(),
    timeoutMs: READ_MS_MAX,
    errors: ["invalid"],
    scope: "read",
  }),
};
