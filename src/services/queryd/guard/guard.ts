// What a statement may be, decided on its syntax tree as DuckDB's own parser gives it
// (`json_serialize_sql`), so that quoting, comments, nesting and letter case hide nothing. Everything that is
// not known to be harmless is refused: kinds of nodes, functions, and tables that are neither a WITH of the
// statement nor a dataset. The walk keeps its own stack: how deep a statement nests is its writer's choice.

import { FUNCTIONS, TABLE_FUNCTIONS } from "./functions.ts";
import { nearest } from "#lib/nearest";

export interface Inspection {
  /** `show_tables` is answered by the catalog, the engine cannot know. */
  readonly kind: "rows" | "show_tables";
  /** Datasets that it reads, as it writes them, each once. */
  readonly tables: readonly string[];
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

/** A refusal, with the byte of the statement that it is about. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: "forbidden" | "invalid";
  readonly position: number | undefined;

  constructor(code: "forbidden" | "invalid", message: string, position?: unknown) {
    super(message);
    this.code = code;
    this.position = typeof position === "number" ? position : undefined;
  }
}

/** Reads the answer of `json_serialize_sql`: throws `Refused`, or says what the statement reads. */
export function guard(statements: readonly unknown[]): Inspection {
  const [statement] = statements as readonly Tree[];
  if (statement === undefined) throw new Refused("invalid", "The text holds no statement; write a SELECT.");
  if (statements.length > 1) {
    throw new Refused(
      "forbidden",
      `One statement at a time: the text holds ${statements.length}. Send each by itself.`,
    );
  }
  if (isShowTables(statement)) return { kind: "show_tables", tables: [] };
  const tables = new Map<string, string>();
  const steps: Step[] = [{ value: statement, scope: undefined }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) visit(step, steps, tables);
  return { kind: "rows", tables: [...tables.values()].sort() };
}

function visit({ value, scope }: Step, steps: Step[], tables: Map<string, string>): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) steps.push({ value: item, scope });
    return;
  }
  const node = value as Tree;
  if ("class" in node) {
    checkExpression(node);
    pushAll(node, scope, steps);
  } else if (typeof node["type"] !== "string") {
    pushAll(node, scope, steps);
  } else if (node["type"] === "BASE_TABLE") {
    readTable(node, scope, tables);
    pushAll(node, scope, steps);
  } else if (node["type"] === "TABLE_FUNCTION") {
    readTableFunction(node, scope, steps);
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

function checkExpression(node: Tree): void {
  const kind = String(node["class"]);
  if (!EXPRESSIONS.has(kind)) {
    throw new Refused("forbidden", `This form of SQL is not taken here (${kind}).`, node["query_location"]);
  }
  if (kind !== "FUNCTION" && kind !== "WINDOW") return;
  const name = String(node["function_name"]);
  // A qualifier may be a column (`name.upper()`), so the name alone decides, whatever stands before it.
  if (!FUNCTIONS.has(name.toLowerCase()) && name !== "unnest")
    throw functionRefused(name, node["query_location"]);
  if (node["export_state"] === true) {
    throw new Refused("forbidden", "EXPORT_STATE is not taken here; let the aggregate give its value.");
  }
}

function readTableFunction(node: Tree, scope: NameScope | undefined, steps: Step[]): void {
  const { function: called, ...rest } = node;
  const name = String((called as Tree)["function_name"]);
  if (!TABLE_FUNCTIONS.has(name.toLowerCase())) throw functionRefused(name, node["query_location"]);
  pushAll(rest, scope, steps);
  // Its own name is checked; `class` would have it checked again as one that gives a value.
  const { class: _, type: __, ...inside } = called as Tree;
  pushAll(inside, scope, steps);
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

function readTable(node: Tree, scope: NameScope | undefined, tables: Map<string, string>): void {
  const name = String(node["table_name"]);
  const schema = String(node["schema_name"] ?? "");
  const folded = name.toLowerCase();
  if (node["at_clause"] !== undefined) {
    throw new Refused(
      "invalid",
      `AT is not taken in SQL; send at: {${shown(name)}: <snapshot id, tag or time>} beside it.`,
      node["query_location"],
    );
  }
  if ((schema !== "" && schema.toLowerCase() !== "main") || (node["catalog_name"] ?? "") !== "") {
    throw new Refused(
      "forbidden",
      `${shown(`${schema}.${name}`)} is not a dataset: name datasets without a schema.`,
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
      `${shown(name)} is not a dataset: files and addresses cannot be read from SQL.`,
      node["query_location"],
    );
  }
  if (!tables.has(folded)) tables.set(folded, name);
}

function checkShow(node: Tree): void {
  const kind = node["show_type"];
  if ((kind === "DESCRIBE" || kind === "SUMMARY") && node["query"] !== undefined) return;
  throw new Refused(
    "forbidden",
    "Of SHOW, only SHOW TABLES by itself and SHOW <dataset> are answered; DESCRIBE <dataset> gives columns.",
  );
}

/** `SHOW TABLES`, by itself, is `SELECT * FROM` a node that names it. */
function isShowTables(statement: Tree): boolean {
  const query = statement["node"] as Tree | undefined;
  const from = query?.["from_table"] as Tree | undefined;
  if (from?.["type"] !== "SHOW_REF" || from["show_type"] !== "SHOW_UNQUALIFIED") return false;
  const modified = query?.["modifiers"] !== undefined || query?.["where_clause"] !== undefined;
  return !modified && from["table_name"] === '"tables"';
}

export function pivotRefused(): Refused {
  return new Refused(
    "invalid",
    "PIVOT needs the values it makes columns of: write PIVOT … ON column IN (value, …).",
  );
}

/** Names stand in messages, which go to logs and screens. */
function shown(name: string): string {
  const clean = name.replaceAll(/[^\x20-\x7e]/g, "?");
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}
