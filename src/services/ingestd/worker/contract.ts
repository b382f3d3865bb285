// What the serving process asks of its loader child: read a spooled file and say what it holds, write it as
// Parquet, write its rejected rows as Parquet. A child does one file at a time and keeps what it read between
// the calls; files pass through the folder that both know, never through the socket.

import { z } from "zod";
import { op } from "#rpc/contract";
import {
  prepared,
  progress,
  readInput,
  writeRemainingInput,
  readRejectsInput,
  table,
  writtenFile,
} from "../source/shapes.ts";

/** As long as an ingest may take. */
const LOADER_TIMEOUT_MS = 3_600_000;
/** Schemas of ten thousand columns. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

export const loader = {
  read: op({
    method: "POST",
    path: "/read",
    summary: "Read a file far enough to say what its columns are",
    reply: "events",
    input: readInput,
    output: z.union([progress, table]),
    errors: ["invalid", "rejected", "too_large", "unavailable"],
    scope: "write",
  }),
  write: op({
    method: "POST",
    path: "/write",
    summary: "Write the file that was read as Parquet",
    input: prepared,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({
      /** False when the quick way met something that it did not foresee: then read again, carefully. */
      written: z.boolean(),
      rows_in: z.int(),
      rows_rejected: z.int(),
      /** The first rejected rows in words. */
      examples: z.array(z.string()),
      files: z.array(writtenFile),
      /** Of rejected rows that were read again: which of them fit now, packed. */
      loaded: z.string().optional(),
    }),
    errors: ["rejected", "unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
  reject: op({
    method: "POST",
    path: "/reject",
    summary: "Write the rejected rows as Parquet",
    input: z.strictObject({ ...prepared.shape, source: z.string(), ingest_id: z.string() }),
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({ files: z.array(writtenFile) }),
    errors: ["unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
  readRejects: op({
    method: "POST",
    path: "/rejects/read",
    summary: "Read the rejected rows of an earlier file again, to be written like a file",
    input: readRejectsInput,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({
      /** Null when there are none. */
      table: table.nullable(),
      rows: z.int(),
      bytes: z.int(),
      /** SHA-256 over the rows: the same ones, the same digest. */
      digest: z.string(),
    }),
    errors: ["invalid", "rejected", "too_large", "unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
  writeRemaining: op({
    method: "POST",
    path: "/rejects/write-remaining",
    summary: "Write a rejects table without the rows of an ingest that were loaded after all",
    input: writeRemainingInput,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({ files: z.array(writtenFile) }),
    errors: ["unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
};
