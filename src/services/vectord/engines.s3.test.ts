// The lance engine with its tables in a bucket of a real S3 server: the one suite, and what becomes of tables that no index
// and no snapshot needs. Without a server it is skipped, with the reason.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { s3Client, S3_TIMEOUTS } from "#adapters/objects/s3/client";
import { s3Objects, type S3Settings } from "#adapters/objects/s3/s3";
import type { Fault } from "#rpc/fault";
import { s3Missing, type S3Server, startS3 } from "../../../test/s3/rgw.ts";
import { describeEngine } from "./engine.conformance.ts";
import { type Started, startEngine } from "./engine.testing.ts";
import { STATE_FILE } from "./lance/state.ts";
import { TABLES_PREFIX } from "./snapshots/archive.ts";
import { openStorage, type TestStorage } from "../../../test/lake/storage.ts";

const START_MS_MAX = 180_000;
const missing = s3Missing();

describe.skipIf(missing !== undefined)(`S3${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let server: S3Server;
  let storage: TestStorage;
  let start: () => Promise<Started>;

  beforeAll(async () => {
    server = await startS3();
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const bucket = `lance-${randomUUID()}`;
    const settings: S3Settings = {
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      pathStyle: true,
      bucket,
      prefix: "lake",
    };
    const reply = await s3Client(settings, S3_TIMEOUTS).send({ method: "PUT", key: "" });
    expect(reply.status).toBe(200);
    reply.abort();
    storage = await openStorage(s3Objects(settings));
    const lance = {
      uri: `s3://${bucket}/lake/${TABLES_PREFIX.slice(0, -1)}`,
      storage: {
        aws_access_key_id: accessKeyId,
        aws_secret_access_key: secretAccessKey,
        aws_region: region,
        aws_endpoint: endpoint,
        allow_http: "true",
        aws_virtual_hosted_style_request: "false",
      },
    };
    start = () => startEngine({ storage: storage.service, bucket: lance });
  }, START_MS_MAX);
  afterAll(() => server.stop(), START_MS_MAX);

  const tables = async (): Promise<number> => {
    const keys = (await storage.keys()).filter((key) => key.startsWith(TABLES_PREFIX));
    return new Set(keys.map((key) => key.split("/")[2])).size;
  };

  describeEngine("lance", () => start(), 11_000);

  test("a table is removed with its index, unless a snapshot needs it, and then with the snapshot", async () => {
    const tested = await start();
    const { service } = tested;
    const before = await tables();
    await service.create({ index: "a", dimension: 2, engine: "lance" });
    await service.upsert({ index: "a", items: [{ id: "x", vector: [1, 2] }] });
    await service.snapshot({ index: "a", name: "one" });
    await service.upsert({ index: "a", items: [{ id: "y", vector: [2, 1] }] });
    await service.snapshot({ index: "a", name: "two" });
    expect(await tables()).toBe(before + 1);
    await service.drop({ index: "a" });
    expect(await tables()).toBe(before + 1);
    await service.restore({ index: "a", name: "one" });
    expect((await service.index({ index: "a" })).count).toBe(1);
    await service.restore({ index: "a", name: "two" });
    expect((await service.index({ index: "a" })).count).toBe(2);
    await service.drop({ index: "a" });
    await service.dropSnapshot({ index: "a", name: "one" });
    expect(await tables()).toBe(before + 1);
    await service.dropSnapshot({ index: "a", name: "two" });
    expect(await tables()).toBe(before);
    await tested.close();
  }, 60_000);

  test("a table is removed with its index that does not open", async () => {
    const tested = await start();
    const before = await tables();
    await tested.service.create({ index: "a", dimension: 2, engine: "lance" });
    await tested.service.upsert({ index: "a", items: [{ id: "x", vector: [1, 2] }] });
    await tested.settled("a");
    expect(await tables()).toBe(before + 1);
    await tested.killed((folder) => {
      for (const name of readdirSync(join(folder, "a")))
        if (name !== STATE_FILE) writeFileSync(join(folder, "a", name), "no such file");
    });
    const fault = await tested.service.index({ index: "a" }).catch((error: unknown) => error);
    expect((fault as Fault).code).toBe("internal");
    await tested.service.drop({ index: "a" });
    expect(await tables()).toBe(before);
    await tested.close();
  }, 60_000);
});
