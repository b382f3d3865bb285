import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskObjects } from "#adapters/objects/disk/disk";
import { bytesOf } from "#adapters/objects/objects";
import { faultOf } from "#adapters/objects/objects.conformance";
import { storage } from "#contracts/storage";
import { createLog } from "#lib/log";
import type { Raw, Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { storaged } from "./service.ts";

const lines: string[] = [];
const log = createLog({ level: "info", readable: false, write: (line) => void lines.push(line) });
const NEVER_MS = 3_600_000;

let folder: string;
let service: Service<typeof storage>;
let close: () => Promise<void>;

/** storaged over the folder, with a scrub that starts after so many milliseconds. */
async function start(firstAfterMs: number): Promise<void> {
  const daemon = await storaged({
    objects: await diskObjects(join(folder, "objects")),
    log,
    scrubRate: { firstAfterMs, betweenPassesMs: NEVER_MS, bytesPerS: 1e12 },
  });
  service = local(implement(storage, "storaged", daemon.handlers, { checkOutputs: true }));
  ({ close } = daemon);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "damage-"));
  await start(NEVER_MS);
});
afterAll(async () => {
  await close();
  await rm(folder, { recursive: true });
});

const put = (key: string): Promise<unknown> => service.put({ key, body: bytesOf("content") });
const path = (key: string): string => join(folder, "objects", key);
const text = ({ body }: Raw): Promise<string> => new Response(body).text();

test("damage that a read finds is reported until the object is stored again or removed, and logged once", async () => {
  await Promise.all(["a", "b", "c"].map(put));
  expect(await service.probe({})).toMatchObject({ status: "ok" });
  await truncate(path("a"), 3);
  await rm(path("b"));
  for (const key of ["a", "b", "a"])
    expect(await faultOf(service.get({ key }))).toMatchObject({ code: "internal" });
  expect(await service.probe({})).toMatchObject({
    status: "degraded",
    damaged: { count: 2, keys: ["a", "b"] },
    detail: expect.stringContaining("2 objects are damaged or lost"),
  });
  expect(lines.filter((line) => line.includes("object is damaged"))).toHaveLength(2);
  await put("a");
  expect(await service.probe({})).toMatchObject({ status: "degraded", damaged: { count: 1, keys: ["b"] } });
  await service.remove({ key: "b" });
  expect(await service.probe({})).toMatchObject({ status: "ok" });
});

test("verify compares everything, and names what is damaged or lost", async () => {
  await Promise.all(["v/1", "v/2", "v/3"].map(put));
  await truncate(path("v/1"), 0);
  await rm(path("v/2"));
  expect(await service.verify({ prefix: "v/" })).toEqual({
    checked: 3,
    unknown: 0,
    damaged: [
      { key: "v/1", problem: expect.stringContaining("v/1 is damaged") },
      { key: "v/2", problem: expect.stringContaining("v/2 is lost") },
    ],
    damaged_count: 2,
  });
});

test("an object that is gone is lost, and not unknown, also where its checksums are damaged", async () => {
  for (const harmed of ["", "x", "x".repeat(200)]) {
    await put("w/1");
    await rm(path("w/1"));
    await writeFile(join(folder, "objects.checksums", "w/1"), harmed);
    expect(await faultOf(service.get({ key: "w/1" }))).toMatchObject({ code: "internal" });
    expect(await faultOf(service.list({ prefix: "w/" }))).toMatchObject({ code: "internal" });
    await service.remove({ key: "w/1" });
    expect(await faultOf(service.get({ key: "w/1" }))).toMatchObject({ code: "not_found" });
  }
});

test("an object whose checksums are damaged is served and reported, until they are made again", async () => {
  const file = join(folder, "objects.checksums", "x/1");
  for (const read of [() => service.get({ key: "x/1" }), () => service.verify({ prefix: "x/" })]) {
    await put("x/1");
    const record = await readFile(file);
    record[record.length - 3] = (record[record.length - 3] ?? 0) ^ 1;
    await writeFile(file, record);
    await read();
    expect((await service.probe({})).damaged?.keys).toContain("x/1");
    expect(await text(await service.get({ key: "x/1" }))).toBe("content");
    expect(await service.verify({ prefix: "x/" })).toEqual({
      checked: 1,
      unknown: 0,
      damaged: [{ key: "x/1", problem: expect.stringContaining("lakehouse repair"), checksums_only: true }],
      damaged_count: 1,
    });
    await service.renewChecksums({ key: "x/1" });
    expect((await service.probe({})).damaged?.keys).not.toContain("x/1");
    expect(await service.verify({ prefix: "x/" })).toMatchObject({
      checked: 1,
      unknown: 0,
      damaged_count: 0,
    });
    await truncate(path("x/1"), 3);
    expect(await faultOf(service.get({ key: "x/1" }))).toMatchObject({ code: "internal" });
    await service.remove({ key: "x/1" });
  }
});

test("checksums that are intact are not made again from bytes that differ", async () => {
  await put("y/1");
  await truncate(path("y/1"), 3);
  await service.renewChecksums({ key: "y/1" });
  expect(await faultOf(service.get({ key: "y/1" }))).toMatchObject({ code: "internal" });
  await service.remove({ key: "y/1" });
});

test("the scrub finds damage in objects that are never read", async () => {
  await close();
  await start(0);
  while ((await service.probe({})).damaged?.count !== 2) await Bun.sleep(5);
  expect((await service.probe({})).damaged?.keys).toEqual(["v/1", "v/2"]);
});
