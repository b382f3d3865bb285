// What sources say of one attribute, side by side: a side for each value, with those who say it.

import type { Belief, TruthValue } from "#contracts/truth";

type Voice = Belief["supporting"][number];

export interface Side {
  readonly value: TruthValue;
  readonly voices: readonly Voice[];
  /** What the house takes to hold for now. */
  readonly holds: boolean;
}

/** The likeliest first, then what more sources say. Spellings that agree by the attribute's rule are one side. */
export function sidesOf({
  value,
  supporting,
  dissenting,
}: Pick<Belief, "value" | "supporting" | "dissenting">): readonly Side[] {
  const others = new Map<string, Voice[]>();
  for (const voice of dissenting) {
    const key = JSON.stringify(voice.value);
    const same = others.get(key);
    if (same === undefined) others.set(key, [voice]);
    else same.push(voice);
  }
  return [
    { value, voices: supporting, holds: true },
    ...[...others.values()]
      .sort((a, b) => b.length - a.length)
      .map((voices) => ({ value: voices[0]?.value ?? null, voices, holds: false })),
  ];
}

export function valueText(value: TruthValue): string {
  if (value === null) return "no value";
  return value === true ? "yes" : value === false ? "no" : String(value);
}

/**
 * What a person typed, as what the sources give: a number where all of them give numbers, yes or no where all give that; text
 * otherwise. Undefined where it is not one.
 */
export function typedValue(text: string, sides: readonly Side[]): TruthValue | undefined {
  const clean = text.trim();
  const values = sides
    .flatMap(({ voices }) => voices.map(({ value }) => value))
    .filter((value) => value !== null);
  if (values.length > 0 && values.every((value) => typeof value === "number")) {
    const number = Number(clean);
    return clean === "" || !Number.isFinite(number) ? undefined : number;
  }
  if (values.length > 0 && values.every((value) => typeof value === "boolean")) {
    if (/^(yes|true)$/i.test(clean)) return true;
    return /^(no|false)$/i.test(clean) ? false : undefined;
  }
  return clean === "" ? undefined : clean;
}
