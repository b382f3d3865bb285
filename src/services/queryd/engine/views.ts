// The view that a dataset is for one engine. Columns are found by field id, whatever they were called when their
// file was written: `read_parquet` does that with a schema, which it works out again at each execution, for a
// fifth of a millisecond and more. Where all files hold just the columns that are wanted, under one name and
// with the type that is wanted, naming them says the same and costs nothing.

import { type Duckdb } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { View } from "./contract.ts";

/** Looking into more files than this costs more than a schema does. */
const FILES_COMPARED_MAX = 32;

interface Wanted {
  readonly id: number;
  readonly name: string;
  readonly type: string;
}

/** The statement that makes the view; nothing but its own files is read for it. */
export async function viewStatement(
  db: Duckdb,
  { schema: within, name, read_schema: schema, masked, files }: View,
): Promise<string> {
  const map = schema.replace(/^\s*schema\s*=\s*/, "");
  const wanted = await columnsOf(db, map);
  const outer = masked.length === 0 ? "" : `${maskedSelect(wanted, masked)} FROM (`;
  const view = `CREATE VIEW ${within === undefined ? "" : `${within}.`}${quoteIdentifier(name)} AS ${outer}SELECT`;
  const end = masked.length === 0 ? "" : ")";
  if (files.length === 0) {
    const empty = wanted.map((column) => `CAST(NULL AS ${column.type}) AS ${quoteIdentifier(column.name)}`);
    return `${view} ${empty.join(", ")} WHERE false${end}`;
  }
  const list = `[${files.map(({ path }) => quoteLiteral(path)).join(", ")}]`;
  const named = files.length > FILES_COMPARED_MAX ? undefined : await selectByName(db, list, wanted);
  if (named !== undefined)
    return `${view} ${named} FROM read_parquet(${list}, hive_partitioning = false)${end}`;
  return `${view} * FROM read_parquet(${list}, schema = ${map}, hive_partitioning = false)${end}`;
}

/** What stands for a text that the caller may not see; values of other types are NULL. */
const MASK = "***";

/** All columns, of the masked ones only whether they have a value. */
function maskedSelect(wanted: readonly Wanted[], masked: readonly string[]): string {
  const columns = wanted.map(({ name, type }) => {
    const column = quoteIdentifier(name);
    if (!masked.includes(name)) return column;
    const value =
      type === "VARCHAR"
        ? `CASE WHEN ${column} IS NULL THEN NULL ELSE ${quoteLiteral(MASK)} END`
        : `CAST(NULL AS ${type})`;
    return `${value} AS ${column}`;
  });
  return `SELECT ${columns.join(", ")}`;
}

/** DuckDB itself reads the schema's text. */
async function columnsOf(db: Duckdb, map: string): Promise<Wanted[]> {
  const rows = await db.rows(
    `SELECT e.key AS id, e.value.name AS name, e.value.type AS type FROM (SELECT unnest(map_entries(${map})) AS e)`,
  );
  return rows.map(({ id, name, type }) => ({ id: Number(id), name: String(name), type: String(type) }));
}

/** A select list that gives the wanted columns by the names they have in the files; undefined where that is not all. */
async function selectByName(
  db: Duckdb,
  list: string,
  wanted: readonly Wanted[],
): Promise<string | undefined> {
  const ids = await idsOf(db, list);
  const described = await db.rows(`DESCRIBE SELECT * FROM read_parquet(${list}, hive_partitioning = false)`);
  if (ids?.length !== described.length) return undefined;
  const selected: string[] = [];
  for (const { id, name, type } of wanted) {
    const column = described[ids.indexOf(id)];
    if (column?.["column_type"] !== type) return undefined;
    selected.push(`${quoteIdentifier(String(column["column_name"]))} AS ${quoteIdentifier(name)}`);
  }
  return selected.join(", ");
}

/** Field ids of the files' columns, in their order; undefined when two files differ in anything. */
async function idsOf(db: Duckdb, list: string): Promise<number[] | undefined> {
  const nodes = await db.rows(`SELECT * FROM parquet_schema(${list})`);
  const files = [...Map.groupBy(nodes, (node) => node["file_name"]).values()];
  const shapes = new Set(files.map((file) => shapeOf(file)));
  return shapes.size === 1 ? topIds(files[0] ?? []) : undefined;
}

type Node = Readonly<Record<string, unknown>>;

function shapeOf(nodes: readonly Node[]): string {
  return JSON.stringify(nodes, (key, value: unknown) => {
    if (key === "file_name") return undefined;
    return typeof value === "bigint" ? Number(value) : value;
  });
}

/** A file's schema is a tree, written node by node, each before its children; its columns are the root's. */
function topIds(nodes: readonly Node[]): number[] {
  const ids: number[] = [];
  for (let at = 1; at < nodes.length; at += 1) {
    ids.push(Number(nodes[at]?.["field_id"] ?? -1));
    for (let below = childrenOf(nodes[at]); below > 0; below -= 1) below += childrenOf(nodes[(at += 1)]);
  }
  return ids;
}

function childrenOf(node: Node | undefined): number {
  return Number(node?.["num_children"] ?? 0);
}
