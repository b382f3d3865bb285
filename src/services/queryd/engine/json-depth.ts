// A bound on how deep a JSON text may nest that DuckDB takes apart by recursion: beyond some ten thousand levels those
// functions overflow the stack and end the process. Macros of the same names stand before them, once a statement of an
// instance calls one (`RECURSIVE_JSON`); functions that read such a text without recursion stay DuckDB's own.
// The guard refuses the qualified names that would go past a macro.
//
// A text with few brackets cannot nest deep. One with many has its strings and everything but brackets taken away,
// then the innermost pairs, eight times: what is left then counts levels far better than it counts values.

const LEVELS_MAX = 1000;
const PASSES = 8;

/** Open brackets of `text`; those in strings count, so that no text is taken for shallower than it is. */
function openBrackets(text: string): string {
  return `(length(${text}) - length(translate(${text}, '[{', '')))`;
}

function withoutInnermostPairs(text: string): string {
  return `regexp_replace(${text}, '\\[\\]|\\{\\}', '', 'g')`;
}

/** True where `text` surely nests at most `LEVELS_MAX + PASSES` levels. */
function isShallow(text: string): string {
  let brackets = `regexp_replace(regexp_replace(${text}, '"(?:[^"\\\\]|\\\\.)*"', '', 'gs'), '[^\\[\\]{}]+', '', 'g')`;
  for (let pass = 0; pass < PASSES; pass += 1) brackets = withoutInnermostPairs(brackets);
  return `CASE WHEN ${openBrackets(text)} <= ${LEVELS_MAX} THEN true ELSE length(${brackets}) <= ${2 * LEVELS_MAX} END`;
}

/** Evaluates its argument once (a macro's argument is text): it may give another value each time. */
const BOUNDED = `list_extract(list_transform([j], lambda x: CASE WHEN x IS NULL OR ${isShallow("x::VARCHAR")} THEN x ELSE error('JSON that nests more than ${LEVELS_MAX} levels deep is not taken by this function.') END), 1)`;
/** DuckDB wants the structure to be foldable, which `error` is not: the text below is refused as no type. */
const STRUCTURE = `CASE WHEN ${isShallow("s::VARCHAR")} THEN s ELSE '"a structure of at most ${LEVELS_MAX} levels"' END`;

const PATCHES_MAX = 8;

function overloads(name: string, countMax: number): string {
  const lists = Array.from({ length: countMax - 1 }, (_, index) =>
    Array.from({ length: index + 2 }, (__, argument) => `j${argument + 1}`),
  );
  const bodies = lists.map(
    (names) =>
      `(${names.join(", ")}) AS system.main.${name}(${names.map((each) => `bounded_json(${each})`).join(", ")})`,
  );
  return `CREATE MACRO ${name}${bodies.join(", ")}`;
}

const TRANSFORMS = ["json_transform", "json_transform_strict", "from_json", "from_json_strict"];

/** SQL that makes the macros in an instance. */
export const JSON_DEPTH_MACROS = [
  `CREATE MACRO bounded_json(j) AS ${BOUNDED}`,
  `CREATE MACRO bounded_structure(s) AS ${STRUCTURE}`,
  "CREATE MACRO json_structure(j) AS system.main.json_structure(bounded_json(j))",
  "CREATE MACRO json_contains(j, k) AS system.main.json_contains(bounded_json(j), bounded_json(k))",
  overloads("json_merge_patch", PATCHES_MAX),
  ...TRANSFORMS.map((name) => `CREATE MACRO ${name}(j, s) AS system.main.${name}(j, bounded_structure(s))`),
].join(";\n");
