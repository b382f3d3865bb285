// A backup of a house under load, restored elsewhere: what was acknowledged before it began is in it, nothing that was
// begun after it is, and all of it is of one moment. In both topologies; incremental; found damaged when it is.

import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  cpSync,
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
import { readSettings } from "#config";
import { createLog } from "#lib/log";
import { backUp } from "#topology/upkeep/backup";
import { restore } from "#topology/upkeep/restore";
import { S3_PLACE, startS3Server } from "../fault/s3-server.ts";
import { failureOf, startHouse, startOver, type TestHouse, TOPOLOGIES } from "./house.ts";

const log = createLog({ level: "error", readable: true });
const root = mkdtempSync(join(tmpdir(), "backup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const settingsFor = (data: string) => readSettings({ data, port: 0, log: "error" }).settings;
const csv = { "content-type": "text/csv" };

/** One writer: every step is three writes, each begun once the one before was acknowledged. */
async function writeUntil(house: TestHouse, stopped: () => boolean): Promise<number> {
  let step = 0;
  while (!stopped()) {
    step += 1;
    const put = await house.ask(`/v1/storage/steps/${step}`, { method: "PUT", body: `step ${step}` });
    expect(put.status).toBe(201);
    await house.json("/v1/vectors/steps/upsert", { items: [{ id: `s${step}`, vector: [step, 1] }] });
    const loaded = await house.ask("/v1/ingest?dataset=steps", {
      method: "POST",
      headers: csv,
      body: `n\n${step}\n`,
    });
    expect(loaded.status).toBe(201);
  }
  return step;
}

async function prepare(house: TestHouse): Promise<void> {
  await house.ask("/v1/vectors/steps", { method: "PUT", body: JSON.stringify({ dimension: 2 }) });
  await house.ask("/v1/storage/big.bin", { method: "PUT", body: new Uint8Array(3_000_000).fill(7) });
  await house.ask("/v1/ingest?dataset=fixed", { method: "POST", headers: csv, body: "n\n1\n2\n3\n" });
}

/** One row in the table, and one in the log behind it. */
async function prepareDeep(house: TestHouse): Promise<void> {
  const deep = JSON.stringify({ dimension: 2, engine: "lance" });
  await house.ask("/v1/vectors/deep", { method: "PUT", body: deep });
  await house.json("/v1/vectors/deep/upsert", { items: [{ id: "table", vector: [1, 2] }] });
  await house.json("/v1/vectors/deep/snapshot", {}, 201);
  await house.json("/v1/vectors/deep/upsert", { items: [{ id: "log", vector: [2, 1] }] });
}

interface Counts {
  readonly objects: number;
  readonly vectors: number;
  readonly rows: number;
}

async function countsOf(house: TestHouse): Promise<Counts> {
  const listed = await house.json<{ objects: { key: string }[] }>("/v1/storage?prefix=steps/&limit=1000");
  const { count } = await house.json<{ count: number }>("/v1/vectors/steps");
  const answer = await house.json<{ rows: { n: number }[] }>("/v1/sql", {
    sql: "select count(*) n from steps",
  });
  return { objects: listed.objects.length, vectors: count, rows: Number(answer.rows[0]?.n) };
}

/** Hashes of every object of the house that is older than a moment, by key. */
async function hashesOf(house: TestHouse, before = Infinity): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  let cursor = "";
  do {
    const page = await house.json<{
      objects: { key: string; modified_at: string }[];
      next_cursor?: string;
    }>(`/v1/storage?limit=1000${cursor}`);
    for (const { key, modified_at } of page.objects) {
      if (Date.parse(modified_at) >= before) continue;
      const bytes = await (await house.ask(`/v1/storage/${key}`)).bytes();
      hashes[key] = createHash("sha256").update(bytes).digest("hex");
    }
    cursor = page.next_cursor === undefined ? "" : `&cursor=${encodeURIComponent(page.next_cursor)}`;
  } while (cursor !== "");
  return hashes;
}

describe.each([...TOPOLOGIES])("a backup of a house %s", (topology) => {
  test("under load is of one moment, and what is restored elsewhere is equal", async () => {
    const house = await startHouse(topology);
    const place = join(root, `load-${topology}`);
    await prepare(house);
    await prepareDeep(house);
    let stopped = false;
    const writing = writeUntil(house, () => stopped);
    const reports = [];
    const bounds: [before: Counts, after: Counts][] = [];
    // The first load makes the dataset that is counted.
    while ((await house.ask("/v1/catalog/datasets/steps")).status !== 200) await Bun.sleep(20);
    for (let round = 0; round < 2; round += 1) {
      await Bun.sleep(200);
      const before = await countsOf(house);
      reports.push(await backUp(house.settings, place));
      bounds.push([before, await countsOf(house)]);
    }
    stopped = true;
    await writing;
    const [first, last] = reports;
    // Only what is new is sent, and the big object is not.
    expect(first?.bytesSent).toBeGreaterThan(3_000_000);
    expect(last?.bytesSent).toBeLessThan(3_000_000);
    expect(last?.filesSent).toBeLessThan(last?.files ?? 0);
    expect(reports.flatMap(({ damaged }) => damaged)).toEqual([]);

    const original = await hashesOf(house);
    // Together the older one too: what the newer sent does not change it.
    for (const [at, { id, files }] of reports.entries()) {
      if (topology === "apart" && at === 0) continue;
      const data = join(root, `again-${topology}-${at}`);
      const report = await restore(settingsFor(data), place, id, log);
      expect([report.files, report.findings]).toEqual([files, []]);
      const restoredAt = Date.now();
      const again = await startOver(topology, data);
      const { objects, vectors, rows } = await countsOf(again);
      const { hits } = await again.json<{ hits: { id: string }[] }>("/v1/vectors/deep/search", {
        vector: [1, 2],
      });
      expect(hits.map(({ id }) => id)).toEqual(["table", "log"]);
      const [before, after] = bounds[at] ?? [];
      // Each step was begun after the one before was acknowledged: of one moment are at most one apart.
      expect(objects).toBeGreaterThanOrEqual(before?.objects ?? Infinity);
      expect(objects).toBeLessThanOrEqual((after?.objects ?? 0) + 1);
      expect([0, 1]).toContain(objects - vectors);
      expect([0, 1]).toContain(vectors - rows);
      // A house that runs merges small files, and so writes metadata of its own.
      const restored = await hashesOf(again, restoredAt);
      // Both houses number the versions of a table on from there, the restored one maybe while it is looked over.
      const mutable = (key: string): boolean => /version-hint\.text$|\/v\d+\.metadata\.json$/.test(key);
      // Small files are merged and old metadata goes while the house runs; what is there still is the same.
      const common = Object.keys(restored).filter((key) => !mutable(key) && original[key] !== undefined);
      expect(common.filter((key) => restored[key] !== original[key])).toEqual([]);
      expect(common).toContain("big.bin");
      // It goes on where it was.
      await again.json("/v1/vectors/steps/upsert", { items: [{ id: "more", vector: [1, 2] }] });
      const loaded = await again.ask("/v1/ingest?dataset=steps", {
        method: "POST",
        headers: csv,
        body: "n\n0\n",
      });
      expect(loaded.status).toBe(201);
      expect(await countsOf(again)).toEqual({ objects, vectors: vectors + 1, rows: rows + 1 });
      await again.close();
    }
    await house.close();
  }, 240_000);
});

test("a bucket holds backups, of a house that keeps its objects in a bucket too, and either is restored into either", async () => {
  const server = await startS3Server();
  const s3 = {
    s3_endpoint: server.endpoint,
    s3_region: S3_PLACE.region,
    s3_bucket: S3_PLACE.bucket,
    s3_access_key: S3_PLACE.accessKeyId,
    s3_secret_key: S3_PLACE.secretAccessKey,
    s3_prefix: "house",
  };
  const house = await startHouse("together", s3);
  await prepare(house);
  const place = `s3://${S3_PLACE.bucket}/backups`;
  const { id, damaged } = await backUp(house.settings, place);
  expect(damaged).toEqual([]);
  const again = await backUp(house.settings, place);
  expect(again.filesSent).toBeLessThan(3);
  const original = await hashesOf(house);
  expect(Object.keys(original).length).toBeGreaterThan(5);
  for (const [name, overrides] of Object.entries({
    folder: { ...s3, s3_bucket: "" },
    bucket: { ...s3, s3_prefix: "house-again" },
  })) {
    const data = join(root, `from-bucket-${name}`);
    const { settings } = readSettings({ data, port: 0, log: "error", ...overrides });
    expect((await restore(settings, place, id, log)).findings).toEqual([]);
    const restored = await startOver("together", data, overrides);
    expect(await hashesOf(restored)).toEqual(original);
    const rows = await restored.json<{ rows: unknown }>("/v1/sql", { sql: "select count(*) n from fixed" });
    expect(rows.rows).toEqual([{ n: 3 }]);
    await restored.close();
  }
  await house.close();
  await server.close();
}, 240_000);

test("a backup has what was acknowledged just before it, also when only a database's log does", async () => {
  const house = await startHouse("together");
  const place = join(root, "logged");
  await house.json("/v1/truth/claims", { claims: [claimOf(0)] }, 201);
  await house.ask("/v1/ingest?dataset=staff", {
    method: "POST",
    headers: csv,
    body: "id,role,city,state\na,Welder,Chicago,IL\nb,Welder,Chicago,IL\n",
  });
  const corpus = JSON.stringify({ dataset: "staff", id: "id", text: "{role}" });
  expect((await house.ask("/v1/matrix/corpora/staff", { method: "PUT", body: corpus })).status).toBe(202);
  const fill = {
    fill_id: "f-00000000",
    order_text: "Need 1 welder in Chicago, IL",
    order: { client_id: "c" },
  };
  while ((await house.ask("/v1/fills", { method: "POST", body: JSON.stringify(fill) })).status !== 201)
    await Bun.sleep(50);
  for (let round = 1; round <= 3; round += 1) {
    await house.json("/v1/truth/claims", { claims: [claimOf(round)] }, 201);
    const { id } = await backUp(house.settings, place);
    const data = join(root, `logged-${round}`);
    expect((await restore(settingsFor(data), place, id, log)).findings).toEqual([]);
    const again = await startOver("together", data);
    const { claims } = await again.json<{ claims: { value: number }[] }>("/v1/truth/claims?entity=logged");
    expect(claims.map(({ value }) => value).sort((a, b) => a - b)).toEqual(
      Array.from({ length: round + 1 }, (_, at) => at),
    );
    expect((await again.ask("/v1/fills/f-00000000")).status).toBe(200);
    await again.close();
  }
  await house.close();
}, 240_000);

function claimOf(value: number): object {
  return {
    entity: "logged",
    attribute: "a",
    value,
    source: `s${value}`,
    observed_at: "2026-11-21T12:00:00Z",
  };
}

test("everything of a house is for its user alone, and a backup too", async () => {
  const house = await startHouse("together");
  await prepare(house);
  const place = join(root, "modes");
  await backUp(house.settings, place);
  for (const folder of [house.settings.data, place]) {
    const open = readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => (statSync(path).mode & 0o077) !== 0);
    expect(open).toEqual([]);
    expect(statSync(folder).mode & 0o077).toBe(0);
  }
  await house.close();
}, 240_000);

test("a backup that is damaged, or that has lost a content, is not restored as if it were whole", async () => {
  const house = await startHouse("together");
  await prepare(house);
  const place = join(root, "harmed");
  const { id } = await backUp(house.settings, place);
  await house.close();
  const contents = readdirSync(join(place, "store", "blobs"), {
    recursive: true,
    withFileTypes: true,
  }).filter((entry) => entry.isFile());
  expect(contents.length).toBeGreaterThan(5);
  for (const [at, { parentPath, name }] of contents.entries()) {
    const path = join(parentPath, name);
    const bytes = readFileSync(path);
    if (bytes.length === 0) continue;
    const harmed = Buffer.from(bytes);
    const byte = Math.floor(bytes.length / 2);
    harmed[byte] = (harmed[byte] ?? 0) ^ 0x40;
    writeFileSync(path, harmed);
    const data = join(root, `harmed-${at}`);
    expect(await failureOf(restore(settingsFor(data), place, id, log))).toMatch(/damaged|lacks/);
    // No house starts over what is half there, and the restore goes on once the content is whole again.
    expect(await failureOf(startOver("together", data))).toMatch("did not come to its end");
    writeFileSync(path, bytes);
    if (at === 0) expect((await restore(settingsFor(data), place, id, log)).findings).toEqual([]);
    rmSync(data, { recursive: true, force: true });
  }
  expect(await failureOf(restore(settingsFor(join(root, "none")), place, "2001", log))).toMatch(id);
}, 240_000);

test("a plain copy of a running house starts when it is whole, and is refused with advice when it is torn", async () => {
  const house = await startHouse("together");
  await prepare(house);
  const copied = (name: string): string => {
    const data = join(root, name);
    cpSync(house.settings.data, data, { recursive: true, filter: (path) => !path.endsWith(".sock") });
    return data;
  };
  const whole = await startOver("together", copied("copy-whole"));
  expect((await whole.json<{ count: number }>("/v1/vectors/steps")).count).toBe(0);
  const torn = copied("copy-torn");
  await house.close();
  await whole.close();
  const tables = join(torn, "objects", "warehouse", "fixed", "data");
  const [file = ""] = readdirSync(tables);
  truncateSync(join(tables, file), 10);
  for (let tries = 0; tries < 2; tries += 1) {
    expect(await failureOf(startOver("together", torn))).toMatch(
      /torn: .*lakehouse backup DEST.*lakehouse restore/s,
    );
  }
}, 240_000);
