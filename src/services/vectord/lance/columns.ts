// How the rows of an index lie in a Lance table: id, vector and metadata as they were given, a checksum of the three,
// and for each declared field a few columns that a filter can be asked in SQL over (where.ts). A field's values may be of
// any JSON type, whatever kind was declared; the columns have the range of its strings, the range of its numbers, its
// booleans, whether it is there, for a keyword every value by itself, and for a place its coordinates.
//
// Strings are ordered by UTF-16 code unit in a filter and by UTF-8 byte in Lance. The two differ from the surrogates on,
// so that those code units are moved up where both orders agree (`sortable`).

import type { LanceColumn, LanceRows, LanceShape } from "#adapters/lance";
import { fieldOf, placeOf, type Scalar, valuesOf } from "../rows/filter.ts";
import type { IndexShape, Item, Metadata } from "../rows/shape.ts";

export const ID = "id";
export const METADATA = "metadata";
/** Of id, metadata and vector: 53 bits of xxHash64. */
export const CHECKSUM = "checksum";

/** Names of a field's columns; a field's own name may be anything, so that they go by its place in the shape. */
export interface FieldColumns {
  readonly there: string;
  readonly low: string;
  readonly high: string;
  readonly least: string;
  readonly most: string;
  readonly yes: string;
  readonly no: string;
  /** Of a keyword. */
  readonly each?: string;
  /** Of a place. */
  readonly lat?: string;
  readonly lon?: string;
}

const encoder = new TextEncoder();

export function fieldColumns(shape: IndexShape): ReadonlyMap<string, FieldColumns> {
  const names = Object.keys(shape.fields).sort();
  return new Map(
    names.map((field, n) => {
      const name = (part: string): string => `f${n}_${part}`;
      const kind = shape.fields[field];
      return [
        field,
        {
          there: name("there"),
          low: name("low"),
          high: name("high"),
          least: name("least"),
          most: name("most"),
          yes: name("yes"),
          no: name("no"),
          ...(kind === "keyword" ? { each: name("each") } : {}),
          ...(kind === "geo" ? { lat: name("lat"), lon: name("lon") } : {}),
        },
      ];
    }),
  );
}

export function lanceShape(shape: IndexShape): LanceShape {
  const columns: LanceColumn[] = [
    { name: ID, type: "text" },
    { name: METADATA, type: "text" },
    { name: CHECKSUM, type: "number" },
  ];
  for (const { there, low, high, least, most, yes, no, each, lat, lon } of fieldColumns(shape).values()) {
    columns.push({ name: there, type: "flag" }, { name: low, type: "text" }, { name: high, type: "text" });
    columns.push({ name: least, type: "number" }, { name: most, type: "number" });
    columns.push({ name: yes, type: "flag" }, { name: no, type: "flag" });
    if (each !== undefined) columns.push({ name: each, type: "texts" });
    if (lat !== undefined && lon !== undefined)
      columns.push({ name: lat, type: "number" }, { name: lon, type: "number" });
  }
  return { dimension: shape.dimension, metric: shape.metric, columns };
}

/** Moves code units from the surrogates on to where code points, and so UTF-8 bytes, have the same order. */
export function sortable(text: string): string {
  return text.replaceAll(/[\ud800-\uffff]/g, (unit) => String.fromCodePoint(0x1_0000 + unit.charCodeAt(0)));
}

/** A value as a keyword's list has it: types never mix. */
export function keyOf(value: Scalar): string {
  if (typeof value === "string") return `s${sortable(value)}`;
  return typeof value === "number" ? `n${value === 0 ? 0 : value}` : `b${String(value)}`;
}

export function checksumOf(id: string, metadata: string, vector: Float32Array): number {
  const texts = Bun.hash.xxHash64(encoder.encode(`${id}\n${metadata}`));
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return Number(Bun.hash.xxHash64(bytes, texts) & (2n ** 53n - 1n));
}

export function rowsOfItems(shape: IndexShape, items: readonly Item[]): LanceRows {
  const { dimension } = shape;
  const vectors = new Float32Array(items.length * dimension);
  items.forEach(({ vector }, n) => vectors.set(vector, n * dimension));
  const texts = items.map(({ metadata }) => JSON.stringify(metadata));
  const values: Record<string, unknown[]> = {
    [ID]: items.map(({ id }) => id),
    [METADATA]: texts,
    [CHECKSUM]: items.map(({ id, vector }, n) => checksumOf(id, texts[n] ?? "", vector)),
  };
  for (const [field, columns] of fieldColumns(shape)) {
    const described = items.map(({ metadata }) => describe(metadata, field, columns));
    const names = described[0] === undefined ? [] : Object.keys(described[0]);
    for (const name of names) values[name] = described.map((row) => row[name] ?? null);
  }
  return { vectors, values, count: items.length };
}

/** The columns of one field of one row. */
function describe(metadata: Metadata, field: string, columns: FieldColumns): Record<string, unknown> {
  const value = fieldOf(metadata, field);
  const scalars = valuesOf(value);
  const strings = scalars
    .filter((each) => typeof each === "string")
    .map(sortable)
    .sort(byCodePoint);
  const numbers = scalars.filter((each) => typeof each === "number");
  const row: Record<string, unknown> = {
    [columns.there]: value !== undefined && value !== null,
    [columns.low]: strings[0] ?? null,
    [columns.high]: strings.at(-1) ?? null,
    [columns.least]: numbers.length === 0 ? null : numbers.reduce((a, b) => Math.min(a, b)),
    [columns.most]: numbers.length === 0 ? null : numbers.reduce((a, b) => Math.max(a, b)),
    [columns.yes]: scalars.includes(true),
    [columns.no]: scalars.includes(false),
  };
  if (columns.each !== undefined) row[columns.each] = scalars.length === 0 ? null : scalars.map(keyOf);
  if (columns.lat !== undefined && columns.lon !== undefined) {
    const place = placeOf(value);
    row[columns.lat] = place?.lat ?? null;
    row[columns.lon] = place?.lon ?? null;
  }
  return row;
}

/** Of texts that are sortable, code points and UTF-8 bytes have one order. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
