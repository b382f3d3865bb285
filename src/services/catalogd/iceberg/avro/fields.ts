// How Iceberg writes its structs in Avro: fields with ids, optional ones as a union with null, maps with
// integer keys as arrays of pairs; and the checks on what a foreign writer put into them.

import { Fault } from "#rpc/fault";

import { type AvroField, type AvroType, type AvroValue } from "./codec.ts";
import { type Long } from "../types/long.ts";

/** A record as it was read, by name. */
export type Row = Readonly<Record<string, AvroValue>>;

export function required(id: number, name: string, type: AvroType): AvroField {
  return { name, type, "field-id": id };
}

export function optional(id: number, name: string, type: AvroType): AvroField {
  return { name, type: ["null", type], default: null, "field-id": id };
}

export function mapOf(keyId: number, valueId: number, value: AvroType): AvroType {
  const fields = [required(keyId, "key", "int"), required(valueId, "value", value)];
  return {
    type: "array",
    logicalType: "map",
    items: { type: "record", name: `k${keyId}_v${valueId}`, fields },
  };
}

export function unsound(what: string): Fault {
  return new Fault("invalid", `This is not a sound Iceberg manifest: ${what}. Restore it from a copy.`);
}

export function countOf(value: AvroValue, name: string): number {
  if (typeof value !== "number") throw unsound(`${name} is missing or out of range`);
  return value;
}

export function textOf(value: AvroValue, name: string): string {
  if (typeof value !== "string") throw unsound(`${name} is missing`);
  return value;
}

export function longOf(value: AvroValue, name: string): Long {
  if (typeof value !== "number" && typeof value !== "bigint") throw unsound(`${name} is missing`);
  return value;
}

/** A nested record; the names of its fields are for its reader to check. */
export function rowOf(value: AvroValue, name: string): Row {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Map) {
    throw unsound(`${name} is missing`);
  }
  return value as Row;
}

export function bytesOrNull(value: AvroValue, name: string): Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (!(value instanceof Uint8Array)) throw unsound(`${name} is not bytes`);
  return value;
}

export function listOrNull<T>(
  value: AvroValue,
  name: string,
  item: (value: AvroValue, name: string) => T,
): T[] | null {
  if (value === null || value === undefined) return null;
  if (!Array.isArray(value)) throw unsound(`${name} is not a list`);
  return value.map((element: AvroValue) => item(element, name));
}

/** A map by field id. */
export function mapOrNull<T>(
  value: AvroValue,
  name: string,
  item: (value: AvroValue, name: string) => T,
): ReadonlyMap<number, T> | null {
  if (value === null || value === undefined) return null;
  if (!(value instanceof Map)) throw unsound(`${name} is not a map`);
  const map = new Map<number, T>();
  for (const [key, element] of value) map.set(countOf(key, name), item(element, name));
  return map;
}

export function bytesOf(value: AvroValue, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw unsound(`${name} is not bytes`);
  return value;
}
