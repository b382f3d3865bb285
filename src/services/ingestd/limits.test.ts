// Files that break readers by their size or their shape: they are loaded, or refused as their sender's fault (413, 422),
// and the next file finds its worker as if nothing had been.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { Fault } from "#rpc/fault";
import { type TestLake, testLake } from "./lake.testing.ts";

const MIB = 1024 * 1024;
let lake: TestLake;
beforeAll(async () => {
  lake = await testLake();
});
afterAll(async () => {
  expect(lake.bugs).toEqual([]);
  await lake.close();
});

async function outcomeOf(dataset: string, file: string | Uint8Array): Promise<string> {
  return lake.load(dataset, file).then(
    ({ rows_loaded: loaded, rows_quarantined: rejected }) => `${loaded} loaded, ${rejected} rejected`,
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );
}

test("a field of 16 MB passes, of one line or of many, in CSV and in JSON", async () => {
  const sentence = "a field, of text here. ";
  for (const [name, text] of [
    ["line", sentence.repeat((16 * MIB) / sentence.length)],
    ["lines", `${sentence.trim()}\n`.repeat((16 * MIB) / sentence.length)],
  ] as const) {
    expect(await outcomeOf(`long_${name}`, `id,doc,qty\n1,"${text}",5\n2,short,6\n3,other,7\n`)).toBe(
      "3 loaded, 0 rejected",
    );
    expect(await lake.rows(`long_${name}`, "SELECT max(length(doc))::INT AS n FROM t")).toEqual([
      { n: text.length },
    ]);
  }
  const json = `{"id":1,"doc":"${"x".repeat(16 * MIB)}"}\n{"id":2,"doc":"y"}\n`;
  expect(await outcomeOf("long_json", json)).toBe("2 loaded, 0 rejected");
}, 240_000);

test.each([
  ["a line of 30 MB", () => "x".repeat(30 * MIB), "rejected"],
  ["cells without an end", () => `id,name\n${"1,".repeat(15 * MIB)}`, "rejected"],
  ["brackets without an end", () => "[".repeat(30 * MIB), "rejected"],
  ["a text without an end", () => `[{"a":"${"x".repeat(30 * MIB)}`, "rejected"],
  ["objects 200,000 deep", () => `${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}\n`, "rejected"],
  [
    "arrays 200,000 deep in one of two rows",
    () => `{"a":1}\n{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}\n`,
    "1 loaded, 1 rejected",
  ],
  ["a gzip bomb", () => gzipSync(Buffer.alloc(80 * MIB, 48)), "too_large"],
  [
    "quotes that are opened in every row",
    () => `id,name,qty\n${'1,2,"abc\n'.repeat(100_000)}`,
    "100000 loaded, 0 rejected",
  ],
  [
    "quotes that open every row",
    () => `id,name,qty\n${'"1,Ann,5\n'.repeat(100_000)}`,
    "100000 loaded, 0 rejected",
  ],
] as const)(
  "%s",
  async (name, make, expected) => {
    expect(await outcomeOf(name.replace(/\W/g, "_"), make())).toBe(expected);
  },
  120_000,
);

test("a thousand columns, and three thousand", async () => {
  for (const width of [1000, 3000]) {
    const rows = Array.from({ length: 60 }, (_, row) =>
      Array.from({ length: width }, (_, at) => (at % 3 === 0 ? `t${row}` : String(row * at))).join(","),
    );
    const header = Array.from({ length: width }, (_, at) => `c${at}`).join(",");
    expect(await outcomeOf(`wide_${width}`, `${header}\n${rows.join("\n")}\n`)).toBe("60 loaded, 0 rejected");
  }
}, 240_000);
