import { describe, expect, test } from "bun:test";

import { Fault } from "#rpc/fault";

import { newSchema } from "./columns.ts";
import { bindSpec, LAST_PARTITION_ID, resultType } from "./partition.ts";

describe("transforms", () => {
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
    { name: "day", type: "date" },
    { name: "who", type: "string" },
    { name: "l", type: { type: "list", "element-id": -1, element: "int", "element-required": false } },
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
