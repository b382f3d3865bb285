// The columns of delimited text: their names in the dataset, and how their texts are typed. The order of authority:
// the type that the caller names, the dataset's own as long as half of the values have it, and the values.

import { certainSql, misfitSql, strictSql, valueSql } from "../inference/column-sql.ts";
import type { ColumnStats } from "../inference/column-stats.ts";
import { inferType, type Surroundings, surroundingsOf, typeAs, type Typing } from "../inference/infer.ts";
import { duckdbWord, refuseStrayTypes, wantedTypes } from "../inference/types.ts";
import type { KnownColumn, SourceColumn, Wishes } from "../source/source.ts";

/** The dataset's type is taken when so many values have it: the others are rejected with their rows. */
export const KNOWN_SHARE_MIN = 0.5;

export interface TypedColumns {
  readonly columns: readonly SourceColumn[];
  readonly typings: readonly Typing[];
  readonly warnings: readonly string[];
  /** Every value that was seen fits. */
  readonly certain: boolean;
}

/** How the values were seen. */
export interface Seen {
  /** Rows that had no vote are to be checked too: nothing fits a column that is else empty. */
  readonly doubtful: boolean;
  /** Not all of them. */
  readonly sampled: boolean;
}

export function typedColumns(
  stats: readonly ColumnStats[],
  names: readonly string[],
  delimiter: string,
  wishes: Wishes,
  { doubtful, sampled }: Seen = { doubtful: false, sampled: false },
): TypedColumns {
  const around = surroundingsOf(stats, delimiter.startsWith(";"), wishes.today);
  const known = new Map(wishes.known.map((column) => [column.name.toLowerCase(), column]));
  const types = wantedTypes(wishes.types);
  const found = stats.map((column, index) => {
    const written = names[index] ?? `column_${index + 1}`;
    const existing = known.get(written.toLowerCase());
    const name = existing?.name ?? written;
    const typing = typingOf(column, around, name, existing, types.get(name.toLowerCase()), wishes);
    const unwanted = wishes.quarantine && wishes.known.length > 0 && existing === undefined;
    return { name, unwanted, typing };
  });
  refuseStrayTypes(
    types,
    found.map(({ name }) => name),
  );
  const certain =
    !sampled && !doubtful && found.every(({ typing, unwanted }) => typing.share === 1 && !unwanted);
  const columns = found.map(({ name, unwanted, typing }, index): SourceColumn => {
    const raw = `c${index}`;
    return {
      name,
      type: typing.type,
      value: valueSql(typing, raw),
      raw,
      misfit: typing.empty && doubtful ? `(${raw} IS NOT NULL)` : misfitSql(typing, raw),
      strict: certain ? certainSql(typing, raw) : strictSql(typing, raw),
      confidence: typing.confidence,
      samples: typing.samples,
      ...(typing.dayFirst === undefined ? {} : { dayFirst: typing.dayFirst }),
      ...(unwanted ? { unwanted } : {}),
    };
  });
  return {
    columns,
    typings: found.map(({ typing }) => typing),
    warnings: found.flatMap(({ typing }) => typing.warning ?? []),
    certain,
  };
}

function typingOf(
  column: ColumnStats,
  around: Surroundings,
  name: string,
  existing: KnownColumn | undefined,
  wanted: string | undefined,
  { quarantine }: Wishes,
): Typing {
  const here = existing?.dayFirst === undefined ? around : { ...around, dayFirst: existing.dayFirst };
  if (wanted !== undefined) return typeAs(column, wanted, here, name, true).typing;
  const held = existing === undefined ? undefined : duckdbWord(existing.type);
  if (held !== undefined) {
    const { typing, share } = typeAs(column, held, here, name, false);
    if (quarantine || share >= KNOWN_SHARE_MIN) return typing;
  }
  return inferType(column, here, name);
}

/** What a sheet saved as text is parted by, whose empty columns are its own. */
const OF_SHEETS: ReadonlySet<string> = new Set([",", ";", "\t"]);

/**
 * The columns outside a table, by index: what stands behind the mark that ends each line, and before the one that begins
 * it, as tables are drawn with bars. They have neither a name nor a value.
 */
export function outsideMarks(
  delimiter: string,
  header: readonly string[],
  hasValues: (column: number) => boolean,
): ReadonlySet<number> {
  const isEmpty = (column: number): boolean => (header[column] ?? "").trim() === "" && !hasValues(column);
  const last = header.length - 1;
  if (OF_SHEETS.has(delimiter) || last < 1 || !isEmpty(last)) return new Set();
  return new Set(last > 1 && isEmpty(0) ? [0, last] : [last]);
}
