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

/**
 * An Iceberg snapshot's id. Ours are numbers below 2^53; those of other writers have 63 bits and come as text, because
 * a JSON number would be rounded by most readers. Either form is taken for either.
 */
export const snapshotId = z
  .union([z.int(), z.string().regex(/^\d{1,19}$/)])
  .describe("an integer below 2^53, or any as text");
export type SnapshotId = z.infer<typeof snapshotId>;

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

/** Refinements run on text that has not the form of a time, too; that is its own issue. */
function isFourDigitYear(text: string): boolean {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) || /^[1-9]\d{3}-/.test(at.toISOString());
}

/** Years of four digits, in UTC too: what every reader of the dataset takes for a time. */
export const fourDigitYear = z.iso
  .datetime({ offset: true })
  .refine(isFourDigitYear, "must be in the years 1000 to 9999");
