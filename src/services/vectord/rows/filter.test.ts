import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Fault } from "#rpc/fault";
import { Bitmap, RowSet } from "./bitmap.ts";
import { matches, parseFilter, selectsAll } from "./filter.ts";
import { Payload } from "./payload.ts";
import type { Metadata } from "./shape.ts";

function passes(filter: unknown, metadata: Metadata): boolean {
  return matches(parseFilter(filter), metadata);
}

function wrongAt(filter: unknown): string | undefined {
  try {
    parseFilter(filter);
  } catch (error) {
    if (error instanceof Fault && error.code === "invalid") return error.details?.[0]?.path;
    throw error;
  }
  return "nothing is wrong";
}

describe("what a filter means", () => {
  const worker = {
    role: "welder",
    pay: 21.5,
    tags: ["osha", "mig", 7],
    on: true,
    start: "2026-03-01",
    home: { lat: 41.88, lon: -87.63 },
    gone: null,
  };

  test.each([
    [{ role: "welder" }, true],
    [{ role: "Welder" }, false],
    [{ role: { eq: "welder" }, pay: { gte: 20, lt: 22 } }, true],
    [{ pay: "21.5" }, false],
    [{ on: true }, true],
    [{ on: { ne: true } }, false],
    [{ tags: "mig" }, true],
    [{ tags: { in: ["tig", 7] } }, true],
    [{ tags: { nin: ["tig", "mig"] } }, false],
    [{ tags: { ne: "tig" } }, true],
    [{ start: { gt: "2026-02-28", lte: "2026-03-01" } }, true],
    [{ start: { gt: 5 } }, false],
    [{ role: { prefix: "wel" } }, true],
    [{ tags: { prefix: "os" } }, true],
    [{ pay: { prefix: "2" } }, false],
    [{ gone: { exists: true } }, false],
    [{ gone: { exists: false } }, true],
    [{ home: { exists: true } }, true],
    [{ nowhere: { ne: 1 } }, true],
    [{ nowhere: { nin: [] } }, true],
    [{ nowhere: { gt: 0 } }, false],
    [{ constructor: { exists: true } }, false],
    [{ not: { role: "welder" } }, false],
    [{ and: [] }, true],
    [{ or: [] }, false],
    [{}, true],
    [{ or: [{ role: "cook" }, { and: [{ on: true }, { pay: { gt: 21 } }] }] }, true],
    [{ near: { field: "home", lat: 41.9, lon: -87.6, miles: 5 } }, true],
    [{ near: { field: "home", lat: 42.9, lon: -87.6, miles: 5 } }, false],
    [{ near: { field: "role", lat: 42.9, lon: -87.6, miles: 50_000 } }, false],
  ] as const)("%j is %p", (filter, expected) => {
    expect(passes(filter, worker)).toBe(expected);
  });

  test("a filter that asks nothing is known as such", () => {
    expect(
      [{}, { and: [] }, { and: [{}, { and: [{}] }] }].every((each) => selectsAll(parseFilter(each))),
    ).toBe(true);
    expect([{ or: [] }, { a: 1 }, { not: {} }].some((each) => selectsAll(parseFilter(each)))).toBe(false);
  });
});

describe("what is no filter", () => {
  const deep = (levels: number): unknown => (levels === 0 ? { a: 1 } : { not: deep(levels - 1) });

  test.each([
    [null, "filter"],
    [[], "filter"],
    ["role", "filter"],
    [{ a: null }, "filter.a"],
    [{ a: [1] }, "filter.a"],
    [{ a: {} }, "filter.a"],
    [{ a: { like: "x" } }, "filter.a.like"],
    [{ a: { gt: true } }, "filter.a.gt"],
    [{ a: { gt: Number.NaN } }, "filter.a.gt"],
    [{ a: { in: "x" } }, "filter.a.in"],
    [{ a: { in: [1, {}] } }, "filter.a.in.1"],
    [{ a: { in: Array.from({ length: 4_097 }, (_, i) => i) } }, "filter.a.in"],
    [{ a: { exists: 1 } }, "filter.a.exists"],
    [{ a: { prefix: 1 } }, "filter.a.prefix"],
    [{ a: { eq: { b: 1 } } }, "filter.a.eq"],
    [{ and: {} }, "filter.and"],
    [{ or: [{ a: 1 }, 5] }, "filter.or.1"],
    [{ near: { field: "home", lat: 91, lon: 0, miles: 1 } }, "filter.near.lat"],
    [{ near: { field: "home", lat: 1, lon: 0, miles: -1 } }, "filter.near.miles"],
    [{ near: { field: "home", lat: 1, lon: "0", miles: 1 } }, "filter.near.lon"],
    [{ near: { lat: 1, lon: 0, miles: 1 } }, "filter.near.field"],
    [{ near: { field: "home", lat: 1, lon: 0, miles: 1, km: 2 } }, "filter.near.km"],
  ])("%j is wrong at %s", (filter, path) => {
    expect(wrongAt(filter)).toBe(path);
  });

  test("depth and size are limited", () => {
    expect(wrongAt(deep(15))).toBe("nothing is wrong");
    expect(wrongAt(deep(16))).toBe(`filter${".not".repeat(16)}`);
    expect(wrongAt({ and: Array.from({ length: 120 }, () => ({ a: 1 })) })).toBe("nothing is wrong");
    expect(wrongAt({ and: Array.from({ length: 256 }, () => ({ a: 1 })) })).not.toBe("nothing is wrong");
  });

  test("whatever comes in, it is parsed or refused as invalid", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        wrongAt(value);
      }),
    );
  });
});

const value = fc.oneof(
  fc.constantFrom("a", "ab", "abc", "abcd", "abcde", "abcdf", "b", "", 0, -1, 1, 2.5, 3, true, false),
  fc.constant(null),
  fc.array(fc.constantFrom("a", "abcd", "abcde", 1, 3, true), { maxLength: 3 }),
);
const place = fc.record({
  lat: fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, 90, 89.9, 0, 41.5)),
  lon: fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom(-180, 180, 179.9, 0, -87.5)),
});
const field = fc.constantFrom("word", "text", "size", "home", "loose");
const metadata = fc.record(
  {
    word: fc.oneof(value, place),
    text: value,
    size: value,
    home: fc.oneof({ weight: 4, arbitrary: place }, value),
    loose: fc.oneof(value, place),
  },
  { requiredKeys: [] },
);
const scalar = fc.constantFrom("a", "ab", "abcd", "abcde", "b", "", 0, 1, 2.5, 3, true, false);
const ordered = fc.constantFrom("a", "abcd", "abcde", "", 0, 1, 2.5, -1);
const test1 = fc.oneof(
  scalar,
  fc.record({ eq: scalar }),
  fc.record({ ne: scalar }),
  fc.record({ in: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ nin: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ gt: ordered, lte: ordered }),
  fc.record({ gte: ordered }),
  fc.record({ lt: ordered }),
  fc.record({ exists: fc.boolean() }),
  fc.record({ prefix: fc.constantFrom("", "a", "abc", "abcd", "abcde", "b") }),
);
const { filter } = fc.letrec<{ filter: unknown }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(field, test1).map(([name, condition]) => ({ [name]: condition })),
    fc
      .record({
        field,
        lat: fc.constantFrom(0, 41.5, 89.9, -90),
        lon: fc.constantFrom(0, 179.9, -180, -87.5),
        miles: fc.constantFrom(0, 10, 500, 7_000, 13_000),
      })
      .map((near) => ({ near })),
    fc.record({ and: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ not: tie("filter") }),
  ),
}));

test("the index over fields selects exactly the rows that match, after any puts and deletes", () => {
  fc.assert(
    fc.property(
      fc.array(metadata, { maxLength: 60 }),
      fc.array(fc.nat(59)),
      fc.array(filter, { minLength: 1, maxLength: 5 }),
      (rows, gone, filters) => {
        const held = new Map<number, Metadata>();
        const live = new Bitmap();
        const payload = new Payload(
          { word: "keyword", text: "text", size: "number", home: "geo" },
          (row) => held.get(row) ?? {},
        );
        // Row numbers are spread out, so that bitmaps have holes and grow.
        rows.forEach((each, i) => {
          held.set(i * 7, each);
          live.add(i * 7);
          payload.add(i * 7, each);
        });
        for (const i of gone) {
          const each = held.get(i * 7);
          if (each === undefined) continue;
          payload.delete(i * 7, each);
          held.delete(i * 7);
          live.delete(i * 7);
        }
        for (const input of filters) {
          const parsed = parseFilter(input);
          const expected = [...held].filter(([, each]) => matches(parsed, each)).map(([row]) => row);
          const selected = payload.select(parsed, live);
          expect([...selected.toRows()]).toEqual(expected.toSorted((a, b) => a - b));
          expect(selected.count()).toBe(expected.length);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test("a row set is a set, few or many", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(500)), { maxLength: 1_500 }), (steps) => {
      const model = new Set<number>();
      const rows = new RowSet();
      for (const [add, row] of steps) {
        if (add) model.add(row);
        else model.delete(row);
        if (add) rows.add(row);
        else rows.delete(row);
      }
      const bitmap = new Bitmap();
      rows.addTo(bitmap);
      expect(rows.size).toBe(model.size);
      expect([...bitmap.toRows()]).toEqual([...model].toSorted((a, b) => a - b));
      expect(Bitmap.fromText(bitmap.toText()).toRows()).toEqual(bitmap.toRows());
    }),
    { numRuns: 50 },
  );
});
