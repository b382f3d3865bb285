// What passes between the serving process and its loader worker, as schemas: a file to read and the table it holds,
// columns prepared by the catalog, data files that were written, rejected rows to be read again.

import { z } from "zod";
import { dataFile } from "#contracts/catalog";

export const FORMATS = ["csv", "ndjson", "json", "parquet", "xlsx"] as const;

const named = z.strictObject({
  name: z.string(),
  type: z.string(),
  /** The order of day and month in the files that the column was loaded from. */
  day_first: z.boolean().optional(),
});

/** What somebody says of a file, and is then not looked for. */
const said = z.strictObject({
  delimiter: z.string().optional(),
  quote: z.string().optional(),
  /** As TextDecoder names it. */
  encoding: z.string().optional(),
  /** The line with the names, from 1; 0 when there is none. */
  header_row: z.int().optional(),
});
export type Said = z.infer<typeof said>;

/**
 * How much of a file our own parser reads: nothing while all of it fits, the rows that do not, or everything. Where one
 * way meets what it did not foresee, the next is tried.
 */
const way = z.enum(["quick", "sifted", "careful"]);
export type Way = z.infer<typeof way>;

export const readInput = z.strictObject({
  path: z.string(),
  /** The file was seen to be UTF-8 without a NUL, and need not be read for that. */
  plain: z.boolean(),
  /** Where the worker may write; the serving process removes it. */
  folder: z.string(),
  format: z.enum(["auto", ...FORMATS]),
  /** The sheet of a workbook, by name or by number from 1. */
  sheet: z.string().optional(),
  /** How a text is to be read, whatever it looks like. */
  said,
  /** Types that columns must have, as their owner wrote them. */
  types: z.record(z.string(), z.string()),
  /** The dataset's columns with DuckDB's types, when the file is added to what is there. */
  known: z.array(named),
  /** What the dataset does not know, or cannot hold, is rejected row by row. */
  quarantine: z.boolean(),
  way,
  /** As 2026-01-31. */
  today: z.string(),
});
export type ReadInput = z.infer<typeof readInput>;

export const table = z.strictObject({
  event: z.literal("table"),
  format: z.enum(FORMATS),
  way,
  /** Null where they are counted only while they are written. */
  rows: z.int().nullable(),
  columns: z.array(
    z.strictObject({
      name: z.string(),
      /** DuckDB's type. */
      type: z.string(),
      confidence: z.number(),
      samples: z.array(z.string()),
      day_first: z.boolean().optional(),
    }),
  ),
  dialect: z
    .strictObject({
      delimiter: z.string(),
      quote: z.string(),
      encoding: z.string(),
      header_row: z.int().nullable(),
      evidence: z.array(z.string()),
    })
    .optional(),
  /** The sheet that was read, of a workbook. */
  sheet: z.string().optional(),
  warnings: z.array(z.string()),
  /** How rejected lines are to be read again, as `source/recipe.ts` puts it. */
  recipe: z.string().optional(),
});
export type Table = z.infer<typeof table>;

export const progress = z.strictObject({
  event: z.literal("progress"),
  rows: z.int(),
  bytes: z.int(),
  bytes_total: z.int(),
});

export const prepared = z.strictObject({
  /** Columns of the data files, in order, as the catalog prepared them; DuckDB's types. */
  columns: z.array(z.strictObject({ id: z.int(), name: z.string(), type: z.string() })),
  /** The select list that gives them the names they have in the files. */
  select: z.string(),
  /** For the names of that list. */
  field_ids: z.string(),
  iceberg_schema: z.string(),
});
export type Prepared = z.infer<typeof prepared>;

export const writeInput = z.strictObject({
  ...prepared.shape,
  /** Columns that name a row, of an upsert: of rows with the same values there the last one is written. */
  key_columns: z.array(z.string()),
});

export const mergeInput = z.strictObject({
  ...prepared.shape,
  /** Where the worker may write. */
  folder: z.string(),
  /** The dataset's data files. */
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string().optional() })).min(1),
  /** DuckDB's `schema` argument, as the catalog gives it. */
  read_schema: z.string(),
  key_columns: z.array(z.string()).min(1),
});
export type MergeInput = z.infer<typeof mergeInput>;

export const renamesInput = z.strictObject({
  /** Some of the dataset's data files. */
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string().optional() })),
  /** DuckDB's `schema` argument, as the catalog gives it. */
  read_schema: z.string(),
  /** The dataset's columns. */
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
});
export type RenamesInput = z.infer<typeof renamesInput>;

export const likelyRename = z.strictObject({
  /** The dataset's column that the file lacks, and the file's that the dataset does not know. */
  old: z.string(),
  new: z.string(),
  /** Different values of the sample of the file's column, and how many of them the dataset's has too. */
  distinct: z.int(),
  common: z.int(),
  /** The names differ in capitals, spaces and marks alone; then no values were compared. */
  respelled: z.literal(true).optional(),
});
export type LikelyRename = z.infer<typeof likelyRename>;

/** Values with decimals that an integer column of the dataset does not take. */
export const decimalsFound = z.strictObject({
  column: z.string(),
  /** The column's type in the dataset, and the one that would hold the values. */
  type: z.string(),
  wanted: z.string(),
  example: z.string(),
  line: z.int(),
});
export type DecimalsFound = z.infer<typeof decimalsFound>;

/** A data file before it has a key: the path of the file instead. */
export const writtenFile = dataFile.omit({ key: true }).extend({ path: z.string() });
export type WrittenFile = z.infer<typeof writtenFile>;

/** Which of the rejects table's rows are meant, and the paths of its files. */
const rejected = {
  /** Where the worker may write. */
  folder: z.string(),
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string().optional() })).min(1),
  /** DuckDB's `schema` argument, as the catalog gives it. */
  read_schema: z.string(),
  ingest_id: z.string(),
};
export const readRejectsInput = z.strictObject({
  ...rejected,
  recipe: z.string(),
  types: z.record(z.string(), z.string()),
  known: z.array(named),
  /** As 2026-01-31. */
  today: z.string(),
  /** Columns that are called otherwise now, by the name they had. */
  renamed: z.record(z.string(), z.string()),
});
export type ReadRejectsInput = z.infer<typeof readRejectsInput>;

export const writeRemainingInput = z.strictObject({ ...prepared.shape, ...rejected, loaded: z.string() });
export type WriteRemainingInput = z.infer<typeof writeRemainingInput>;
