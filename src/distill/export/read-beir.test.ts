import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAll, writeLogs } from "../root.testing.ts";
import { sampleLogs } from "../accept/sample-logs.ts";
import { readBeir } from "./read-beir.ts";

let root: string;
let folder: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "distill-beir-"));
  const { search = [] } = sampleLogs(10);
  writeLogs(root, { search });
  await runAll(root);
  const [name = ""] = readdirSync(join(root, "exports/rag"));
  folder = join(root, "exports/rag", name);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("a RAG export is read back: documents, judged queries, and those that were held out", async () => {
  const { documents, train, test: held } = await readBeir(folder);
  expect(documents.map(({ id }) => id)).toContain("D-0-1");
  expect([...train, ...held].map(({ id, grade }) => `${id} ${grade}`).sort()).toEqual(
    Array.from({ length: 10 }, (_, n) => `D-${n}-1 2`).sort(),
  );
  expect(train.every(({ query_text }) => query_text.startsWith("word"))).toBe(true);
  const tested = new Set(held.map(({ query_id }) => query_id));
  expect(train.some(({ query_id }) => tested.has(query_id))).toBe(false);
});

test("a judgement of a query that is not there is said with its line", async () => {
  appendFileSync(join(folder, "qrels/train.tsv"), "nobody\tD-1\t1\n");
  const failureOf = (read: string): Promise<string> => readBeir(read).then(() => "none", String);
  expect(await failureOf(folder)).toMatch(/qrels\/train\.tsv, line \d+, is no judgement/);
  expect(await failureOf(root)).toContain("There is no corpus.jsonl");
});
