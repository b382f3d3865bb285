// Numbers that are not how many: ages, years, measures, docks, orders, telephones, addresses.

import { type Match, nothing, rule, type Rule } from "./pattern.ts";

/** "26 ft box truck": what a number of feet measures. */
const LONG_THINGS: ReadonlySet<string> = new Set(
  "box straight truck trailer van flatbed ladder ladders lift ceiling ceilings wall container reefer boxtruck".split(
    " ",
  ),
);
/** Namers that stand before a count as well: "job: 3 cooks", "site 4 guards" is unclear, "order 3 cooks" is not. */
export const NAMING_PEOPLE = new Set([
  "order",
  "job",
  "site",
  "warehouse",
  "plant",
  "store",
  "req",
  "shop",
  "floor",
  "line",
  "section",
  "post",
]);

/** Namers that stand before a count whatever the number of what follows. */
const ORDERING: ReadonlySet<string> = new Set(["order", "job", "req"]);

/** Whether what begins behind a match ends in a plural. */
export function isPlural({ scope, to }: Pick<Match, "scope" | "to">): boolean {
  const end = scope.starts("role", to);
  const last = scope.tokens[(end ?? to + 1) - 1];
  return last !== undefined && last.kind === "word" && last.key !== last.word;
}

/** "340 Foulke Lane"; "5 Riveters CT" are in Connecticut, "3 Welders Way" may be people. */
function address({ scope, from, to }: Match): object | undefined {
  const street = scope.tokens[to - 1];
  return street?.upper === true || scope.starts("role", from + 1) !== undefined ? undefined : {};
}

const TIMES = "nights|evenings|mornings|afternoons|weekends|shifts|noches|tardes|turnos";

/** A number of nights says how long, "3 night auditors" who. */
function countsTimes({ scope, from, to }: Match, led: boolean): object | undefined {
  return (led || scope.ends("role", from)) && scope.starts("role", to) === undefined ? {} : undefined;
}

export const ASIDE_RULES: readonly Rule[] = [
  rule(
    "aside",
    6,
    "called|rang|phoned|texted|emailed|messaged|llamo in|back|at|@|:|a? las? <clock>",
    nothing,
  ),
  rule(
    "aside",
    3.5,
    "<num> +|-? <yearword>|<monthword>|<hourword>|<minutes>|day|days|dia|dias|<week>|<measure>",
    nothing,
  ),
  rule("aside", 4.5, "<num> +|-? <yearword>|<monthword> of|de? experience|exp|experiencia|old", nothing),
  rule(
    "aside",
    4.5,
    "<num> -|to <num> <yearword>|<monthword>|<hourword>|<minutes>|day|days|dia|dias|<week>|<measure>",
    nothing,
  ),
  rule(
    "aside",
    4.5,
    "n:<amount> +|-? <yearword>|<monthword>|<hourword>|<minutes>|day|days|dia|dias|<week>",
    nothing,
  ),
  rule(
    "aside",
    4,
    "<num> ~ft|lb|lbs|kg|k|v|ton|tons|in|hp|sf|sqft|hr|hrs|yr|yrs|mo|mos|wk|wks|oz|g|gal|min|mins|pt|d|f|c",
    nothing,
  ),
  // "bartender for 2 nights", "por 3 noches", "bartender 2 nights".
  rule("aside", 5, `for|por|during the|next|las|los? <amount> ${TIMES}`, (match) => countsTimes(match, true)),
  rule("aside", 5, `<amount> ${TIMES}`, (match) => countsTimes(match, false)),
  // "guards 24/7", "dishwasher 3x a week".
  rule("aside", 9, "24 ~/ ~7 ~/? ~365?", nothing),
  rule("aside", 9, "<int> ~x|times ~/|a|per|por|each ~week|day|month|wk|semana|dia|mes", nothing),
  rule("aside", 9, "<int> x|times|veces a|per|por|each|/ week|day|month|wk|semana|dia|mes", nothing),
  // "class 4/5 river guide" is no day in April.
  rule("aside", 9, "class|level|lvl|grade|cat|type|tier <int> ~/|- ~<int>", nothing),
  // "Dallas: none": nothing is asked for there.
  rule("aside", 9, "<name> <name>? :|-|= none|nothing|zero|nobody|nada|ninguno|ninguna|nadie", nothing),
  // "26 ft box truck" is no crew of twenty-six, "12 FT CNAs" is one of twelve.
  rule("aside", 6, "<num> ft|foot", ({ scope, to }) =>
    LONG_THINGS.has(scope.tokens[to]?.word ?? "") ? {} : undefined,
  ),
  rule("aside", 4, "<num> %", nothing),
  // Regions that are no place, and have places in their names.
  rule("aside", 9, "new england", nothing),
  // "4 tens", "five eights": how long a week is.
  rule("aside", 6, "<int> -? tens|eights|twelves", nothing),
  // "2-2-3 rotation".
  rule("aside", 5, "<int> ~- ~<int> ~- ~<int>", nothing),
  rule(
    "aside",
    4,
    "<num> - <unit>|<yearword>|<monthword>|<hourword>|<measure>|day|days|dia|dias|<week>",
    nothing,
  ),
  rule("aside", 4.5, "<int> +", nothing),
  rule("aside", 5, "<int> +|years|yrs|anos? or|and|y|o older|over|up|above|mayores|mas", nothing),
  rule(
    "aside",
    5,
    "over|age|aged|ages|under|mayor|mayores|least de|is|:? <int> years|yrs|anos? of|old? age?",
    (match) => {
      const age =
        match.scope.tokens.slice(match.from, match.to).find(({ kind }) => kind === "number")?.value ?? 0;
      return age >= 14 && age <= 75 ? {} : undefined;
    },
  ),
  rule("aside", 4.5, "<namer> #|:|.|-|is? <letter>? ~-? <num> ~<letter>?", (match) => {
    const name = match.scope.tokens[match.from];
    const number = match.scope.tokens.slice(match.from, match.to).find(({ kind }) => kind === "number");
    const after = match.scope.tokens[match.to];
    const people =
      after !== undefined &&
      (match.scope.starts("role", match.to) !== undefined || match.scope.lexicon.has(after.word, "people"));
    // "order 3 cooks", "job: 3 cooks": the number counts what follows it. "line 4 packer" is one packer, of line 4.
    const bare =
      number?.glued === false &&
      match.to - match.from <= 3 &&
      (number.value === 1 || ORDERING.has(name?.word ?? "") || isPlural(match));
    return people && bare && NAMING_PEOPLE.has(name?.word ?? "") ? undefined : {};
  }),
  rule("aside", 4, "<namer> ~- ~<num>", nothing),
  rule("aside", 4, "# <digits>", nothing),
  rule("aside", 4.5, "i|us|fm|sr|cr|hwy ~- ~<int>", nothing),
  rule("aside", 12, "( <digits3> ) -? <digits3> -|.? <digits4>", nothing),
  rule("aside", 12, "<digits3> -|. <digits3> -|. <digits4>", nothing),
  rule("aside", 12, "1 -|. <digits3> -|. <digits3> -|. <digits4>", nothing),
  rule("aside", 5, "<digits3> ~- ~<digits4>", nothing),
  rule("aside", 8, "<digits10>", nothing),
  rule("aside", 6, "ext|x ~.? <digits>", (match) =>
    match.scope.tokens[match.from]?.word === "ext" ? {} : undefined,
  ),
  rule(
    "aside",
    4,
    "since|in|of|from|through|thru|until|til|since|exp|expires|expiring|class|summer|fall|spring|winter|year|desde|en|de|del <year>",
    (match) => {
      const year = match.scope.tokens[match.to - 1]?.value ?? 0;
      return year >= 1950 ? {} : undefined;
    },
  ),
  rule("aside", 3.2, "<year>", (match) =>
    match.scope.starts("role", match.to) === undefined ? {} : undefined,
  ),
  rule("aside", 4.5, "<month> ,? <year>", (match) => ({
    weight: match.scope.tokens[match.from]?.kind === "word" ? 4.5 : 0,
  })),
  rule("aside", 4, "401 ~k|<letter>", nothing),
  rule("aside", 4, "w ~-? ~2|4|9|2s", nothing),
  rule("aside", 4, "1099|1099s", nothing),
  rule("aside", 4.2, "<int> 10|12|8 ~s", nothing),
  rule("aside", 4, "<int> ~s", nothing),
  rule("aside", 5.5, "<digits> n|s|e|w|north|south|east|west .? <word> <street>?", nothing),
  rule(
    "aside",
    5,
    "<name> street|avenue|ave|blvd|boulevard|road|rd|lane|parkway|pkwy|highway|hwy|turnpike|plaza",
    nothing,
  ),
  rule("aside", 5, "<digits> <word> <street>", nothing),
  rule("aside", 5.5, "<digits> <word> <word> <street>", nothing),
  // Surer than a headcount before the name of a street.
  rule("aside", 9, "<digits> <name> <street>", address),
  rule("aside", 9.5, "<digits> <name> <name> <street>", address),
  rule("aside", 12, "<digits> n|s|e|w|north|south|east|west .? <int> ~st|nd|rd|th <street>?", nothing),
  rule("aside", 5, "<digits> <int> ~st|nd|rd|th <street>?", nothing),
  rule("aside", 3.4, "<int> ~st|nd|rd|th", nothing),
  rule("aside", 10, "<num> ~x ~<num> ~s|hr|hrs|h?", nothing),
  rule("aside", 2, "<num> : ~<num>", nothing),
  rule("aside", 4, "<int> out|of of <int>", nothing),
  rule("aside", 4.5, "<num> <yearword> <yearword>?", nothing),
  rule("aside", 3.6, "<int> ~<letter> ~<int>", nothing),
  rule("aside", 4, "covid ~- ~19", nothing),
];
