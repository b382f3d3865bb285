// The view that a dataset is for one engine. Columns are found by field id, whatever they were called when their
// file was written: `read_parquet` does that with a schema, which it works out again at each execution, for a
// fifth of a millisecond and more. Where all files hold just the columns that are wanted, under one name and
// with the type that is wanted, naming them says the same and costs nothing.

import type { Duckdb } from "#adapters/duckdb";
import { readSchema } from "#adapters/duckdb-columns";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { View } from "./contract.ts";

/** Looking into more files than this costs more than a schema does. */
const FILES_COMPARED_MAX = 32;

type Wanted = View["columns"][number];

/** The statement that makes the view, by the ids of its columns. */
export function viewByFieldId(view: View): string {
  const { columns, files } = view;
  if (files.length === 0) return viewOf(view, nothing(columns));
  return viewOf(
    view,
    `* FROM read_parquet(${listOf(files)}, schema = ${readSchema(columns)}, ${PARTITIONS})`,
  );
}

/** The same by the names that the files have for its columns, where that says the same; its own files are looked into. */
export async function viewByName(db: Duckdb, view: View): Promise<string> {
  const { columns, files } = view;
  if (files.length === 0 || files.length > FILES_COMPARED_MAX) return viewByFieldId(view);
  const list = listOf(files);
  const named = await selectByName(db, list, columns);
  return named === undefined
    ? viewByFieldId(view)
    : viewOf(view, `${named} FROM read_parquet(${list}, ${PARTITIONS})`);
}

/** What stands in the path of a file is no column. */
const PARTITIONS = "hive_partitioning = false";

function listOf(files: View["files"]): string {
  return `[${files.map(({ path }) => quoteLiteral(path)).join(", ")}]`;
}

/** The columns of a dataset without files. */
function nothing(columns: readonly Wanted[]): string {
  const empty = columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`);
  return `${empty.join(", ")} WHERE false`;
}

function viewOf({ schema, name, columns, masked }: View, selected: string): string {
  const view = `CREATE VIEW ${schema === undefined ? "" : `${schema}.`}${quoteIdentifier(name)} AS`;
  if (masked.length === 0) return `${view} SELECT ${selected}`;
  return `${view} ${maskedSelect(columns, masked)} FROM (SELECT ${selected})`;
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

/** A select list that gives the wanted columns by the names they have in the files; undefined where that is not all. */
async function selectByName(
  db: Duckdb,
  list: string,
  wanted: readonly Wanted[],
): Promise<string | undefined> {
  const ids = await idsOf(db, list);
  const described = await db.rows(`DESCRIBE SELECT * FROM read_parquet(${list}, ${PARTITIONS})`);
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
