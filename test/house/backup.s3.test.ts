// A backup of a house whose lance tables lie in a bucket of a real S3 server, taken while rows are written, and restored under
// another prefix: the rows of the table and those of the log behind it are there, of one moment, and the first house goes on.
// Without a server it is skipped, with the reason.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { s3Client, S3_TIMEOUTS } from "#adapters/objects/s3/client";
import { readSettings } from "#config";
import { createLog } from "#lib/log";
import { backUp } from "#topology/upkeep/backup";
import { restore } from "#topology/upkeep/restore";
import { s3Missing, type S3Server, startS3 } from "../s3/rgw.ts";
import { startHouse, startOver, type TestHouse } from "./house.ts";

const START_MS_MAX = 180_000;
const DIMENSION = 16;
const ROWS = 3_000;
const missing = s3Missing();
const log = createLog({ level: "error", readable: true });

describe.skipIf(missing !== undefined)(`S3${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  const root = mkdtempSync(join(tmpdir(), "backup-s3-"));
  let server: S3Server;

  beforeAll(async () => {
    server = await startS3();
  }, START_MS_MAX);
  afterAll(async () => {
    await server.stop();
    rmSync(root, { recursive: true, force: true });
  }, START_MS_MAX);

  test("a lance index in a bucket comes back with its table and its log, and the first one goes on", async () => {
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const bucket = `backup-${randomUUID()}`;
    const place = { endpoint, region, accessKeyId, secretAccessKey, pathStyle: true, bucket, prefix: "" };
    (await s3Client(place, S3_TIMEOUTS).send({ method: "PUT", key: "" })).abort();
    const s3 = {
      s3_endpoint: endpoint,
      s3_region: region,
      s3_bucket: bucket,
      s3_access_key: accessKeyId,
      s3_secret_key: secretAccessKey,
      s3_prefix: "house",
    };
    const house = await startHouse("together", s3);
    const shape = JSON.stringify({ dimension: DIMENSION, engine: "lance", fields: { n: "number" } });
    await house.ask("/v1/vectors/deep", { method: "PUT", body: shape });
    for (let at = 0; at < ROWS; at += 500) await upsert(house, at, 500);
    await house.json("/v1/vectors/deep/snapshot", {}, 201);
    await upsert(house, ROWS, 1);

    // Rows go on coming in while it is taken: one more each time, so that their number names the moment.
    let written = ROWS + 1;
    const stopping = new AbortController();
    const writing = (async () => {
      for (; !stopping.signal.aborted; written += 1) await upsert(house, written, 1);
    })();
    const before = written;
    const { id, damaged } = await backUp(house.settings, join(root, "backup"));
    const after = written;
    stopping.abort();
    await writing;
    expect(damaged).toEqual([]);

    const overrides = { ...s3, s3_prefix: "house-again" };
    const data = join(root, "again");
    const { settings } = readSettings({ data, port: 0, log: "error", ...overrides });
    expect((await restore(settings, join(root, "backup"), id, log)).findings).toEqual([]);
    const again = await startOver("together", data, overrides);
    const count = await countOf(again);
    expect(count).toBeGreaterThanOrEqual(before);
    expect(count).toBeLessThanOrEqual(after + 1);
    for (const n of [0, ROWS - 1, ROWS, count - 1]) expect(await nearest(again, n)).toBe(`row-${n}`);

    // Each has a table of its own from here on.
    await upsert(again, count, 1);
    expect(await countOf(again)).toBe(count + 1);
    await again.close();
    expect(await countOf(house)).toBe(written);
    expect(await nearest(house, written - 1)).toBe(`row-${written - 1}`);
    await house.close();
  }, 240_000);
});

/** No two rows are alike, and each is nearest to itself. */
function vectorOf(n: number): number[] {
  return Array.from({ length: DIMENSION }, (_, at) => Math.sin((n + 1) * (at + 1) * 0.7) + 0.1);
}

async function upsert(house: TestHouse, first: number, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, i) => ({
    id: `row-${first + i}`,
    vector: vectorOf(first + i),
    metadata: { n: first + i },
  }));
  await house.json("/v1/vectors/deep/upsert", { items });
}

async function countOf(house: TestHouse): Promise<number> {
  // Exact, since it takes into the table what the log has.
  const { count } = await house.json<{ count: number }>("/v1/vectors/deep/snapshot", {}, 201);
  return count;
}

async function nearest(house: TestHouse, n: number): Promise<string | undefined> {
  const search = { vector: vectorOf(n), k: 1 };
  const { hits } = await house.json<{ hits: { id: string }[] }>("/v1/vectors/deep/search", search);
  return hits[0]?.id;
}
