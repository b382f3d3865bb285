import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { dataFiles, isDatabase } from "./data-files.ts";

let data: string;
beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), "data-files-"));
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

test("an object is content whatever its key is; what a service works with is not", async () => {
  const content = [
    "catalog.sqlite",
    "distill/exports/sft/sft-trl-1/sft.jsonl",
    "objects/.a.partial/b",
    "objects/a.partial",
    "objects/deep/yarn.lock",
    "objects/x.sqlite",
    "objects/x.sqlite-wal",
  ];
  const passing = [
    "cache/a",
    "catalog.sqlite-wal",
    "distill/.distill.lock",
    "distill/.still.partial",
    "distill/data/evidence/2026/11/20/.chat.jsonl.12-1.partial",
    "distill/exports/sft/.sft-trl.partial/sft.jsonl",
    "objects.partial/12",
  ];
  for (const path of [...content, ...passing]) {
    mkdirSync(dirname(join(data, path)), { recursive: true });
    writeFileSync(join(data, path), path);
  }
  expect((await dataFiles(data)).map(({ path }) => path)).toEqual(content.toSorted());
  expect(content.filter(isDatabase)).toEqual(["catalog.sqlite"]);
});
