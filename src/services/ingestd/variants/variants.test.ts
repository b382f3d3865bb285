// A short share of the variants; `npm run faults -- ingest-variants` runs as many as you like.

import { expect, test } from "bun:test";
import { compareVariants } from "./compare.testing.ts";
import { recordsOf } from "./reference.testing.ts";

/** A few seconds. */
const FILES = 120;
const ROWS_MAX = 1000;

test("files of every dialect, with odd values at every place, are read as the reference reads them", async () => {
  const { differences, files } = await compareVariants(1, FILES, { rowsMax: ROWS_MAX, differencesMax: 10 });
  expect(differences).toEqual([]);
  expect(files).toBe(FILES);
}, 240_000);

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
