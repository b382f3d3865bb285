// storaged over a real S3 server, where there is one: what the probe finds, that objects have no path, and that objects
// are served with their headers.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { s3Client, S3_TIMEOUTS } from "#adapters/objects/s3/client";
import { s3Objects } from "#adapters/objects/s3/s3";
import { bytesOf, readAll } from "#adapters/objects/objects";
import { storage } from "#contracts/storage";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { s3Missing, type S3Server, startS3 } from "../../../test/s3/rgw.ts";
import { storaged } from "./service.ts";

const START_MS_MAX = 180_000;
const missing = s3Missing();

describe.skipIf(missing !== undefined)(
  `storaged over S3${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    let server: S3Server;
    let service: Service<typeof storage>;

    beforeAll(async () => {
      server = await startS3();
      const settings = { ...server, bucket: `lab-${randomUUID()}`, prefix: "house", pathStyle: true };
      const made = await s3Client(settings, S3_TIMEOUTS).send({ method: "PUT", key: "" });
      expect(made.status).toBe(200);
      made.abort();
      service = local(
        implement(storage, "storaged", (await storaged({ objects: s3Objects(settings) })).handlers),
      );
    }, START_MS_MAX);
    afterAll(() => server.stop(), START_MS_MAX);

    test("the probe finds all that is needed", async () => {
      const probe = await service.probe({});
      expect(probe).toMatchObject({ backend: "s3", status: "ok", if_none_match: true, if_match: true });
      expect(probe.suffix_ranges).toBe(true);
      expect(probe.base_uri).toMatch(/^s3:\/\/lab-[0-9a-f-]+\/house\/$/);
      expect((await service.list({ prefix: ".probe/" })).objects).toEqual([]);
    });

    test("objects are served with their headers, and have no path", async () => {
      const { etag } = await service.put({ key: "a/ü", body: bytesOf("0123456789") });
      const part = await service.get({ key: "a/ü", range: "bytes=-3" });
      expect([part.status, part.headers["etag"], part.headers["content-range"]]).toEqual([
        206,
        `"${etag}"`,
        "bytes 7-9/10",
      ]);
      expect(part.body === null ? "" : Buffer.from(await readAll(part.body)).toString()).toBe("789");
      expect(await service.locate({ key: "a/ü" })).toEqual({ key: "a/ü", size: 10, etag });
      expect((await service.get({ key: "a/ü", if_none_match: `"${etag}"` })).status).toBe(304);
    });
  },
);
