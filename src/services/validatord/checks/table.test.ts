// The table of checks in the documents is the table of the code. It is rewritten with: TABLE=write bun test
// src/services/validatord/checks

import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKS } from "./table.ts";

const DOCUMENT = join(import.meta.dir, "../../../../docs/wire/native.md");
const START = "<!-- the checks: TABLE=write bun test src/services/validatord/checks -->";
const END = "<!-- end of the checks -->";

/** Cells without the blanks that the formatter puts around them. */
const cellsOf = (row: string): string =>
  row
    .split("|")
    .map((cell) => cell.trim())
    .join("|");

test("native.md lists every check", () => {
  const head = ["| code | kind | severity | tests that | law |", "| --- | --- | --- | --- | --- |"];
  const rows = CHECKS.map(
    ({ code, kind, severity, tests, law = "" }) =>
      `| \`${code}\` | ${kind} | ${severity} | ${tests.replaceAll("|", "\\|").replaceAll(/[{}<>[\]]+[^ ,)]*/g, "`$&`")} | ${law} |`,
  );
  const text = readFileSync(DOCUMENT, "utf8");
  const [from, to] = [text.indexOf(START) + START.length, text.indexOf(END)];
  // oxlint-disable-next-line node/no-process-env -- a switch of this test alone
  if (process.env["TABLE"] === "write")
    writeFileSync(
      DOCUMENT,
      `${text.slice(0, from)}\n\n${[...head, ...rows].join("\n")}\n\n${text.slice(to)}`,
    );
  const written = readFileSync(DOCUMENT, "utf8");
  const table = written
    .slice(written.indexOf(START) + START.length, written.indexOf(END))
    .trim()
    .split("\n");
  expect(table.slice(2).map(cellsOf)).toEqual(rows.map(cellsOf));
});
