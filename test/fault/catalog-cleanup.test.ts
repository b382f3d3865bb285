// What follows a commit and is not part of it.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskObjects } from "#adapters/objects/disk/disk";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import { storage } from "#contracts/storage";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { storaged } from "#services/storaged/service";
import { catalogd } from "#services/catalogd/service";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tables-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a commit holds without its version hint, and the hint that was not written is counted", async () => {
  const disk = await diskObjects(join(folder, "objects"));
  const objects = await storaged({
    objects: {
      ...disk,
      put: (key, body, conditions) =>
        key.endsWith("version-hint.text")
          ? Promise.reject(new Fault("unavailable", "The disk is full."))
          : disk.put(key, body, conditions),
    },
  });
  const daemon = await catalogd({
    storage: local(implement(storage, "storaged", objects.handlers)),
    state: sqliteState(join(folder, "catalog.sqlite")),
  });
  const service = local(implement(catalog, "catalogd", daemon.handlers));
  const { snapshot_id } = await service.commit({
    dataset: "people",
    mode: "append",
    columns: (
      await service.prepare({
        dataset: "people",
        columns: [{ name: "id", type: "BIGINT" }],
        mode: "append",
      })
    ).columns,
    files: [],
    commit_id: "first",
  });
  expect((await service.dataset({ dataset: "people" })).snapshot_id).toBe(snapshot_id);
  expect(daemon.stats?.().failures).toEqual({ "version hint": 1 });
  await daemon.close();
  await objects.close?.();
});

test("commits do not wait for the hint and share the next one; closing and dropping wait for it", async () => {
  const root = join(folder, "behind");
  const disk = await diskObjects(join(root, "objects"));
  const held = Promise.withResolvers<void>();
  let hints = 0;
  const objects = await storaged({
    objects: {
      ...disk,
      put: async (key, body, conditions) => {
        if (key.endsWith("version-hint.text")) {
          hints += 1;
          // A new table has its hint before it is acknowledged.
          if (existsSync(join(root, "objects", key))) await held.promise;
        }
        return disk.put(key, body, conditions);
      },
    },
  });
  const daemon = await catalogd({
    storage: local(implement(storage, "storaged", objects.handlers)),
    state: sqliteState(join(root, "catalog.sqlite")),
  });
  const service = local(implement(catalog, "catalogd", daemon.handlers));
  const commit = async (dataset: string, n: number): Promise<void> => {
    const columns = [{ name: "id", type: "BIGINT" }];
    const prepared = await service.prepare({ dataset, columns, mode: "append" });
    const commit_id = `${dataset}-${n}`;
    await service.commit({ dataset, mode: "append", columns: prepared.columns, files: [], commit_id });
  };
  const hintOf = (dataset: string): string =>
    readFileSync(join(root, `objects/warehouse/${dataset}/metadata/version-hint.text`), "utf8");
  for (const dataset of ["people", "orders"]) for (let n = 0; n < 10; n += 1) await commit(dataset, n);
  expect([hintOf("people"), hintOf("orders")]).toEqual(["1", "1"]);
  const dropped = service.drop({ dataset: "orders" });
  const closed = dropped.then(() => daemon.close());
  held.resolve();
  await closed;
  expect(hintOf("people")).toBe("10");
  // The first of each, the second of each, which was held, and one for the eight that came meanwhile.
  expect(hints).toBe(6);
  expect(readdirSync(join(root, "objects/warehouse/orders/metadata"))).not.toContain("version-hint.text");
  await objects.close?.();
});
