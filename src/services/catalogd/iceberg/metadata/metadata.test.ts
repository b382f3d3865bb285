import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { Fault, type FaultCode } from "#rpc/fault";

import { newSchema } from "../types/columns.ts";
import { evolveSchema } from "../types/evolve.ts";
import { parseJson, printJson } from "../types/json.ts";
import { type Long, toLong } from "../types/long.ts";
import {
  createMetadata,
  currentSchema,
  mintSnapshotId,
  parseMetadata,
  printMetadata,
  snapshotAt,
  type Snapshot,
  snapshotOf,
  type TableMetadata,
} from "./metadata.ts";
import { addSnapshot, removeSnapshots, rollback, setRef, tag } from "./snapshots.ts";
import { addSchema, logMetadata, setSchema } from "./table-changes.ts";

const schema = newSchema([
  { name: "id", type: "long" },
  { name: "day", type: "date" },
  { name: "name", type: "string" },
]);
const JAVA_ID = 9_123_456_789_012_345_678n;

function table(more: Partial<Parameters<typeof createMetadata>[0]> = {}): TableMetadata {
  return createMetadata({
    uuid: "u-1",
    location: "s3://b/t/",
    schema,
    properties: { owner: "ops" },
    nowMs: 1000,
    ...more,
  });
}

function snapshot(id: Long, sequence: number, timeMs: number, parent?: Long): Snapshot {
  return {
    "snapshot-id": id,
    ...(parent === undefined ? {} : { "parent-snapshot-id": parent }),
    "sequence-number": sequence,
    "timestamp-ms": timeMs,
    "manifest-list": `s3://b/t/metadata/snap-${id}.avro`,
    summary: { operation: "append" },
    "schema-id": 0,
  };
}

/** A table whose main branch went through these snapshots, one second apart. */
function history(...ids: Long[]): TableMetadata {
  return ids.reduce<TableMetadata>((metadata, id, index) => {
    const timeMs = 2000 + index * 1000;
    const added = addSnapshot(metadata, snapshot(id, index + 1, timeMs, ids[index - 1]));
    return setRef(added, "main", { "snapshot-id": id, type: "branch" }, timeMs);
  }, table());
}

function codeOf(run: () => unknown): FaultCode | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code;
    throw thrown;
  }
}

describe("json", () => {
  test("keeps every 64-bit integer, and strings and fractions that look like one", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.double({ noNaN: true, noInteger: true, noDefaultInfinity: true }),
        (big, fraction) => {
          const value = {
            id: toLong(big),
            list: [toLong(big)],
            text: String(big),
            fraction: fraction === 0 ? 0 : fraction,
          };
          expect(parseJson(printJson(value))).toEqual(value);
        },
      ),
    );
    expect(parseJson("[9007199254740993, 1e300, 12345678901234567890.5]")).toEqual([
      9007199254740993n,
      1e300,
      12345678901234567000,
    ]);
    expect(printJson({ id: JAVA_ID })).toBe('{"id":9123456789012345678}');
  });
});

describe("new metadata", () => {
  test("names no snapshot, counts ids and drops the slash at the end of its place", () => {
    const metadata = table();
    expect(metadata).toMatchObject({
      "format-version": 2,
      location: "s3://b/t",
      "last-column-id": 3,
      "last-partition-id": 999,
      "last-sequence-number": 0,
    });
    expect(printMetadata(metadata)).not.toContain("current-snapshot-id");
    expect(parseMetadata(printMetadata(metadata))).toEqual(metadata);
  });

  test("honours the spec and order it is created with, though Spark counts columns from 0", () => {
    const fromZero = { ...schema, fields: schema.fields.map((field) => ({ ...field, id: field.id - 1 })) };
    const metadata = table({
      schema: fromZero,
      spec: { fields: [{ "source-id": 1, name: "day_month", transform: "month", "field-id": 7 }] },
      sortOrder: {
        "order-id": 1,
        fields: [{ "source-id": 0, transform: "identity", direction: "asc", "null-order": "nulls-first" }],
      },
      properties: { "format-version": "2" },
    });
    expect(metadata["partition-specs"]).toEqual([
      { "spec-id": 0, fields: [{ "source-id": 2, "field-id": 1000, name: "day_month", transform: "month" }] },
    ]);
    expect(metadata["last-partition-id"]).toBe(1000);
    expect(metadata["sort-orders"][0]?.fields[0]?.["source-id"]).toBe(1);
    expect(metadata["default-sort-order-id"]).toBe(1);
    expect(metadata.properties).toEqual({});
  });

  test("refuses other format versions and specs without a source", () => {
    expect(codeOf(() => table({ properties: { "format-version": "3" } }))).toBe("invalid");
    expect(
      codeOf(() => table({ spec: { fields: [{ "source-id": 9, name: "x", transform: "identity" }] } })),
    ).toBe("invalid");
  });

  test("mints ids that a double holds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 16 }), (random) => {
        const id = mintSnapshotId(random);
        expect(Number.isSafeInteger(id)).toBe(true);
        expect(id).toBeGreaterThan(0);
      }),
    );
    expect(mintSnapshotId(new Uint8Array(8).fill(255))).toBe(2 ** 53 - 1);
    expect(mintSnapshotId(new Uint8Array(8))).toBe(1);
  });
});

describe("metadata of others", () => {
  const text = (change: Record<string, unknown>): string => JSON.stringify({ ...table(), ...change });

  test("keeps ids of 63 bits through parsing and printing", () => {
    const metadata = history(5, JAVA_ID);
    const printed = printMetadata(metadata);
    expect(printed).toContain(`"current-snapshot-id":${JAVA_ID}`);
    expect(parseMetadata(printed)).toEqual(metadata);
    expect(snapshotOf(parseMetadata(printed))?.["snapshot-id"]).toBe(JAVA_ID);
  });

  test("means no snapshot by -1, by null and by leaving it out", () => {
    for (const none of [-1, null, undefined]) {
      expect("current-snapshot-id" in parseMetadata(text({ "current-snapshot-id": none }))).toBe(false);
    }
  });

  test("has a main branch even where it leaves refs out, and keeps keys we do not know", () => {
    const { refs: _, ...bare } = history(5);
    const parsed = parseMetadata(JSON.stringify({ ...bare, "x-unknown": { a: 1 } }));
    expect(parsed.refs).toEqual({ main: { "snapshot-id": 5, type: "branch" } });
    expect(JSON.parse(printMetadata(parsed))["x-unknown"]).toEqual({ a: 1 });
  });

  test.each([
    ["not json", "{"],
    ["a list of nothing", "null"],
    ["version 1", text({ "format-version": 1 })],
    ["version 3", text({ "format-version": 3 })],
    ["no uuid", text({ "table-uuid": undefined })],
    ["no last-column-id", text({ "last-column-id": undefined })],
    ["no schemas", text({ schemas: undefined })],
    ["an unknown schema", text({ "current-schema-id": 4 })],
    ["an unknown spec", text({ "default-spec-id": 4 })],
    ["an unknown order", text({ "default-sort-order-id": 4 })],
    ["an unknown snapshot", text({ "current-snapshot-id": 4 })],
    ["a dangling ref", text({ refs: { t: { "snapshot-id": 4, type: "tag" } } })],
  ])("is refused with %s", (_name, broken) => {
    expect(codeOf(() => parseMetadata(broken))).toBe("invalid");
  });
});

describe("metadata of anyone", () => {
  test("is read or refused, never a bug", () => {
    const sound = JSON.parse(printMetadata(tag(history(1, 2), "t", 1, 9000)));
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, item] of Object.entries(value)) {
        paths.push([...path, key]);
        walk(item, [...path, key]);
      }
    };
    walk(sound, []);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const broken = structuredClone(sound);
        const parent = path.slice(0, -1).reduce((node, key) => node[key], broken);
        parent[path.at(-1) ?? ""] = value;
        try {
          const metadata = parseMetadata(JSON.stringify(broken));
          printMetadata(metadata);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("has snapshots of its days in version 1", () => {
    const { "sequence-number": _, summary: __, ...old } = snapshot(5, 1, 2000);
    const parsed = parseMetadata(JSON.stringify({ ...table(), snapshots: [old], "current-snapshot-id": 5 }));
    expect(snapshotOf(parsed)).toMatchObject({ "sequence-number": 0, summary: {} });
  });
});

describe("schemas", () => {
  const month = { fields: [{ "source-id": 2, name: "day_month", transform: "month" }] };
  test("move last-column-id on with each schema, and never back", () => {
    const evolved = evolveSchema(schema, [{ change: "add", name: "x", type: "int" }], 3);
    const next = setSchema(table(), evolved.schema, evolved.lastColumnId, 2000);
    expect(next).toMatchObject({ "last-column-id": 4, "current-schema-id": 1 });
    expect(currentSchema(next).fields.at(-1)?.name).toBe("x");
    const back = setSchema(next, schema, 0, 3000);
    expect(back).toMatchObject({ "last-column-id": 4, "current-schema-id": 0 });
    expect(back.schemas).toHaveLength(2);
  });

  test("declared again change nothing", () => {
    const once = table();
    expect(addSchema(once, { ...schema, "schema-id": 17 }, 9000)).toEqual({ metadata: once, schemaId: 0 });
  });

  test("do not lose the column that the table is partitioned by", () => {
    const partitioned = table({ spec: month });
    const dropped = evolveSchema(schema, [{ change: "drop", name: "day" }], 3);
    expect(codeOf(() => setSchema(partitioned, dropped.schema, 3, 2000))).toBe("conflict");
    expect(codeOf(() => setSchema(table(), dropped.schema, 3, 2000))).toBeUndefined();
  });

  test("leave a trail of metadata files that stays short", () => {
    const at = (before: TableMetadata, nowMs: number, properties = {}): TableMetadata => ({
      ...before,
      properties: { ...before.properties, ...properties },
      "last-updated-ms": nowMs,
    });
    const first = table();
    const second = logMetadata(at(first, 2000, { "write.metadata.previous-versions-max": "2" }), first, "v1");
    const third = logMetadata(at(second, 3000), second, "v2");
    const fourth = logMetadata(at(third, 4000), third, "v3");
    expect(second["metadata-log"]).toEqual([{ "metadata-file": "v1", "timestamp-ms": 1000 }]);
    expect(fourth["metadata-log"].map((entry) => entry["metadata-file"])).toEqual(["v2", "v3"]);
  });
});

describe("snapshots and refs", () => {
  test("roll back and forth, and the log tells what was current when", () => {
    const back = rollback(history(1, 2, 3), 1, 9000);
    expect(back["current-snapshot-id"]).toBe(1);
    expect(back.refs["main"]).toEqual({ "snapshot-id": 1, type: "branch" });
    expect(back["last-sequence-number"]).toBe(3);
    expect(back["snapshot-log"].map((entry) => entry["snapshot-id"])).toEqual([1, 2, 3, 1]);
    expect(snapshotAt(back, 3500)?.["snapshot-id"]).toBe(2);
    expect(snapshotAt(back, 9500)?.["snapshot-id"]).toBe(1);
    expect(snapshotAt(back, 1500)).toBeUndefined();
    expect(rollback(back, 1, 9500)["snapshot-log"]).toHaveLength(4);
    expect(codeOf(() => rollback(back, 77, 9500))).toBe("not_found");
  });

  test("never log a time before the last, whatever the clock says", () => {
    const back = rollback(history(1, 2), 1, 10);
    expect(back["snapshot-log"].map((entry) => entry["timestamp-ms"])).toEqual([2000, 3000, 3000]);
  });

  test("tags name one snapshot for good", () => {
    const tagged = tag(history(1, 2), "2026-q1", 1, 9000);
    expect(snapshotOf(tagged, "2026-q1")?.["snapshot-id"]).toBe(1);
    expect(tag(tagged, "2026-q1", 1, 9500).refs).toEqual(tagged.refs);
    expect(codeOf(() => tag(tagged, "2026-q1", 2, 9500))).toBe("conflict");
    expect(codeOf(() => tag(tagged, "main", 2, 9500))).toBe("conflict");
    expect(codeOf(() => setRef(table(), "main", { "snapshot-id": 1, type: "tag" }, 1))).toBe("not_found");
    expect(snapshotOf(tag(tagged, "__proto__", 2, 9500), "__proto__")?.["snapshot-id"]).toBe(2);
  });

  test("refuse an id that is there and a sequence number that is past", () => {
    expect(codeOf(() => addSnapshot(history(1, 2), snapshot(2, 9, 9000, 2)))).toBe("conflict");
    expect(codeOf(() => addSnapshot(history(1, 2), snapshot(3, 2, 9000, 2)))).toBe("conflict");
  });

  test("expire with what names them, and the log keeps no gap", () => {
    const full: TableMetadata = {
      ...rollback(history(1, 2, 3), 2, 9000),
      statistics: [
        { "snapshot-id": 1, "statistics-path": "s" },
        { "snapshot-id": 2, "statistics-path": "t" },
      ],
    };
    const left = removeSnapshots(full, new Set([3]), 9500);
    expect(left.snapshots.map((s) => s["snapshot-id"])).toEqual([1, 2]);
    // 3 stood between 2 and 2: what came before it cannot be told without a gap.
    expect(left["snapshot-log"].map((entry) => entry["snapshot-id"])).toEqual([2]);
    expect(removeSnapshots(full, new Set([1]), 9500).statistics).toEqual([
      { "snapshot-id": 2, "statistics-path": "t" },
    ]);
    expect(codeOf(() => removeSnapshots(full, new Set([2]), 9500))).toBe("conflict");
    expect(removeSnapshots(full, new Set([99]), 9500)).toBe(full);
  });
});
