import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { hashedModel } from "./hashed.ts";
import { PREFIX_CHARS_MAX, readModelChoice } from "./model-choice.ts";
import { prefixed } from "./prefixed.ts";

const NONE = { query: "", document: "" };

describe("a model in the settings", () => {
  test("has a provider, a name, and prefixes written as in an address", () => {
    expect(readModelChoice("hashed-v1")).toEqual({ provider: "hashed", name: "hashed-v1", prefixes: NONE });
    expect(readModelChoice("ollama/library/e5:latest")).toEqual({
      provider: "ollama",
      name: "library/e5:latest",
      prefixes: NONE,
    });
    expect(
      readModelChoice("openai/nomic?query_prefix=search_query:+&document_prefix=search%2C%20document:%0A"),
    ).toEqual({
      provider: "openai",
      name: "nomic",
      prefixes: { query: "search_query: ", document: "search, document:\n" },
    });
  });

  test("with any prefixes is read back as it was written", () => {
    const prefix = fc.string({ unit: "grapheme", maxLength: 40 });
    fc.assert(
      fc.property(prefix, prefix, (query, document) => {
        const written = new URLSearchParams({ query_prefix: query, document_prefix: document });
        expect(readModelChoice(`ollama/m?${written}`)?.prefixes).toEqual({ query, document });
      }),
    );
  });

  test.each([
    "hashed-v2",
    "ollama/",
    "ollama/m?",
    "hashed-v1?query_prefix=a",
    "ollama/m?prefix=a",
    "ollama/m?query_prefix=a&query_prefix=b",
    `ollama/m?query_prefix=${"a".repeat(PREFIX_CHARS_MAX + 1)}`,
    "ollama/two words",
  ])("that is written %s is none", (text) => {
    expect(readModelChoice(text)).toBeUndefined();
  });
});

test("prefixes are part of a model's name, and none leave it as it is", () => {
  const model = hashedModel();
  expect(prefixed(model, NONE)).toBe(model);
  const pairs = [
    { query: "a", document: "b" },
    { query: "b", document: "a" },
    { query: "ab", document: "" },
    { query: "", document: "ab" },
  ];
  const names = pairs.map((prefixes) => prefixed(model, prefixes).name);
  expect(new Set(names).size).toBe(pairs.length);
  for (const name of names) expect(name).toMatch(/^hashed-v1#[0-9a-f]{8}$/);
  expect(prefixed(model, { query: "a", document: "b" }).name).toBe(names[0] ?? "");
});
