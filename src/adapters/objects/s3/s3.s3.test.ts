// The S3 backend against a real server: the one that LAKEHOUSE_TEST_S3 names, else Ceph's gateway, started here if it
// is installed. Without either the checks are skipped, with the reason.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { s3Missing, type S3Server, startS3 } from "../../../../test/s3/rgw.ts";
import { type S3Settings, s3Objects } from "./s3.ts";
import { faultOf, objectsConformance } from "../objects.conformance.ts";
import { bytesOf, type Objects } from "../objects.ts";

const MIB = 1024 * 1024;
const START_MS_MAX = 180_000;

const missing = s3Missing();

describe.skipIf(missing !== undefined)(`S3${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let server: S3Server;
  let settings: S3Settings;
  let objects: Objects;

  beforeAll(async () => {
    server = await startS3();
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const place = { endpoint, region, accessKeyId, secretAccessKey, pathStyle: true };
    settings = { ...place, bucket: `lab-${randomUUID()}`, prefix: "lake/é" };
    await makeBucket(settings);
    objects = s3Objects(settings);
  }, START_MS_MAX);
  afterAll(() => server.stop(), START_MS_MAX);

  objectsConformance({
    name: "in S3",
    objects: () => objects,
    streamBytes: 256 * MIB,
    memoryBytesMax: 192 * MIB,
  });

  test("a prefix keeps two houses in one bucket apart", async () => {
    const other = s3Objects({ ...settings, prefix: "" });
    await objects.put("mine", bytesOf("x"));
    await other.put("lake-other", bytesOf("x"));
    expect(objects.baseUri).toBe(`s3://${settings.bucket}/lake/é/`);
    expect((await other.head("lake/é/mine")).size).toBe(1);
    expect(await faultOf(objects.head("lake-other"))).toMatchObject({ code: "not_found" });
  });

  test("a wrong secret is refused and shown nowhere", async () => {
    const secretAccessKey = "not-the-secret-canary";
    const wrong = s3Objects({ ...settings, secretAccessKey });
    for (const work of [
      () => wrong.put("a", bytesOf("x")),
      () => wrong.get("a"),
      () => wrong.list({ prefix: "", limit: 1 }),
    ]) {
      const error = await faultOf(work());
      expect(error).toMatchObject({
        code: "upstream",
        message: expect.stringContaining("LAKEHOUSE_S3_SECRET_KEY"),
      });
      const shown = Bun.inspect(error) + JSON.stringify(error);
      expect(shown).not.toContain(secretAccessKey);
      expect(shown).not.toContain("Signature=");
    }
  });

  test("a bucket that is not there is not a missing object", async () => {
    const astray = s3Objects({ ...settings, bucket: "no-such-bucket" });
    for (const work of [
      () => astray.put("a", bytesOf("x")),
      () => astray.get("a"),
      () => astray.list({ prefix: "", limit: 1 }),
    ]) {
      expect(await faultOf(work())).toMatchObject({
        code: "upstream",
        message: expect.stringContaining("NoSuchBucket"),
      });
    }
  });
});

/** Only tests create buckets: in a deployment the owner of the account does. */
async function makeBucket(settings: S3Settings): Promise<void> {
  const { s3Client, S3_TIMEOUTS } = await import("./client.ts");
  const reply = await s3Client(settings, S3_TIMEOUTS).send({ method: "PUT", key: "" });
  expect(reply.status).toBe(200);
  reply.abort();
}
