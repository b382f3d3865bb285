// vectord over a folder: what one damaged index means for the others, and for itself.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embed } from "#contracts/embed";
import { vector } from "#contracts/vector";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { vectord, type Vectord } from "./service.ts";
import { testStorage } from "./storage.testing.ts";

let folder: string;
let daemon: Vectord;
let service: Service<typeof vector>;

/** Nothing here is asked by text. */
const noTexts = local(
  implement(embed, "embedd", {
    embed: () => {
      throw new Fault("upstream", "there is no model here");
    },
    models: () => ({ models: [] }),
    stats: () => {
      throw new Fault("upstream", "there is no cache here");
    },
  }),
);

async function start(): Promise<void> {
  daemon = await vectord({ embed: noTexts, storage: testStorage().service, folder });
  service = local(implement(vector, "vectord", daemon.handlers, { checkOutputs: true }));
}

async function fill(index: string, count: number): Promise<void> {
  await service.create({ index, dimension: 2, metric: "euclidean" });
  for (let n = 0; n < count; n += 1) {
    await service.upsert({ index, items: [{ id: `i${n}`, vector: [n, 1], metadata: { n } }] });
  }
}

/** Changes one byte in the middle of an index's log. */
function damage(index: string): void {
  const dir = join(folder, index);
  const log = readdirSync(dir).find((name) => /^log-\d+$/.test(name)) ?? "";
  const bytes = readFileSync(join(dir, log));
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(join(dir, log), bytes);
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (thrown: unknown) => (thrown as Fault).code,
  );

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vectord-"));
  await start();
});
afterEach(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a damaged index is told, the others answer, and it opens at the next try without what was lost", async () => {
  await fill("good", 3);
  await fill("bad", 20);
  await daemon.close();
  damage("bad");
  await start();
  expect(await codeOf(service.search({ index: "bad", vector: [0, 1] }))).toBe("internal");
  expect((await service.search({ index: "good", vector: [0, 1], k: 1 })).hits[0]?.id).toBe("i0");
  const { hits } = await service.search({ index: "bad", vector: [0, 1], k: 100 });
  expect(hits.length).toBeGreaterThan(5);
  expect(hits.length).toBeLessThan(20);
  await service.upsert({ index: "bad", items: [{ id: "new", vector: [0, 1] }] });
  await daemon.close();
  await start();
  expect((await service.search({ index: "bad", vector: [0, 1], k: 100 })).hits).toHaveLength(hits.length + 1);
});

test("a list shows the damaged one as such, and it can be dropped", async () => {
  await fill("good", 1);
  await fill("lost", 1);
  await daemon.close();
  writeFileSync(join(folder, "lost", "shape.json"), "{}");
  await start();
  const { indexes } = await service.indexes({});
  expect(indexes.map(({ name, damaged }) => [name, damaged === undefined])).toEqual([
    ["good", true],
    ["lost", false],
  ]);
  expect(await service.drop({ index: "lost" })).toBeNull();
  expect(await codeOf(service.index({ index: "lost" }))).toBe("not_found");
  expect((await service.create({ index: "lost", dimension: 3 })).created).toBe(true);
});

test("what is asked wrongly is refused by name", async () => {
  await fill("good", 1);
  expect(await codeOf(service.search({ index: "good" }))).toBe("invalid");
  expect(await codeOf(service.search({ index: "good", vector: "AAAA" }))).toBe("invalid");
  expect(await codeOf(service.search({ index: "good", text: "anything" }))).toBe("upstream");
  expect(await codeOf(service.upsert({ index: "good", items: [{ id: "x" }] }))).toBe("invalid");
  expect(await codeOf(service.create({ index: "l", dimension: 2, engine: "lance" }))).toBe("invalid");
  expect(
    await codeOf(
      service.searchTiers({ index: "good", vector: [0, 1], k: 1, enough: 1, tiers: [{ a: { odd: 1 } }] }),
    ),
  ).toBe("invalid");
});

test("tiers fill up in their order, each item once, and what else is wanted comes with the last", async () => {
  await service.create({ index: "t", dimension: 2, metric: "euclidean", fields: { kind: "keyword" } });
  const items = ["a", "b", "c", "d"].map((id, n) => ({
    id,
    vector: [n, 0],
    metadata: { kind: n < 2 ? "far" : "near" },
  }));
  await service.upsert({ index: "t", items });
  const ask = async (k: number, enough: number, also: string[] = []): Promise<string[]> => {
    const tiers = [{ kind: "near" }, {}];
    const { hits } = await service.searchTiers({ index: "t", vector: [0, 0], k, enough, tiers, also });
    return hits.map(({ id }) => id);
  };
  expect(await ask(4, 2)).toEqual(["c", "d"]);
  expect(await ask(3, 3)).toEqual(["c", "d", "a"]);
  expect(await ask(3, 3, ["b", "nobody", "c"])).toEqual(["c", "d", "a", "b"]);
});
