import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "#lib/random";
import { contentsOf } from "../accept/root-files.ts";
import { sampleLogs } from "../accept/sample-logs.ts";
import { runAll, textOf, writeLogs } from "../root.testing.ts";
import { runStages } from "../stages.ts";
import type { Certificate, Manifest, ProvenanceLine } from "../schemas/reports.ts";
import { certify } from "./certify.ts";
import { checkFile } from "./check.ts";
import { overlapOf } from "./contamination.ts";
import { nearDuplicates } from "./near-duplicates.ts";
import { TARGETS, type Target } from "./targets.ts";
import { traceRow } from "./trace.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "distill-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function folderOf(kind: string): string {
  const parent = kind === "kto" ? "preference" : kind;
  const found = readdirSync(join(root, "exports", parent)).find((name) => name.startsWith(`${kind}-`));
  return join(root, "exports", parent, found ?? "");
}

function jsonLines<T>(path: string): T[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

const exportAs = (target: Target) =>
  runStages(
    { root, runId: `run-${target}`, clock: { now: () => 0 }, gitCommit: null },
    {
      stages: ["materialize", "score", "export"],
      kinds: ["sft", "preference", "kto", "rag"],
      target,
      holdoutPercent: 20,
      against: [],
    },
  );

test("a run exports all eight classes, each row with its way back, and a second run the same bytes", async () => {
  writeLogs(root, sampleLogs(20));
  const receipts = await runAll(root);
  expect(receipts.map(({ stage }) => stage)).toEqual([
    "materialize",
    "score",
    "export-sft",
    "export-preference",
    "export-kto",
    "export-rag",
  ]);
  for (const { stage, in: rowsIn, out } of receipts)
    expect([stage, rowsIn > 0, out > 0]).toEqual([stage, true, true]);
  const folder = folderOf("sft");
  const provenance = [
    ...jsonLines<ProvenanceLine>(join(folder, "sft.jsonl.prov.jsonl")),
    ...jsonLines<ProvenanceLine>(join(folder, "sft.holdout.jsonl.prov.jsonl")),
  ];
  expect(new Set(provenance.map(({ source_class }) => source_class)).size).toBe(8);
  const before = contentsOf(root);
  for (const receipt of await runAll(root, undefined, "run-2"))
    expect(receipt).toMatchObject({ in: 0, out: 0 });
  expect(contentsOf(root)).toEqual(before);
  const traced = await traceRow(root, folder.slice(root.length + 1) + "/sft.jsonl", 0);
  expect(traced.broken).toEqual([]);
  const source = join(root, traced.provenance.source_file);
  writeFileSync(source, readFileSync(source, "utf8").replaceAll("word", "changed"));
  expect((await traceRow(root, folder.slice(root.length + 1) + "/sft.jsonl", 0)).broken).toEqual([
    "the source line has changed",
  ]);
});

test("the order of the logs' lines changes no export", async () => {
  const logs = sampleLogs(10);
  const bytesOf = async (order: (lines: object[]) => object[]): Promise<string[]> => {
    rmSync(root, { recursive: true, force: true });
    writeLogs(root, Object.fromEntries(Object.entries(logs).map(([name, lines]) => [name, order(lines)])));
    await runAll(root);
    const { train, holdout } = {
      train: readFileSync(join(folderOf("sft"), "sft.jsonl"), "utf8"),
      holdout: readFileSync(join(folderOf("sft"), "sft.holdout.jsonl"), "utf8"),
    };
    return [train.split("\n").sort().join("\n"), holdout.split("\n").sort().join("\n")];
  };
  expect(await bytesOf((lines) => lines.toReversed())).toEqual(await bytesOf((lines) => lines));
});

test.each([...TARGETS])("what is written for %s passes the check for it", async (target) => {
  writeLogs(root, sampleLogs(8));
  await exportAs(target);
  for (const kind of ["sft", "preference", ...(target === "openai" ? [] : ["kto"])]) {
    const checked = await checkFile(join(folderOf(kind), `${kind}.jsonl`), target);
    expect(checked).toMatchObject({ kind, problems: [] });
    expect(checked.rows).toBeGreaterThan(0);
  }
});

test.each<[string, string, Target]>([
  ["not JSON", "{", "trl"],
  ["an assistant is missing at the end", '{"messages":[{"role":"user","content":"a"}]}', "trl"],
  ["a key of ours", '{"messages":[{"role":"assistant","content":"a"}],"meta":{}}', "openai"],
  [
    "arguments as an object",
    '{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{}}}]}]}',
    "openai",
  ],
  ["no rows", "", "trl"],
  ["a kind the trainer has not", '{"prompt":"a","completion":"b","label":true}', "openai"],
  [
    "a form of KTO that axolotl has not",
    '{"messages":[{"role":"user","content":"a"}],"completion":{"role":"assistant","content":"b"},"label":true}',
    "axolotl",
  ],
  [
    "two questions in a row, which LLaMA-Factory leaves out",
    '{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"}]}',
    "llamafactory",
  ],
  [
    "an answered prompt of a pair, which LLaMA-Factory leaves out",
    '{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}],"chosen":{"from":"gpt","value":"c"},"rejected":{"from":"gpt","value":"d"}}',
    "llamafactory",
  ],
  ["two shapes", '{"messages":[{"role":"assistant","content":"a"}]}\n{"text":"a"}', "trl"],
])("check finds: %s", async (_, text, target) => {
  const path = join(root, "file.jsonl");
  writeFileSync(path, `${text}\n`.replace(/^\n$/, ""));
  expect((await checkFile(path, target)).problems.length).toBeGreaterThan(0);
});

describe("what never trains a model", () => {
  /** Rows, each with one thing that bars it, and a word that shows where its text comes out. */
  const barredLogs = (count: number): Record<string, object[]> => {
    const random = seeded(99);
    const text = (): string => Array.from({ length: 16 }, () => `w${random.below(9999)}`).join(" ");
    const base = (n: number): Record<string, unknown> => ({
      run_id: `bad-${n}`,
      recorded_at: "2026-11-25T00:00:00Z",
      kind: "email",
      prompt: text(),
      ok: true,
      artifact: `LEAK ${text()}`,
      attempts: [
        { status: "validation_failed", draft: text(), reasons: [{ code: "email.length" }] },
        { status: "accepted", draft: "x" },
      ],
      provider: "ollama",
      model: "qwen3:8b",
    });
    const breaches: readonly ((row: Record<string, unknown>) => object)[] = [
      (row) => ({ ...row, provider: "openai", model: "gpt-5" }),
      (row) => ({ ...row, provider: "ollama", model: "qwen30" }),
      (row) => ({ ...row, provider: "nobody", model: "qwen3" }),
      ({ provider: _p, model: _m, ...row }) => row,
      (row) => ({ ...row, artifact: `LEAK write to ann@example.com ${text()}` }),
      (row) => ({ ...row, artifact: `LEAK call (312) 555-0142 ${text()}` }),
      (row) => ({ ...row, prompt: `LEAK her number is 123-45-6789 ${text()}` }),
      (row) => ({
        ...row,
        ok: false,
        artifact: null,
        attempts: [{ status: "validation_failed", draft: `LEAK ${text()}` }],
      }),
      (row) => ({
        ...row,
        artifact: text(),
        attempts: [
          {
            status: "validation_failed",
            draft: `LEAK ${text()}`,
            reasons: [{ code: "fill.protected_term" }],
          },
        ],
      }),
    ];
    return {
      iterate: Array.from({ length: count }, (_, n) => breaches[n % breaches.length]?.(base(n)) ?? {}),
      message: Array.from({ length: count }, (_, n) => ({
        recorded_at: "2026-11-25T00:00:00Z",
        message_id: `bad-${n}`,
        channel: "email",
        purpose: "offer",
        body: `LEAK ${text()}`,
        by: "template",
        ok: false,
        findings: [{ code: n % 2 === 0 ? "fill.protected_term" : "email.length", severity: "error" }],
      })),
      review: Array.from({ length: count }, (_, n) => ({
        recorded_at: "2026-11-25T00:00:00Z",
        review_id: `bad-${n}`,
        prompt: text(),
        draft: `LEAK ${text()}`,
        rating: 5,
        reviewer: "a judge",
        reviewer_is_model: true,
        provider: "ollama",
        model: "qwen3",
      })),
      search: Array.from({ length: count }, (_, n) => ({
        recorded_at: "2026-11-25T00:00:00Z",
        search_id: `bad-${n}`,
        query_text: `LEAK ${text()} +49 151 2345 6789`,
        hits: [
          { id: "a", text: text() },
          { id: "b", text: text() },
        ],
        chosen: [{ id: "a", score: 1 }],
      })),
    };
  };

  test("is in no export of a thousand rows that are barred, beside rows that are not", async () => {
    const good = sampleLogs(12);
    const bad = barredLogs(250);
    writeLogs(
      root,
      Object.fromEntries(
        Object.entries(good).map(([name, lines]) => [name, [...lines, ...(bad[name] ?? [])]]),
      ),
    );
    await runAll(root);
    const leaks = Object.entries(contentsOf(root))
      .filter(([path]) => path.startsWith("exports/") && !path.startsWith("exports/quarantine/"))
      .filter(([, text]) => text.includes("LEAK"))
      .map(([path]) => path);
    expect(leaks).toEqual([]);
    const manifest = json(join(folderOf("sft"), "manifest.json")) as Manifest;
    expect(Object.keys(manifest.left_out)).toEqual(
      expect.arrayContaining(["teacher_terms", "no_teacher", "personal_data"]),
    );
    const barred = readFileSync(join(root, "exports/quarantine/export-sft.jsonl"), "utf8");
    expect(barred).toContain("LEAK");
  });
});

test("the certificate is true of the finished files, and finds what is planted", async () => {
  writeLogs(root, sampleLogs(30));
  await runAll(root);
  const folder = folderOf("sft");
  const written = json(join(folder, "certificate.json")) as Certificate;
  const again = await certify(folder, "sft", [], written.command.split(" ").at(-1) ?? "");
  expect({ ...again, removed: written.removed }).toEqual(written);
  expect(written).toMatchObject({ overlap_8: 0, overlap_13: 0, groups_on_both_sides: 0 });
  const [held = ""] = readFileSync(join(folder, "sft.holdout.jsonl"), "utf8").split("\n");
  writeFileSync(join(folder, "sft.jsonl"), `${held}\n`, { flag: "a" });
  expect((await certify(folder, "sft", [], "")).overlap_8).toBeGreaterThan(0);
});

test("training rows that overlap a file of --against are taken out", async () => {
  const logs = sampleLogs(20);
  writeLogs(root, logs);
  const [first] = logs["truth"] ?? [];
  const { reason } = first as { reason: string };
  const benchmark = join(root, "benchmark.jsonl");
  writeFileSync(benchmark, textOf([{ text: reason }, { text: "nothing of the kind" }, { text: "nor this" }]));
  const options = { stages: ["materialize", "score", "export"] as const, target: "trl" as const };
  await runStages(
    { root, runId: "run", clock: { now: () => 0 }, gitCommit: null },
    { ...options, kinds: ["sft"], holdoutPercent: 0, against: [benchmark] },
  );
  expect(readFileSync(join(folderOf("sft"), "sft.jsonl"), "utf8")).not.toContain(reason);
  expect((json(join(folderOf("sft"), "certificate.json")) as Certificate).removed).toHaveLength(1);
});

test("n-grams of half of one side's rows are templates and no overlap", () => {
  const template = "please confirm by text that you will be there on time tomorrow";
  const rows = (n: number): string[][] => Array.from({ length: n }, (_, at) => [template, `row ${at}`]);
  expect(overlapOf(rows(4), rows(4), 8)).toMatchObject({ grams: 0, templates: 5 });
  const others = Array.from({ length: 9 }, (_, at) => [`other ${at}`]);
  expect(overlapOf([...rows(1), ...others], [...rows(1), ...others], 8).grams).toBe(5);
});

test("planted near-duplicates of similarity 0.9 and above are found", () => {
  const random = seeded(5);
  const word = (): string => `v${random.below(50_000)}`;
  const originals = Array.from({ length: 400 }, () => Array.from({ length: 120 }, word));
  const texts = originals.map((words) => words.join(" "));
  const planted = originals.map((words) => words.map((each, at) => (at === 40 ? word() : each)).join(" "));
  const found = nearDuplicates([...texts, ...planted]);
  expect(found.slice(0, 400).filter((each) => each !== undefined)).toEqual([]);
  const recalled = found.slice(400).filter((each, at) => each === at).length;
  expect(recalled / 400).toBeGreaterThanOrEqual(0.95);
});
