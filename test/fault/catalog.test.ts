// The catalog over a disk and a database, and what it says when something of its own was damaged.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskObjects } from "#adapters/objects/disk/disk";
import { sqliteState, type State } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import { storage } from "#contracts/storage";
import type { InputOf, OutputOf, Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { storaged } from "#services/storaged/service";
import { catalogd } from "#services/catalogd/service";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Lake {
  readonly metadata: string;
  readonly state: State;
  readonly store: Service<typeof storage>;
  readonly catalog: Service<typeof catalog>;
  /** Resolves when the hint, which is written behind the commit, says this version. */
  hinted(version: number): Promise<void>;
  /** The same tables, for a catalog that remembers nothing. */
  again(): Promise<Service<typeof catalog>>;
  commit(
    n: number,
    mode?: "append" | "replace",
    more?: Partial<InputOf<typeof catalog.commit>>,
  ): Promise<OutputOf<typeof catalog.commit>>;
}

async function lake(): Promise<Lake> {
  const folder = mkdtempSync(join(tmpdir(), "catalogd-"));
  folders.push(folder);
  const objects = await diskObjects(join(folder, "objects"));
  const store = local(implement(storage, "storaged", (await storaged({ objects })).handlers));
  const state = sqliteState(join(folder, "catalog.sqlite"));
  const again = async (): Promise<Service<typeof catalog>> => {
    const { handlers } = await catalogd({ storage: store, state });
    return local(implement(catalog, "catalogd", handlers, { checkOutputs: true }));
  };
  const catalogOf = await again();
  const columns = [
    { name: "id", type: "BIGINT" },
    { name: "name", type: "VARCHAR" },
  ];
  const metadata = join(folder, "objects/warehouse/t/metadata");
  return {
    metadata,
    hinted: async (version) => {
      while (readFileSync(join(metadata, "version-hint.text"), "utf8") !== String(version))
        await Bun.sleep(1);
    },
    state,
    store,
    catalog: catalogOf,
    again,
    commit: async (n, mode = "append", more = {}) => {
      const prepared = await catalogOf.prepare({ dataset: "t", mode, columns });
      const sha256 = Bun.CryptoHasher.hash("sha256", String(n), "hex");
      const stats = { 1: { values: 10, nulls: 0, bytes: 80, min: "0", max: String(n) } };
      const key = `${prepared.prefix}${sha256}.parquet`;
      return catalogOf.commit({
        dataset: "t",
        mode,
        columns: prepared.columns,
        files: [{ key, rows: 10, bytes: 1000 + n, sha256, stats }],
        commit_id: `commit-${n}`,
        ...more,
      });
    },
  };
}

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  try {
    await work;
  } catch (thrown) {
    return thrown as Fault;
  }
  throw new Error("There was no fault.");
};

function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe("a commit that replaces what its writer has read", () => {
  const keysOf = async (service: Service<typeof catalog>): Promise<string[]> =>
    (await service.scan({ dataset: "t" })).files.map(({ key }) => key);

  test("takes files out and others in as one snapshot, and holds for the snapshot that was read alone", async () => {
    const { commit, catalog: service, again } = await lake();
    await commit(1, "append", { if_snapshot_id: null });
    const two = await commit(2);
    const [second = "", first = ""] = await keysOf(service);
    const replaced = await commit(3, "append", { remove: [first], if_snapshot_id: two.snapshot_id });
    const keys = await keysOf(await again());
    expect([keys.length, keys.includes(second), keys.includes(first)]).toEqual([2, true, false]);
    const { snapshots } = await service.snapshots({ dataset: "t" });
    expect(snapshots[0]).toMatchObject({ operation: "overwrite", rows: 20, files: 2 });
    for (const more of [{ if_snapshot_id: two.snapshot_id }, { if_snapshot_id: null }, { remove: [first] }])
      expect((await faultOf(commit(4, "append", more))).code).toBe("conflict");
    expect((await service.dataset({ dataset: "t" })).snapshot_id).toBe(replaced.snapshot_id);
    // The same commit once more is the one that was made.
    const again3 = await commit(3, "append", { remove: [first], if_snapshot_id: two.snapshot_id });
    expect(again3).toMatchObject({ snapshot_id: replaced.snapshot_id, replayed: true });
  });

  test("under a key is made once, however many writers try with other files", async () => {
    const { commit, catalog: service, again } = await lake();
    const other = await again();
    const notes = { summary: { key: "k" }, unless_summary: { key: "k" } };
    const one = await commit(0, "append", notes);
    const prepared = await other.prepare({
      dataset: "t",
      mode: "append",
      columns: [{ name: "id", type: "BIGINT" }],
    });
    const raced = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        n % 2 === 0
          ? commit(n + 1, "append", notes)
          : other.commit({
              dataset: "t",
              mode: "append",
              columns: prepared.columns,
              files: [],
              commit_id: `x${n}`,
              ...notes,
            }),
      ),
    );
    expect(new Set(raced.map(({ snapshot_id, replayed }) => `${snapshot_id} ${replayed}`))).toEqual(
      new Set([`${one.snapshot_id} true`]),
    );
    expect((await service.snapshots({ dataset: "t" })).snapshots).toHaveLength(1);
    expect(await commit(11, "append", { unless_summary: { key: "k2" } })).toMatchObject({ replayed: false });
  });
});

describe("a catalog's own files", () => {
  test.each([
    ["a list of manifests", /^snap-.*\.avro$/],
    ["a manifest", /-m0-\w+\.avro$/],
  ])("%s that is damaged or gone is named, and never read", async (_, name) => {
    const { commit, again, metadata } = await lake();
    await commit(1);
    const file = readdirSync(metadata).find((entry) => name.test(entry)) ?? "";
    const whole = readFileSync(join(metadata, file));
    flip(join(metadata, file));
    const key = `warehouse/t/metadata/${file}`;
    const damaged = await faultOf((await again()).scan({ dataset: "t" }));
    expect(damaged).toMatchObject({ code: "internal" });
    expect(damaged.message).toContain(key);
    expect(damaged.message).toContain("damaged");
    rmSync(join(metadata, file));
    const missing = await faultOf((await again()).scan({ dataset: "t" }));
    expect(missing).toMatchObject({ code: "internal" });
    expect(missing.message).toContain(key);
    writeFileSync(join(metadata, file), whole);
    expect((await (await again()).scan({ dataset: "t" })).files).toHaveLength(1);
  });

  test("a row that is damaged is read from its metadata file, and repaired by the next commit", async () => {
    const { commit, again, metadata, state } = await lake();
    await commit(1);
    const expected = await (await again()).scan({ dataset: "t" });
    await state.run("update tables set metadata = replace(metadata, 'commit-1', 'commit-9')");
    expect(await (await again()).scan({ dataset: "t" })).toEqual(expected);
    const whole = readFileSync(join(metadata, "v1.metadata.json"));
    flip(join(metadata, "v1.metadata.json"));
    const damaged = await faultOf((await again()).dataset({ dataset: "t" }));
    expect(damaged).toMatchObject({ code: "internal" });
    expect(damaged.message).toContain("warehouse/t/metadata/v1.metadata.json");
    writeFileSync(join(metadata, "v1.metadata.json"), whole);
    await commit(2);
    expect((await (await again()).dataset({ dataset: "t" })).files).toBe(2);
  });

  test("a row of an older version refuses the start, and one from before there were checksums does not", async () => {
    const { commit, again, state, hinted } = await lake();
    await commit(1);
    await commit(2);
    await hinted(2);
    await state.run("update tables set version = 1");
    const behind = await faultOf(again());
    expect(behind).toMatchObject({ code: "internal" });
    expect(behind.message).toContain(
      "The dataset t is at version 2 in storage, and at version 1 in the catalog.",
    );
    // 64 digits and the end of the line before them.
    await state.run("update tables set version = 2, metadata = substr(metadata, 1, length(metadata) - 65)");
    expect((await (await again()).dataset({ dataset: "t" })).files).toBe(2);
  });
});

test("many commits leave few manifests and metadata files, and all that was loaded", async () => {
  const { commit, again, metadata, store, catalog: known } = await lake();
  const commits = 230;
  const ids: (number | string)[] = [];
  for (let n = 0; n < commits; n += 1) ids.push((await commit(n)).snapshot_id);
  const fresh = await again();
  const { files } = await fresh.scan({ dataset: "t" });
  const sizes = files.map(({ bytes }) => bytes).sort((a, b) => a - b);
  expect(sizes).toEqual(Array.from({ length: commits }, (_, n) => 1000 + n));
  // As it was after any of them.
  for (const n of [0, 99, 100, 101, 200]) {
    expect((await fresh.scan({ dataset: "t", at: ids[n] ?? 0 })).files).toHaveLength(n + 1);
  }
  const names = (): string[] => readdirSync(metadata).filter((name) => name.endsWith(".metadata.json"));
  // The current one, and twenty before it; the last of the others goes behind its commit.
  while (names().length > 21) await Bun.sleep(1);
  expect(names()).toHaveLength(21);
  const newest = (await store.get({ key: `warehouse/t/metadata/v${commits}.metadata.json` })).body;
  const text = await new Response(newest).text();
  // Readers of the files alone see the newest; the catalog lists all of them, each once.
  expect((JSON.parse(text) as { snapshots: unknown[] }).snapshots.length).toBeLessThan(101);
  const listed: (number | string)[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await fresh.snapshots({
      dataset: "t",
      limit: 60,
      ...(cursor === undefined ? {} : { cursor }),
    });
    listed.push(...page.snapshots.map(({ snapshot_id }) => snapshot_id));
    cursor = page.next_cursor;
    if (cursor === undefined) break;
  }
  expect(listed).toEqual(ids.toReversed());
  // A commit of long ago is still known, by its id and by its time; and it can be tagged and gone back to.
  const old = await fresh.committed({ dataset: "t", commit_id: "commit-3" });
  expect(old.snapshot?.snapshot_id).toBe(ids[3] ?? 0);
  expect((await fresh.scan({ dataset: "t", at: old.snapshot?.at ?? "" })).files.length).toBeGreaterThan(3);
  await fresh.tag({ dataset: "t", name: "early", snapshot_id: ids[3] ?? 0 });
  expect((await fresh.scan({ dataset: "t", at: "early" })).files).toHaveLength(4);
  const back = await fresh.rollback({ dataset: "t", snapshot_id: ids[5] ?? 0 });
  expect(back).toMatchObject({ snapshot_id: ids[5] ?? 0, files: 6 });
  await fresh.rollback({ dataset: "t", snapshot_id: ids.at(-1) ?? 0 });
  // Replacing takes all of them away.
  await commit(1000, "replace");
  expect((await known.scan({ dataset: "t" })).files.map(({ bytes }) => bytes)).toEqual([2000]);
}, 240_000);

test("a snapshot is found by id, by tag, also one that is a number, and by time", async () => {
  const { commit, catalog: known } = await lake();
  const { snapshot_id: first } = await commit(1);
  await known.tag({ dataset: "t", name: "2026", snapshot_id: first });
  await Bun.sleep(5);
  const between = new Date().toISOString();
  await Bun.sleep(5);
  await commit(2);
  for (const at of [first, String(first), "2026", between]) {
    expect((await known.scan({ dataset: "t", at })).snapshot_id).toBe(first);
  }
  for (const at of [7, "7", "never", "2000-01-01T00:00:00Z"]) {
    const fault = await faultOf(known.scan({ dataset: "t", at }));
    expect(fault).toMatchObject({ code: "not_found" });
    expect(fault.message).toContain("/v1/catalog/datasets/t/snapshots");
  }
});
