// Schema evolution by field id ("Schema Evolution" of the format): a change never touches a data file. A new
// column gets an id that no column ever had, a renamed one keeps its own, a dropped id is never given again,
// and a type may only grow to one that holds every old value.

import { Fault } from "#rpc/fault";

import { checkedName, COLUMNS_MAX, refuseTwins } from "./columns.ts";
import {
  assignIds,
  decimalOf,
  type Field,
  type IdSource,
  idsAfter,
  type Schema,
  type StructType,
  type Type,
} from "./schema.ts";

/** One step; columns are named as they are called after the steps before it; the renames of one step are made at once. Ids of nested fields are ours to give. */
export type SchemaChange =
  | { readonly change: "add"; readonly name: string; readonly type: Type; readonly doc?: string }
  | { readonly change: "rename"; readonly names: Readonly<Record<string, string>> }
  | { readonly change: "drop"; readonly name: string }
  | { readonly change: "widen"; readonly name: string; readonly type: Type }
  | { readonly change: "doc"; readonly name: string; readonly doc: string };

/**
 * The schema after the changes, with the highest id that was ever given. Throws `not_found` for a column that
 * is not there, `conflict` for a name that is taken or a type that cannot be reached without losing values,
 * `invalid` for a type or name that is none.
 */
export function evolveSchema(
  schema: Schema,
  changes: readonly SchemaChange[],
  lastColumnId: number,
): { schema: Schema; lastColumnId: number } {
  const ids = idsAfter(lastColumnId);
  let fields = schema.fields;
  for (const change of changes) {
    fields = applyChange(fields, change, schema, ids);
    refuseTwins(fields);
  }
  if (fields.length > COLUMNS_MAX) throw new Fault("invalid", `A table has ${COLUMNS_MAX} columns at most.`);
  return { schema: { ...schema, fields }, lastColumnId: ids.last };
}

function applyChange(
  fields: readonly Field[],
  change: SchemaChange,
  schema: Schema,
  ids: IdSource,
): readonly Field[] {
  if (change.change === "add") {
    const id = ids.next();
    const type = assignIds(change.type, ids);
    const name = checkedName(change.name);
    return [
      ...fields,
      { id, name, required: false, type, ...(change.doc === undefined ? {} : { doc: change.doc }) },
    ];
  }
  if (change.change === "rename") return renameColumns(fields, new Map(Object.entries(change.names)));
  const column = columnNamed(fields, change.name);
  const swap = (changed: Field): Field[] => fields.map((field) => (field === column ? changed : field));
  if (change.change === "doc") return swap({ ...column, doc: change.doc });
  if (change.change === "drop") return dropColumn(fields, column, schema);
  return swap({ ...column, type: widen(column.type, change.type, column.name, ids) });
}

function columnNamed(fields: readonly Field[], name: string): Field {
  const column = fields.find((field) => field.name === name);
  if (column !== undefined) return column;
  const names = fields.map((field) => field.name).join(", ");
  throw new Fault("not_found", `There is no column "${name}". The columns are ${names}.`);
}

/** All at once, so that two columns may swap their names. */
function renameColumns(fields: readonly Field[], names: ReadonlyMap<string, string>): Field[] {
  const renamed = new Map(
    Array.from(names, ([name, to]) => [columnNamed(fields, name), checkedName(to)] as const),
  );
  return fields.map((field) => ({ ...field, name: renamed.get(field) ?? field.name }));
}

function dropColumn(fields: readonly Field[], column: Field, schema: Schema): Field[] {
  if (fields.length === 1) {
    throw new Fault("conflict", `"${column.name}" is the last column: drop the table instead.`);
  }
  if (schema["identifier-field-ids"]?.includes(column.id)) {
    throw new Fault("conflict", `"${column.name}" identifies the rows: choose other key columns first.`);
  }
  return fields.filter((field) => field !== column);
}

/**
 * `from`, grown to hold `to`. Members of lists and maps grow in place; members that a struct lacks are added
 * and those that `to` lacks are kept, so that files with fewer members still fit.
 */
function widen(from: Type, to: Type, where: string, ids: IdSource): Type {
  if (typeof from === "string" && typeof to === "string") {
    if (from === to || promotes(from, to)) return to;
  } else if (typeof from !== "string" && typeof to !== "string") {
    if (from.type === "list" && to.type === "list") {
      return { ...from, element: widen(from.element, to.element, `${where}.element`, ids) };
    }
    if (from.type === "map" && to.type === "map") {
      return {
        ...from,
        key: widen(from.key, to.key, `${where}.key`, ids),
        value: widen(from.value, to.value, `${where}.value`, ids),
      };
    }
    if (from.type === "struct" && to.type === "struct") return widenStruct(from, to, where, ids);
  }
  throw new Fault(
    "conflict",
    `"${where}" is ${nameOf(from)} and cannot become ${nameOf(to)}: only int to long, float to double and a decimal ` +
      "of higher precision and the same scale keep every value. Add a new column instead.",
  );
}

function widenStruct(from: StructType, to: StructType, where: string, ids: IdSource): StructType {
  const wanted = new Map(to.fields.map((field) => [field.name.toLowerCase(), field]));
  const kept = from.fields.map((field) => {
    const target = wanted.get(field.name.toLowerCase());
    wanted.delete(field.name.toLowerCase());
    return target === undefined
      ? field
      : { ...field, type: widen(field.type, target.type, `${where}.${field.name}`, ids) };
  });
  const added = [...wanted.values()].map((field) => {
    const id = ids.next();
    return { ...field, id, required: false, type: assignIds(field.type, ids) };
  });
  return { ...from, fields: [...kept, ...added] };
}

/** The promotions of format v2. */
export function promotes(from: Type, to: Type): boolean {
  if (from === "int") return to === "long";
  if (from === "float") return to === "double";
  const [old, grown] = [decimalOf(from), decimalOf(to)];
  return (
    old !== undefined && grown !== undefined && old.scale === grown.scale && grown.precision > old.precision
  );
}

function nameOf(type: Type): string {
  return typeof type === "string" ? type : `a ${type.type}`;
}
