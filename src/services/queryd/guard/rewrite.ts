// The two places where the text that DuckDB parses is not the text that was sent.
//
// `t AT (VERSION => 5)`: views are of one snapshot each, so the table is read as `at1.t`, a view of that snapshot in
// a schema of its own. The clause becomes blanks, so that what stands behind it keeps its place.
//
// `PIVOT t ON city`: DuckDB's serialiser, on whose tree the guard decides, refuses a PIVOT whose columns follow from the
// data. The guard is given the same text with `IN (0)` behind each such column; what runs is the text as it was.

import { Refused, shown } from "./refused.ts";
import { closingBracket, type Token, tokensOf } from "./tokens.ts";

/** One table of a statement as it was at some time. */
export interface Version {
  /** Of the view that stands for it. */
  readonly schema: string;
  readonly table: string;
  /** A snapshot id as digits, a tag, or a time as RFC 3339. */
  readonly at: string;
}

/** More versions than anybody compares, each of which is one more set of files. */
const VERSIONS_MAX = 16;

/** What may stand right before a table's name. */
const BEFORE_TABLE = new Set(
  "from join table pivot pivot_wider pivot_longer unpivot summarize describe show , (".split(" "),
);

export function rewriteVersions(body: string): { body: string; versions: readonly Version[] } {
  const tokens = tokensOf(body);
  const versions: Version[] = [];
  let out = "";
  let done = 0;
  tokens.forEach((token, index) => {
    if (!isAtClause(tokens, index)) return;
    const close = closingBracket(tokens, index + 1);
    const last = tokens[close];
    if (last === undefined) return;
    if (versions.length === VERSIONS_MAX) {
      throw new Refused("invalid", `A statement reads at most ${VERSIONS_MAX} tables AT another version.`);
    }
    const schema = `at${versions.length + 1}`;
    const { name, qualifiers } = tableBefore(tokens, index);
    const at = versionOf(tokens.slice(index + 2, close), body);
    versions.push({ schema, table: unquoted(name), at });
    out += body.slice(done, qualifiers) + `${schema}.`;
    out += body.slice(name.start, token.start);
    const spare = Buffer.byteLength(body.slice(token.start, last.end)) - `${schema}.`.length;
    out += " ".repeat(Math.max(1, spare + Buffer.byteLength(body.slice(qualifiers, name.start))));
    done = last.end;
  });
  return { body: out + body.slice(done), versions };
}

function isAtClause(tokens: readonly Token[], index: number): boolean {
  const texts = tokens.slice(index, index + 5).map(({ text }) => text);
  const [at, open, unit, equals, greater] = texts;
  return (
    tokens[index]?.kind === "word" &&
    at === "at" &&
    open === "(" &&
    (unit === "version" || unit === "timestamp") &&
    equals === "=" &&
    greater === ">"
  );
}

/** The table whose AT stands at `index`: its name's token, and where its qualifiers begin. */
function tableBefore(tokens: readonly Token[], index: number): { name: Token; qualifiers: number } {
  const isName = (token: Token | undefined): token is Token =>
    token?.kind === "quoted" || (token?.kind === "word" && !BEFORE_TABLE.has(token.text));
  let at = index - 1;
  // `t a AT`, `t AS a AT`
  if (tokens[at - 1]?.text === "as") at -= 2;
  else if (isName(tokens[at]) && isName(tokens[at - 1])) at -= 1;
  const name = tokens[at];
  if (name?.kind === "string") {
    throw new Refused(
      "forbidden",
      `${shown(name.text)} is not a dataset: files and addresses cannot be read from SQL; load the file with POST /v1/ingest.`,
    );
  }
  if (!isName(name)) throw new Refused("invalid", "AT stands behind the name of a dataset: FROM t AT (…).");
  let first = name;
  while (tokens[at - 1]?.text === "." && isName(tokens[at - 2])) {
    at -= 2;
    first = tokens[at] ?? first;
    // As everywhere, `main` is the one schema.
    if (unquoted(first).toLowerCase() !== "main") {
      throw new Refused(
        "forbidden",
        `${unquoted(first)}.${unquoted(name)} is not a dataset: name datasets without a schema; information_schema.tables lists them.`,
      );
    }
  }
  return { name, qualifiers: first.start };
}

function unquoted({ kind, text }: Token): string {
  return kind === "quoted" ? text.slice(1, -1).replaceAll('""', '"') : text;
}

const TYPE_WORDS = new Set(["timestamp", "timestamptz", "date", "varchar", "bigint", "with", "time", "zone"]);

/** `VERSION => 5`, `VERSION => 'tag'`, `TIMESTAMP => '2026-01-31'`, also with the type that the value has. */
function versionOf([unit, , , ...value]: readonly Token[], body: string): string {
  const constants = value.filter(({ kind }) => kind === "string" || kind === "number");
  const rest = value.filter((token) => !constants.includes(token));
  const [constant] = constants;
  if (
    constant === undefined ||
    constants.length > 1 ||
    !rest.every(({ text }) => TYPE_WORDS.has(text) || text === ":") ||
    !/^(?:'|\d+$)/.test(constant.text)
  ) {
    throw new Refused(
      "invalid",
      "AT takes a constant: (VERSION => <snapshot id or 'tag'>) or (TIMESTAMP => '2026-01-31 12:00:00').",
      Buffer.byteLength(body.slice(0, unit?.start ?? 0)),
    );
  }
  const text = constant.kind === "string" ? constant.text.slice(1, -1).replaceAll("''", "'") : constant.text;
  return unit?.text === "timestamp" ? instantOf(text) : text;
}

const ZONELESS = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?$/;

/** Times without a zone are UTC, as in the rest of a statement. */
function instantOf(text: string): string {
  const zoneless = ZONELESS.exec(text.trim());
  const instant = zoneless === null ? text : `${zoneless[1]}T${zoneless[2] ?? "00:00"}Z`;
  const ms = Date.parse(instant);
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new Refused("invalid", "AT (TIMESTAMP => …) takes a time such as '2026-01-31 12:00:00'.");
}

const PIVOTS = new Set(["pivot", "pivot_wider"]);
const ON_ENDS = new Set([
  "using",
  "group",
  "order",
  "limit",
  "offset",
  "union",
  "except",
  "intersect",
  ")",
  ";",
]);

export interface FilledPivots {
  readonly text: string;
  /** The bytes of `text` at which something was put in, and how much, in order. */
  readonly inserts: readonly { readonly at: number; readonly bytes: number }[];
}

const FILLING = " IN (0)";

/** The statement with an `IN` for every column of a PIVOT that has none; undefined when there is no such column. */
export function fillPivots(body: string): FilledPivots | undefined {
  const tokens = tokensOf(body);
  const ends = tokens.flatMap(({ kind, text }, index) =>
    kind === "word" && PIVOTS.has(text) ? columnsWithoutIn(tokens, index) : [],
  );
  if (ends.length === 0) return undefined;
  const inserts: { at: number; bytes: number }[] = [];
  let text = "";
  let done = 0;
  for (const end of ends.sort((a, b) => a - b)) {
    text += body.slice(done, end);
    inserts.push({ at: Buffer.byteLength(text), bytes: FILLING.length });
    text += FILLING;
    done = end;
  }
  return { text: text + body.slice(done), inserts };
}

/** Where the columns end that `PIVOT source ON column, column` has without an IN of their own. */
function columnsWithoutIn(tokens: readonly Token[], pivot: number): number[] {
  let at = pivot + 1;
  while (at < tokens.length && tokens[at]?.text !== "on") {
    if (ON_ENDS.has(tokens[at]?.text ?? "")) return [];
    at = tokens[at]?.text === "(" ? closingBracket(tokens, at) + 1 : at + 1;
  }
  const ends: number[] = [];
  let hasIn = false;
  for (at += 1; at <= tokens.length; at += 1) {
    const token = tokens[at];
    const over = token === undefined || (token.kind !== "quoted" && ON_ENDS.has(token.text));
    if (over || token.text === ",") {
      if (!hasIn) ends.push(tokens[at - 1]?.end ?? 0);
      hasIn = false;
      if (over) break;
    } else if (token.kind === "word" && token.text === "in") hasIn = true;
    else if (token.text === "(" || token.text === "[" || token.text === "{") at = closingBracket(tokens, at);
  }
  return ends;
}
