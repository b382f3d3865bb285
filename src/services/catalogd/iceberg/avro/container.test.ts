import { describe, expect, test } from "bun:test";
import { deflateRawSync } from "node:zlib";
import { Readable } from "node:stream";

import avsc from "avsc";
import * as fc from "fast-check";

import { Fault } from "#rpc/fault";

import { type AvroType, type AvroValue } from "./codec.ts";
import { decodeAvro, encodeAvro } from "./container.ts";
import { toLong } from "../types/long.ts";

interface Case {
  readonly type: AvroType;
  readonly value: fc.Arbitrary<AvroValue>;
}

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(toLong);
const bytes = fc.uint8Array({ maxLength: 40 });
const text = fc.string({ unit: "binary", maxLength: 20 });

const LEAVES: readonly Case[] = [
  { type: "boolean", value: fc.boolean() },
  { type: "int", value: fc.integer() },
  { type: "long", value: long },
  { type: "float", value: fc.float() },
  { type: "double", value: fc.double() },
  { type: "bytes", value: bytes },
  { type: "string", value: text },
  { type: { type: "long", logicalType: "timestamp-micros" }, value: long },
];

/** Schemas as Iceberg makes them, with values that fit; names count up, as Avro's must differ. */
function cases(): fc.Arbitrary<Case> {
  let names = 0;
  const { node } = fc.letrec<{ node: Case; leaf: Case }>((tie) => ({
    leaf: fc.constantFrom(...LEAVES),
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("leaf"),
      tie("node").map(({ type, value }): Case => ({
        type: ["null", unwrapped(type)],
        value: fc.option(nonNull(value)),
      })),
      tie("node").map(({ type, value }): Case => ({
        type: { type: "array", items: type },
        value: fc.array(value, { maxLength: 5 }),
      })),
      tie("node").map(({ type, value }): Case => ({
        type: { type: "map", values: type },
        value: fc.array(fc.tuple(text, value), { maxLength: 4 }).map((pairs) => new Map(pairs)),
      })),
      tie("node").map(({ type, value }): Case => ({
        type: {
          type: "array",
          logicalType: "map",
          items: {
            type: "record",
            name: `p${names++}`,
            fields: [
              { name: "key", type: "int" },
              { name: "value", type },
            ],
          },
        },
        value: fc.array(fc.tuple(fc.integer(), value), { maxLength: 4 }).map((pairs) => new Map(pairs)),
      })),
      fc.integer({ min: 1, max: 20 }).map((size): Case => ({
        type: { type: "fixed", name: `f${names++}`, size },
        value: fc.uint8Array({ minLength: size, maxLength: size }),
      })),
      fc.array(tie("node"), { minLength: 1, maxLength: 4 }).map((members): Case => ({
        type: {
          type: "record",
          name: `r${names++}`,
          fields: members.map(({ type }, index) => ({ name: `m${index}`, type })),
        },
        value: fc.record(Object.fromEntries(members.map(({ value }, index) => [`m${index}`, value]))),
      })),
    ),
  }));
  return node;
}

const unwrapped = (type: AvroType): AvroType => (Array.isArray(type) ? (type[1] as AvroType) : type);
const nonNull = (value: fc.Arbitrary<AvroValue>): fc.Arbitrary<AvroValue> =>
  value.filter((given) => given !== null);

const RECORD: AvroType = {
  type: "record",
  name: "row",
  fields: [
    { name: "id", type: "long", "field-id": 1 },
    { name: "name", type: ["null", "string"], default: null, "field-id": 2 },
  ],
};

function rowsOf(count: number): AvroValue[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: id % 3 === 0 ? null : `row ${id} ${"x".repeat(50)}`,
  }));
}

async function readWithAvsc(file: Uint8Array): Promise<unknown[]> {
  const decoder = new avsc.streams.BlockDecoder();
  const rows: unknown[] = [];
  const done = new Promise<void>((resolve, reject) => {
    decoder.on("data", (row: unknown) => rows.push(row));
    decoder.on("end", resolve);
    decoder.on("error", reject);
  });
  Readable.from([Buffer.from(file)]).pipe(decoder);
  await done;
  return rows;
}

async function writeWithAvsc(codec: "null" | "deflate", rows: readonly AvroValue[]): Promise<Uint8Array> {
  const encoder = new avsc.streams.BlockEncoder(RECORD as never, { codec });
  const chunks: Buffer[] = [];
  const done = new Promise<void>((resolve, reject) => {
    encoder.on("data", (chunk: Buffer) => chunks.push(chunk));
    encoder.on("end", resolve);
    encoder.on("error", reject);
  });
  for (const row of rows) encoder.write(row);
  encoder.end();
  await done;
  return new Uint8Array(Buffer.concat(chunks));
}

describe("avro container files", () => {
  test("give back every value of every type, in both codecs", () => {
    fc.assert(
      fc.property(
        cases().chain(({ type, value }) => fc.tuple(fc.constant(type), fc.array(value, { maxLength: 6 }))),
        fc.constantFrom("null" as const, "deflate" as const),
        (drawn, codec) => {
          const [type, values] = drawn;
          const schema: AvroType = { type: "record", name: "root", fields: [{ name: "it", type }] };
          const records = values.map((it) => ({ it }));
          const decoded = decodeAvro(encodeAvro({ schema, records, codec, header: { note: "ünï" } }));
          expect(decoded.records).toEqual(records);
          expect(decoded.header.get("note")).toBe("ünï");
          expect(decoded.schema).toEqual(schema);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("hold the edges of a long without loss", () => {
    const edges = [
      0n,
      -1n,
      63n,
      64n,
      -64n,
      -65n,
      2n ** 48n,
      2n ** 49n - 1n,
      2n ** 52n,
      -(2n ** 52n),
      2n ** 53n - 1n,
      2n ** 53n,
    ];
    const all = [...edges, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)].map(toLong);
    const records = all.map((id) => ({ id, name: null }));
    const ids = (decodeAvro(encodeAvro({ schema: RECORD, records })).records as { id: unknown }[]).map(
      ({ id }) => id,
    );
    expect(ids).toEqual(all);
  });

  test("are read by avsc, over several blocks and compressed", async () => {
    for (const codec of ["null", "deflate"] as const) {
      const records = rowsOf(3000);
      const rows = await readWithAvsc(encodeAvro({ schema: RECORD, records, codec }));
      expect(rows.map((row) => ({ ...(row as object) }))).toEqual(records as object[]);
    }
  });

  test("are read from avsc", async () => {
    for (const codec of ["null", "deflate"] as const) {
      const rows = rowsOf(3000);
      expect(decodeAvro(await writeWithAvsc(codec, rows)).records).toEqual(rows);
    }
  });

  test("keep a byte order mark at the start of a string", () => {
    const records = [{ id: 1, name: "\uFEFFname" }];
    expect(decodeAvro(encodeAvro({ schema: RECORD, records })).records).toEqual(records);
  });

  test("are the same bytes for the same records", () => {
    const once = encodeAvro({ schema: RECORD, records: rowsOf(20) });
    expect(encodeAvro({ schema: RECORD, records: rowsOf(20) })).toEqual(once);
    expect(encodeAvro({ schema: RECORD, records: rowsOf(21) }).slice(0, 200)).not.toEqual(once.slice(0, 200));
  });

  test("rename fields by their ids while reading", () => {
    const file = encodeAvro({ schema: RECORD, records: [{ id: 7, name: "a" }] });
    const renamed = decodeAvro(file, (field) => `f${field["field-id"]}`);
    expect(renamed.records).toEqual([{ f1: 7, f2: "a" }]);
  });

  test("that are damaged end in a Fault and nothing else", () => {
    const sound = encodeAvro({ schema: RECORD, records: rowsOf(5), codec: "null" });
    fc.assert(
      fc.property(
        fc.nat(sound.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, flip, cut) => {
          const file = cut
            ? sound.slice(0, at)
            : sound.map((byte, index) => (index === at ? byte ^ flip : byte));
          try {
            decodeAvro(file);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Fault);
            expect((thrown as Fault).code).toBe("invalid");
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("that claim more than they hold are refused before anything is allocated", () => {
    const header = encodeAvro({
      schema: { type: "record", name: "r", fields: [{ name: "n", type: "null" }] },
      records: [],
      codec: "null",
    });
    const sync = header.slice(-16);
    const claims = new Uint8Array([...header, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x00, ...sync]);
    expect(() => decodeAvro(claims)).toThrow("claims more records");
  });

  test("that inflate without end are refused", () => {
    const header = encodeAvro({ schema: RECORD, records: [] });
    const bomb = deflateRawSync(new Uint8Array(65 * 1024 * 1024));
    const size: number[] = [];
    for (let rest = bomb.length * 2; rest > 0; rest = Math.floor(rest / 128))
      size.push((rest % 128) | (rest >= 128 ? 128 : 0));
    expect(() => decodeAvro(new Uint8Array([...header, 2, ...size, ...bomb, ...header.slice(-16)]))).toThrow(
      "inflated",
    );
  });

  test("with unknown codecs or types say so", () => {
    const file = encodeAvro({ schema: RECORD, records: [] });
    const text = Buffer.from(file).toString("latin1");
    const other = (from: string, to: string): Uint8Array =>
      new Uint8Array(Buffer.from(text.replace(from, to), "latin1"));
    expect(() => decodeAvro(other("deflate", "snapped"))).not.toThrow();
    const withRow = Buffer.from(encodeAvro({ schema: RECORD, records: [{ id: 1, name: null }] })).toString(
      "latin1",
    );
    expect(() =>
      decodeAvro(new Uint8Array(Buffer.from(withRow.replace("deflate", "snapped"), "latin1"))),
    ).toThrow('"snapped"');
    expect(() => decodeAvro(other('"long"', '"lung"'))).toThrow('"lung"');
    expect(() => decodeAvro(new Uint8Array([1, 2, 3, 4, 5]))).toThrow("not an Avro file");
  });
});
