// From text to a guarded statement. DuckDB's serialiser takes SELECTs only (DESCRIBE, SHOW, SUMMARIZE, VALUES
// and FROM-first are SELECTs to it) and gives everything else away by refusing it; an EXPLAIN in front is taken
// off before and put back as we write it.

import type { Duckdb } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";
import { guard, type Inspection, pivotRefused } from "./check-tree.ts";
import { Refused } from "./refused.ts";
import { type FilledPivots, fillPivots, rewriteVersions, type Version } from "./rewrite.ts";
import { firstWord, placeOf, readStatement, sqlFault, type Statement } from "./statement-text.ts";

/** Words that a statement that reads may start with. */
const READING = new Set(
  "select with from values describe desc show summarize pivot pivot_wider unpivot pivot_longer table".split(
    " ",
  ),
);

/** What to do in place of a statement that changes something. */
const INSTEAD: Readonly<Record<string, string>> = {
  ...ofEach("insert update delete merge truncate copy import", "Load rows with POST /v1/ingest"),
  ...ofEach(
    "create drop alter",
    "Name an intermediate result with WITH; datasets are made by POST /v1/ingest",
  ),
  export: "Ask for text/csv, an Arrow stream or a Parquet file by the accept header",
  ...ofEach("set reset use", "The fields beside sql hold what can be set: time_zone, at, timeout_ms, limit"),
  ...ofEach("pragma call", "DESCRIBE <dataset> gives columns, information_schema.columns those of all"),
  ...ofEach(
    "attach detach install load",
    "Load a file with POST /v1/ingest; no other database can be reached",
  ),
  ...ofEach(
    "begin start commit rollback",
    "A statement reads one snapshot of each dataset without a transaction",
  ),
  ...ofEach("prepare execute deallocate", "Send values in params, for ? or $1"),
};

function ofEach(words: string, hint: string): Record<string, string> {
  return Object.fromEntries(words.split(" ").map((word) => [word, hint]));
}

export interface Guarded {
  readonly statement: Statement;
  readonly inspection: Inspection;
  /** A PIVOT takes its columns from the data: DuckDB makes several statements of this one. */
  readonly pivots: boolean;
}

interface Serialized {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly position?: string;
  readonly statements?: unknown[];
}

/** Throws `invalid` or `forbidden`, or says what the statement reads. `scratch` is sandboxed and holds nothing. */
export async function inspect(scratch: Duckdb, sql: string): Promise<Guarded> {
  const sent = readStatement(sql);
  const { body, versions } = refusing(sent, () => rewriteVersions(sent.body));
  const statement = { ...sent, body };
  const tree = await serialize(scratch, body);
  if (!tree.error) return guarded(statement, tree, { text: body, inserts: [] }, versions, false);
  if (tree.error_type === "parser") {
    const at = tree.position === undefined ? undefined : byteOf(statement, Number(tree.position));
    throw sqlFault(statement, tree.error_message ?? "The statement is not SQL.", at);
  }
  const word = firstWord(body);
  const filled = READING.has(word) ? fillPivots(body) : undefined;
  const pivoted = filled === undefined ? undefined : await serialize(scratch, filled.text);
  const isPivot = filled === undefined && /\bpivot/i.test(body) && READING.has(word);
  if (isPivot || pivoted?.error_type === "parser") throw faultOf(pivotRefused(), statement);
  if (filled !== undefined && pivoted?.error === false) {
    if (statement.prefix !== "") {
      throw new Fault(
        "invalid",
        "A PIVOT that takes its columns from the data cannot be explained: write … ON column IN (value, …).",
      );
    }
    return guarded(statement, pivoted, filled, versions, true);
  }
  const not = READING.has(word) || word === "" ? "" : `, not ${word.slice(0, 40).toUpperCase()}`;
  const instead = INSTEAD[word] === undefined ? "" : ` ${INSTEAD[word]}.`;
  throw new Fault(
    "forbidden",
    `Only one statement that reads is taken: SELECT, WITH, FROM, VALUES, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE${not}.${instead}`,
  );
}

async function serialize(scratch: Duckdb, text: string): Promise<Serialized> {
  const [row] = await scratch.rows("SELECT json_serialize_sql($1::VARCHAR, skip_default := true) AS tree", [
    text,
  ]);
  const tree = String(row?.["tree"]);
  // A literal beyond DOUBLE is an infinity, which is no JSON. Inside of a string the quotes would be escaped.
  return JSON.parse(tree.replaceAll(/(?<=[{,]"value":)(?:-?Infinity|NaN)(?=[,}])/g, "null")) as Serialized;
}

/** The parser counts characters of what it was given; everything after it counts bytes of what is run. */
function byteOf({ prefix, body }: Statement, character: number): number {
  return Buffer.byteLength(prefix) + Buffer.byteLength(Array.from(body).slice(0, character).join(""));
}

function guarded(
  statement: Statement,
  { statements = [] }: Serialized,
  { text, inserts }: FilledPivots,
  versions: readonly Version[],
  pivots: boolean,
): Guarded {
  const inspection = refusing(statement, () => guard(statements, text, versions), inserts);
  if (inspection.kind === "show_tables" && statement.prefix !== "") {
    throw new Fault("invalid", "SHOW TABLES cannot be explained; send it by itself.");
  }
  return { statement, inspection, pivots };
}

/** Does `work`; a refusal becomes a fault that names its place in the statement as it was sent. */
function refusing<T>(statement: Statement, work: () => T, inserts: FilledPivots["inserts"] = []): T {
  try {
    return work();
  } catch (thrown) {
    throw thrown instanceof Refused ? faultOf(thrown, statement, inserts) : thrown;
  }
}

function faultOf(
  { code, message, position }: Refused,
  statement: Statement,
  inserts: FilledPivots["inserts"] = [],
): Fault {
  if (position === undefined) return new Fault(code, message);
  const before = inserts.filter(({ at }) => at < position).reduce((sum, { bytes }) => sum + bytes, 0);
  const path = placeOf(statement, position - before + Buffer.byteLength(statement.prefix));
  return new Fault(code, message, { details: [{ path, message }] });
}
