// Rows as an Arrow IPC stream (https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format): the
// schema, one record batch for each chunk of DuckDB's, the end. Only an engine imports this, and only when
// somebody asks for Arrow: the library is large. What Arrow's types cannot hold without loss is utf8, written
// as everywhere else (values.ts): intervals, unions, 256-bit integers, times with an offset.

import {
  AsyncByteQueue,
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  List,
  makeData,
  Map_,
  Null,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimeMicrosecond,
  TimeNanosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
} from "apache-arrow";
import type { ColumnType, DuckdbStream, DuckdbTypeId } from "#adapters/duckdb";
import { assert, present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { type Next, uniqueNames } from "./text.ts";
import { writerOf } from "./values.ts";

/** NULL is null. */
type Values = readonly unknown[];

/** How the values of one type become an Arrow array. */
interface Encoder {
  readonly type: DataType;
  data(values: Values): Data;
}

type Typed =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Offsets of texts, blobs and lists are 32-bit integers. */
const OFFSET_MAX = 2 ** 31 - 1;
/** 128-bit decimals hold 38 digits; a HUGEINT may have one more. */
const DECIMAL_DIGITS_MAX = 38;
const DECIMAL_MAX = 10n ** BigInt(DECIMAL_DIGITS_MAX);

/** The overloads of `makeData` want the type at compile time; here it is known when a statement is. */
const make = makeData as unknown as (props: Readonly<Record<string, unknown>>) => Data;

export async function* arrow({ columns }: DuckdbStream, next: Next): AsyncGenerator<Uint8Array> {
  const encoders = columns.map(({ type }) => encoderOf(type));
  const fields = uniqueNames(columns).map((name, index) => fieldOf(name, present(encoders[index], name)));
  const schema = new Schema(fields);
  const rowType = new Struct(fields);
  const sink = new Sink();
  const writer = new RecordBatchStreamWriter();
  // The schema goes out with the first batch: what is wrong with that one is told before any byte.
  writer.reset(sink, schema);
  for (let chunk = await next(); chunk !== null; chunk = await next()) {
    const { rows } = chunk;
    const children = encoders.map((encoder, column) => {
      const values: unknown[] = [];
      chunk.each(column, (value) => values.push(value));
      return encoder.data(values);
    });
    const data = make({ type: rowType, length: rows, nullCount: 0, children });
    writer.write(new RecordBatch(schema, data as Data<Struct>));
    yield sink.take();
  }
  writer.close();
  yield sink.take();
}

/** What the writer has written since it was last looked at; the library's own queue gives it piece by piece. */
class Sink extends AsyncByteQueue {
  #pieces: Uint8Array[] = [];

  override write(value: Uint8Array): void {
    this.#pieces.push(value);
  }

  take(): Uint8Array {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return bytes;
  }
}

function fieldOf(name: string, { type }: Encoder, nullable = true): Field {
  return new Field(name, type, nullable);
}

type MakeEncoder = (type: ColumnType) => Encoder;

const ENCODERS: Readonly<Partial<Record<DuckdbTypeId, MakeEncoder>>> = {
  BOOLEAN: bools,
  TINYINT: () => fixed(new Int8(), (length) => new Int8Array(length), asItIs),
  SMALLINT: () => fixed(new Int16(), (length) => new Int16Array(length), asItIs),
  INTEGER: () => fixed(new Int32(), (length) => new Int32Array(length), asItIs),
  BIGINT: () => fixed(new Int64(), int64s, asItIs),
  UTINYINT: () => fixed(new Uint8(), (length) => new Uint8Array(length), asItIs),
  USMALLINT: () => fixed(new Uint16(), (length) => new Uint16Array(length), asItIs),
  UINTEGER: () => fixed(new Uint32(), (length) => new Uint32Array(length), asItIs),
  UBIGINT: () => fixed(new Uint64(), (length) => new BigUint64Array(length), asItIs),
  FLOAT: () => fixed(new Float32(), (length) => new Float32Array(length), asItIs),
  DOUBLE: () => fixed(new Float64(), (length) => new Float64Array(length), asItIs),
  HUGEINT: () => decimals(DECIMAL_DIGITS_MAX, 0, (value) => value as bigint),
  DECIMAL: ({ decimal, text }) => {
    assert(decimal !== undefined, `${text} has a precision`);
    return decimals(decimal.precision, decimal.scale, (value) => (value as { value: bigint }).value);
  },
  DATE: () =>
    fixed(
      new DateDay(),
      (length) => new Int32Array(length),
      (value) => (value as { days: number }).days,
    ),
  TIME: () => fixed(new TimeMicrosecond(), int64s, micros),
  TIME_NS: () => fixed(new TimeNanosecond(), int64s, nanos),
  TIMESTAMP: () => fixed(new TimestampMicrosecond(), int64s, micros),
  TIMESTAMP_TZ: () => fixed(new TimestampMicrosecond("UTC"), int64s, micros),
  TIMESTAMP_S: () => fixed(new TimestampSecond(), int64s, (value) => (value as { seconds: bigint }).seconds),
  TIMESTAMP_MS: () =>
    fixed(new TimestampMillisecond(), int64s, (value) => (value as { millis: bigint }).millis),
  TIMESTAMP_NS: () => fixed(new TimestampNanosecond(), int64s, nanos),
  BLOB: () => binary(new Binary(), (value) => (value as { bytes: Uint8Array }).bytes),
  GEOMETRY: () => binary(new Binary(), (value) => (value as { bytes: Uint8Array }).bytes),
  LIST: lists,
  ARRAY: arrays,
  STRUCT: (type) => structs(type.children.map(({ name, type: member }) => ({ name, type: member }))),
  MAP: maps,
  SQLNULL: () => ({
    type: new Null(),
    data: ({ length }) => make({ type: new Null(), length }),
  }),
};

function encoderOf(type: ColumnType): Encoder {
  const known = ENCODERS[type.id];
  if (known !== undefined) return known(type);
  const { plain } = writerOf(type);
  return binary(new Utf8(), (value) => Buffer.from(plain(value)));
}

const int64s = (length: number): BigInt64Array => new BigInt64Array(length);
const asItIs = (value: unknown): number | bigint => value as number | bigint;
const micros = (value: unknown): bigint => (value as { micros: bigint }).micros;
const nanos = (value: unknown): bigint => (value as { nanos: bigint }).nanos;

/** Which values are there: one bit each, lowest first, set for those that are not NULL. */
function validity(values: Values): { length: number; nullCount: number; nullBitmap?: Uint8Array } {
  const { length } = values;
  const nullCount = values.reduce((count: number, value) => (value === null ? count + 1 : count), 0);
  if (nullCount === 0) return { length, nullCount };
  return { length, nullCount, nullBitmap: bitmap(values, (value) => value !== null) };
}

function bitmap(values: Values, isSet: (value: unknown) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, index) => {
    if (isSet(value)) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  });
  return bits;
}

function bools(): Encoder {
  const type = new Bool();
  return {
    type,
    data: (values) => make({ type, ...validity(values), data: bitmap(values, (value) => value === true) }),
  };
}

function fixed(
  type: DataType,
  room: (length: number) => Typed,
  read: (value: unknown) => number | bigint,
): Encoder {
  return {
    type,
    data: (values) => {
      const data = room(values.length) as { [index: number]: number | bigint };
      values.forEach((value, index) => {
        if (value !== null) data[index] = read(value);
      });
      return make({ type, ...validity(values), data });
    },
  };
}

function decimals(precision: number, scale: number, read: (value: unknown) => bigint): Encoder {
  const type = new Decimal(scale, precision, 128);
  return {
    type,
    data: (values) => {
      const halves = new BigInt64Array(values.length * 2);
      values.forEach((value, index) => {
        if (value === null) return;
        const number = read(value);
        if (number >= DECIMAL_MAX || number <= -DECIMAL_MAX) {
          throw new Fault(
            "rejected",
            `${number} has more than ${DECIMAL_DIGITS_MAX} digits, which Arrow's decimals do not hold; cast it to VARCHAR.`,
          );
        }
        halves[index * 2] = BigInt.asIntN(64, number);
        halves[index * 2 + 1] = number >> 64n;
      });
      return make({ type, ...validity(values), data: new Uint32Array(halves.buffer) });
    },
  };
}

function binary(type: Binary | Utf8, read: (value: unknown) => Uint8Array): Encoder {
  return {
    type,
    data: (values) => {
      const pieces = values.map((value) => (value === null ? NOTHING : read(value)));
      const valueOffsets = offsetsOf(pieces, (piece) => piece.byteLength);
      return make({ type, ...validity(values), valueOffsets, data: Buffer.concat(pieces) });
    },
  };
}

const NOTHING = new Uint8Array(0);

/** Where each value starts, and at last where the last one ends. */
function offsetsOf<T>(parts: readonly T[], lengthOf: (part: T) => number): Int32Array {
  const offsets = new Int32Array(parts.length + 1);
  let end = 0;
  parts.forEach((part, index) => {
    end += lengthOf(part);
    if (end > OFFSET_MAX) {
      throw new Fault("rejected", "A column's values are too large for one Arrow batch; select less of it.");
    }
    offsets[index + 1] = end;
  });
  return offsets;
}

function childOf(type: ColumnType): Encoder {
  return encoderOf(present(type.children[0], `the child of ${type.text}`).type);
}

const itemsOf = (value: unknown): Values => (value === null ? [] : (value as { items: Values }).items);

function lists(of: ColumnType): Encoder {
  const child = childOf(of);
  const type = new List(fieldOf("item", child));
  return {
    type,
    data: (values) => {
      const parts = values.map(itemsOf);
      const valueOffsets = offsetsOf(parts, ({ length }) => length);
      return make({ type, ...validity(values), valueOffsets, child: child.data(parts.flat()) });
    },
  };
}

/** A NULL takes as much room as an array does. */
function arrays(of: ColumnType): Encoder {
  const child = childOf(of);
  const size = present(of.length, `the length of ${of.text}`);
  const type = new FixedSizeList(size, fieldOf("item", child));
  const absent = Array.from({ length: size }, () => null);
  return {
    type,
    data: (values) => {
      const items = values.flatMap((value) => (value === null ? absent : itemsOf(value)));
      return make({ type, ...validity(values), child: child.data(items) });
    },
  };
}

function structs(members: ColumnType["children"]): Encoder {
  const encoders = members.map(({ type }) => encoderOf(type));
  const type = new Struct(members.map(({ name }, index) => fieldOf(name, present(encoders[index], name))));
  return {
    type,
    data: (values) => {
      const children = encoders.map((encoder, index) => {
        return encoder.data(
          values.map((value) =>
            value === null ? null : ((value as { entries: Record<number, unknown> }).entries[index] ?? null),
          ),
        );
      });
      return make({ type, ...validity(values), children });
    },
  };
}

function maps(of: ColumnType): Encoder {
  const key = childOf(of);
  const value = encoderOf(present(of.children[1], `the values of ${of.text}`).type);
  const entryType = new Struct([fieldOf("key", key, false), fieldOf("value", value)]);
  const type = new Map_(new Field("entries", entryType, false));
  return {
    type,
    data: (values) => {
      const parts = values.map((each) =>
        each === null ? [] : (each as { entries: readonly { key: unknown; value: unknown }[] }).entries,
      );
      const entries = parts.flat();
      const child = make({
        type: entryType,
        length: entries.length,
        nullCount: 0,
        children: [
          key.data(entries.map((entry) => entry.key)),
          value.data(entries.map((entry) => entry.value)),
        ],
      });
      const valueOffsets = offsetsOf(parts, ({ length }) => length);
      return make({ type, ...validity(values), valueOffsets, child });
    },
  };
}
