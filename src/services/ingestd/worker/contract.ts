// The contract of the loader worker: read a spooled file and say what it holds, write it as
// Parquet, write its rejected rows as Parquet. A worker does one file at a time and keeps what it read between
// the calls; files pass through the folder that both know, never through the socket.

import { z } from "zod";
import { personalKind } from "#contracts/catalog";
import { op } from "#rpc/contract";
import {
  decimalsFound,
  likelyRename,
  mergeInput,
  prepared,
  progress,
  readInput,
  renamesInput,
  writeRemainingInput,
  readRejectsInput,
  table,
  writeInput,
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
    input: writeInput,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({
      /** False when the file has something that its way of reading did not foresee: then read again in the next way. */
      written: z.boolean(),
      rows_in: z.int(),
      rows_rejected: z.int(),
      /** Rows of an upsert that a later row of the same key took the place of. */
      rows_deduped: z.int(),
      /** The first rejected rows in words. */
      examples: z.array(z.string()),
      /** Integer columns of which rows were rejected because of decimals. */
      decimals: z.array(decimalsFound),
      files: z.array(writtenFile),
      /** By the name of a column, the personal data that its values look like. */
      personal: z.record(z.string(), personalKind),
      /** Of rejected rows that were read again: which of them fit now, packed. */
      loaded: z.string().optional(),
    }),
    errors: ["rejected", "unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
  merge: op({
    method: "POST",
    path: "/merge",
    summary: "Write the dataset's files without the rows that the written ones take the place of",
    description: "Only files with such a row are written again; the others stay as they are.",
    input: mergeInput,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({
      /** Which of the dataset's files leave it, by their place. */
      replaced: z.array(z.int()),
      /** What is left of their rows. */
      files: z.array(writtenFile),
      rows_replaced: z.int(),
    }),
    errors: ["rejected", "too_large", "unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
  likelyRenames: op({
    method: "POST",
    path: "/likely-renames",
    summary: "Which columns of the file that was read are likely columns of the dataset under a new name",
    input: renamesInput,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({ renames: z.array(likelyRename) }),
    errors: ["rejected", "too_large", "unavailable"],
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
