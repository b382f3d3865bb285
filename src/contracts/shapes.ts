// Shapes that several contracts share.

import { z } from "zod";

/** A dataset's name: also the name of its view in SQL. `$rejects` is the table of rows that did not fit. */
export const datasetName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,62}(\$rejects)?$/,
    "must be letters, digits and _, not starting with a digit",
  );

/** Names of indexes, corpora and tags. */
export const plainName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, "must be 1 to 100 letters, digits, _, . or -");

/** RFC 3339, UTC. */
export const timestamp = z.string();

export const pageInput = {
  limit: z.int().min(1).max(1000).default(100),
  cursor: z.string().max(2048).optional(),
};

/**
 * A vector: JSON numbers, or base64 of little-endian 32-bit floats (a quarter of the size). Whoever decodes the
 * text finds out whether it is base64; a pattern over thousands of characters would cost more than the decoding.
 */
export const vectorText = z.union([z.string().min(4).max(90_000), z.array(z.number()).min(1).max(16_384)]);

export const jsonObject = z.record(z.string(), z.unknown());
