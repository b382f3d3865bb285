import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { safetensors, type SmallModel, smallTable, wordTokenizer } from "./model.testing.ts";
import { type TokenTable, tokenTable } from "./token-table.ts";

const WORDS = {
  "[UNK]": [0, 0, 0],
  fork: [3, 0, 4],
  "##lift": [0, 5, 0],
  cook: [-1, 0, 0],
  line: [0, 0, -2],
} as const;

function tableOf(model: SmallModel): TokenTable {
  return tokenTable(smallTable(model), wordTokenizer(Object.keys(model.words)));
}

const unit = (numbers: readonly number[]): number[] => {
  const length = Math.hypot(...numbers);
  return numbers.map((number) => number / length);
};

async function vectorOf(table: TokenTable, text: string): Promise<number[]> {
  const [vector = new Float32Array()] = await table.embed([text]);
  return [...vector];
}

function expectNear(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  for (const [at, number] of wanted.entries()) expect(found[at]).toBeCloseTo(number, 5);
}

describe("a text's vector", () => {
  const table = tableOf({ words: WORDS });

  test("is the mean of its tokens', of unit length; words are split and what is unknown is left out", async () => {
    expect([table.dimension, table.tokens]).toEqual([3, 5]);
    expectNear(await vectorOf(table, "Forklift"), unit([3, 5, 4]));
    expectNear(await vectorOf(table, "line  COOK zzz"), unit([-1, 0, -2]));
    expectNear(await vectorOf(table, "cook cook fork"), unit([1, 0, 4]));
  });

  test.each(["F64", "F32", "F16", "I8"] as const)("is the same with numbers of %s", async (dtype) => {
    expectNear(await vectorOf(tableOf({ words: WORDS, dtype }), "forklift line"), unit([3, 5, 2]));
  });

  test("has the weights of its tokens, and shared rows", async () => {
    const weighted = tableOf({ words: WORDS, weights: [0, 2, 1, 1, 1] });
    expectNear(await vectorOf(weighted, "forklift"), unit([6, 5, 8]));
    const shared = tableOf({ words: WORDS, mapping: [0, 1, 2, 3, 3] });
    expectNear(await vectorOf(shared, "line"), [-1, 0, 0]);
  });

  test("without a known token is one that all such texts share", async () => {
    const none = await vectorOf(table, "zzz 日本");
    expectNear(none, [1, 0, 0]);
    expect(await vectorOf(table, "\u{1f600}")).toEqual(none);
    const known = tableOf({ words: { ...WORDS, "[UNK]": [0, 2, 0] } });
    expectNear(await vectorOf(known, "zzz"), [0, 1, 0]);
  });

  test("of any text is finite, of unit length and the same again", async () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 2000 }),
      fc.string({ unit: "binary", maxLength: 900 }),
      fc
        .array(fc.constantFrom("fork", "lift", "cook", " ", "\n", "é", "\ud83d\ude00", "x".repeat(500)))
        .map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const vector = await vectorOf(table, given);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
        expect(await vectorOf(table, given)).toEqual(vector);
      }),
    );
  });

  test("of a long text is that of all of its words", async () => {
    const long = "line cook forklift ".repeat(300);
    expectNear(await vectorOf(table, long), await vectorOf(table, "line cook forklift"));
  });
});

describe("files that make no model", () => {
  const words = wordTokenizer(Object.keys(WORDS));
  const whole = smallTable({ words: WORDS });
  const two = { dtype: "F32", shape: [1, 2], bytes: new Uint8Array(8) };
  const bad: [name: string, table: Uint8Array, tokenizer: string, says: string][] = [
    ["an empty file", new Uint8Array(), words, "too short"],
    ["no safetensors", Buffer.from("PK\x03\x04 something else entirely"), words, "cut off"],
    ["a table that is cut off", whole.subarray(0, whole.length - 1), words, "cut off"],
    ["two tables", safetensors({ a: two, b: two }), words, "holds 2 tables"],
    ["no table", safetensors({ a: { ...two, shape: [2] } }), words, "holds 0 tables"],
    ["other numbers", safetensors({ a: { ...two, dtype: "BF16" } }), words, "BF16"],
    [
      "no numbers",
      safetensors({ a: { ...two, shape: [0, 2], bytes: new Uint8Array() } }),
      words,
      "not taken",
    ],
    ["another tokenizer", whole, '{"model":{"type":"Guess"}}', "tokenizer.json"],
    ["no JSON", whole, "tokens", "tokenizer.json"],
  ];
  test.each(bad)("%s are refused", (_name, table, tokenizer, says) => {
    expect(() => tokenTable(table, tokenizer)).toThrow(says);
  });

  test("whatever their header says", () => {
    const header = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify({ a: value })),
    );
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 40 }), (text, rest) => {
        const json = Buffer.from(text);
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(BigInt(json.length));
        const file = Buffer.concat([length, json, rest]);
        expect(codeOf(() => tokenTable(file, words))).toBe("invalid");
      }),
    );
  });
});

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return "none";
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
