// What every reader (CSV, JSON, Parquet) makes of its file: a thing that DuckDB can select from, and for each
// column the SQL of its value and of whether it fits. Writing knows nothing of formats, reading nothing of
// Parquet files.

import type { Duckdb } from "#adapters/duckdb";
import type { Recipe } from "./recipe.ts";
import type { RejectLog } from "./reject-log.ts";
import type { ReadRejectsInput, Said, Table, Way } from "./shapes.ts";

/** The longest line: more is no table, and would have to be held in memory whole. */
export const LINE_CHARS_MAX = 24 * 1024 * 1024;

export interface SourceColumn {
  readonly name: string;
  /** DuckDB's type of `value`. */
  readonly type: string;
  /** The value: NULL where it does not fit. */
  readonly value: string;
  /** What stands in the file, for NULL checks and reasons. */
  readonly raw: string;
  /** Whether something stands there that the value does not hold; `false` when that cannot be. */
  readonly misfit: string;
  /** The value, or an error; only for sources with a quick way. */
  readonly strict?: string;
  readonly confidence: number;
  readonly samples: readonly string[];
  /** The order of day and month in its dates, where it is known. */
  readonly dayFirst?: boolean;
  /** Not to be loaded: a row with anything in it is rejected. */
  readonly unwanted?: boolean;
}

export interface Source {
  readonly format: Table["format"];
  readonly columns: readonly SourceColumn[];
  /**
   * What stands after FROM. Unless it is quick it has a column `line` too, and where `rawText` reads again, `place`: a
   * number that a row has alone, because a line may hold many.
   */
  readonly from: string;
  /** Rows of the file, those included that were rejected while recipe. Unknown to a quick source. */
  readonly rowsIn?: number;
  /** Every value was seen to fit, as far as its look tells: rows are looked for that do not only when one shows. */
  readonly certain?: boolean;
  /** For a quick source: counts the rows in another way than DuckDB does; undefined when that fails or is ended. */
  readonly countRows?: (signal: AbortSignal) => Promise<number | undefined>;
  /** For a sifted source: its odd rows, which `from` has too. */
  readonly sifted?: Sifted;
  /** The raw text of a row in SQL, or a second reading of the file that gives rows in their order. */
  readonly rawText: string | (() => AsyncGenerator<RawRow>);
  readonly dialect?: Table["dialect"];
  /** The sheet it is, of a workbook. */
  readonly sheet?: string;
  /** How its lines are read, for those that are rejected and read again one day. */
  readonly recipe?: () => Recipe;
  readonly warnings: readonly string[];
}

export interface RawRow {
  readonly place: number;
  readonly raw: string;
}

/** Rows in which some value does not fit, or that may be no rows. */
export interface Sifted {
  /** Whether a row of the source is one of them, in SQL. */
  readonly isOdd: string;
  /** Those that are rows, with columns `line` and `place` and the source's own: what stands after FROM. */
  readonly from: string;
  /** By the name of a column, how many of its values do not fit: hundred times as many must. */
  readonly misfits: ReadonlyMap<string, number>;
}

/** A column of the dataset, with DuckDB's type. */
export interface KnownColumn {
  readonly name: string;
  readonly type: string;
  /** The order of day and month in the files that it was loaded from. */
  readonly dayFirst?: boolean;
}

export function knownOf(columns: ReadRejectsInput["known"]): KnownColumn[] {
  return columns.map(({ name, type, day_first: dayFirst }) => ({
    name,
    type,
    ...(dayFirst === undefined ? {} : { dayFirst }),
  }));
}

/** What the caller wants of the columns. */
export interface Wishes {
  /** As people wrote them. */
  readonly types: Readonly<Record<string, string>>;
  readonly known: readonly KnownColumn[];
  /** How a delimited text is to be read. */
  readonly said?: Said;
  readonly quarantine: boolean;
  readonly way: Way;
  /** As 2026-01-31: years of two digits are read as near it. */
  readonly today: string;
}

/** What a reader works with. */
export interface Workplace {
  readonly db: Duckdb;
  readonly folder: string;
  readonly rejects: RejectLog;
  readonly onProgress: (rows: number, bytes: number, bytesTotal: number) => void;
}
