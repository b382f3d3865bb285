// Which values are the same under a rule: by their normalised keys, or as numbers within a tolerance.

import type { TruthRule, TruthValue } from "#contracts/truth";
import { type Normalise, normaliserNamed } from "../normalise/normalise.ts";

type Value = Exclude<TruthValue, null>;

export interface Comparison {
  readonly normalise: Normalise;
  /** Puts values into groups: the key of each one's group. */
  keys(values: readonly Value[]): ReadonlyMap<Value, string>;
  agree(a: TruthValue, b: TruthValue): boolean;
}

/** Loads what the rule's normaliser needs. */
export async function comparisonOf(rule: TruthRule | undefined): Promise<Comparison> {
  const normalise = await normaliserNamed(rule?.normaliser ?? "none");
  const tolerance = rule?.tolerance;
  return {
    normalise,
    keys: (values) => {
      const keys = new Map(values.map((value) => [value, normalise(value).key]));
      if (tolerance !== undefined)
        for (const [value, key] of numberKeys(values, tolerance)) keys.set(value, key);
      return keys;
    },
    agree: (a, b) => {
      if (a === null || b === null) return a === b;
      if (normalise(a).key === normalise(b).key) return true;
      const [one, other] = [numberOf(a), numberOf(b)];
      if (tolerance === undefined || one === undefined || other === undefined) return false;
      return isWithin(one, other, tolerance);
    },
  };
}

/**
 * Numbers from the smallest up: each agrees with the smallest of its group while it is no further from it than the
 * tolerance. Pairs alone would not do: 1 and 2 may agree, and 2 and 3, where 1 and 3 do not.
 */
function numberKeys(values: readonly Value[], tolerance: number): [Value, string][] {
  const numbers = values
    .map((value) => [value, numberOf(value)] as const)
    .filter((pair): pair is readonly [Value, number] => pair[1] !== undefined)
    .sort(([, a], [, b]) => a - b);
  let smallest = -Infinity;
  return numbers.map(([value, number]) => {
    if (!isWithin(number, smallest, tolerance)) smallest = number;
    return [value, `number ${smallest}`];
  });
}

/** Some units in the last place, as sums such as 0.1 + 0.2 are off by, are no difference. */
function isWithin(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) <= tolerance + Math.max(Math.abs(a), Math.abs(tolerance)) * Number.EPSILON * 4;
}

const NUMBER = /^\s*\$?\s*([+-]?(?:\d+(?:,\d{3})*|\d*)(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/i;

/** Also of text such as "$1,234.50", as files have it. */
function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return undefined;
  const digits = NUMBER.exec(value)?.[1]?.replaceAll(",", "") ?? "";
  const number = Number(digits);
  return digits === "" || !Number.isFinite(number) ? undefined : number;
}
