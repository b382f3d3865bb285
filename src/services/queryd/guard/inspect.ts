// From text to a guarded statement. DuckDB's serialiser takes SELECTs only (DESCRIBE, SHOW, SUMMARIZE, VALUES
// and FROM-first are SELECTs to it) and gives everything else away by refusing it; an EXPLAIN in front is taken
// off before and put back as we write it.

import type { Duckdb } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";
import { guard, pivotRefused, type Inspection, Refused } from "./guard.ts";
import { firstWord, placeOf, readStatement, sqlFault, type Statement } from "./statement-text.ts";

/** Words that a statement of the kinds we answer may start with. */
const ANSWERED = new Set([
  "select",
  "with",
  "from",
  "values",
  "describe",
  "desc",
  "show",
  "summarize",
  "pivot",
  "table",
]);

export interface Guarded {
  readonly statement: Statement;
  readonly inspection: Inspection;
}

/** Throws `invalid` or `forbidden`, or says what the statement reads. `scratch` is sandboxed and holds nothing. */
export async function inspect(scratch: Duckdb, sql: string): Promise<Guarded> {
  const statement = readStatement(sql);
  const [row] = await scratch.rows("SELECT json_serialize_sql($1::VARCHAR, skip_default := true) AS tree", [
    statement.body,
  ]);
  const tree = JSON.parse(String(row?.["tree"])) as {
    error: boolean;
    error_type?: string;
    error_message?: string;
    position?: string;
    statements?: unknown[];
  };
  if (!tree.error) {
    const inspection = guarded(statement, tree.statements ?? []);
    if (inspection.kind === "show_tables" && statement.prefix !== "") {
      throw new Fault("invalid", "SHOW TABLES cannot be explained; send it by itself.");
    }
    return { statement, inspection };
  }
  if (tree.error_type === "parser") {
    const at = tree.position === undefined ? undefined : byteOf(statement, Number(tree.position));
    throw sqlFault(statement, tree.error_message ?? "The statement is not SQL.", at);
  }
  const word = firstWord(statement.body);
  if (/\bpivot\b/i.test(statement.body) && ANSWERED.has(word)) throw faultOf(pivotRefused(), statement);
  throw new Fault(
    "forbidden",
    `Only one statement that reads is taken: SELECT, WITH, FROM, VALUES, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE${ANSWERED.has(word) || word === "" ? "" : `, not ${word.slice(0, 40).toUpperCase()}`}.`,
  );
}

/** The parser counts characters of what it was given; everything after it counts bytes of what is run. */
function byteOf({ prefix, body }: Statement, character: number): number {
  return Buffer.byteLength(prefix) + Buffer.byteLength(Array.from(body).slice(0, character).join(""));
}

function guarded(statement: Statement, statements: readonly unknown[]): Inspection {
  try {
    return guard(statements);
  } catch (thrown) {
    throw thrown instanceof Refused ? faultOf(thrown, statement) : thrown;
  }
}

function faultOf({ code, message, position }: Refused, statement: Statement): Fault {
  if (position === undefined) return new Fault(code, message);
  const path = placeOf(statement, position + Buffer.byteLength(statement.prefix));
  return new Fault(code, message, { details: [{ path, message }] });
}
