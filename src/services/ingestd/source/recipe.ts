// How the lines of a file were read: what is kept with its rejected rows, so that they can be read again in the
// same way when the dataset, or the types that the caller names, have changed. Without it "1.500" or "5/6/2026" in a
// single row could mean two things that the whole file had distinguished.

import { z } from "zod";

const csv = z.object({
  format: z.literal("csv"),
  dialect: z.object({
    delimiter: z.string(),
    quote: z.string(),
    escape: z.enum(["double", "backslash"]),
    newline: z.enum(["\n", "\r"]),
    padded: z.boolean(),
    cuts: z.array(z.int()).readonly().optional(),
  }),
  ragged: z.boolean(),
  shortest: z.int().optional(),
  /** The day of the ingest, by which years of two digits were read. */
  today: z.string().optional(),
  columns: z.array(
    z.object({
      /** As it was called when the rows were rejected. */
      name: z.string(),
      counts: z.array(z.tuple([z.array(z.string()), z.number()])),
      nothing: z.array(z.string()),
      spaced: z.boolean(),
    }),
  ),
});
export type CsvRecipe = z.infer<typeof csv>;

const recipe = z.discriminatedUnion("format", [csv, z.object({ format: z.literal("ndjson") })]);
export type Recipe = z.infer<typeof recipe>;

/** Longer ones, of tables with thousands of columns, are not kept: a snapshot's summary is read with its table. */
const RECIPE_CHARS_MAX = 256 * 1024;

/** Undefined for one that is too long to be kept. */
export function recipeText(kept: Recipe): string | undefined {
  const text = JSON.stringify(kept);
  return text.length > RECIPE_CHARS_MAX ? undefined : text;
}

export function recipeOfText(text: string): Recipe {
  return recipe.parse(JSON.parse(text));
}
