// The schema model of Iceberg format v2, in the shape of its JSON ("Appendix C"), so that what is parsed is
// what is printed and nothing is mapped in between. Columns are identified by field id for ever: names,
// order and widths may change, an id is never used twice.

import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";

import { printJson } from "./json.ts";

/** boolean int long float double date time timestamp timestamptz string uuid binary fixed[L] decimal(P,S) */
export type Primitive = string;

export interface StructType {
  readonly type: "struct";
  readonly fields: readonly Field[];
}
interface ListType {
  readonly type: "list";
  readonly "element-id": number;
  readonly element: Type;
  readonly "element-required": boolean;
}
interface MapType {
  readonly type: "map";
  readonly "key-id": number;
  readonly key: Type;
  readonly "value-id": number;
  readonly value: Type;
  readonly "value-required": boolean;
}
export type Type = Primitive | StructType | ListType | MapType;

export interface Field {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: Type;
  readonly doc?: string;
  /** The value that older files have for this column. Writers of v2 never set it; v3 tables may have it. */
  readonly "initial-default"?: unknown;
}

export interface Schema extends StructType {
  readonly "schema-id": number;
  readonly "identifier-field-ids"?: readonly number[];
}

/** Gives ids that were never used, counting up from `last`. */
export interface IdSource {
  next(): number;
  readonly last: number;
}

export function idsAfter(last: number): IdSource {
  let current = last;
  return {
    next: () => ++current,
    get last() {
      return current;
    },
  };
}

/**
 * The schema with ids counted anew from 1, columns first and nested fields after them, as a catalog does when
 * a table is created. `renumbered` leads from each old id to its new one.
 */
export function freshIds(schema: Schema): { schema: Schema; renumbered: Map<number, number>; last: number } {
  const ids = idsAfter(0);
  const renumbered = new Map<number, number>();
  const { fields } = assignIds({ type: "struct", fields: schema.fields }, ids, renumbered) as StructType;
  const identifiers = schema["identifier-field-ids"]?.map((id) => {
    const renewed = renumbered.get(id);
    if (renewed === undefined) throw new Fault("invalid", `There is no field ${id} to identify rows by.`);
    return renewed;
  });
  const fresh = { ...schema, fields };
  return {
    schema: identifiers === undefined ? fresh : { ...fresh, "identifier-field-ids": identifiers },
    renumbered,
    last: ids.last,
  };
}

/** The type with a new id wherever it has one, level by level. */
export function assignIds(type: Type, ids: IdSource, renumbered = new Map<number, number>()): Type {
  const renew = (old: number): number => {
    const id = ids.next();
    renumbered.set(old, id);
    return id;
  };
  if (typeof type === "string") return type;
  if (type.type === "struct") {
    const numbered = type.fields.map((field) => ({ ...field, id: renew(field.id) }));
    return {
      ...type,
      fields: numbered.map((field) => ({ ...field, type: assignIds(field.type, ids, renumbered) })),
    };
  }
  if (type.type === "list") {
    const id = renew(type["element-id"]);
    return { ...type, "element-id": id, element: assignIds(type.element, ids, renumbered) };
  }
  const keyId = renew(type["key-id"]);
  const valueId = renew(type["value-id"]);
  return {
    ...type,
    "key-id": keyId,
    key: assignIds(type.key, ids, renumbered),
    "value-id": valueId,
    value: assignIds(type.value, ids, renumbered),
  };
}

/** One field anywhere in a schema. */
export interface Leaf {
  readonly id: number;
  /** The names down to it; a list's member is `element`, a map's are `key` and `value`. */
  readonly path: readonly string[];
  readonly type: Type;
  /** Whether it repeats inside a row, being within a list or a map. */
  readonly repeated: boolean;
}

/** Every field with an id, columns and nested ones, parents before children. */
export function allFields(schema: StructType): Leaf[] {
  const found: Leaf[] = [];
  const visit = (id: number, path: readonly string[], type: Type, repeated: boolean): void => {
    found.push({ id, path, type, repeated });
    if (typeof type === "string") return;
    if (type.type === "struct") {
      for (const field of type.fields) visit(field.id, [...path, field.name], field.type, repeated);
    } else if (type.type === "list") {
      visit(type["element-id"], [...path, "element"], type.element, true);
    } else {
      visit(type["key-id"], [...path, "key"], type.key, true);
      visit(type["value-id"], [...path, "value"], type.value, true);
    }
  };
  for (const field of schema.fields) visit(field.id, [field.name], field.type, false);
  return found;
}

export function lastFieldId(schema: StructType): number {
  return allFields(schema).reduce((last, { id }) => Math.max(last, id), 0);
}

export function fieldById(schema: StructType, id: number): Leaf | undefined {
  return allFields(schema).find((field) => field.id === id);
}

/** Precision and scale of a decimal, or undefined for any other type. */
export function decimalOf(type: Type): { precision: number; scale: number } | undefined {
  const match = typeof type === "string" ? /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(type) : null;
  return match === null ? undefined : { precision: Number(match[1]), scale: Number(match[2]) };
}

/** Length in bytes of a fixed, or undefined for any other type. */
export function fixedLengthOf(type: Type): number | undefined {
  const match = typeof type === "string" ? /^fixed\[\s*(\d+)\s*\]$/.exec(type) : null;
  return match === null ? undefined : Number(match[1]);
}

const PLAIN: ReadonlySet<string> = new Set(
  "boolean int long float double date time timestamp timestamptz string uuid binary".split(" "),
);

/** Whether format v2 knows this primitive. */
function isPrimitive(type: unknown): type is Primitive {
  if (typeof type !== "string") return false;
  const decimal = decimalOf(type);
  if (decimal !== undefined) {
    return decimal.precision >= 1 && decimal.precision <= 38 && decimal.scale <= decimal.precision;
  }
  return PLAIN.has(type) || fixedLengthOf(type) !== undefined;
}

/** Checks a schema that came from outside: types of v2, ids that differ, names that are there. Throws `invalid`. */
export function checkSchema(schema: Schema): void {
  if (!Array.isArray(schema?.fields)) throw new Fault("invalid", "A schema needs a list of fields.");
  checkType({ type: "struct", fields: schema.fields }, "schema");
  const fields = allFields(schema);
  const ids = new Set<number>();
  for (const { id, path } of fields) {
    if (!Number.isInteger(id)) throw new Fault("invalid", `The field ${path.join(".")} needs an integer id.`);
    if (ids.has(id)) throw new Fault("invalid", `The field id ${id} is used twice (${path.join(".")}).`);
    ids.add(id);
  }
  const identifiers: unknown = schema["identifier-field-ids"] ?? [];
  if (!Array.isArray(identifiers)) throw new Fault("invalid", "identifier-field-ids must be a list.");
  for (const id of identifiers) {
    if (!ids.has(id)) throw new Fault("invalid", `There is no field ${id} to identify rows by.`);
  }
}

function checkType(type: unknown, where: string): void {
  if (isPrimitive(type)) return;
  const nested: Partial<StructType> & Partial<ListType> & Partial<MapType> =
    typeof type === "object" && type !== null ? type : {};
  const kind: string | undefined = nested.type;
  if (kind === "struct" && Array.isArray(nested.fields)) {
    for (const field of nested.fields as readonly Partial<Field>[]) {
      if (typeof field?.name !== "string" || field.name === "") {
        throw new Fault("invalid", `A field of ${where} has no name.`);
      }
      if (typeof field.required !== "boolean") {
        throw new Fault("invalid", `The field ${where}.${field.name} must say whether it is required.`);
      }
      checkType(field.type, `${where}.${field.name}`);
    }
  } else if (kind === "list") {
    checkType(nested.element, `${where}.element`);
  } else if (kind === "map") {
    checkType(nested.key, `${where}.key`);
    checkType(nested.value, `${where}.value`);
  } else {
    throw new Fault("invalid", `${where} has the type ${printJson(type)}, which format v2 does not know.`);
  }
}

/** Whether two schemas describe the same fields; the id of the schema itself does not count. */
export function sameSchema(a: Schema, b: Schema): boolean {
  return (
    Bun.deepEquals(a.fields, b.fields) &&
    Bun.deepEquals(a["identifier-field-ids"] ?? [], b["identifier-field-ids"] ?? [])
  );
}

/** The schema with this id, which the metadata is known to have. */
export function schemaById(schemas: readonly Schema[], id: number): Schema {
  const schema = schemas.find((candidate) => candidate["schema-id"] === id);
  assert(schema !== undefined, `schema ${id} is not in the metadata`);
  return schema;
}
