// Integer columns that a later file has with decimals: 15.50 where the dataset holds whole numbers. Iceberg grows no
// integer to a decimal in place, so the rows are rejected, and the answer offers the change of the schema that takes them.

import type { DecimalsFound } from "../source/shapes.ts";

const INTEGER = /INT$|^INTEGER$/;
/** As people write amounts: a sign of the currency, groups of thousands, decimals. */
const WITH_DECIMALS = /^[-+($€£\s]*\d[\d,' ]*\.(\d+)[)€£\s]*$/;
/** What money needs at least. */
const PRECISION = 18;
const SCALE_MIN = 2;
const SCALE_MAX = 9;

export class Decimals {
  readonly #first = new Map<string, Omit<DecimalsFound, "wanted">>();
  readonly #scales = new Map<string, number>();

  /** A value that was rejected because it is not of the type `target`. */
  see(column: string, target: string | undefined, value: string, line: number): void {
    if (target === undefined || !INTEGER.test(target)) return;
    const decimals = WITH_DECIMALS.exec(value)?.[1];
    if (decimals === undefined) return;
    this.#scales.set(column, Math.max(this.#scales.get(column) ?? 0, decimals.length));
    if (!this.#first.has(column)) this.#first.set(column, { column, type: target, example: value, line });
  }

  get found(): readonly DecimalsFound[] {
    return Array.from(this.#first.values(), (first) => ({
      ...first,
      wanted: decimalType(this.#scales.get(first.column) ?? 0),
    }));
  }
}

/** Columns that are integers in the dataset and have decimals throughout in the file, with a type that holds both. */
export function decimalColumns(
  file: readonly { readonly name: string; readonly type: string; readonly samples: readonly string[] }[],
  dataset: readonly { readonly name: string; readonly type: string }[],
): { column: string; wanted: string }[] {
  const known = new Map(dataset.map((column) => [column.name.toLowerCase(), column]));
  return file.flatMap(({ name, type, samples }) => {
    const existing = known.get(name.toLowerCase());
    if (existing === undefined || !INTEGER.test(existing.type)) return [];
    if (!/^DOUBLE$|^FLOAT$|^DECIMAL/.test(type)) return [];
    const scales = samples.map((sample) => WITH_DECIMALS.exec(sample)?.[1]?.length ?? 0);
    const scale = Number(/,(\d+)\)$/.exec(type)?.[1] ?? Math.max(0, ...scales));
    return scale === 0 ? [] : [{ column: existing.name, wanted: decimalType(scale) }];
  });
}

function decimalType(scale: number): string {
  return `DECIMAL(${PRECISION},${Math.min(Math.max(scale, SCALE_MIN), SCALE_MAX)})`;
}
