// catalogd through its contract, in process and over HTTP: ids of other writers, names that are swapped, tables that are
// dropped and made again.

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import type { Service } from "#rpc/contract";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { rebuildCatalog } from "#services/catalogd/recovery/rebuild";
import { catalogd } from "#services/catalogd/service";
import { load, openStore } from "./catalog-damage.ts";

const folder = mkdtempSync(join(tmpdir(), "catalog-service-"));
const closing: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true, force: true });
});

const store = await openStore(folder);
const warehouse = join(folder, "objects/warehouse");
const file = join(folder, "catalog.sqlite");

async function serve(): Promise<{ near: Service<typeof catalog>; far: Service<typeof catalog> }> {
  const { handlers, close } = await catalogd({ storage: store, state: sqliteState(file) });
  const implementation = implement(catalog, "catalogd", handlers, { checkOutputs: true });
  const at = { hostname: "127.0.0.1", port: 0 };
  const listener = listen({ origin: "catalogd", at, routes: routes(implementation) });
  closing.push(async () => {
    await listener.stop(0);
    await close();
  });
  const url = `http://127.0.0.1:${listener.port}`;
  return { near: local(implementation), far: remote(catalog, { url }, { origin: "catalogd" }) };
}

/** A table whose snapshots another writer made: ids of 63 bits, one apart, that a double would take for one. */
const [OLD, NEW] = ["9123456789012345677", "9123456789012345678"];
{
  const { near } = await serve();
  const ids = [await load(near, store, "foreign", 1), await load(near, store, "foreign", 2)];
  await closing.pop()?.();
  const metadata = join(warehouse, "foreign/metadata");
  const path = join(metadata, "v2.metadata.json");
  const text = readFileSync(path, "utf8")
    .replaceAll(String(ids[0]), OLD ?? "")
    .replaceAll(String(ids[1]), NEW ?? "");
  await store.put({ key: "warehouse/foreign/metadata/v2.metadata.json", body: new Blob([text]).stream() });
  await rebuildCatalog({ storage: store, file });
}
const { near, far } = await serve();

describe.each([
  ["in process", near, "a"],
  ["over HTTP", far, "b"],
] as const)("catalogd, %s", (_, service, mark) => {
  test("lists, tags, reads and rolls back to snapshots of other writers by all digits of their ids", async () => {
    expect((await service.dataset({ dataset: "foreign" })).snapshot_id).toBe(NEW ?? "");
    const { snapshots } = await service.snapshots({ dataset: "foreign" });
    expect(snapshots.map(({ snapshot_id, parent_id }) => [snapshot_id, parent_id])).toEqual([
      [NEW ?? "", OLD ?? ""],
      [OLD ?? "", null],
    ]);
    const tag = { dataset: "foreign", name: `old-${mark}`, snapshot_id: OLD ?? "" };
    expect((await service.tag(tag)).snapshot_id).toBe(OLD ?? "");
    for (const at of [OLD ?? "", `old-${mark}`]) {
      const scan = await service.scan({ dataset: "foreign", at });
      expect([scan.snapshot_id, scan.files.length]).toEqual([OLD ?? "", 1]);
    }
    const back = await service.rollback({ dataset: "foreign", snapshot_id: OLD ?? "" });
    expect([back.snapshot_id, back.rows]).toEqual([OLD ?? "", 10]);
    const forth = await service.rollback({ dataset: "foreign", snapshot_id: NEW ?? "" });
    expect([forth.snapshot_id, forth.rows]).toEqual([NEW ?? "", 20]);
    const near = service.rollback({ dataset: "foreign", snapshot_id: "9123456789012345679" });
    expect(await near.catch((fault: unknown) => fault)).toMatchObject({ code: "not_found" });
  });

  test("takes our own ids as numbers and as text", async () => {
    const dataset = `own_${mark}`;
    const id = await load(service, store, dataset, 1);
    await load(service, store, dataset, 2);
    expect(typeof id).toBe("number");
    for (const snapshot_id of [id, String(id)]) {
      expect((await service.rollback({ dataset, snapshot_id })).snapshot_id).toBe(id);
    }
  });

  test("swaps two names in one change, and moves one on", async () => {
    const dataset = `swap_${mark}`;
    await load(service, store, dataset, 1);
    const { columns: before } = await service.dataset({ dataset });
    const { columns } = await service.schema({ dataset, rename: { id: "name", name: "id" } });
    expect(columns.map(({ id, name }) => [id, name])).toEqual([
      [before[0]?.id ?? 0, "name"],
      [before[1]?.id ?? 0, "id"],
    ]);
    const taken = service.schema({ dataset, rename: { id: "name" } });
    expect(await taken.catch((fault: unknown) => fault)).toMatchObject({ code: "conflict" });
    const moved = await service.schema({ dataset, drop: ["id"], rename: { name: "id" } });
    expect(moved.columns.map(({ id, name }) => [id, name])).toEqual([[before[0]?.id ?? 0, "id"]]);
  });

  test("leaves no table behind that another reader would find, and never mixes a new one with the old", async () => {
    const dataset = `gone_${mark}`;
    await load(service, store, dataset, 1);
    await service.drop({ dataset });
    const names = readdirSync(join(warehouse, dataset, "metadata")).filter(
      (name) => !name.includes("checksum"),
    );
    expect(names.filter((name) => /version-hint|^v\d+\.metadata\.json$/.test(name))).toEqual([]);
    const kept = JSON.parse(
      readFileSync(join(warehouse, dataset, "metadata/dropped.json"), "utf8"),
    ) as object;
    expect(kept).toHaveProperty("table-uuid");
    await load(service, store, dataset, 2);
    const { files } = await service.scan({ dataset });
    expect(files.map(({ key }) => key.split("/")[1])).toEqual([`${dataset}.1`]);
    await service.drop({ dataset, purge: true });
    expect(
      existsSync(join(warehouse, `${dataset}.1`, "data")) &&
        readdirSync(join(warehouse, `${dataset}.1`, "data")),
    ).toBeFalsy();
    // What was dropped without purge is still its owner's.
    expect(readdirSync(join(warehouse, dataset, "data")).length).toBeGreaterThan(0);
  });
});
