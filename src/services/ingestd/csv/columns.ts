// The columns of delimited text: their names in the dataset, and how their texts are typed. The order of authority:
// the type that the caller names, the dataset's own as long as half of the values have it, and the values.

import { valueSql, misfitSql, strictSql } from "../inference/column-sql.ts";
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
}

/** `doubtful` says that rows which had no vote are to be checked too: nothing fits a column that is else empty. */
export function typedColumns(
  stats: readonly ColumnStats[],
  names: readonly string[],
  delimiter: string,
  wishes: Wishes,
  doubtful = false,
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
  const columns = found.map(({ name, unwanted, typing }, index): SourceColumn => {
    const raw = `c${index}`;
    return {
      name,
      type: typing.type,
      value: valueSql(typing, raw),
      raw,
      misfit: typing.empty && doubtful ? `(${raw} IS NOT NULL)` : misfitSql(typing, raw),
      strict: strictSql(typing, raw),
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
