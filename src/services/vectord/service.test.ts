// vectord over a folder, as a neighbour calls it, in process and over a socket: what one damaged index means for the
// others and for itself, how it is repaired, and what becomes of the list of indexes.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vector } from "#contracts/vector";
import { createLog } from "#lib/log";
import { seeded } from "#lib/random";
import type { Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { vectord, type Vectord } from "./service.ts";
import { openEmbed } from "../../../test/lake/embed.ts";
import { openStorage } from "../../../test/lake/storage.ts";

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (thrown: unknown) => (thrown as Fault).code,
  );

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (thrown: unknown) => (thrown as Fault).message,
  );

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vectord-"));
  folder = join(root, "vectors");
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe.each(["local", "remote"] as const)("vectord, %s", (topology) => {
  let daemon: Vectord;
  let service: Service<typeof vector>;
  let logged: string[];
  let stop: () => Promise<void>;

  async function start(): Promise<void> {
    logged = [];
    const log = createLog({ level: "warn", readable: false, write: (line) => void logged.push(line) });
    daemon = await vectord({
      embed: (await openEmbed()).service,
      storage: (await openStorage()).service,
      folder,
      log,
    });
    const implementation = implement(vector, "vectord", daemon.handlers, { checkOutputs: true });
    if (topology === "local") {
      service = local(implementation);
      stop = () => daemon.close();
      return;
    }
    const unix = join(root, "s");
    const listener = listen({ origin: "vectord", at: { unix }, routes: routes(implementation) });
    service = remote(vector, { unix }, { origin: "vectord", triesMax: 1 });
    stop = async () => {
      await listener.stop(100);
      await daemon.close();
    };
  }

  beforeEach(() => start());
  afterEach(() => stop());

  async function fill(index: string, count: number): Promise<void> {
    await service.create({ index, dimension: 2, metric: "euclidean" });
    for (let n = 0; n < count; n += 1)
      await service.upsert({ index, items: [{ id: `i${n}`, vector: [n, 1], metadata: { n } }] });
  }

  const idsOf = async (index: string): Promise<string[]> =>
    (await service.search({ index, vector: [0, 1], k: 1000, exact: true })).hits.map(({ id }) => id);

  /** The folder as a kill -9 leaves it at this moment, opened again. */
  async function killed(hurt: () => void): Promise<void> {
    const copied = join(root, "copied");
    cpSync(folder, copied, { recursive: true });
    const list = readFileSync(`${folder}.json`);
    await stop();
    rmSync(folder, { recursive: true });
    cpSync(copied, folder, { recursive: true });
    writeFileSync(`${folder}.json`, list);
    rmSync(copied, { recursive: true });
    hurt();
    await start();
  }

  /** Changes one byte in the middle of a file. */
  function flip(path: string): void {
    const bytes = readFileSync(path);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
  }

  const logOf = (index: string): string =>
    join(folder, index, readdirSync(join(folder, index)).find((name) => name.startsWith("log-")) ?? "");

  test("damage stays with its index until it is repaired: every call names it, the others answer", async () => {
    await fill("good", 3);
    await fill("bad", 20);
    await killed(() => flip(logOf("bad")));
    // No call has named it yet: opening it at the start found the damage, and kept it.
    const calls = [
      () => service.index({ index: "bad" }),
      () => service.search({ index: "bad", vector: [0, 1] }),
      () => service.upsert({ index: "bad", items: [{ id: "new", vector: [0, 1] }] }),
      () => service.delete({ index: "bad", ids: ["i1"] }),
      () => service.fetch({ index: "bad", ids: ["i1"] }),
      () => service.create({ index: "bad", dimension: 2, metric: "euclidean" }),
      () => service.search({ index: "bad", vector: [0, 1] }),
    ];
    const messages = new Set<string>();
    for (const call of calls) {
      expect(await codeOf(call())).toBe("internal");
      messages.add(await messageOf(call()));
    }
    expect([...messages]).toEqual([expect.stringContaining("log-0000000000000001 is damaged")]);
    expect([...messages][0]).not.toContain(root);
    expect(await idsOf("good")).toEqual(["i0", "i1", "i2"]);
    const { indexes } = await service.indexes({});
    expect(indexes.map(({ name, damaged }) => [name, damaged])).toEqual([
      ["bad", [...messages][0]],
      ["good", undefined],
    ]);
    expect(daemon.stats().damaged).toEqual(["bad"]);
    expect(logged.filter((line) => line.includes("index damaged"))).toHaveLength(1);
    // Another start changes nothing.
    await stop();
    await start();
    expect(await codeOf(service.index({ index: "bad" }))).toBe("internal");
  });

  test("a repair keeps what verifies, says what is lost, and keeps the damaged files", async () => {
    await fill("bad", 20);
    await killed(() => flip(logOf("bad")));
    const damaged = readFileSync(logOf("bad"));
    const { index, repaired, damage, lost, rows_lost, kept_as } = await service.repair({ index: "bad" });
    expect(repaired).toBe(true);
    expect(damage.join()).toContain("log-0000000000000001");
    expect(lost).toHaveLength(1);
    const [{ from, to } = { from: 0, to: 0 }] = lost;
    expect(to - from).toBe(0);
    expect(rows_lost).toBe(0);
    expect(index.count).toBe(19);
    const expected = Array.from({ length: 20 }, (_, n) => `i${n}`).filter((id) => id !== `i${from - 1}`);
    expect(await idsOf("bad")).toEqual(expected);
    expect(readFileSync(join(folder, kept_as ?? "", "log-0000000000000001")).equals(damaged)).toBe(true);
    expect(daemon.stats().damaged).toEqual([]);
    // Sequences go on where they were.
    const { sequence } = await service.upsert({ index: "bad", items: [{ id: "new", vector: [50, 1] }] });
    expect(sequence).toBe(21);
    await stop();
    await start();
    expect(await idsOf("bad")).toEqual([...expected, "new"]);
  });

  test("a repair of what is whole changes nothing, also when its files were put back by hand", async () => {
    await fill("a", 5);
    expect(await service.repair({ index: "a" })).toMatchObject({ repaired: false, lost: [], damage: [] });
    expect(await codeOf(service.repair({ index: "missing" }))).toBe("not_found");
    const whole = readFileSync(logOf("a"));
    await killed(() => flip(logOf("a")));
    expect(await codeOf(service.index({ index: "a" }))).toBe("internal");
    writeFileSync(logOf("a"), whole);
    expect(await codeOf(service.index({ index: "a" }))).toBe("internal");
    expect(await service.repair({ index: "a" })).toMatchObject({ repaired: false, lost: [] });
    expect(await idsOf("a")).toHaveLength(5);
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("a lost shape is put back from the list by a repair; without the list it is told", async () => {
    await fill("a", 5);
    await killed(() => rmSync(join(folder, "a", "shape.json")));
    expect(await messageOf(service.index({ index: "a" }))).toContain("shape.json is damaged");
    expect(await service.repair({ index: "a" })).toMatchObject({ repaired: true, lost: [], rows_lost: 0 });
    expect(await idsOf("a")).toHaveLength(5);
    await killed(() => {
      rmSync(join(folder, "a", "shape.json"));
      rmSync(`${folder}.json`);
    });
    expect(await messageOf(service.repair({ index: "a" }))).toContain("shape.json is damaged");
    expect(await codeOf(service.index({ index: "a" }))).toBe("internal");
  });

  test("a repair has nothing to repair from when the folder is gone, and says so; without a head it says what it cannot count", async () => {
    await fill("a", 5);
    await fill("b", 5);
    await killed(() => {
      rmSync(join(folder, "a"), { recursive: true });
      rmSync(join(folder, "b", "head"));
    });
    expect(await codeOf(service.repair({ index: "a" }))).toBe("conflict");
    expect(await messageOf(service.repair({ index: "a" }))).toContain("no snapshot");
    const { damage, lost } = await service.repair({ index: "b" });
    expect(lost).toEqual([]);
    expect(damage.join(" ")).toContain("cannot be counted");
  });

  test("an index whose folder is gone, or emptied, is missed and not made again", async () => {
    await fill("gone", 5);
    await fill("emptied", 5);
    await killed(() => {
      rmSync(join(folder, "gone"), { recursive: true });
      rmSync(join(folder, "emptied"), { recursive: true });
      mkdirSync(join(folder, "emptied"));
    });
    for (const index of ["gone", "emptied"]) {
      expect(await codeOf(service.index({ index }))).toBe("internal");
      expect(await codeOf(service.create({ index, dimension: 2, metric: "euclidean" }))).toBe("internal");
      expect(await codeOf(service.create({ index, dimension: 3 }))).toBe("internal");
    }
    expect(daemon.stats().damaged).toEqual(["emptied", "gone"]);
    expect(await service.drop({ index: "gone" })).toBeNull();
    await stop();
    await start();
    expect(await codeOf(service.index({ index: "gone" }))).toBe("not_found");
    expect((await service.create({ index: "gone", dimension: 3 })).created).toBe(true);
  });

  test("all folders gone at once are missed too", async () => {
    await fill("a", 1);
    await fill("b", 1);
    await killed(() => rmSync(folder, { recursive: true }));
    expect((await service.indexes({})).indexes.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(daemon.stats().damaged).toEqual(["a", "b"]);
  });

  test("a list that is damaged or gone is made again from the folders", async () => {
    await fill("a", 2);
    await fill("b", 3);
    const random = seeded(4);
    const ways: (() => void)[] = [
      () => rmSync(`${folder}.json`),
      () => writeFileSync(`${folder}.json`, ""),
      () => writeFileSync(`${folder}.json`, readFileSync(`${folder}.json`).subarray(0, 40)),
      ...Array.from({ length: 10 }, () => () => {
        const bytes = readFileSync(`${folder}.json`);
        const at = random.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        writeFileSync(`${folder}.json`, bytes);
      }),
    ];
    for (const hurt of ways) {
      await killed(hurt);
      expect(await idsOf("a")).toHaveLength(2);
      expect(await idsOf("b")).toHaveLength(3);
      expect(daemon.stats().damaged).toEqual([]);
    }
    await killed(() => rmSync(join(folder, "a"), { recursive: true }));
    expect(daemon.stats().damaged).toEqual(["a"]);
  });

  test("a folder of a version that kept neither list nor heads is taken over", async () => {
    await fill("a", 4);
    await killed(() => {
      rmSync(`${folder}.json`);
      rmSync(join(folder, "a", "head"));
      writeFileSync(join(folder, "a", "closed"), "an earlier version's mark");
    });
    expect(await idsOf("a")).toHaveLength(4);
    await killed(() => rmSync(join(folder, "a", "head")));
    expect(await messageOf(service.index({ index: "a" }))).toContain("head is damaged");
  });

  test("a list shows the damaged one as such, and it can be dropped", async () => {
    await fill("good", 1);
    await fill("lost", 1);
    await killed(() => writeFileSync(join(folder, "lost", "shape.json"), "{}"));
    const { indexes } = await service.indexes({});
    expect(indexes.map(({ name, damaged }) => [name, damaged === undefined])).toEqual([
      ["good", true],
      ["lost", false],
    ]);
    expect(await service.drop({ index: "lost" })).toBeNull();
    expect(await codeOf(service.index({ index: "lost" }))).toBe("not_found");
    expect((await service.create({ index: "lost", dimension: 3 })).created).toBe(true);
    expect(existsSync(join(folder, "lost"))).toBe(true);
  });

  test("what a killed process left unfinished is removed at the start", async () => {
    await fill("a", 3);
    await killed(() => {
      cpSync(join(folder, "a"), join(folder, `.incoming-${crypto.randomUUID()}`), { recursive: true });
      cpSync(join(folder, "a"), join(folder, `.dropped-${crypto.randomUUID()}-b`), { recursive: true });
      for (const name of ["job-12", "rows-0-9.tmp", ".log-3.partial", "graph-7.tmp"])
        writeFileSync(join(folder, "a", name), "part");
    });
    expect(await idsOf("a")).toHaveLength(3);
    expect(readdirSync(folder)).toEqual(["a"]);
    expect(readdirSync(join(folder, "a")).sort()).toEqual(["head", "log-0000000000000001", "shape.json"]);
  });

  test("an index that a crash dropped half-way stays dropped", async () => {
    await fill("a", 3);
    await killed(() => {
      cpSync(join(folder, "a"), join(folder, `.dropped-${crypto.randomUUID()}-a`), { recursive: true });
      rmSync(join(folder, "a"), { recursive: true });
    });
    expect((await service.indexes({})).indexes).toEqual([]);
    expect(daemon.stats().damaged).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("an import writes lines as they arrive, and ends at the first that is refused, by its number", async () => {
    await service.create({ index: "a", dimension: 2, metric: "euclidean", model: "one" });
    const line = (n: number): string => JSON.stringify({ id: `i${n}`, vector: [n, 0], metadata: { n } });
    const text = Array.from({ length: 2_500 }, (_, n) => `${line(n)}${n % 3 === 0 ? "\r\n\n" : "\n"}`).join(
      "",
    );
    const inChunksOf = (bytes: number, of = text): ReadableStream<Uint8Array> => {
      const whole = new TextEncoder().encode(of);
      let at = 0;
      return new ReadableStream({
        pull: (controller) => {
          if (at >= whole.length) return controller.close();
          controller.enqueue(whole.subarray(at, (at += bytes)));
        },
      });
    };
    const first = await service.import({ index: "a", body: inChunksOf(7_001) });
    expect(first).toEqual({ imported: 2_500, sequence: 3 });
    expect(
      await service.import({ index: "a", model: "one", body: inChunksOf(13, `${line(1)}\n${line(9_000)}`) }),
    ).toEqual({ imported: 2, sequence: 4 });
    expect((await service.index({ index: "a" })).count).toBe(2_501);
    const refusals: [string, string][] = [
      [`${line(1)}\n{"id":"x"`, "Line 2 is refused"],
      [`${line(1)}\n\n${JSON.stringify({ id: "x", vector: [1, 2, 3] })}\n${line(3)}`, "Line 3 is refused"],
      [`{"id":"x","vector":[1,2],"id":"y"}`, "Line 1 is refused"],
      [`{"id":"x","vector":[1,2],"metadata":{"n":1e400}}`, "Line 1 is refused"],
      [`{"id":"${"x".repeat(600_000)}"}`, "longer than"],
    ];
    for (const [body, why] of refusals)
      expect(await messageOf(service.import({ index: "a", body: inChunksOf(65_536, body) }))).toContain(why);
    expect(await codeOf(service.import({ index: "a", model: "two", body: inChunksOf(9) }))).toBe("conflict");
    expect((await service.index({ index: "a" })).count).toBe(2_501);
  });

  test("vectors are given as base64 or as numbers, and taken as either", async () => {
    await service.create({ index: "a", dimension: 3, metric: "euclidean" });
    const numbers = Float32Array.of(0.1, -2e-9, 3e7);
    const base64 = Buffer.from(numbers.buffer).toString("base64");
    const items = [
      { id: "text", vector: base64 },
      { id: "list", vector: [0.1, -2e-9, 3e7] },
    ];
    await service.upsert({ index: "a", items });
    const given = async (encoding?: "float" | "base64"): Promise<unknown[]> => {
      const options = encoding === undefined ? {} : { encoding };
      const { hits } = await service.search({ index: "a", vector: base64, include: ["vector"], ...options });
      const fetched = await service.fetch({ index: "a", ids: ["text", "list"], ...options });
      return [...hits, ...fetched.items].map(({ vector: each }) => each);
    };
    expect(await given()).toEqual(Array.from({ length: 4 }, () => base64));
    expect(await given("base64")).toEqual(Array.from({ length: 4 }, () => base64));
    for (const each of await given("float")) expect(Float32Array.from(each as number[])).toEqual(numbers);
  });

  test("ids are kept to the character, numbers to the digit or refused, through every file", async () => {
    const ids = ["\u0000", "a\u0007\n\tb", "\u007f", "\ufeffx", "x", "\u202ey", " ", "\u{1f477}", "\u0085"];
    await service.create({ index: "a", dimension: 2, metric: "euclidean" });
    const items = ids.map((id, n) => ({ id, vector: [n, 0], metadata: { n, note: id, most: 2 ** 53 - 1 } }));
    await service.upsert({ index: "a", items });
    const held = async (): Promise<unknown[]> =>
      (await service.fetch({ index: "a", ids })).items.map(({ id, metadata }) => [id, metadata]);
    const expected = items.map(({ id, metadata }) => [id, metadata]);
    expect(await held()).toEqual(expected);
    await killed(() => undefined);
    expect(await held()).toEqual(expected);
    await service.snapshot({ index: "a", name: "s" });
    await killed(() => undefined);
    expect(await held()).toEqual(expected);
    expect(await service.delete({ index: "a", ids: ["\u0000", "\ufeffx"] })).toMatchObject({ deleted: 2 });
    expect(await idsOf("a")).toHaveLength(ids.length - 2);
    for (const odd of [2 ** 53, -(2 ** 60), 1e300]) {
      const item = { id: "odd", vector: [0, 0], metadata: { deep: [{ odd }] } };
      expect(await messageOf(service.upsert({ index: "a", items: [item] }))).toContain(
        "items.0.metadata.deep.0.odd",
      );
    }
  });
});

describe("vectord", () => {
  let daemon: Vectord;
  let service: Service<typeof vector>;
  beforeEach(async () => {
    daemon = await vectord({
      embed: (await openEmbed()).service,
      storage: (await openStorage()).service,
      folder,
    });
    service = local(implement(vector, "vectord", daemon.handlers, { checkOutputs: true }));
  });
  afterEach(() => daemon.close());

  const fill = async (index: string): Promise<void> => {
    await service.create({ index, dimension: 2, metric: "euclidean" });
    await service.upsert({ index, items: [{ id: "i0", vector: [0, 1], metadata: { n: 0 } }] });
  };

  test("numbers beyond what JSON holds are refused as they arrive", async () => {
    await fill("a");
    for (const odd of ["1e400", "-1e400", "9007199254740993", "123456789012345678901234567890"]) {
      const body = JSON.parse(
        `{"index":"a","items":[{"id":"x","vector":[1,1],"metadata":{"n":${odd}}}]}`,
      ) as never;
      expect(await codeOf(service.upsert(body))).toBe("invalid");
    }
    expect((await service.fetch({ index: "a", ids: ["x"] })).items).toEqual([]);
  });

  test("wrong input is refused by name", async () => {
    await fill("good");
    expect(await codeOf(service.search({ index: "good" }))).toBe("invalid");
    expect(await codeOf(service.search({ index: "good", vector: "AAAA" }))).toBe("invalid");
    expect(await codeOf(service.search({ index: "good", text: "anything" }))).toBe("invalid");
    expect(await codeOf(service.upsert({ index: "good", items: [{ id: "x" }] }))).toBe("invalid");
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
    const search = async (k: number, enough: number, also: string[] = []): Promise<string[]> => {
      const tiers = [{ kind: "near" }, {}];
      const { hits } = await service.searchTiers({ index: "t", vector: [0, 0], k, enough, tiers, also });
      return hits.map(({ id }) => id);
    };
    expect(await search(4, 2)).toEqual(["c", "d"]);
    expect(await search(3, 3)).toEqual(["c", "d", "a"]);
    expect(await search(3, 3, ["b", "missing", "c"])).toEqual(["c", "d", "a", "b"]);
    const named = { index: "t", vector: [0, 0], k: 1, enough: 1, tiers: [], also: ["b", "missing", "c"] };
    expect((await service.searchTiers(named)).hits.map(({ id }) => id)).toEqual(["b", "c"]);
    const near = await service.searchTiers({ ...named, filter: { kind: "near" } });
    expect(near.hits.map(({ id }) => id)).toEqual(["c"]);
  });

  test("what all tiers ask is asked once, and no tier reads again what another one did", async () => {
    const index = "shared";
    await service.create({
      index,
      dimension: 2,
      fields: { kind: "keyword", active: "keyword", n: "number" },
    });
    const rows = Array.from({ length: 900 }, (_, n) => ({
      id: `r${n}`,
      vector: [Math.cos(n), Math.sin(n)],
      metadata: { kind: n % 3 === 0 ? "a" : "b", active: n % 5 !== 0, n },
    }));
    await service.upsert({ index, items: rows });
    const filter = { active: true };
    const narrower = [{ kind: "a", n: { lt: 300 } }, { kind: "a" }, {}];
    for (const angle of [0, 1, 2, 3]) {
      const wanted = {
        index,
        vector: [Math.cos(angle), Math.sin(angle)],
        k: 700,
        enough: 700,
        also: ["r5", "r6"],
      };
      const shared = await service.searchTiers({ ...wanted, filter, tiers: narrower });
      const apart = await service.searchTiers({
        ...wanted,
        tiers: narrower.map((tier) => ({ and: [filter, tier] })),
      });
      expect(shared.hits).toEqual(apart.hits);
      expect(shared.hits.every(({ metadata }) => metadata?.["active"] === true)).toBe(true);
      expect(shared.scanned).toBe(rows.filter(({ metadata }) => metadata.active).length);
      expect(apart.scanned).toBe(shared.scanned);
    }
  });
});
