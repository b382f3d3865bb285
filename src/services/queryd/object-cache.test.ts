import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storage } from "#contracts/storage";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { objectCache, type RemoteObject } from "./object-cache.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const setUp = (objects: Record<string, string>, bytesMax = 1000) => {
  const folder = join(mkdtempSync(join(tmpdir(), "queryd-cache-")), "objects");
  folders.push(folder);
  let fetches = 0;
  const handlers: Pick<Handlers<typeof storage>, "get"> = {
    get: async ({ key }) => {
      fetches += 1;
      await Bun.sleep(5);
      const text = objects[key];
      if (text === undefined) throw new Fault("not_found", `There is no object ${key}.`);
      return { status: 200, headers: {}, body: new Response(text).body as ReadableStream<Uint8Array> };
    },
  };
  const service = local(implement({ get: storage.get }, "storaged", handlers)) as unknown as Parameters<
    typeof objectCache
  >[0];
  const object = (key: string, sha256?: string): RemoteObject => ({
    key,
    etag: `"${key}"`,
    bytes: objects[key]?.length ?? 0,
    sha256:
      sha256 ??
      createHash("sha256")
        .update(objects[key] ?? "")
        .digest("hex"),
  });
  return { folder, object, open: () => objectCache(service, folder, bytesMax), fetches: () => fetches };
};

const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no fault",
    (thrown: unknown) => thrown,
  );

describe("the object cache", () => {
  test("fetches an object once, however many ask, and keeps it over a restart", async () => {
    const { object, open, fetches } = setUp({ "a/b.parquet": "hello" });
    const cache = open();
    const paths = await Promise.all([1, 2, 3].map(() => cache.path(object("a/b.parquet"), {})));
    expect(new Set(paths).size).toBe(1);
    expect(readFileSync(paths[0] ?? "", "utf8")).toBe("hello");
    expect(await open().path(object("a/b.parquet"), {})).toBe(paths[0] ?? "");
    expect(fetches()).toBe(1);
  });

  test("a copy of an earlier run that the disk changed is fetched again", async () => {
    const { object, open, fetches } = setUp({ "a/b.parquet": "hello" });
    const path = await open().path(object("a/b.parquet"), {});
    for (const damage of ["jello", "hell", ""]) {
      writeFileSync(path, damage);
      const cache = open();
      await Promise.all([1, 2].map(() => cache.path(object("a/b.parquet"), {})));
      expect(readFileSync(path, "utf8")).toBe("hello");
    }
    expect(fetches()).toBe(4);
  });

  test("keeps nothing whose checksum is wrong", async () => {
    const { folder, object, open } = setUp({ a: "hello" });
    const wanted = open().path(object("a", "0".repeat(64)), {});
    expect(await faultOf(wanted)).toMatchObject({
      code: "internal",
      message: expect.stringContaining("Object a is damaged"),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("gives up the least recently used when it is full, and what was left half written", async () => {
    const { folder, object, open } = setUp({ a: "x".repeat(400), b: "y".repeat(400), c: "z".repeat(400) });
    const cache = open();
    const a = await cache.path(object("a"), {});
    const b = await cache.path(object("b"), {});
    await cache.path(object("a"), {});
    await cache.path(object("c"), {});
    expect([existsSync(a), existsSync(b)]).toEqual([true, false]);
    writeFileSync(join(folder, "half.partial"), "ha");
    open();
    expect(existsSync(join(folder, "half.partial"))).toBe(false);
  });

  test("refuses what can never fit, and passes on what storage says", async () => {
    const { object, open } = setUp({ a: "x".repeat(2000) });
    expect(await faultOf(open().path(object("a"), {}))).toMatchObject({ code: "rejected" });
    expect(await faultOf(open().path(object("b"), {}))).toMatchObject({ code: "not_found" });
  });

  test("tells objects without a checksum apart by key and etag", async () => {
    const { open, fetches } = setUp({ a: "1", b: "2" });
    const cache = open();
    const plain = (key: string, etag: string): RemoteObject => ({ key, etag, bytes: 1 });
    const paths = [
      await cache.path(plain("a", "1"), {}),
      await cache.path(plain("a", "2"), {}),
      await cache.path(plain("b", "1"), {}),
      await cache.path(plain("a", "1"), {}),
    ];
    expect(new Set(paths).size).toBe(3);
    expect(fetches()).toBe(3);
  });
});
