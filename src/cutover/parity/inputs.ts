// What probes are made of: words of the trade, texts as people and programs write them, and whatever JSON may hold. Nothing in it
// is of a person. All of it follows from the random source that is given.

import type { Random } from "#lib/random";

export const ROLES = [
  "forklift operator",
  "CNC machinist",
  "warehouse associate",
  "picker packer",
  "loader",
  "shipping clerk",
  "welder",
  "line cook",
] as const;
const CITIES = ["Springfield, IL", "Reno, NV", "Akron, OH", "Dallas, TX", "Gary, IN"] as const;
const TIMES = ["Monday 6am", "tomorrow at 7", "12/07 22:00-06:00", "next week, nights", "ASAP"] as const;
const ODD = [
  "",
  " ",
  "\t",
  "ß",
  "É".normalize("NFD"),
  "日本語",
  "🏗️ crane",
  "a\u0000b",
  "<b>&amp;</b>",
  "\u2028",
] as const;

export function order(random: Random): string {
  const count = 1 + random.below(12);
  const forms = [
    () => `Need ${count} ${random.pick(ROLES)}s in ${random.pick(CITIES)} ${random.pick(TIMES)}`,
    () => `${count}x ${random.pick(ROLES)} - ${random.pick(CITIES)}`,
    () => `${random.pick(ROLES)} ${random.pick(TIMES)} pay $${15 + random.below(20)}/hr`,
    () => random.pick(ROLES),
    () => `${random.pick(CITIES)}: ${random.pick(ROLES).toUpperCase()}`,
  ];
  return random.pick(forms)();
}

/** Mostly what people write, now and then what nobody should. */
export function text(random: Random): string {
  const kind = random.below(10);
  if (kind < 6) return order(random);
  if (kind < 8) return random.pick(ODD) + order(random);
  if (kind < 9) return random.pick(ODD);
  return Array.from({ length: 20 + random.below(200) }, () => random.pick(ROLES)).join(" ");
}

export function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.pick(ROLES).split(" ").at(-1) ?? "").join(" ");
}

/** A value of any kind that JSON has. */
export function json(random: Random, depth = 0): unknown {
  const kinds = [
    () => null,
    () => random.below(2) === 0,
    () => random.below(1000) - 500,
    () => random.next() * 10 ** (random.below(12) - 6),
    () => text(random),
    () => Array.from({ length: random.below(4) }, () => json(random, depth + 1)),
    () =>
      Object.fromEntries(
        Array.from({ length: random.below(4) }, (_, at) => [
          `${random.pick(["a", "b", "name", "ok", "日"])}${at}`,
          json(random, depth + 1),
        ]),
      ),
  ];
  return (depth > 2 ? kinds.slice(0, 5) : kinds)[random.below(depth > 2 ? 5 : kinds.length)]?.();
}

/** The value with something of it missing, of another type, or more than it should have. */
export function mutated(random: Random, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields = Object.keys(value);
  const field = random.pick(fields.length === 0 ? ["a"] : fields);
  const { [field]: _, ...rest } = value;
  switch (random.below(5)) {
    case 0:
      return rest;
    case 1:
      return { ...value, [field]: json(random) };
    case 2:
      return { ...value, [field]: "" };
    case 3:
      return { ...value, [`x_${field}`]: json(random) };
    default:
      return { ...value };
  }
}
