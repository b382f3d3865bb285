// What a statement may be, decided on its syntax tree as DuckDB's own parser gives it
// (`json_serialize_sql`), so that quoting, comments, nesting and letter case hide nothing. Everything that is
// not known to be harmless is refused: kinds of nodes, functions, and tables that are neither a WITH of the
// statement nor a dataset. The walk keeps its own stack: how deep a statement nests is its writer's choice.

import { nearest } from "#lib/nearest";
import {
  CATALOG_FUNCTIONS,
  CATALOG_VIEWS,
  FUNCTIONS,
  HISTOGRAMS,
  RECURSIVE_JSON,
  TABLE_FUNCTIONS,
} from "./functions.ts";
import { checkLiteral } from "./literals.ts";
import { Refused, shown } from "./refused.ts";
import type { Version } from "./rewrite.ts";

export interface Inspection {
  /** `show_tables` is for the catalog, the engine cannot know. */
  readonly kind: "rows" | "show_tables";
  /** Datasets that it reads, as it writes them, each once. */
  readonly tables: readonly string[];
  /** Datasets that it reads AT another version. */
  readonly versions: readonly Version[];
  /** It reads names and columns of all datasets. */
  readonly catalog: boolean;
  /** It calls a function that takes JSON apart by recursion. */
  readonly recursiveJson: boolean;
}

type Tree = Readonly<Record<string, unknown>>;

/** The names that WITH gives, innermost first. */
interface NameScope {
  readonly name: string;
  readonly outer: NameScope | undefined;
}

interface Step {
  readonly value: unknown;
  readonly scope: NameScope | undefined;
}

/** Kinds of expressions; `FUNCTION`, `WINDOW` are looked at more closely. */
const EXPRESSIONS: ReadonlySet<string> = new Set([
  "BETWEEN",
  "CASE",
  "CAST",
  "COLLATE",
  "COLUMN_REF",
  "COMPARISON",
  "CONJUNCTION",
  "CONSTANT",
  "DEFAULT",
  "FUNCTION",
  "LAMBDA",
  "LAMBDA_REF",
  "OPERATOR",
  "PARAMETER",
  "POSITIONAL_REFERENCE",
  "STAR",
  "SUBQUERY",
  "WINDOW",
]);

/** Other kinds of nodes that hold nothing dangerous themselves. */
const PLAIN: ReadonlySet<string> = new Set([
  "SELECT_NODE",
  "SET_OPERATION_NODE",
  "RECURSIVE_CTE_NODE",
  "JOIN",
  "SUBQUERY",
  "EMPTY",
  "EXPRESSION_LIST",
  "PIVOT",
  "DISTINCT_MODIFIER",
  "LIMIT_MODIFIER",
  "LIMIT_PERCENT_MODIFIER",
  "ORDER_MODIFIER",
  "ORDER_DEFAULT",
  "ASCENDING",
  "DESCENDING",
  "ARRAY_TYPE_INFO",
  "DECIMAL_TYPE_INFO",
  "ENUM_TYPE_INFO",
  "LIST_TYPE_INFO",
  "STRING_TYPE_INFO",
  "STRUCT_TYPE_INFO",
  "UNBOUND_TYPE_INFO",
  "GENERIC_TYPE_INFO",
]);

/** Views that DuckDB has of itself: no WITH may pass for one, whatever its scope. */
const SYSTEM_VIEW = /^(?:duckdb|pragma|sqlite|pg|information_schema)_/;

/** What the walk has found so far. */
interface Found {
  /** By folded name. */
  readonly tables: Map<string, string>;
  readonly versions: readonly Version[];
  /** The text that the tree is of: its literals are looked at as written. */
  readonly text: Buffer;
  catalog: boolean;
  recursiveJson: boolean;
}

/**
 * Reads the output of `json_serialize_sql` for `text`: throws `Refused`, or says what the statement reads. `versions`
 * are the tables that the text reads from schemas of their own.
 */
export function guard(
  statements: readonly unknown[],
  text: string,
  versions: readonly Version[] = [],
): Inspection {
  const [statement] = statements as readonly Tree[];
  if (statement === undefined) throw new Refused("invalid", "The text holds no statement; write a SELECT.");
  if (statements.length > 1) {
    throw new Refused(
      "forbidden",
      `One statement at a time: the text holds ${statements.length}. Send each by itself.`,
    );
  }
  const shows = shownWhole(statement);
  if (shows !== undefined) {
    const everything = shows === SHOW_ALL_TABLES;
    const kind = everything ? "rows" : "show_tables";
    return { kind, tables: [], versions: [], catalog: everything, recursiveJson: false };
  }
  const found: Found = {
    tables: new Map(),
    versions,
    text: Buffer.from(text),
    catalog: false,
    recursiveJson: false,
  };
  const steps: Step[] = [{ value: statement, scope: undefined }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) visit(step, steps, found);
  const { tables, catalog, recursiveJson } = found;
  return { kind: "rows", tables: [...tables.values()].sort(), versions, catalog, recursiveJson };
}

function visit({ value, scope }: Step, steps: Step[], found: Found): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) steps.push({ value: item, scope });
    return;
  }
  const node = value as Tree;
  if ("class" in node) {
    checkExpression(node, found);
    pushAll(node, scope, steps);
  } else if (typeof node["type"] !== "string") {
    if (node["id"] === "VARIANT") {
      throw new Refused("invalid", "VARIANT is not taken here; cast to JSON, or to a type such as STRUCT.");
    }
    pushAll(node, scope, steps);
  } else if (node["type"] === "BASE_TABLE") {
    readTable(node, scope, found);
    pushAll(node, scope, steps);
  } else if (node["type"] === "TABLE_FUNCTION") {
    readTableFunction(node, scope, steps, found);
  } else if (node["type"] === "SHOW_REF") {
    checkShow(node);
    pushAll(node, scope, steps);
  } else if (PLAIN.has(node["type"])) {
    if (node["pivot_enum"] !== undefined) throw pivotRefused();
    pushQuery(node, scope, steps);
  } else {
    throw new Refused(
      "forbidden",
      `This form of SQL is not taken here (${node["type"]}).`,
      node["query_location"],
    );
  }
}

function pushAll(node: Tree, scope: NameScope | undefined, steps: Step[]): void {
  for (const key in node) steps.push({ value: node[key], scope });
}

/** A query sees its own WITHs; each WITH sees those before it, and itself only where it recurs. */
function pushQuery(node: Tree, outer: NameScope | undefined, steps: Step[]): void {
  let scope = outer;
  const ctes = (node["cte_map"] as { map?: { key: string; value: unknown }[] } | undefined)?.map ?? [];
  for (const { key, value } of ctes) {
    steps.push({ value, scope });
    scope = { name: key.toLowerCase(), outer: scope };
  }
  const recurs = node["type"] === "RECURSIVE_CTE_NODE" ? String(node["cte_name"]).toLowerCase() : undefined;
  for (const key in node) {
    if (key === "cte_map") continue;
    const inner = key === "right" && recurs !== undefined ? { name: recurs, outer: scope } : scope;
    steps.push({ value: node[key], scope: inner });
  }
}

function checkExpression(node: Tree, found: Found): void {
  const kind = String(node["class"]);
  if (!EXPRESSIONS.has(kind)) {
    throw new Refused("forbidden", `This form of SQL is not taken here (${kind}).`, node["query_location"]);
  }
  if (kind === "CONSTANT") checkLiteral(node, found.text);
  if (kind !== "FUNCTION" && kind !== "WINDOW") return;
  const name = String(node["function_name"]);
  refuseSystemName(node, name);
  found.recursiveJson ||= RECURSIVE_JSON.has(name.toLowerCase());
  // A qualifier may be a column (`name.upper()`), so the name alone decides, whatever stands before it.
  if (!FUNCTIONS.has(name.toLowerCase()) && name !== "unnest")
    throw functionRefused(name, node["query_location"]);
  if (node["export_state"] === true) {
    throw new Refused("forbidden", "EXPORT_STATE is not taken here; let the aggregate give its value.");
  }
}

/** Names that lead past the macros of an instance (json-depth.ts, dataset-catalog.ts). */
const SYSTEM_SCHEMAS = new Set(["system", "temp", "pg_catalog", "information_schema"]);

function refuseSystemName(called: Tree, name: string): void {
  const schema = String(called["schema"] ?? "");
  if ((called["catalog"] ?? "") === "" && !SYSTEM_SCHEMAS.has(schema.toLowerCase())) return;
  throw new Refused(
    "forbidden",
    `Call ${shown(name)} by its name alone, without a schema.`,
    called["query_location"],
  );
}

function readTableFunction(node: Tree, scope: NameScope | undefined, steps: Step[], found: Found): void {
  const { function: called, ...rest } = node;
  const name = String((called as Tree)["function_name"]);
  const folded = name.toLowerCase();
  refuseSystemName(called as Tree, name);
  if (CATALOG_FUNCTIONS.has(folded)) found.catalog = true;
  else if (HISTOGRAMS.has(folded)) readHistogram(called as Tree, scope, found);
  else if (!TABLE_FUNCTIONS.has(folded)) throw functionRefused(name, node["query_location"]);
  pushAll(rest, scope, steps);
  // Its own name is checked; `class` would have it checked again as one that gives a value.
  const { class: _, type: __, ...inside } = called as Tree;
  pushAll(inside, scope, steps);
}

/** `histogram(dataset, column)` reads its first argument as a table by name. */
function readHistogram(called: Tree, scope: NameScope | undefined, found: Found): void {
  const [source] = (called["children"] ?? []) as Tree[];
  const names = source?.["class"] === "COLUMN_REF" ? (source["column_names"] as string[]) : [];
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new Refused(
      "forbidden",
      "histogram takes a dataset by its name alone: FROM histogram(workers, pay).",
      source?.["query_location"],
    );
  }
  readTable({ table_name: name, query_location: source?.["query_location"] }, scope, found);
}

function functionRefused(name: string, position: unknown): Refused {
  const near = nearest(name, [...FUNCTIONS, ...TABLE_FUNCTIONS]);
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(" or ")}?`
      : "Only functions that compute from their arguments are: none that read files, settings or the system.";
  return new Refused("forbidden", `There is no function ${shown(name)} here. ${hint}`, position);
}

/** Datasets' names (`contracts/shapes.ts`); anything else after FROM is a file, an address or nothing of ours. */
const DATASET = /^[A-Za-z_][A-Za-z0-9_]{0,62}(?:\$rejects)?$/;

function readTable(node: Tree, scope: NameScope | undefined, found: Found): void {
  const name = String(node["table_name"]);
  const schema = String(node["schema_name"] ?? "");
  const folded = name.toLowerCase();
  if (node["at_clause"] !== undefined) {
    throw new Refused(
      "invalid",
      `This form of AT is not taken; write ${shown(name)} AT (VERSION => <snapshot id>), or send at: {${shown(name)}: <snapshot id, tag or time>} beside the statement.`,
      node["query_location"],
    );
  }
  const foreign = (node["catalog_name"] ?? "") !== "";
  if (!foreign && schema.toLowerCase() === "information_schema" && CATALOG_VIEWS.has(folded)) {
    found.catalog = true;
    return;
  }
  if (!foreign && found.versions.some((version) => version.schema === schema && fold(version) === folded)) {
    return;
  }
  if ((schema !== "" && schema.toLowerCase() !== "main") || foreign) {
    throw new Refused(
      "forbidden",
      `${shown(`${schema}.${name}`)} is not a dataset: name datasets without a schema; information_schema.tables lists them.`,
      node["query_location"],
    );
  }
  if (schema === "") {
    for (let named = scope; named !== undefined; named = named.outer) {
      if (named.name !== folded) continue;
      if (SYSTEM_VIEW.test(folded)) {
        throw new Refused(
          "forbidden",
          `${shown(name)} is a name of the system's; give the WITH another one.`,
          node["query_location"],
        );
      }
      return;
    }
  }
  if (!DATASET.test(name)) {
    throw new Refused(
      "forbidden",
      `${shown(name)} is not a dataset: files and addresses cannot be read from SQL; load the file with POST /v1/ingest.`,
      node["query_location"],
    );
  }
  if (!found.tables.has(folded)) found.tables.set(folded, name);
}

function fold({ table }: Version): string {
  if (!DATASET.test(table)) {
    throw new Refused(
      "forbidden",
      `${shown(table)} is not a dataset: files and addresses cannot be read from SQL; load the file with POST /v1/ingest.`,
    );
  }
  return table.toLowerCase();
}

function checkShow(node: Tree): void {
  const kind = node["show_type"];
  if ((kind === "DESCRIBE" || kind === "SUMMARY") && node["query"] !== undefined) return;
  throw new Refused(
    "forbidden",
    "Of SHOW, only SHOW TABLES and SHOW ALL TABLES by themselves and SHOW <dataset> are taken; DESCRIBE <dataset> gives columns, information_schema.columns those of all.",
  );
}

const SHOW_ALL_TABLES = "__show_tables_expanded";
const SHOW_TABLES = '"tables"';

/** What `SHOW TABLES`, `SHOW ALL TABLES` or `DESCRIBE`, by itself, shows: it is `SELECT * FROM` a node that names it. */
function shownWhole(statement: Tree): string | undefined {
  const query = statement["node"] as Tree | undefined;
  const from = query?.["from_table"] as Tree | undefined;
  if (from?.["type"] !== "SHOW_REF" || from["show_type"] !== "SHOW_UNQUALIFIED") return undefined;
  if (query?.["modifiers"] !== undefined || query?.["where_clause"] !== undefined) return undefined;
  const name = String(from["table_name"]);
  return name === SHOW_TABLES || name === SHOW_ALL_TABLES ? name : undefined;
}

export function pivotRefused(): Refused {
  return new Refused(
    "invalid",
    "This PIVOT is not taken: leave its IN away, so that columns follow from the data, or list values: PIVOT … ON column IN (value, …).",
  );
}
