// What a judge of generated files works with, and what it says.

import type { Duckdb } from "#adapters/duckdb";

/** What a file is judged with. */
export interface Place {
  readonly db: Duckdb;
  readonly folder: string;
  /** Rows of the largest files. */
  readonly rowsMax: number;
}

export interface Judged {
  readonly rows: number;
  readonly bytes: number;
  /** In words. */
  readonly difference?: string;
}
