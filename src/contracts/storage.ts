// storaged: objects, on disk or S3.

import { z } from "zod";
import { op } from "#rpc/contract";
import { pageInput, timestamp } from "./shapes.ts";

/** What passes through one PUT: larger files are stored in parts by whoever writes them. */
export const OBJECT_BYTES_MAX = 256 * 1024 * 1024;

/** What services keep for themselves, and which does: only they write and remove there. */
export const OWNED_PREFIXES = {
  "warehouse/": "catalogd",
  "vectors/": "vectord",
  "mcp/": "the MCP server",
} as const;

/** The rules (no empty, `.` or `..` segment, no control characters, NFC) are checked by the service. */
const key = z.string().min(1).describe("1 to 1,024 bytes of UTF-8 in NFC; segments are separated by /");

export const stored = z.object({ key: z.string(), size: z.int(), etag: z.string() });

const probe = z.object({
  backend: z.enum(["disk", "s3", "memory"]),
  /** Prefix of every object's address: `file:///…/` or `s3://bucket/prefix/`. */
  base_uri: z.string(),
  status: z.enum(["ok", "degraded", "down"]),
  /** Does `If-None-Match: *` refuse to overwrite? */
  if_none_match: z.boolean(),
  if_match: z.boolean(),
  suffix_ranges: z.boolean(),
  /** Objects that are known to be damaged or lost; the first few by name. */
  damaged: z.object({ count: z.int(), keys: z.array(z.string()) }).optional(),
  detail: z.string().optional(),
});
export type StorageProbe = z.infer<typeof probe>;

const getInput = {
  key,
  range: z.string().max(200).optional(),
  if_none_match: z.string().max(1000).optional(),
};
const getHeaders = { range: "range", if_none_match: "if-none-match" };

export const storage = {
  put: op({
    method: "PUT",
    path: "/v1/storage/{key+}",
    summary: "Store an object",
    description: "Atomic and durable before the reply: a torn or half-written object is never seen.",
    body: "raw",
    work: "upload",
    bodyBytesMax: OBJECT_BYTES_MAX,
    input: z.strictObject({
      key,
      if_none_match: z.string().max(1000).optional(),
      if_match: z.string().max(1000).optional(),
    }),
    headers: { if_none_match: "if-none-match", if_match: "if-match" },
    output: stored,
    status: 201,
    timeoutMs: 300_000,
    errors: ["conflict", "too_large"],
    scope: "write",
  }),
  get: op({
    method: "GET",
    path: "/v1/storage/{key+}",
    summary: "Read an object, or a range of it",
    reply: "raw",
    input: z.strictObject(getInput),
    headers: getHeaders,
    output: z.unknown(),
    statuses: [200, 206, 304],
    timeoutMs: 300_000,
    errors: ["not_found"],
    scope: "read",
  }),
  head: op({
    method: "HEAD",
    path: "/v1/storage/{key+}",
    summary: "Get an object's size and etag",
    reply: "raw",
    input: z.strictObject(getInput),
    headers: getHeaders,
    output: z.unknown(),
    statuses: [200, 304],
    errors: ["not_found"],
    scope: "read",
  }),
  remove: op({
    method: "DELETE",
    path: "/v1/storage/{key+}",
    summary: "Remove an object; no fault when it is not there",
    input: z.strictObject({ key }),
    output: z.null(),
    status: 204,
    errors: [],
    scope: "write",
  }),
  list: op({
    method: "GET",
    path: "/v1/storage",
    summary: "List objects by prefix",
    input: z.strictObject({
      prefix: z.string().max(1024).default(""),
      delimiter: z.string().max(16).optional(),
      /** With true what was stored and is lost is listed too, with size 0; else such an object fails the list. */
      lost: z.boolean().default(false),
      ...pageInput,
    }),
    output: z.object({
      objects: z.array(stored.extend({ modified_at: timestamp })),
      prefixes: z.array(z.string()),
      next_cursor: z.string().optional(),
    }),
    errors: [],
    scope: "read",
  }),
  locate: op({
    method: "POST",
    path: "/v1/storage-locate",
    summary: "Where an object lies as a file of this host, if it does",
    input: z.strictObject({ key }),
    output: stored.extend({ path: z.string().optional() }),
    idempotent: true,
    errors: ["not_found"],
    scope: "read",
    internal: true,
  }),
  adopt: op({
    method: "POST",
    path: "/v1/storage-adopt",
    summary: "Make a file that a neighbour has finished the object, without a copy",
    description:
      "As durable as a PUT. Returns null, and leaves the file, where adoption is not possible: then it must be PUT.",
    input: z.strictObject({ key, path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    output: z.object({ adopted: stored.nullable() }),
    timeoutMs: 300_000,
    errors: ["forbidden"],
    scope: "write",
    internal: true,
  }),
  verify: op({
    method: "POST",
    path: "/v1/storage-verify",
    summary: "Compare every object below a prefix with what was stored",
    description:
      "Reads everything, at full speed. `unknown` counts objects that have nothing to be compared with.",
    input: z.strictObject({ prefix: z.string().max(1024).default("") }),
    output: z.object({
      checked: z.int(),
      unknown: z.int(),
      /** The first thousand. */
      damaged: z.array(
        z.object({
          key: z.string(),
          problem: z.string(),
          checksums_only: z
            .boolean()
            .optional()
            .describe("Only the checksums are damaged; the object's bytes may be right"),
        }),
      ),
      damaged_count: z.int(),
    }),
    idempotent: true,
    timeoutMs: 3_600_000,
    errors: [],
    scope: "admin",
    internal: true,
  }),
  renewChecksums: op({
    method: "POST",
    path: "/v1/storage-renew-checksums",
    summary: "Replace an object's damaged checksums by those of its bytes as they are",
    input: z.strictObject({ key: z.string() }),
    output: z.null(),
    status: 204,
    idempotent: true,
    timeoutMs: 3_600_000,
    errors: ["not_found"],
    scope: "admin",
    internal: true,
  }),
  probe: op({
    method: "GET",
    path: "/v1/storage-probe",
    summary: "What the object store can do, as found out at boot, and what is known to be damaged",
    input: z.strictObject({}),
    output: probe,
    errors: [],
    scope: "read",
    internal: true,
  }),
};
