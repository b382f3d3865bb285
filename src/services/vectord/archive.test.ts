// Named snapshots: what is in them, what is sent, and that a restore happens whole or not at all, whatever is
// damaged and whenever the process dies.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbedModel } from "#adapters/embed/embed-model";
import { diskObjects } from "#adapters/objects/disk/disk";
import { storage } from "#contracts/storage";
import { SNAPSHOTS_MAX, vector } from "#contracts/vector";
import { seeded } from "#lib/random";
import type { Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { vectord, type Vectord } from "./service.ts";
import { openEmbed } from "../../../test/lake/embed.ts";
import { openStorage, type TestStorage } from "../../../test/lake/storage.ts";

/** Their vectors say which model made them: the first number is the name's length. */
const MODELS = ["own", "four", "fives"].map((name): EmbedModel => ({
  name,
  provider: "hashed",
  remote: false,
  dimension: 2,
  embed: (texts) => Promise.resolve(texts.map((text) => Float32Array.of(name.length, text.length))),
}));

let root: string;
let store: TestStorage;
let daemon: Vectord;
let service: Service<typeof vector>;

async function start(offered: Service<typeof storage> = store.service): Promise<void> {
  daemon = await vectord({
    embed: (await openEmbed(MODELS)).service,
    storage: offered,
    folder: join(root, "vectors"),
  });
  service = local(implement(vector, "vectord", daemon.handlers, { checkOutputs: true }));
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "vectord-archive-"));
  store = await openStorage();
  await start();
});
afterEach(async () => {
  await daemon.close();
  rmSync(root, { recursive: true, force: true });
});

async function write(index: string, from: number, to: number): Promise<void> {
  const items = Array.from({ length: to - from }, (_, i) => ({
    id: `i${from + i}`,
    vector: [from + i, 1],
    metadata: { n: from + i },
  }));
  await service.upsert({ index, items });
}

async function made(index = "a"): Promise<void> {
  await service.create({ index, dimension: 2, metric: "euclidean", fields: { n: "number" } });
  await write(index, 0, 50);
}

/** The numbers of all items. */
async function held(index = "a"): Promise<number[]> {
  const { hits } = await service.search({ index, vector: [0, 1], k: 1000, exact: true });
  return hits.map(({ metadata }) => Number(metadata?.["n"]));
}

const numbers = (to: number): number[] => Array.from({ length: to }, (_, n) => n);

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (thrown: unknown) => (thrown as Fault).code,
  );

/** Changes what a snapshot says, with a checksum that fits. */
function rewrite(name: string, change: (json: string) => string): Promise<void> {
  return store.change(`vectors/a/snapshots/${name}`, (bytes) => {
    const json = change(Buffer.from(bytes).toString().split("\n")[1] ?? "");
    return Buffer.from(`${Bun.hash.xxHash64(json).toString(16)}\n${json}\n`);
  });
}

const unfinishedFolders = (): string[] =>
  readdirSync(join(root, "vectors")).filter((name) => name.startsWith("."));

describe.each([["near"], ["far"]])("with an object store that is %s", (where) => {
  test("an index goes back to what it was, and goes on from there", async () => {
    let stop = (): Promise<void> => Promise.resolve();
    if (where === "far") {
      const unix = join(root, "s");
      const listener = listen({
        origin: "storaged",
        at: { unix },
        routes: routes(implement(storage, "storaged", store.handlers)),
      });
      stop = () => listener.stop(100);
      await daemon.close();
      await start(remote(storage, { unix }, { origin: "storaged" }));
    }
    await made();
    const taken = await service.snapshot({ index: "a", name: "first" });
    expect(taken).toMatchObject({ name: "first", sequence: 1, count: 50 });
    await write("a", 50, 80);
    await service.delete({ index: "a", ids: ["i3"] });
    const restored = await service.restore({ index: "a", name: "first" });
    expect(restored).toMatchObject({
      name: "a",
      count: 50,
      deleted: 0,
      dimension: 2,
      fields: { n: "number" },
    });
    expect(await held()).toEqual(numbers(50));
    expect((await service.fetch({ index: "a", ids: ["i3"] })).items).toHaveLength(1);
    expect((await service.search({ index: "a", vector: [9, 1], k: 1, filter: { n: 8 } })).hits[0]?.id).toBe(
      "i8",
    );
    await write("a", 50, 52);
    await daemon.close();
    await start();
    expect(await held()).toEqual(numbers(52));
    expect(unfinishedFolders()).toEqual([]);
    await stop();
  });
});

test("snapshots are listed oldest first, without a name by their time, and never overwritten", async () => {
  await made();
  const named = await service.snapshot({ index: "a", name: "z" });
  await Bun.sleep(2);
  await write("a", 50, 51);
  const timed = await service.snapshot({ index: "a" });
  expect(timed.name).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/);
  expect((await service.snapshots({ index: "a" })).snapshots).toEqual([named, timed]);
  expect(await codeOf(service.snapshot({ index: "a", name: "z" }))).toBe("conflict");
  expect((await service.snapshots({ index: "a" })).snapshots).toEqual([named, timed]);
});

test("a file that is there already is not sent again, and goes when no snapshot needs it", async () => {
  // 512 rows of 2,048 numbers are a chunk.
  await service.create({ index: "a", dimension: 2048, metric: "euclidean" });
  const items = (from: number, count: number): { id: string; vector: number[] }[] =>
    Array.from({ length: count }, (_, i) => ({
      id: `i${from + i}`,
      vector: Array(2048).fill(from + i) as number[],
    }));
  await service.upsert({ index: "a", items: items(0, 600) });
  await service.snapshot({ index: "a", name: "one" });
  const first = store.stored.splice(0);
  expect(first.filter((key) => key.includes("/files/"))).toHaveLength(3);
  await service.snapshot({ index: "a", name: "same" });
  expect(store.stored.splice(0).filter((key) => key.includes("/files/"))).toEqual([]);
  await service.upsert({ index: "a", items: items(600, 10) });
  await service.snapshot({ index: "a", name: "two" });
  // The chunk that took rows, and the table.
  expect(store.stored.filter((key) => key.includes("/files/"))).toHaveLength(2);
  await service.dropSnapshot({ index: "a", name: "one" });
  expect((await service.restore({ index: "a", name: "same" })).count).toBe(600);
  await service.dropSnapshot({ index: "a", name: "same" });
  expect((await store.keys()).filter((key) => key.includes("/files/"))).toHaveLength(3);
  expect((await service.restore({ index: "a", name: "two" })).count).toBe(610);
  await service.dropSnapshot({ index: "a", name: "two" });
  expect(await store.keys()).toEqual([]);
});

test("a file that is longer than a part comes back whole", async () => {
  await service.create({ index: "a", dimension: 2, metric: "euclidean" });
  const text = "x".repeat(60_000);
  const items = Array.from({ length: 300 }, (_, n) => ({
    id: `i${n}`,
    vector: [n, 1],
    metadata: { n, text },
  }));
  await service.upsert({ index: "a", items });
  await service.snapshot({ index: "a", name: "s" });
  // 18 MB of table.
  const parts = (await store.keys()).filter((key) => key.includes("/files/"));
  expect(parts.map((key) => key.slice(-1)).toSorted()).toEqual(["0", "0", "1"]);
  await service.drop({ index: "a" });
  await service.restore({ index: "a", name: "s" });
  expect(await held()).toEqual(numbers(300));
  const [last] = (await service.fetch({ index: "a", ids: ["i299"] })).items;
  expect(last?.metadata).toEqual({ n: 299, text });
});

test("a file that was damaged on the disk is not sent", async () => {
  await made();
  await service.snapshot({ index: "a", name: "one" });
  await service.dropSnapshot({ index: "a", name: "one" });
  const path = join(root, "vectors", "a", "rows-0-1");
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.with(100, (bytes[100] ?? 0) ^ 1));
  expect(await codeOf(service.snapshot({ index: "a", name: "two" }))).toBe("internal");
  expect((await service.snapshots({ index: "a" })).snapshots).toEqual([]);
  expect((await store.keys()).filter((key) => key.includes("/files/"))).toEqual([]);
});

test("an index that was removed, or is damaged, comes back", async () => {
  await made();
  await service.snapshot({ index: "a", name: "s" });
  await service.drop({ index: "a" });
  expect((await service.snapshots({ index: "a" })).snapshots).toHaveLength(1);
  expect((await service.restore({ index: "a", name: "s" })).count).toBe(50);
  await daemon.close();
  writeFileSync(join(root, "vectors", "a", "shape.json"), "{}");
  await start();
  expect(await codeOf(held())).toBe("internal");
  expect((await service.restore({ index: "a", name: "s" })).count).toBe(50);
  expect(await held()).toEqual(numbers(50));
});

test("what does not fit is refused by name", async () => {
  await made();
  await service.snapshot({ index: "a", name: "s" });
  expect(await codeOf(service.restore({ index: "a", name: "missing" }))).toBe("not_found");
  expect(await codeOf(service.restore({ index: "missing", name: "s" }))).toBe("not_found");
  expect(await codeOf(service.snapshot({ index: "missing" }))).toBe("not_found");
  expect(await codeOf(service.snapshots({ index: "missing" }))).toBe("not_found");
  expect(await codeOf(service.dropSnapshot({ index: "a", name: "missing" }))).toBe("not_found");
  expect(await codeOf(service.snapshot({ index: "a", name: "../a" }))).toBe("invalid");
  const under = service.snapshot({ index: "a", name: "t" });
  expect(await codeOf(service.restore({ index: "a", name: "s" }))).toBe("conflict");
  expect(await codeOf(service.drop({ index: "a" }))).toBe("conflict");
  expect(await codeOf(service.dropSnapshot({ index: "a", name: "s" }))).toBe("conflict");
  await under;
  await service.drop({ index: "a" });
  await service.create({ index: "a", dimension: 3 });
  expect(await codeOf(service.restore({ index: "a", name: "s" }))).toBe("conflict");
  expect((await service.index({ index: "a" })).dimension).toBe(3);
  for (let n = 2; n < SNAPSHOTS_MAX; n += 1)
    await store.service.put({ key: `vectors/a/snapshots/s${n}`, body: new Response("x").body as never });
  expect(await codeOf(service.snapshot({ index: "a" }))).toBe("conflict");
});

test("whichever object is damaged, cut or missing, the restore says so and the index stays as it was", async () => {
  await made();
  await service.snapshot({ index: "a", name: "s" });
  await write("a", 50, 60);
  for (const key of await store.keys()) {
    let whole = new Uint8Array();
    const damages: ((bytes: Uint8Array<ArrayBuffer>) => Uint8Array)[] = [
      (bytes) => bytes.with(Math.floor(bytes.length / 2), (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 4),
      (bytes) => bytes.subarray(0, bytes.length - 7),
      () => new Uint8Array(),
    ];
    for (const damage of damages) {
      await store.change(key, (bytes) => {
        whole = bytes;
        return damage(bytes);
      });
      expect(await codeOf(service.restore({ index: "a", name: "s" }))).toBe("internal");
      await store.change(key, () => whole);
    }
    if (!key.includes("/files/")) continue;
    await store.service.remove({ key });
    expect(await codeOf(service.restore({ index: "a", name: "s" }))).toBe("internal");
    await store.service.put({ key, body: new Response(whole).body as never });
  }
  expect(await held()).toEqual(numbers(60));
  expect(unfinishedFolders()).toEqual([]);
  expect((await service.restore({ index: "a", name: "s" })).count).toBe(50);
});

test("a document that names files elsewhere is damage, and writes nothing there", async () => {
  await made();
  await service.snapshot({ index: "a", name: "s" });
  await rewrite("s", (json) => json.replaceAll("table-1", "../../out"));
  expect(await codeOf(service.restore({ index: "a", name: "s" }))).toBe("internal");
  expect(readdirSync(root).sort()).toEqual(["vectors", "vectors.json"]);
});

test("when what arrived whole does not open, the index comes back as it was", async () => {
  await made();
  await service.snapshot({ index: "a", name: "s" });
  await write("a", 50, 60);
  await rewrite("s", (json) => json.replaceAll('"count":50', '"count":49'));
  expect(await codeOf(service.restore({ index: "a", name: "s" }))).toBe("internal");
  expect(await held()).toEqual(numbers(60));
  await write("a", 60, 61);
  await daemon.close();
  await start();
  expect(await held()).toEqual(numbers(61));
  expect(unfinishedFolders()).toEqual([]);
  await service.drop({ index: "a" });
  expect(await codeOf(service.restore({ index: "a", name: "s" }))).toBe("internal");
  expect(await codeOf(service.index({ index: "a" }))).toBe("not_found");
});

test("a start puts right what a crash left between two renames", async () => {
  await made("a");
  await made("b");
  await daemon.close();
  const at = (name: string): string => join(root, "vectors", name);
  // The old one was moved away and the new one not yet moved in.
  renameSync(at("a"), at(".replaced-a"));
  mkdirSync(at(".incoming-x"));
  writeFileSync(join(at(".incoming-x"), "shape.json"), "half");
  // The new one is in and the old one not yet gone.
  mkdirSync(at(".replaced-b"));
  mkdirSync(at(".dropped-y"));
  await start();
  expect(await held("a")).toEqual(numbers(50));
  expect(await held("b")).toEqual(numbers(50));
  expect(unfinishedFolders()).toEqual([]);
});

const codeOfFault = (thrown: unknown): string => (thrown as Fault).code;

/** Restores two snapshots in turn, for as long as it lives. */
const RESTORER = `
  const { vectord } = await import(${JSON.stringify(join(import.meta.dir, "service.ts"))});
  const { openStorage } = await import(${JSON.stringify(join(import.meta.dir, "../../../test/lake/storage.ts"))});
  const { diskObjects } = await import(${JSON.stringify(join(import.meta.dir, "../../adapters/objects/disk/disk.ts"))});
  const [folder, objects] = process.argv.slice(-2);
  const daemon = await vectord({ embed: {}, storage: (await openStorage(await diskObjects(objects))).service, folder });
  process.stdout.write("up\\n");
  for (;;) for (const name of ["one", "two"]) await daemon.handlers.restore({ index: "a", name }, {});
`;

test("a restore, a removal or a creation that is under way when the house closes leaves the folder to the next one", async () => {
  await made();
  await service.snapshot({ index: "a", name: "s" });
  for (const work of [
    () => service.restore({ index: "a", name: "s" }),
    () => service.drop({ index: "b" }),
    () => service.create({ index: "b", dimension: 2 }),
  ]) {
    await service.create({ index: "b", dimension: 2 });
    const outcome = work().then(() => "none", codeOfFault);
    await daemon.close();
    await start();
    await write("a", 50, 60);
    await service.create({ index: "c", dimension: 2 });
    // It ends before the house does, or is refused.
    expect(["none", "unavailable"]).toContain(await outcome);
    await daemon.close();
    await start();
    expect(await held()).toEqual(numbers(60));
    const { indexes } = await service.indexes({});
    expect(indexes.map(({ name, damaged }) => [name, damaged]).filter(([name]) => name !== "b")).toEqual([
      ["a", undefined],
      ["c", undefined],
    ]);
    await service.drop({ index: "c" });
  }
});

test("kill -9 in the middle of a restore leaves one snapshot or the other, whole, in 8 rounds", async () => {
  const objects = join(root, "objects");
  store = await openStorage(await diskObjects(objects));
  await daemon.close();
  await start();
  await made();
  await service.snapshot({ index: "a", name: "one" });
  await write("a", 50, 70);
  await service.snapshot({ index: "a", name: "two" });
  const random = seeded(4);
  for (let round = 0; round < 8; round += 1) {
    await daemon.close();
    const command = [process.execPath, "--no-env-file", "-e", RESTORER, join(root, "vectors"), objects];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
    await child.stdout.getReader().read();
    await Bun.sleep(random.below(60));
    child.kill("SIGKILL");
    await child.exited;
    expect(await new Response(child.stderr).text()).toBe("");
    await start();
    const now = await held();
    expect([50, 70]).toContain(now.length);
    expect(now).toEqual(numbers(now.length));
    expect(unfinishedFolders()).toEqual([]);
  }
}, 240_000);

test("an index keeps to its model: texts are embedded by it, and a query by another is refused", async () => {
  const created = await service.create({ index: "m", dimension: 2, metric: "euclidean", model: "four" });
  expect(created.model).toBe("four");
  expect(await codeOf(service.create({ index: "m", dimension: 2, metric: "euclidean", model: "x" }))).toBe(
    "conflict",
  );
  await service.upsert({ index: "m", items: [{ id: "t", text: "abc" }] });
  const search = (model?: string) =>
    service.search({ index: "m", text: "abc", ...(model === undefined ? {} : { model }) });
  expect((await search()).hits[0]?.distance).toBe(0);
  expect((await search("four")).hits[0]?.distance).toBe(0);
  expect(await codeOf(search("other"))).toBe("conflict");
  expect(await codeOf(service.search({ index: "m", vector: [4, 3], model: "other" }))).toBe("conflict");
  await service.snapshot({ index: "m", name: "s" });
  await service.drop({ index: "m" });
  expect((await service.restore({ index: "m", name: "s" })).model).toBe("four");
  await service.create({ index: "free", dimension: 2, metric: "euclidean" });
  await service.upsert({ index: "free", items: [{ id: "t", vector: [5, 3] }] });
  expect((await service.search({ index: "free", text: "abc", model: "fives" })).hits[0]?.distance).toBe(0);
});
