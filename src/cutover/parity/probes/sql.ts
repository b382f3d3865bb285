// Statements that need no table: values of every type that a column may have, expressions, order, and statements that must be
// refused. What they mean is fixed by SQL, so that every difference is one of the wire or of the engine.

import type { Random } from "#lib/random";
import { askBoth, jsonRequest } from "../http-probe.ts";
import { ROLES } from "../inputs.ts";
import type { HttpCase, Probe, ProbeContext } from "../probe.ts";

const SEEDS: readonly (readonly [label: string, sql: string])[] = [
  ["text and number", "SELECT 'Welder' AS role, 2 AS n"],
  ["nothing found", "SELECT 1 AS n WHERE 1 = 0"],
  ["null, true, false", "SELECT NULL AS a, TRUE AS b, FALSE AS c"],
  ["a 64-bit number", "SELECT 9007199254740993 AS big"],
  ["a decimal", "SELECT CAST(12.50 AS DECIMAL(10,2)) AS pay"],
  ["a date and a time", "SELECT DATE '2026-12-07' AS day, TIMESTAMP '2026-12-07 06:00:00' AS start"],
  ["a list and a struct", "SELECT [1, 2] AS list, {'a': 1} AS struct"],
  ["a statement that is none", "SELEC 1"],
  ["a statement that writes", "CREATE TABLE t (a INT)"],
];

export const sql: Probe = {
  name: "sql",
  summary: "Rows of the same statements, with every type of column",
  writes: false,
  run: (context) => askBoth(cases(context), context),
};

function* cases({ dialect, random, count }: ProbeContext): Generator<HttpCase> {
  const target = dialect === "go" ? "/v1/sql" : "/query";
  const endpoint = `POST ${target}`;
  for (const [seed, statement] of SEEDS) {
    yield { endpoint, seed, request: jsonRequest(target, { sql: statement }), input: statement };
  }
  for (let at = 0; at < count; at += 1) {
    const statement = generated(random);
    yield { endpoint, request: jsonRequest(target, { sql: statement }), input: statement };
  }
}

function generated(random: Random): string {
  const columns = 1 + random.below(3);
  const rows = Array.from(
    { length: 1 + random.below(6) },
    (_, row) => `(${[row, ...Array.from({ length: columns }, (_, at) => literal(random, at))].join(", ")})`,
  );
  const names = ["id", ...Array.from({ length: columns }, (_, at) => `c${at}`)];
  const table = `(VALUES ${rows.join(", ")}) AS t(${names.join(", ")})`;
  return random.pick([
    () => `SELECT * FROM ${table} ORDER BY id`,
    () => `SELECT count(*) AS n, max(id) AS most FROM ${table}`,
    () => `SELECT id, id * ${random.below(9)} + 1 AS x, id / 2.0 AS half FROM ${table} ORDER BY id DESC`,
    () =>
      `SELECT upper(CAST(c0 AS VARCHAR)) AS u, c0 IS NULL AS none FROM ${table} ORDER BY id LIMIT ${1 + random.below(3)}`,
    () => `SELECT * FROM ${table} WHERE id > ${random.below(4)} ORDER BY id`,
    () => `SELECT missing FROM ${table}`,
  ])();
}

/** Of one column all values have one type. */
function literal(random: Random, column: number): string {
  if (random.below(8) === 0) return "NULL";
  switch (column % 3) {
    case 0:
      return `'${random.pick(ROLES)}${random.pick(["", " ''quoted''", " é", " 日本"])}'`;
    case 1:
      return String(random.below(100_000) - 50_000);
    default:
      return `${random.below(1000)}.${random.below(1000)}::DOUBLE`;
  }
}
