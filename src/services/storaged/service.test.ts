import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskObjects } from "#adapters/objects/disk/disk";
import { memoryObjects } from "#adapters/objects/memory.testing";
import { bytesOf, type Objects, readAll } from "#adapters/objects/objects";
import { faultOf } from "#adapters/objects/objects.conformance";
import { OBJECT_BYTES_MAX, storage } from "#contracts/storage";
import type { Service } from "#rpc/contract";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { storaged } from "./service.ts";

const MIB = 1024 * 1024;
const closing: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

interface Daemon {
  readonly service: Service<typeof storage>;
  readonly url: string;
}

async function daemonOver(objects: Objects, adoptFrom?: string): Promise<{ near: Daemon; far: Daemon }> {
  const implementation = implement(
    storage,
    "storaged",
    (await storaged({ objects, ...(adoptFrom === undefined ? {} : { adoptFrom }) })).handlers,
    { checkOutputs: true },
  );
  const at = { hostname: "127.0.0.1", port: 0 };
  const listener = listen({ origin: "storaged", at, routes: routes(implementation) });
  closing.push(() => listener.stop(0));
  const url = `http://127.0.0.1:${listener.port}`;
  return {
    near: { service: local(implementation), url },
    far: { service: remote(storage, { url }, { origin: "storaged" }), url },
  };
}

const folder = mkdtempSync(join(tmpdir(), "storaged-"));
closing.push(() => rmSync(folder, { recursive: true, force: true }));
const inMemory = await daemonOver(memoryObjects());
const spool = join(folder, "spool");
mkdirSync(spool);
const onDisk = await daemonOver(await diskObjects(join(folder, "objects")), spool);

describe.each([
  ["in process, in memory", inMemory.near],
  ["over HTTP, in memory", inMemory.far],
  ["in process, on disk", onDisk.near],
  ["over HTTP, on disk", onDisk.far],
])("storaged %s", (name, { service }) => {
  const folder = name.replaceAll(/[^a-z]+/gi, "-");
  const put = (
    key: string,
    content: string,
    conditions: { if_none_match?: string; if_match?: string } = {},
  ) => service.put({ key: `${folder}/${key}`, ...conditions, body: bytesOf(content) });
  const get = (key: string, conditions: { range?: string; if_none_match?: string } = {}) =>
    service.get({ key: `${folder}/${key}`, ...conditions });
  const textOf = async (body: ReadableStream<Uint8Array> | null): Promise<string> =>
    body === null ? "" : Buffer.from(await readAll(body)).toString();

  test("stores objects, and serves whole ones and ranges with their headers", async () => {
    const { key, size, etag } = await put("a/ü.txt", "0123456789");
    expect([key, size]).toEqual([`${folder}/a/ü.txt`, 10]);
    const whole = await get("a/ü.txt");
    expect([whole.status, whole.headers["etag"], whole.headers["content-length"]]).toEqual([
      200,
      `"${etag}"`,
      "10",
    ]);
    expect(whole.headers["accept-ranges"]).toBe("bytes");
    expect(await textOf(whole.body)).toBe("0123456789");
    const ranges: [string, string, string][] = [
      ["bytes=2-4", "234", "bytes 2-4/10"],
      ["bytes=7-", "789", "bytes 7-9/10"],
      ["bytes=-3", "789", "bytes 7-9/10"],
      ["bytes=8-99999999999999999999999", "89", "bytes 8-9/10"],
    ];
    for (const [range, text, contentRange] of ranges) {
      const part = await get("a/ü.txt", { range });
      expect([part.status, part.headers["content-range"], await textOf(part.body)]).toEqual([
        206,
        contentRange,
        text,
      ]);
    }
  });

  test.each([
    "bytes=10-",
    "bytes=4-2",
    "bytes=-0",
    "bytes=-",
    "bytes=0-1,3-4",
    "rows=1-2",
    "bytes=99999999999999999999-",
  ])("the range %p is invalid", async (range) => {
    await put("ranged", "0123456789");
    expect(await faultOf(get("ranged", { range }))).toMatchObject({ code: "invalid" });
  });

  test("If-None-Match on a read takes a list, weak etags and a star", async () => {
    const { etag } = await put("known", "x");
    for (const same of [`"${etag}"`, `"other", "${etag}"`, `W/"${etag}"`, "*"]) {
      const reply = await get("known", { if_none_match: same });
      expect([reply.status, reply.headers["etag"], reply.body]).toEqual([304, `"${etag}"`, null]);
      const head = await service.head({ key: `${folder}/known`, if_none_match: same });
      expect(head.status).toBe(304);
    }
    const changed = await get("known", { if_none_match: '"other"' });
    expect([changed.status, await textOf(changed.body)]).toEqual([200, "x"]);
  });

  test("conditions on a write", async () => {
    const { etag } = await put("guarded", "one", { if_none_match: "*" });
    expect(await faultOf(put("guarded", "two", { if_none_match: "*" }))).toMatchObject({ code: "conflict" });
    expect(await faultOf(put("guarded", "two", { if_match: '"other"' }))).toMatchObject({ code: "conflict" });
    expect(await faultOf(put("guarded", "two", { if_none_match: '"x"' }))).toMatchObject({ code: "invalid" });
    await put("guarded", "two", { if_match: `"${etag}"` });
    expect(await textOf((await get("guarded")).body)).toBe("two");
  });

  test("HEAD, DELETE and what is not there", async () => {
    const key = `${folder}/headed`;
    const { etag } = await put("headed", "12345");
    const head = await service.head({ key });
    expect([head.status, head.headers["etag"], head.headers["content-length"]]).toEqual([
      200,
      `"${etag}"`,
      "5",
    ]);
    await service.remove({ key });
    await service.remove({ key });
    for (const work of [() => service.get({ key }), () => service.locate({ key })]) {
      expect(await faultOf(work())).toMatchObject({
        code: "not_found",
        origin: "storaged",
      });
    }
  });

  test("lists page, fold and have the time of each object", async () => {
    for (const key of ["l/1", "l/2", "l/sub/1"]) await put(key, key);
    const first = await service.list({ prefix: `${folder}/l/`, delimiter: "/", limit: 2 });
    expect(first.objects.map(({ key }) => key)).toEqual([`${folder}/l/1`, `${folder}/l/2`]);
    expect(Date.parse(first.objects[0]?.modified_at ?? "")).toBeGreaterThan(Date.now() - 60_000);
    const next = await service.list({
      prefix: `${folder}/l/`,
      delimiter: "/",
      limit: 2,
      ...(first.next_cursor === undefined ? {} : { cursor: first.next_cursor }),
    });
    expect([next.prefixes, next.next_cursor]).toEqual([[`${folder}/l/sub/`], undefined]);
  });

  test("keys that break the rules are invalid", async () => {
    for (const key of ["../a", "a/../b", "a//b", "a\\b", "a\u0001b", "e\u0301", "x".repeat(1025)]) {
      expect(await faultOf(service.locate({ key })), key).toMatchObject({ code: "invalid" });
    }
  });

  test("large objects stream through", async () => {
    const bytes = new Uint8Array(5 * MIB).map((_, at) => (at * 7) % 251);
    const key = `${folder}/large`;
    await service.put({ key, body: bytesOf(bytes) });
    const reply = await service.get({ key });
    const read = reply.body === null ? new Uint8Array() : await readAll(reply.body);
    expect(Buffer.compare(read, bytes)).toBe(0);
  });
});

test("locate names the file on disk, and none where there is none", async () => {
  await onDisk.far.service.put({ key: "located", body: bytesOf("here") });
  const { path, size } = await onDisk.far.service.locate({ key: "located" });
  expect([await Bun.file(path ?? "").text(), size]).toEqual(["here", 4]);
  await inMemory.far.service.put({ key: "located", body: bytesOf("here") });
  expect(await inMemory.far.service.locate({ key: "located" })).not.toHaveProperty("path");
});

test("sixteen write at once; a writer that waits longer than 5 s is refused with a retry delay", async () => {
  const { near } = await daemonOver(memoryObjects());
  const { url } = near;
  const stuck = Array.from({ length: 16 }, (_, at) => {
    const controller = new AbortController();
    const body = new ReadableStream<Uint8Array>();
    const outcome = near.service
      .put({ key: `stuck-${at}`, body }, { signal: controller.signal })
      .catch((error: unknown) => error);
    return { controller, outcome };
  });
  const began = Date.now();
  const reply = await fetch(`${url}/v1/storage/one-more`, { method: "PUT", body: "x" });
  expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(Date.now() - began).toBeGreaterThan(4900);
  // A call that is given up gives its slot back, though its body never ended.
  for (const { controller } of stuck) controller.abort();
  for (const { outcome } of stuck) expect(await outcome).toMatchObject({ code: "cancelled" });
  const after = await fetch(`${url}/v1/storage/one-more`, { method: "PUT", body: "x" });
  expect(after.status).toBe(201);
}, 240_000);

test("a body that is declared too large is refused before it is read", async () => {
  const { hostname, port } = new URL(inMemory.far.url);
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: { data: (_, data) => resolve(data.toString()), close: () => resolve("closed") },
  });
  const head = `PUT /v1/storage/huge HTTP/1.1\r\nHost: x\r\nContent-Length: ${OBJECT_BYTES_MAX + 1}\r\n\r\n`;
  socket.write(head);
  expect(await promise).toStartWith("HTTP/1.1 413");
  socket.end();
  expect(await faultOf(inMemory.near.service.head({ key: "huge" }))).toMatchObject({ code: "not_found" });
});

test("HEAD of what is not there is 404 without a body", async () => {
  expect(await faultOf(inMemory.near.service.head({ key: "missing" }))).toMatchObject({ code: "not_found" });
  const reply = await fetch(`${inMemory.far.url}/v1/storage/missing`, { method: "HEAD" });
  expect([reply.status, await reply.text()]).toEqual([404, ""]);
});

describe("adopting a file", () => {
  const fileAt = (path: string): string => {
    writeFileSync(path, "finished");
    return path;
  };
  const sha256 = new Bun.CryptoHasher("sha256").update("finished").digest("hex");

  test.each([
    ["near", onDisk.near],
    ["far", onDisk.far],
  ])("from the spool folder it becomes the object: %s", async (where, { service }) => {
    const path = fileAt(join(spool, `${where}.parquet`));
    const key = `adopted/${where}/a.parquet`;
    const { adopted } = await service.adopt({ key, path, sha256 });
    expect(adopted).toMatchObject({ key, size: 8 });
    expect(existsSync(path)).toBe(false);
    const { body, headers } = await service.get({ key });
    expect(headers["etag"]).toBe(`"${adopted?.etag}"`);
    expect(await new Response(body).text()).toBe("finished");
  });

  test("from anywhere else it is forbidden, and stays", async () => {
    const outside = fileAt(join(folder, "outside"));
    const link = join(spool, "link");
    symlinkSync(outside, link);
    const paths = [outside, link, join(spool, "../outside"), spool, join(spool, "missing")];
    for (const path of paths) {
      expect(await faultOf(onDisk.far.service.adopt({ key: "stolen", path, sha256 }))).toMatchObject({
        code: "forbidden",
      });
    }
    expect(existsSync(outside)).toBe(true);
    const inSpool = fileAt(join(spool, "kept"));
    expect(
      await faultOf(inMemory.near.service.adopt({ key: "stolen", path: inSpool, sha256 })),
    ).toMatchObject({
      code: "forbidden",
    });
    expect(
      await faultOf(onDisk.near.service.adopt({ key: "../stolen", path: inSpool, sha256 })),
    ).toMatchObject({
      code: "invalid",
    });
    expect(existsSync(inSpool)).toBe(true);
  });

  test("a store without files leaves it where it is", async () => {
    const path = fileAt(join(spool, "for-memory"));
    const memory = await daemonOver(memoryObjects(), spool);
    expect(await memory.near.service.adopt({ key: "a", path, sha256 })).toEqual({ adopted: null });
    expect(existsSync(path)).toBe(true);
  });
});

describe("the probe", () => {
  test("finds a store that keeps its promises", async () => {
    expect(await onDisk.far.service.probe({})).toMatchObject({
      backend: "disk",
      status: "ok",
      if_none_match: true,
      if_match: true,
      suffix_ranges: true,
    });
  });

  test("finds one that ignores conditions, and one that is away", async () => {
    const good = memoryObjects();
    const careless = await daemonOver({ ...good, put: (key, body) => good.put(key, body) });
    expect(await careless.near.service.probe({})).toMatchObject({ status: "degraded", if_none_match: false });
    const away = await daemonOver({ ...good, put: () => Promise.reject(new Error("connection refused")) });
    expect(await away.near.service.probe({})).toMatchObject({ status: "down", detail: "connection refused" });
  });
});
