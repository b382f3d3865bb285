import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { Fault } from "#rpc/fault";

import { newSchema } from "./columns.ts";
import { applyTransform, bindSpec, hashValue, LAST_PARTITION_ID, resultType, sameSpec } from "./partition.ts";
import { parseValue, type Value } from "./values.ts";

const at = (type: string, text: string): Value => {
  const value = parseValue(type, text);
  if (value === undefined) throw new Error(`${text} is no ${type}`);
  return value;
};

describe("the hash of a bucket", () => {
  // The test values of the format's Appendix B.
  test.each<[string, Value, number]>([
    ["int", 34, 2017239379],
    ["long", 34, 2017239379],
    ["decimal(9,2)", 1420n, -500754589],
    ["date", at("date", "2017-11-16"), -653330422],
    ["time", at("time", "22:31:08"), -662762989],
    ["timestamp", at("timestamp", "2017-11-16 22:31:08"), -2047944441],
    ["timestamp", at("timestamp", "2017-11-16 22:31:08.000001"), -1207196810],
    ["timestamptz", at("timestamptz", "2017-11-16T14:31:08-08:00"), -2047944441],
    ["string", "iceberg", 1210000089],
    ["uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7", 1488055340],
    ["fixed[4]", new Uint8Array([0, 1, 2, 3]), -188683207],
    ["binary", new Uint8Array([0, 1, 2, 3]), -188683207],
  ])("of %s %p is %i", (type, value, hash) => {
    expect(hashValue(type, value)).toBe(hash);
  });

  test("falls into its buckets", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 1000 }), (value, count) => {
        const bucket = applyTransform(`bucket[${count}]`, "string", value);
        expect(bucket).toBeGreaterThanOrEqual(0);
        expect(bucket).toBeLessThan(count);
      }),
    );
  });
});

describe("transforms", () => {
  test.each<[string, string, Value, Value]>([
    ["truncate[10]", "int", 1, 0],
    ["truncate[10]", "int", -1, -10],
    ["truncate[10]", "long", -9007199254740993n, -9007199254741000n],
    ["truncate[50]", "decimal(9,2)", 1065n, 1050n],
    ["truncate[3]", "string", "iceberg", "ice"],
    ["truncate[2]", "string", "😀😀😀", "😀😀"],
    ["truncate[3]", "binary", new Uint8Array([1, 2, 3, 4, 5]), new Uint8Array([1, 2, 3])],
    ["identity", "string", "a", "a"],
    ["year", "date", -1, -1],
    ["month", "date", -1, -1],
    ["month", "date", 31, 1],
    ["day", "timestamp", -1, -1],
    ["hour", "timestamp", -1, -1],
    ["hour", "timestamptz", 3_600_000_000, 1],
    ["year", "timestamp", at("timestamp", "2017-11-16 22:31:08"), 47],
    ["month", "timestamp", at("timestamp", "2017-11-16 22:31:08"), 574],
    ["day", "timestamp", at("timestamp", "2017-11-16 22:31:08"), 17_486],
    ["hour", "timestamp", at("timestamp", "2017-11-16 22:31:08"), 419_686],
  ])("%s of %s %p is %p", (transform, type, value, result) => {
    expect(applyTransform(transform, type, value)).toEqual(result);
    expect(applyTransform(transform, type, null)).toBeNull();
  });

  test("have the types that the format names, and refuse others", () => {
    expect(resultType("bucket[16]", "string")).toBe("int");
    expect(resultType("day", "timestamptz")).toBe("date");
    expect(resultType("truncate[4]", "decimal(9,2)")).toBe("decimal(9,2)");
    for (const [transform, type] of [
      ["hour", "date"],
      ["truncate[2]", "double"],
      ["bucket[8]", "float"],
      ["zorder", "int"],
      ["bucket[0]", "int"],
    ]) {
      expect(() => resultType(transform ?? "", type ?? "")).toThrow(Fault);
    }
  });
});

describe("a partition spec", () => {
  const schema = newSchema([
    { name: "day", type: "DATE" },
    { name: "who", type: "VARCHAR" },
    { name: "l", type: "INTEGER[]" },
  ]);
  const first = bindSpec(
    { fields: [{ "source-id": 2, name: "who", transform: "identity" }] },
    schema,
    [],
    LAST_PARTITION_ID,
  );

  test("gets field ids from 1000 and keeps those of an equal field", () => {
    expect(first.spec.fields[0]?.["field-id"]).toBe(1000);
    const second = bindSpec(
      {
        fields: [
          { "source-id": 1, name: "day_month", transform: "month" },
          { "source-id": 2, name: "who", transform: "identity" },
        ],
      },
      schema,
      [first.spec],
      first.lastPartitionId,
    );
    expect(second.spec.fields.map((field) => field["field-id"])).toEqual([1001, 1000]);
    expect(second.lastPartitionId).toBe(1001);
    expect(sameSpec(first.spec, second.spec)).toBe(false);
  });

  test.each([
    [{ "source-id": 9, name: "x", transform: "identity" }],
    [{ "source-id": 3, name: "x", transform: "identity" }],
    [{ "source-id": 4, name: "x", transform: "identity" }],
    [{ "source-id": 2, name: "day", transform: "identity" }],
    [{ "source-id": 1, name: "day", transform: "month" }],
    [{ "source-id": 2, name: "x", transform: "month" }],
  ])("refuses %o", (field) => {
    expect(() => bindSpec({ fields: [field] }, schema, [], LAST_PARTITION_ID)).toThrow(Fault);
  });
});
