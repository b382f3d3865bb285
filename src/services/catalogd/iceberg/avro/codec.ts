// The binary encoding of Avro 1.11 ("Data Serialization and Deserialization"), compiled once per schema into
// closures, so that a manifest of many thousand entries is read without walking its schema for each of them.
// A hostile file ends in a Fault, never in an endless loop or an allocation it did not pay for in bytes.

import { assert } from "#lib/assert";

import {
  type Cursor,
  damaged,
  readBytes,
  readCount,
  readLong,
  readText,
  type Sink,
  skip,
  take,
} from "./bytes.ts";
import { type Long } from "../types/long.ts";

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly "field-id"?: number;
  readonly default?: unknown;
}
export interface AvroRecord {
  readonly type: "record";
  readonly name: string;
  readonly fields: readonly AvroField[];
}
interface AvroArray {
  readonly type: "array";
  readonly items: AvroType;
  readonly "element-id"?: number;
  readonly logicalType?: string;
}
interface AvroMap {
  readonly type: "map";
  readonly values: AvroType;
  readonly "key-id"?: number;
  readonly "value-id"?: number;
}
interface AvroFixed {
  readonly type: "fixed";
  readonly name: string;
  readonly size: number;
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
}
interface AvroAnnotated {
  readonly type: "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string";
  readonly logicalType?: string;
  readonly "adjust-to-utc"?: boolean;
}
/** An Avro schema as its JSON; a string is a primitive or the name of a type that was declared before. */
export type AvroType =
  | string
  | AvroRecord
  | AvroArray
  | AvroMap
  | AvroFixed
  | AvroAnnotated
  | readonly AvroType[];

/** A record is an object; maps, and arrays annotated as maps, are Maps; bytes and fixed are Uint8Arrays. */
export type AvroValue =
  | null
  | undefined
  | boolean
  | Long
  | string
  | Uint8Array
  | readonly AvroValue[]
  | ReadonlyMap<AvroValue, AvroValue>
  | { readonly [name: string]: AvroValue };

type Read = (cursor: Cursor) => AvroValue;
type Write = (sink: Sink, value: AvroValue) => void;
export interface Codec {
  readonly read: Read;
  readonly write: Write;
  /** Whether a value belongs to this branch of a union. */
  readonly accepts: (value: AvroValue) => boolean;
}

/** Manifests nest five levels deep; a deeper schema than this is not one that Iceberg describes. */
const SCHEMA_DEPTH_MAX = 64;
/** Arrays and maps come in counted blocks; a negative count is followed by the size of the block in bytes. */
function readBlocks(cursor: Cursor, readItem: () => void): void {
  for (;;) {
    let count = readCount(cursor);
    if (count === 0) return;
    if (count < 0) {
      count = -count;
      readCount(cursor);
    }
    // Every item that Iceberg stores takes a byte at least, so a greater count cannot be honest.
    if (count > cursor.bytes.length - cursor.at) throw damaged("a list claims more items than it has bytes");
    for (let index = 0; index < count; index++) readItem();
  }
}

const isLong = (value: AvroValue): value is Long => typeof value === "number" || typeof value === "bigint";

const PRIMITIVES: Readonly<Record<string, Codec>> = {
  null: {
    read: () => null,
    write: () => undefined,
    accepts: (value) => value === null || value === undefined,
  },
  boolean: {
    read: (cursor) => cursor.bytes[skip(cursor, 1)] === 1,
    write: (sink, value) => sink.byte(value === true ? 1 : 0),
    accepts: (value) => typeof value === "boolean",
  },
  int: {
    read: (cursor) => {
      const value = readCount(cursor);
      if ((value | 0) !== value) throw damaged("an int is longer than 32 bits");
      return value;
    },
    write: (sink, value) => {
      assert(typeof value === "number" && (value | 0) === value, "an int is a 32-bit integer");
      sink.long(value);
    },
    accepts: (value) => typeof value === "number" && (value | 0) === value,
  },
  long: {
    read: readLong,
    write: (sink, value) => {
      assert(isLong(value), "a 64-bit integer is expected");
      sink.long(value);
    },
    accepts: (value) => typeof value === "bigint" || Number.isInteger(value),
  },
  float: {
    read: (cursor) => cursor.view.getFloat32(skip(cursor, 4), true),
    write: (sink, value) => sink.float(Number(value)),
    accepts: (value) => typeof value === "number",
  },
  double: {
    read: (cursor) => cursor.view.getFloat64(skip(cursor, 8), true),
    write: (sink, value) => sink.double(Number(value)),
    accepts: (value) => typeof value === "number",
  },
  bytes: {
    read: readBytes,
    write: (sink, value) => {
      assert(value instanceof Uint8Array, "bytes are expected");
      sink.counted(value);
    },
    accepts: (value) => value instanceof Uint8Array,
  },
  string: {
    read: readText,
    write: (sink, value) => {
      assert(typeof value === "string", "a string is expected");
      sink.text(value);
    },
    accepts: (value) => typeof value === "string",
  },
};

/** The name under which a field is read; Iceberg resolves fields by id, since names changed over the years. */
export type NameOf = (field: AvroField) => string;

/** Compiles a schema. Throws the Fault `invalid` for one that is malformed or refers to itself. */
export function compile(type: AvroType, nameOf: NameOf): Codec {
  return compileType(type, nameOf, new Map(), 0);
}

function compileType(type: AvroType, nameOf: NameOf, named: Map<string, Codec>, depth: number): Codec {
  if (depth > SCHEMA_DEPTH_MAX) throw damaged("its schema nests too deep");
  const inner = (child: AvroType): Codec => compileType(child, nameOf, named, depth + 1);
  if (typeof type === "string") {
    const known = Object.hasOwn(PRIMITIVES, type) ? PRIMITIVES[type] : named.get(type);
    if (known === undefined) throw damaged(`its schema uses the type "${type}", which is not known`);
    return known;
  }
  if (isUnion(type)) return unionOf(type.map(inner));
  switch (type?.type) {
    case "record": {
      const codec = recordOf(type.fields, nameOf, inner);
      named.set(type.name, codec);
      return codec;
    }
    case "fixed": {
      const codec = fixedOf(type.size);
      named.set(type.name, codec);
      return codec;
    }
    case "array":
      return type.logicalType === "map" ? pairsOf(type, inner) : arrayOf(inner(type.items));
    case "map":
      return mapOf(PRIMITIVES["string"] as Codec, inner(type.values));
    case "null":
    case "boolean":
    case "int":
    case "long":
    case "float":
    case "double":
    case "bytes":
    case "string":
      return inner(type.type);
    default:
      throw damaged("its schema has a type of an unknown kind");
  }
}

function isUnion(type: AvroType): type is readonly AvroType[] {
  return Array.isArray(type);
}

function unionOf(branches: readonly Codec[]): Codec {
  return {
    read: (cursor) => {
      const branch = branches[readCount(cursor)];
      if (branch === undefined) throw damaged("a union has no such branch");
      return branch.read(cursor);
    },
    write: (sink, value) => {
      const index = branches.findIndex((branch) => branch.accepts(value));
      const branch = branches[index];
      assert(branch !== undefined, "a branch of the union takes the value");
      sink.long(index);
      branch.write(sink, value);
    },
    accepts: (value) => branches.some((branch) => branch.accepts(value)),
  };
}

function isRecord(value: AvroValue): value is { readonly [name: string]: AvroValue } {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Map)
  );
}

function recordOf(fields: readonly AvroField[], nameOf: NameOf, inner: (type: AvroType) => Codec): Codec {
  if (!Array.isArray(fields) || !fields.every((field) => typeof field?.name === "string")) {
    throw damaged("its schema has a record without fields");
  }
  const columns = fields.map((field) => ({ name: nameOf(field), codec: inner(field.type) }));
  return {
    read: (cursor) => {
      const record: Record<string, AvroValue> = Object.create(null);
      for (const { name, codec } of columns) record[name] = codec.read(cursor);
      return record;
    },
    write: (sink, value) => {
      assert(isRecord(value), "a record is expected");
      for (const { name, codec } of columns) codec.write(sink, value[name]);
    },
    accepts: isRecord,
  };
}

function fixedOf(size: number): Codec {
  if (!Number.isSafeInteger(size) || size < 0) throw damaged("its schema has a fixed without a size");
  return {
    read: (cursor) => take(cursor, size).slice(),
    write: (sink, value) => {
      assert(
        value instanceof Uint8Array && value.length === size,
        "as many bytes as the fixed has are expected",
      );
      sink.raw(value);
    },
    accepts: (value) => value instanceof Uint8Array && value.length === size,
  };
}

function arrayOf(item: Codec): Codec {
  return {
    read: (cursor) => {
      const items: AvroValue[] = [];
      readBlocks(cursor, () => items.push(item.read(cursor)));
      return items;
    },
    write: (sink, value) => {
      assert(Array.isArray(value), "a list is expected");
      if (value.length > 0) sink.long(value.length);
      for (const element of value) item.write(sink, element);
      sink.long(0);
    },
    accepts: Array.isArray,
  };
}

function mapOf(key: Codec, value: Codec): Codec {
  return {
    read: (cursor) => {
      const map = new Map<AvroValue, AvroValue>();
      readBlocks(cursor, () => map.set(key.read(cursor), value.read(cursor)));
      return map;
    },
    write: (sink, map) => {
      assert(map instanceof Map, "a Map is expected");
      if (map.size > 0) sink.long(map.size);
      for (const [name, item] of map) {
        key.write(sink, name);
        value.write(sink, item);
      }
      sink.long(0);
    },
    accepts: (map) => map instanceof Map,
  };
}

/** A map whose keys are not strings is an array of two-field records (Iceberg, "Avro"). */
function pairsOf(type: AvroArray, inner: (type: AvroType) => Codec): Codec {
  const pair = type.items as Partial<AvroRecord> | null | undefined;
  const [key, value, ...more] = Array.isArray(pair?.fields) ? (pair.fields as readonly AvroField[]) : [];
  if (!key || !value || more.length > 0) throw damaged("its schema has a map that is not made of pairs");
  return mapOf(inner(key.type), inner(value.type));
}
