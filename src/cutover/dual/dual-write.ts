// A dual write as data: which routes are written twice, what is known of each write, and the lines of the queue's file.

import { z } from "zod";

/** Changes that stay in the ledger; the journal has all. */
export const DUAL_CHANGES_MAX = 500;
const DUAL_ROUTE = /^(go|rust):([a-z]+\.[A-Za-z]+|\*)$/;

export const dualChange = z.strictObject({
  /** Also the id of its event in the journal. */
  id: z.string(),
  route: z
    .string()
    .regex(DUAL_ROUTE, "must be DIALECT:SERVICE.OPERATION, as in go:storage.put, or DIALECT:*"),
  on: z.boolean(),
  actor: z.string(),
  reason: z.string(),
  at: z.iso.datetime(),
});
export type DualChange = z.infer<typeof dualChange>;

const caller = z.object({ id: z.string(), scopes: z.array(z.enum(["read", "write", "admin"])) });

/** A write as it is made on the second side. */
export const intent = z.strictObject({
  id: z.string(),
  at: z.string(),
  /** As mounted: `go:storaged.put`. */
  route: z.string(),
  method: z.string(),
  /** Path and query, with the dialect's prefix. */
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  /** Base64; null for none. */
  body: z.string().nullable(),
  caller: caller.optional(),
});
export type Intent = z.infer<typeof intent>;

const second = z.enum(["native", "upstream"]);

export const difference = z.object({
  path: z.string(),
  kind: z.string(),
  explained: z.boolean(),
  detail: z.string(),
});

/**
 * What became of a write. `unclear`: whether the first side made it is not known, because the process died or the reply was a
 * failure. `lost`: it was not queued. `failed`: the second side refused it, or never answered.
 */
export const written = z.strictObject({
  id: z.string(),
  at: z.string(),
  route: z.string(),
  method: z.string(),
  path: z.string(),
  state: z.enum(["done", "failed", "unclear", "lost"]),
  second: second.optional(),
  first_status: z.int().optional(),
  second_status: z.int().optional(),
  attempts: z.int().optional(),
  why: z.string().optional(),
  /** Of the two replies; absent where they were not compared. */
  differences: z.array(difference).optional(),
});
export type Written = z.infer<typeof written>;

export const queueLine = z.discriminatedUnion("k", [
  z.strictObject({ k: z.literal("intent"), write: intent }),
  z.strictObject({
    k: z.literal("due"),
    id: z.string(),
    second,
    first_status: z.int(),
    /** Of the first side, where it is small text. */
    reply: z.string().optional(),
  }),
  /** The first side refused it. */
  z.strictObject({ k: z.literal("void"), id: z.string() }),
  z.strictObject({ k: z.literal("written"), write: written }),
  /** The line before it was cut off by a disk that failed, and its writer was told. */
  z.strictObject({ k: z.literal("cut") }),
  /** Lines that were damaged on the disk and are kept aside, until somebody has taken note of them. */
  z.strictObject({ k: z.literal("damaged"), lines: z.int() }),
  z.strictObject({ k: z.literal("noted") }),
  /** What left the list of written ones, so that totals stay true. */
  z.strictObject({ k: z.literal("counts"), counts: z.record(z.string(), z.int()) }),
]);
export type QueueLine = z.infer<typeof queueLine>;
