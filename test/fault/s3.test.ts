// The S3 backend over a server of our own: what every backend must do, and then over the same server while it fails,
// one fault at a time and all of them by chance (`bun test/fault/run.ts s3` for longer).

import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { bytesOf, type Objects, readAll } from "#adapters/objects/objects";
import { faultOf, objectsConformance } from "#adapters/objects/objects.conformance";
import { s3Objects } from "#adapters/objects/s3/s3";
import { S3_PLACE, type S3Fault, startS3Server } from "./s3-server.ts";
import { s3Soak } from "./s3-soak.ts";

const server = await startS3Server();
afterAll(() => server.close());
const place = { ...S3_PLACE, endpoint: server.endpoint, prefix: "" };
const inS3 = s3Objects(place);
const TIMEOUTS = { responseMsMax: 150, idleMsMax: 150, pauseMs: 1 };
const objects = s3Objects(place, TIMEOUTS);

objectsConformance({ name: "in S3, of our own", objects: () => inS3, streamBytes: 40 * 1024 * 1024 });

describe("an S3 server that fails", () => {
  afterEach(() => (server.choose = () => undefined));

  /** The first requests of a method meet these, the later ones nothing. */
  const failing = (method: string, ...faults: S3Fault[]): void => {
    const left = [...faults];
    server.choose = (asked) => (asked.method === method ? left.shift() : undefined);
  };
  const always = (method: string, fault: S3Fault): void => {
    server.choose = (asked) => (asked.method === method ? fault : undefined);
  };
  const carriedOut = (key: string): number => server.journal.filter((one) => one.key === key).length;
  const text = async (store: Objects, key: string): Promise<string> =>
    Buffer.from(await readAll((await store.get(key)).body)).toString();

  test.each(["500", "503", "409", "400", "cut", "hang"] as const)(
    "%s: a write is sent again",
    async (fault) => {
      const key = `again/${fault}`;
      failing("PUT", fault, fault);
      await objects.put(key, bytesOf("once"), { ifAbsent: true });
      expect([carriedOut(key), await text(objects, key)]).toEqual([1, "once"]);
    },
  );

  test.each(["done then 500", "done then cut", "done then hang"] as const)(
    "%s: a write is looked for, and not done twice",
    async (fault) => {
      for (const conditions of [{}, { ifAbsent: true }]) {
        const key = `ambiguous/${fault}/${Object.keys(conditions).length}`;
        // A kept connection, which the platform would send bytes over again by itself.
        await objects.head("none").catch(() => undefined);
        failing("PUT", fault);
        const put = await objects.put(key, bytesOf("once"), conditions);
        expect([carriedOut(key), await text(objects, key)]).toEqual([1, "once"]);
        await objects.put(key, bytesOf("more"), { ifMatch: put.etag });
        expect(carriedOut(key)).toBe(2);
      }
    },
  );

  test.each(["short body", "turned bit"] as const)("%s: is damage, and says so", async (fault) => {
    await objects.put(`read/${fault}`, bytesOf("x".repeat(5000)));
    always("GET", fault);
    expect(await faultOf(text(objects, `read/${fault}`))).toMatchObject({
      code: "internal",
      message: expect.stringContaining(`read/${fault} is damaged`),
    });
  });

  test("the content of before under the head of now is damage", async () => {
    await objects.put("stale", bytesOf("old"));
    await objects.put("stale", bytesOf("new"));
    always("GET", "stale body");
    expect(await faultOf(text(objects, "stale"))).toMatchObject({ code: "internal" });
  });

  test("a body that breaks is taken up where it broke, until it breaks too often", async () => {
    const content = "line\n".repeat(50_000);
    await objects.put("long", bytesOf(content));
    failing("GET", "broken body", "broken body");
    expect(await text(objects, "long")).toBe(content);
    always("GET", "broken body");
    expect(await faultOf(text(objects, "long"))).toMatchObject({ code: "unavailable" });
  });

  test("a server that hangs for good is given up after its tries", async () => {
    for (const [method, work] of [
      ["PUT", () => objects.put("hangs", bytesOf("x"))],
      ["GET", () => text(objects, "long")],
      ["DELETE", () => objects.remove("long")],
    ] as const) {
      always(method, "hang");
      expect(await faultOf(work())).toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("4 tries: no response"),
      });
    }
  });

  test("a wrong secret is refused", async () => {
    const stranger = s3Objects({ ...place, secretAccessKey: "another" }, TIMEOUTS);
    expect(await faultOf(stranger.put("a", bytesOf("x")))).toMatchObject({ code: "upstream" });
  });

  test("by chance: nothing acknowledged is lost, nothing is done twice, nothing read is another's", async () => {
    const { wrong, acknowledged, injected } = await s3Soak(1, 600);
    expect(wrong).toEqual([]);
    expect(acknowledged).toBeGreaterThan(100);
    expect(injected).toBeGreaterThan(50);
  });
});
