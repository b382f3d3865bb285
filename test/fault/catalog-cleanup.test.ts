// What follows a commit and is not part of it.

import { afterAll, beforeAll, expect, test } from "bun:test";
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
