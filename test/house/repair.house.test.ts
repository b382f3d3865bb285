// Repair after each kind of loss of state: the house refuses to start or reports what is damaged, a dry run names it and
// changes nothing, a repair makes whole what follows from something else and names the rest.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings } from "#config";
import { createLog } from "#lib/log";
import { repair, type RepairLine } from "#topology/upkeep/repair";
import { failureOf, startHouse, startOver, TOPOLOGIES } from "./house.ts";

const quiet = createLog({ level: "error", readable: true, write: () => undefined });
const root = mkdtempSync(join(tmpdir(), "repair-"));
const template = join(root, "template");
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A house with some of everything, killed while it ran. */
beforeAll(async () => {
  const house = await startHouse("together");
  for (const name of ["one", "two", "gone"]) {
    const loaded = await house.ask(`/v1/ingest?dataset=${name}`, {
      method: "POST",
      headers: { "content-type": "text/csv" },
      body: "n\n1\n2\n",
    });
    expect(loaded.status).toBe(201);
  }
  await house.ask("/v1/catalog/datasets/gone", { method: "DELETE" });
  await house.ask("/v1/vectors/points", { method: "PUT", body: JSON.stringify({ dimension: 2 }) });
  await house.json("/v1/vectors/points/upsert", { items: [{ id: "a", vector: [1, 2] }] });
  await house.ask("/v1/storage/mine.bin", { method: "PUT", body: new Uint8Array(200_000).fill(5) });
  const rest: readonly [method: "PUT" | "POST", path: string, body: unknown][] = [
    ["POST", "/v1/journal/events", { type: "order.received", subject: "order-1", data: {} }],
    [
      "POST",
      "/v1/pathway/traces",
      { kind: "order", subject: "Harbor", task: "Fill it", content: "Call first." },
    ],
    [
      "POST",
      "/v1/truth/claims",
      {
        claims: [
          {
            entity: "w1",
            attribute: "phone",
            value: "1",
            source: "crm",
            observed_at: "2026-10-01T09:00:00Z",
          },
        ],
      },
    ],
    ["PUT", "/v1/chat/budgets/someone", { tokens_per_day: 5 }],
    ["PUT", "/v1/observer/rules/errors", { measure: "error_rate", source: "gateway", threshold: 0.05 }],
    ["PUT", "/v1/matrix/corpora/ones", { dataset: "one", id: "n", text: "number {n}" }],
    [
      "POST",
      "/v1/matrix/playbooks/record",
      { query_text: "one", answer_id: "1", answer_corpus: "ones", score: 1, actor: "me" },
    ],
  ];
  for (const [method, path, body] of rest) {
    const reply = await house.ask(path, { method, body: JSON.stringify(body) });
    expect(reply.status, `${path}: ${await reply.text()}`).toBeLessThan(300);
    if (path.includes("corpora"))
      while ((await house.json<{ status: string }>(path)).status !== "ready") await Bun.sleep(20);
  }
  cpSync(house.settings.data, template, {
    recursive: true,
    filter: (path) => !/\.(sock|lock)$|running\.json$/.test(path),
  });
  await house.close();
}, 240_000);

function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 0x40;
  writeFileSync(path, bytes);
}

const catalogFiles = (data: string): string[] =>
  readdirSync(data)
    .filter((name) => name.startsWith("catalog.sqlite"))
    .map((name) => join(data, name));

let copies = 0;
const harmed = (harm: (data: string) => void): string => {
  copies += 1;
  const data = join(root, `copy-${copies}`);
  cpSync(template, data, { recursive: true });
  harm(data);
  return data;
};
const run = async (data: string, dryRun: boolean): Promise<readonly RepairLine[]> => {
  const lines = await repair(readSettings({ data, port: 0, log: "error" }).settings, quiet, { dryRun });
  // Names of files, and never where this machine has them.
  expect(JSON.stringify(lines)).not.toContain(root);
  return lines;
};

async function datasetsOf(data: string): Promise<unknown[]> {
  const house = await startOver("together", data);
  const { datasets } = await house.json<{ datasets: { name: string; rows: number }[] }>(
    "/v1/catalog/datasets",
  );
  await house.stop();
  return datasets.map(({ name, rows }) => [name, rows]);
}

const ALL = [
  ["one", 2],
  ["two", 2],
];

describe("a folder that is whole", () => {
  test("has nothing to repair, and is as it was afterwards", async () => {
    const data = harmed(() => undefined);
    expect(await run(data, true)).toEqual([]);
    expect(await run(data, false)).toEqual([]);
    expect(await datasetsOf(data)).toEqual(ALL);
  }, 240_000);
});

describe("the catalog", () => {
  const LOSSES: Readonly<Record<string, (data: string) => void>> = {
    "is gone with all its files": (data) => catalogFiles(data).forEach((path) => rmSync(path)),
    "has lost its database": (data) => rmSync(join(data, "catalog.sqlite")),
    "is empty": (data) => writeFileSync(join(data, "catalog.sqlite"), ""),
    "is no database": (data) => {
      for (const path of catalogFiles(data)) if (/-(wal|shm)$/.test(path)) rmSync(path);
      writeFileSync(join(data, "catalog.sqlite"), "x".repeat(10_000));
    },
    "has lost its log": (data) =>
      catalogFiles(data)
        .filter((path) => /-(wal|shm)$/.test(path))
        .forEach((path) => rmSync(path)),
  };

  test.each(Object.keys(LOSSES))(
    "%s: the start is refused, and a repair makes it again",
    async (kind) => {
      const data = harmed((folder) => LOSSES[kind]?.(folder));
      expect(await failureOf(startOver("together", data))).toMatch("lakehouse repair");
      const found = await run(data, true);
      expect(found.length).toBeGreaterThan(0);
      expect(found.every(({ remedy, done }) => remedy === "repair" && !done)).toBe(true);
      expect(await failureOf(startOver("together", data))).toMatch("lakehouse repair");
      expect((await run(data, false)).every(({ done }) => done)).toBe(true);
      expect(await run(data, true)).toEqual([]);
      expect(await datasetsOf(data)).toEqual(ALL);
    },
    60_000,
  );
});

/** What holds nothing that was acknowledged, or is made again from what does. */
const PASSING = new Set([
  "cache",
  "format.json",
  "locks",
  "objects.checksums",
  "objects.partial",
  "places",
  "run",
  "spool",
  "vectors.json",
  "witnesses",
]);

test("whatever is gone with all files of its name, found by listing, is named: nothing empty takes its place", async () => {
  const groups = new Set(readdirSync(template).map((name) => name.replace(/(\.sqlite).*/, "$1")));
  const untold: string[] = [];
  for (const group of groups) {
    const data = harmed((copy) => {
      for (const name of readdirSync(copy))
        if (name === group || name.startsWith(`${group}-`) || name.startsWith(`${group}.commits`))
          rmSync(join(copy, name), { recursive: true });
    });
    if ((await run(data, true)).length === 0) untold.push(group);
  }
  expect(untold.filter((group) => !PASSING.has(group)).sort()).toEqual([]);
}, 240_000);

test("an object that rots is named with the remedy of a backup, and nothing else is touched", async () => {
  const data = harmed((folder) => flip(join(folder, "objects", "mine.bin")));
  const lines = await run(data, false);
  expect(lines.map(({ part, name, remedy, done }) => [part, name, remedy, done])).toEqual([
    ["object", "mine.bin", "restore", false],
  ]);
  expect(await datasetsOf(data)).toEqual(ALL);
}, 240_000);

test("damaged checksums of an object are made again, and the object is as it was", async () => {
  const data = harmed((folder) => flip(join(folder, "objects.checksums", "mine.bin")));
  const wanted = [["object", "mine.bin", "repair"]];
  const found = (lines: readonly RepairLine[]): unknown[] =>
    lines.map(({ part, name, remedy }) => [part, name, remedy]);
  expect(found(await run(data, true))).toEqual(wanted);
  const repaired = await run(data, false);
  expect(found(repaired)).toEqual(wanted);
  expect(repaired.every(({ done }) => done)).toBe(true);
  expect(await run(data, true)).toEqual([]);
  expect(readFileSync(join(data, "objects", "mine.bin")).every((byte) => byte === 5)).toBe(true);
}, 240_000);

test("a table whose file is gone is named, with the file", async () => {
  const data = harmed((folder) => {
    const files = join(folder, "objects", "warehouse", "one", "data");
    rmSync(join(files, readdirSync(files)[0] ?? ""));
  });
  const lines = await run(data, true);
  expect(lines.map(({ part, name }) => [part, name])).toContainEqual(["dataset", "one"]);
  expect(lines.every(({ remedy }) => remedy === "restore")).toBe(true);
}, 240_000);

test("a damaged format.json refuses the start, and is written again", async () => {
  const data = harmed((folder) => flip(join(folder, "format.json")));
  expect(await failureOf(startOver("together", data))).toMatch("format.json");
  expect((await run(data, false)).map(({ part, done }) => [part, done])).toEqual([["format", true]]);
  expect(await datasetsOf(data)).toEqual(ALL);
}, 240_000);

test("a folder of a newer format is refused, and one of an older is copied and goes on", async () => {
  const newer = harmed((folder) => {
    const checksum = createHash("sha256").update("lakehouse format 99").digest("hex");
    writeFileSync(join(folder, "format.json"), `${JSON.stringify({ format: 99, checksum })}\n`);
  });
  expect(await failureOf(startOver("together", newer))).toMatch("has format 99");
  const older = harmed((folder) => rmSync(join(folder, "format.json")));
  expect(await datasetsOf(older)).toEqual(ALL);
  expect(readdirSync(join(older, "before-format-1"))).toContain("catalog.sqlite");
  expect(readFileSync(join(older, "format.json"), "utf8")).toContain('"format":1');
}, 240_000);

test("a house that runs is not repaired", async () => {
  const data = harmed(() => undefined);
  const house = await startOver("together", data);
  expect(await failureOf(run(data, true))).toMatch("runs over");
  await house.close();
}, 240_000);

test("an index whose log is damaged fails with that until it is repaired, and keeps what verifies", async () => {
  const data = harmed((folder) => {
    const index = join(folder, "vectors", "points");
    for (const name of readdirSync(index)) if (name.startsWith("log-")) flip(join(index, name));
  });
  for (const topology of TOPOLOGIES) {
    const house = await startOver(topology, data);
    const health = await house.json<{ status: string; services: Record<string, object> }>("/v1/health");
    expect(health.status).toBe("degraded");
    expect(health.services["vectord"]).toMatchObject({
      status: "degraded",
      detail: expect.stringContaining("Damaged: points"),
    });
    await house.stop();
  }
  const found = await run(data, true);
  expect(found.map(({ part, name, remedy }) => [part, name, remedy])).toEqual([
    ["index", "points", "repair"],
  ]);
  const [line] = await run(data, false);
  expect(line).toMatchObject({ done: true });
  expect(line?.result).toMatch(/^1 write /);
  expect(await run(data, true)).toEqual([]);
}, 240_000);
