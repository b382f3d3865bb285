// How far: "within 20 miles of", "30 mi radius", "< 12 mi". The place itself is read by `places.ts`.

import { amountIn } from "./parts/amount.ts";
import { type Match, rule, type Rule } from "./pattern.ts";

const MILES_MAX = 3000;

function miles(match: Match): { miles: number } | undefined {
  const value = match.token("n")?.value ?? amountIn(match, "n");
  const unit = Number(match.meaning("unit", "mile"));
  if (value === undefined || !(value > 0) || value > MILES_MAX || Number.isNaN(unit)) return undefined;
  return { miles: Math.round(value * unit * 10) / 10 };
}

/** Without a unit, miles. */
function bare(match: Match): { miles: number } | undefined {
  const value = match.token("n")?.value;
  const after = match.scope.tokens[match.to];
  const other =
    after !== undefined &&
    ["minutes", "day", "week", "hourword", "monthword"].some((kind) =>
      match.scope.lexicon.has(after.word, kind),
    );
  return value === undefined || !(value > 0) || value > BARE_MILES_MAX || other
    ? undefined
    : { miles: value };
}

const BARE_MILES_MAX = 500;

const LEAD =
  "within|inside|in|under|below|<|≤|up|less|max|maximum|about|approx|roughly|radius|radio|dentro|menos|unas|hasta|no|not|a|around|en|commutable|~";

export const PLACE_RULES: readonly Rule[] = [
  rule(
    "radius",
    6,
    `${LEAD} a|to|than|more|of|de|un|radius|radio? farther|further|than|radius|radio|de? of|de|than|menos|:? de? n:<num>|<amount> -? unit:<mile> of|from|around|radius|drive|range|away|out|de|commute|a|max|maximum|tops? of|from|around|drive|away|a|la|redonda? of|from|de|redonda?`,
    miles,
  ),
  rule(
    "radius",
    6,
    "n:<num>|<amount> -? unit:<mile> radius|rad|range|drive|commute|max|circle|or of|from|around|less|de? of|from?",
    miles,
  ),
  rule(
    "radius",
    5.5,
    "n:<num>|<amount> -? unit:<mile> of|from|around|away|out|de|a away|out|la|from|of? from|of|redonda?",
    miles,
  ),
  rule("radius", 5, "radius|radio|rad :|=|of|de|-? n:<num> unit:<mile>", miles),
  rule("radius", 4, "n:<num>|<amount> -? unit:<mile>", miles),
  rule("radius", 4.6, "radius|radio|rad :|=|of|de|-|is? n:<num>", bare),
  rule("radius", 12, "n:<num>|<amount> -? unit:<mile> a la redonda de?", miles),
  rule("radius", 4.6, "within|w ~/? ~in? n:<num> of", bare),
  // "Tulsa within 15": at the end of what is said, where nothing else is measured.
  rule("radius", 4.6, "within|w ~/? ~in? n:<num>", (match) => {
    const { tokens, starts, ends } = match.scope;
    const next = tokens[match.to];
    const closed = next === undefined || next.kind === "mark" || starts("place", match.to) !== undefined;
    const led = tokens[match.from]?.word === "within" || match.to > match.from + 2;
    const placed = ends("place", match.from) || starts("place", match.to) !== undefined;
    return closed && led && placed ? bare(match) : undefined;
  }),
  rule("radius", 4.6, "n:<num> radius|rad", bare),
];
