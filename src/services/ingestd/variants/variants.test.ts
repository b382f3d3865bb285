// A short share of the variants; `npm run faults -- ingest-variants` runs as many as you like.

import { expect, test } from "bun:test";
import { compareVariants, VARIANT_KINDS } from "./judge.testing.ts";
import { recordsOf } from "./reference.testing.ts";

/** A few seconds in all. */
const FILES = { csv: 120, sifted: 4, json: 60, parquet: 20, xlsx: 30 };
const ROWS_MAX = 1000;

test.each(VARIANT_KINDS.map((kind) => [kind, FILES[kind]] as const))(
  "%s: generated files are read as the reference reads them",
  async (kind, files) => {
    const compared = await compareVariants(kind, 1, files, { rowsMax: ROWS_MAX, differencesMax: 10 });
    expect(compared.differences).toEqual([]);
    expect(compared.files).toBe(files);
    // Of files that the sifted way leaves to the careful one none is counted.
    expect(compared.rows).toBeGreaterThan(0);
  },
  240_000,
);

test("the reference reads quotes, doubled quotes and line breaks by RFC 4180", () => {
  const written = {
    delimiter: ",",
    quoting: "needed",
    newline: "\r\n",
    encoding: "utf-8",
    endsWithNewline: true,
    spaced: false,
    header: "whole",
    joined: false,
    end: "",
    above: [],
    drawn: "",
    delimiterAtEnd: false,
  } as const;
  expect(recordsOf('a,b\r\n"x, y","say ""hi"""\r\n\r\n"two\nlines",\r\n', written)).toEqual([
    ["a", "b"],
    ["x, y", 'say "hi"'],
    ["two\nlines", ""],
  ]);
});
