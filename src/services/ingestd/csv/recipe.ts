// How the lines of a delimited file were read, for those that are rejected and read again one day.

import type { ColumnStats } from "../inference/column-stats.ts";
import type { CsvRecipe } from "../source/recipe.ts";
import type { Dialect, Fit } from "./rows.ts";

/** A column, and its name in the dataset: empty for one that is left out. */
interface KeptColumn {
  readonly name: string;
  readonly stats: ColumnStats;
}

export function csvRecipe(
  dialect: Dialect,
  { ragged, shortest }: Fit,
  today: string,
  columns: readonly KeptColumn[],
): CsvRecipe {
  return {
    format: "csv",
    dialect: { ...dialect },
    ragged,
    ...(shortest === undefined ? {} : { shortest }),
    today,
    columns: columns.map(({ name, stats }) => {
      const { counts, nothing, spaced } = stats.stored();
      return {
        name,
        counts: counts.map(([words, count]) => [[...words], count]),
        nothing: [...nothing],
        spaced,
      };
    }),
  };
}
