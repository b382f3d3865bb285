import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { canonicalJson } from "#lib/canonical-json";
import { Fault } from "#rpc/fault";
import { canMount, fill, mountDisk } from "../../../test/fault/space.ts";
import { sha256Hex } from "../files/digest.ts";
import { contentsOf } from "../accept/root-files.ts";
import { sampleLogs } from "../accept/sample-logs.ts";
import { CLOCK, runAll, textOf, writeLogs } from "../root.testing.ts";
import type { Evidence } from "../schemas/evidence.ts";
import type { Receipt } from "../schemas/reports.ts";
import { runStages } from "../stages.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "distill-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const LOGS = sampleLogs(6);
const materialized = async (): Promise<Receipt> => {
  const [receipt] = await runAll(root, ["materialize"]);
  if (receipt === undefined) throw new Error("there is no receipt");
  return receipt;
};

function rowsOf(folder = "data/evidence/"): Evidence[] {
  return Object.entries(contentsOf(root))
    .filter(([path]) => path.startsWith(folder) && path.endsWith(".jsonl"))
    .flatMap(([, text]) =>
      text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Evidence),
    );
}

interface Entry {
  readonly reason: string;
  readonly line_offset: number;
  readonly raw: string;
  readonly encoding: string;
}

function quarantine(): Entry[] {
  return readFileSync(join(root, "exports/quarantine/materialize.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}

test("each of the twelve logs becomes evidence that leads back to its line, the first one too", async () => {
  writeLogs(root, LOGS);
  const receipt = await materialized();
  expect(receipt).toMatchObject({ in: 72, out: 72, duplicates: 0, quarantined: 0 });
  const rows = rowsOf();
  expect(new Set(rows.map(({ kind }) => kind)).size).toBe(12);
  expect(rows.filter(({ provenance }) => provenance.line_offset === 0)).toHaveLength(12);
  for (const row of rows) {
    const { source_file, line_offset, source_sha256 } = row.provenance;
    const line = readFileSync(join(root, source_file), "utf8").split("\n")[line_offset] ?? "";
    expect(sha256Hex(line)).toBe(source_sha256);
    const { evidence_id, provenance, ...rest } = row;
    const { recorded_at: _at, ...kept } = provenance;
    expect(sha256Hex(canonicalJson({ ...rest, provenance: kept }))).toBe(evidence_id);
    expect(Object.keys(row).slice(0, 6)).toEqual([
      "schema",
      "evidence_id",
      "kind",
      "source_class",
      "task",
      "input",
    ]);
  }
});

test("a root without a source log says what writes them", async () => {
  expect((await materialized()).notes.join()).toContain("lakehouse distill capture");
  writeLogs(root, LOGS);
  expect((await materialized()).notes.join()).not.toContain("capture");
});

test("a row lies under the day of its line, by UTC", async () => {
  writeLogs(root, { truth: [{ ...LOGS["truth"]?.[0], recorded_at: "2026-11-20T23:30:00-05:00" }] });
  await materialized();
  expect(Object.keys(contentsOf(root))).toContain("data/evidence/2026/11/21/truth.jsonl");
  expect(rowsOf()[0]?.provenance.recorded_at).toBe("2026-11-21T04:30:00.000Z");
});

test("a second run writes nothing, and an appended line only itself", async () => {
  writeLogs(root, LOGS);
  await materialized();
  const before = contentsOf(root);
  expect(await materialized()).toMatchObject({ in: 0, out: 0, totals: { in: 72, out: 72 } });
  expect(contentsOf(root)).toEqual(before);
  appendFileSync(join(root, "data/_kb/truth.jsonl"), textOf(sampleLogs(1, 7)["truth"] ?? []));
  expect(await materialized()).toMatchObject({ in: 1, out: 1, totals: { in: 73, out: 73 } });
});

test("logs in pieces make the bytes that logs at once make", async () => {
  const whole = mkdtempSync(join(tmpdir(), "distill-"));
  try {
    const logs = sampleLogs(20);
    writeLogs(whole, logs);
    await runAll(whole, ["materialize"]);
    for (const upTo of [1, 7, 8, 20]) {
      writeLogs(
        root,
        Object.fromEntries(Object.entries(logs).map(([name, lines]) => [name, lines.slice(0, upTo)])),
      );
      await materialized();
    }
    expect(rowsOf().length).toBe(240);
    const [inPieces, atOnce] = [contentsOf(root), contentsOf(whole)];
    expect(inPieces).toEqual(atOnce);
  } finally {
    rmSync(whole, { recursive: true, force: true });
  }
});

describe("lines that are no evidence", () => {
  test("go to quarantine with their bytes, whatever they are", async () => {
    const good = LOGS["truth"]?.[0] ?? {};
    const lines: (string | Uint8Array)[] = [
      JSON.stringify(good),
      '{"broken',
      Uint8Array.from([0xff, 0xfe, 0x41]),
      "[1,2]",
      "null",
      JSON.stringify({ ...good, schema: "truth.v9" }),
      JSON.stringify({ ...good, entity: 7 }),
      JSON.stringify({ ...good, recorded_at: "yesterday" }),
      JSON.stringify({ ...good, value: "\ud800" }),
    ];
    writeLogs(root, {});
    writeFileSync(
      join(root, "data/_kb/truth.jsonl"),
      Buffer.concat(lines.map((line) => Buffer.concat([Buffer.from(line), Buffer.from("\n")]))),
    );
    writeFileSync(join(root, "data/_kb/unheard_of.jsonl"), '{"a":1}\n');
    const receipt = await materialized();
    expect(receipt.in).toBe(receipt.out + receipt.duplicates + receipt.quarantined);
    expect(quarantine().map(({ reason, line_offset }) => `${line_offset} ${reason}`)).toEqual([
      "1 not_json",
      "2 not_utf8",
      "3 not_an_object",
      "4 not_an_object",
      "5 unknown_schema",
      "6 schema: entity",
      "7 schema: recorded_at",
      "0 no_transform",
    ]);
    for (const { raw, encoding, line_offset, reason } of quarantine()) {
      if (reason === "no_transform") continue;
      expect(Buffer.from(raw, encoding === "base64" ? "base64" : "utf8")).toEqual(
        Buffer.from(lines[line_offset] ?? ""),
      );
    }
    expect(statSync(join(root, "exports/quarantine/materialize.jsonl")).mode & 0o777).toBe(0o600);
    expect(await materialized()).toMatchObject({ in: 0, quarantined: 0 });
    expect(quarantine()).toHaveLength(8);
  });

  test("a line of 100 MB is copied into quarantine, and the lines around it are evidence", async () => {
    const [first, second] = LOGS["truth"] ?? [];
    const long = `{"entity":"${"x".repeat(100_000_000)}"}`;
    writeLogs(root, {});
    writeFileSync(
      join(root, "data/_kb/truth.jsonl"),
      `${JSON.stringify(first)}\n${long}\n${JSON.stringify(second)}\n`,
    );
    expect(await materialized()).toMatchObject({ in: 3, out: 2, quarantined: 1 });
    const [entry] = quarantine();
    expect(entry?.reason).toBe("line_too_long");
    expect(Buffer.from(entry?.raw ?? "", "base64").equals(Buffer.from(long))).toBe(true);
    expect(rowsOf().map(({ provenance }) => provenance.line_offset)).toEqual([0, 2]);
  });

  test("whatever the lines, counts add up and a second run changes nothing", async () => {
    const line = fc.oneof(
      fc.constantFrom(...(LOGS["truth"] ?? []).map((each) => JSON.stringify(each))),
      fc.json(),
      fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", " ")),
      fc.constant(""),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.boolean(), async (lines, ends) => {
        rmSync(root, { recursive: true, force: true });
        writeLogs(root, {});
        writeFileSync(join(root, "data/_kb/truth.jsonl"), lines.join("\n") + (ends ? "\n" : ""));
        const receipt = await materialized();
        const said = lines.filter((each) => each !== "" && each !== "\r");
        expect(receipt.in).toBe(said.length);
        const before = contentsOf(root);
        await materialized();
        expect(contentsOf(root)).toEqual(before);
      }),
      { numRuns: 12 },
    );
  });
});

test("a line that stood earlier in the same file is a duplicate, and no other is", async () => {
  const lines = LOGS["truth"] ?? [];
  writeLogs(root, { truth: [...lines, ...lines.slice(0, 2)] });
  expect(await materialized()).toMatchObject({ in: 8, out: 6, duplicates: 2 });
  appendFileSync(join(root, "data/_kb/truth.jsonl"), textOf(lines.slice(2, 3)));
  expect(await materialized()).toMatchObject({ in: 1, out: 0, duplicates: 1 });
});

test.each([
  ["another first line", (lines: object[]) => [{ ...lines[0], reason: "another" }, ...lines.slice(1)]],
  ["fewer lines", (lines: object[]) => lines.slice(2)],
  ["none", () => []],
])("a source that was rewritten in place with %s is read again", async (_, change) => {
  writeLogs(root, LOGS);
  await materialized();
  const changed = { ...LOGS, truth: change(LOGS["truth"] ?? []) };
  writeLogs(root, changed);
  const receipt = await materialized();
  expect(receipt.notes.join()).toContain("truth.jsonl was rewritten in place");
  const again = contentsOf(root);
  rmSync(root, { recursive: true, force: true });
  writeLogs(root, changed);
  await materialized();
  expect(again).toEqual(contentsOf(root));
});

test("a source that becomes shorter while it is read is a clear error, and nothing half is written", async () => {
  const [line] = LOGS["truth"] ?? [];
  const many = Array.from({ length: 30_000 }, (_, n) => ({ ...line, entity: `worker/${n}` }));
  writeLogs(root, { truth: many });
  const path = join(root, "data/_kb/truth.jsonl");
  const run = {
    root,
    runId: "run-1",
    clock: CLOCK,
    gitCommit: null,
    onProgress: () => truncateSync(path, 500),
  };
  const options = { kinds: [], target: "trl", holdoutPercent: 10, against: [] } as const;
  const failed = await runStages(run, { ...options, stages: ["materialize"] }).catch(
    (error: unknown) => error,
  );
  expect(failed).toBeInstanceOf(Fault);
  expect((failed as Fault).message).toContain("truth.jsonl became shorter while it was read");
  expect(Object.keys(contentsOf(root))).toEqual(["data/_kb/truth.jsonl"]);
  writeLogs(root, { truth: many.slice(0, 5) });
  expect(await materialized()).toMatchObject({ in: 5, out: 5 });
});

describe.skipIf(!canMount())("on a disk that is full (needs root on Linux)", () => {
  test("a stage says so, nothing is half written, and the next run makes up for it", async () => {
    const { disk, unmount } = mountDisk(8);
    try {
      writeLogs(disk, LOGS);
      fill(disk, 40_000);
      const failed = await runAll(disk).catch((error: unknown) => error);
      expect((failed as Fault).message).toContain("The disk is full");
      expect(Object.keys(contentsOf(disk)).filter((path) => path.includes(".partial"))).toEqual([]);
      rmSync(join(disk, "filler"), { force: true });
      for (const name of readdirSync(disk))
        if (name !== "data" && name !== "exports") rmSync(join(disk, name), { recursive: true });
      await runAll(disk);
      writeLogs(root, LOGS);
      await runAll(root);
      expect(contentsOf(disk)).toEqual(contentsOf(root));
    } finally {
      unmount();
    }
  });
});

test("a last line that was not whole yet is taken once it is", async () => {
  const [first, second] = (LOGS["truth"] ?? []).map((line) => JSON.stringify(line));
  writeLogs(root, {});
  const path = join(root, "data/_kb/truth.jsonl");
  writeFileSync(path, `${first}\n${second?.slice(0, 40)}`);
  expect(await materialized()).toMatchObject({ out: 1, quarantined: 1 });
  appendFileSync(path, `${second?.slice(40)}\n`);
  expect((await materialized()).totals).toMatchObject({ in: 2, out: 2, quarantined: 0 });
  expect(rowsOf()).toHaveLength(2);
  truncateSync(path, statSync(path).size - 1);
  await materialized();
  expect(rowsOf()).toHaveLength(2);
});

test("rows of an older program stay as they are, and the new ones follow them", async () => {
  writeLogs(root, LOGS);
  const older = '{"schema":"evidence.v0","task":"older","line_offset":3,"unheard":[0,"",false]}\n';
  const path = join(root, "data/evidence/2026/11/20/truth.jsonl");
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, older);
  await materialized();
  await materialized();
  const text = readFileSync(path, "utf8");
  expect(text.startsWith(older)).toBe(true);
  expect(text.split("\n").filter((line) => line !== "")).toHaveLength(7);
});

test("what was read may be forgotten: no row is written twice", async () => {
  writeLogs(root, LOGS);
  await materialized();
  const before = rowsOf().map(({ evidence_id }) => evidence_id);
  rmSync(join(root, "data/evidence/.materialize.json"));
  expect(await materialized()).toMatchObject({ in: 72, out: 72 });
  expect(rowsOf().map(({ evidence_id }) => evidence_id)).toEqual(before);
});

test("a line without a time stands under its file's day, and the receipt says so", async () => {
  const { recorded_at: _, ...undated } = (LOGS["truth"]?.[0] ?? {}) as { recorded_at?: string };
  writeLogs(root, { truth: [undated] });
  const receipt = await materialized();
  expect(receipt.detail["undated"]).toBe(1);
  expect(receipt.notes.join()).toContain("no recorded_at");
  expect(rowsOf()).toHaveLength(1);
});
