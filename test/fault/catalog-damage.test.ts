// What was acknowledged is there or is said to be lost, and is made again from the tables' own files.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "#rpc/fault";
import { inspectCatalog, rebuildCatalog } from "#services/catalogd/recovery/rebuild";
import { catalogWithPast, damageEach, everything, load, openCatalog, openStore } from "./catalog-damage.ts";

let past: Awaited<ReturnType<typeof catalogWithPast>>;
beforeAll(async () => {
  past = await catalogWithPast();
});
const folders: string[] = [];
afterAll(() => {
  for (const folder of [...folders, past.folder, past.closed])
    rmSync(folder, { recursive: true, force: true });
});

function copyOf(folder: string): string {
  const copy = mkdtempSync(join(tmpdir(), "catalog-copy-"));
  folders.push(copy);
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** Bits of the database are turned more often: what is not seen of them is not seen at all. */
const rounds = (file: string): number => (file.startsWith("catalog.sqlite") ? 16 : 1);

describe("one damaged file, found by listing", () => {
  test("after kill -9: nothing is silently shorter", async () => {
    const verdict = await damageEach(past.folder, past.answers, { rounds, seed: 1 });
    expect(verdict.wrong).toEqual([]);
    expect(verdict.told).toBeGreaterThan(20);
  }, 240_000);

  test("at rest: nothing is silently shorter", async () => {
    const verdict = await damageEach(past.closed, past.answers, { rounds, seed: 2 });
    expect(verdict.wrong).toEqual([]);
    expect(verdict.told).toBeGreaterThan(20);
  }, 240_000);
});

const databaseFiles = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith("catalog.sqlite"));

const LOSSES: readonly [string, (folder: string) => void][] = [
  ["the database, its log and its counter", (f) => databaseFiles(f).forEach((name) => rmSync(join(f, name)))],
  ["the database", (f) => rmSync(join(f, "catalog.sqlite"))],
  ["the database's content", (f) => truncateSync(join(f, "catalog.sqlite"), 0)],
  ["the log", (f) => rmSync(join(f, "catalog.sqlite-wal"))],
  [
    "what a database is",
    (f) => {
      rmSync(join(f, "catalog.sqlite-wal"));
      writeFileSync(join(f, "catalog.sqlite"), "x".repeat(8192));
    },
  ],
];

describe.each(LOSSES)("a catalog that lost %s", (_, lose) => {
  test("refuses the start, and is made again as it was", async () => {
    const folder = copyOf(past.folder);
    lose(folder);
    const refused = await openCatalog(folder).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Fault);
    expect((refused as Fault).message).toContain("lakehouse repair");
    const deps = { storage: await openStore(folder), file: join(folder, "catalog.sqlite") };
    expect((await inspectCatalog(deps)).length).toBeGreaterThan(0);
    // Twice: what a crash interrupted is done again.
    for (let times = 0; times < 2; times += 1) {
      const done = await rebuildCatalog(deps);
      expect(done.map(({ remedy }) => remedy)).not.toContain("restore");
      expect(await inspectCatalog(deps)).toEqual([]);
      const { service, close } = await openCatalog(folder);
      expect(await everything(service)).toBe(past.answers);
      await close();
    }
    const { service, close } = await openCatalog(folder);
    await load(service, deps.storage, "dropped", 5);
    expect((await service.scan({ dataset: "dropped" })).files).toHaveLength(1);
    await load(service, deps.storage, "a", 5);
    expect((await service.scan({ dataset: "a" })).files).toHaveLength(5);
    await close();
  });
});

const metadata = (folder: string, name: string): string => join(folder, "objects/warehouse/a/metadata", name);
const newest = (folder: string): string => {
  const versions = readdirSync(metadata(folder, "")).map((name) => Number(/^v(\d+)\./.exec(name)?.[1] ?? 0));
  return `v${Math.max(...versions)}.metadata.json`;
};

const ALONG: readonly [string, (folder: string) => void, string][] = [
  ["the hint of a table", (f) => rmSync(metadata(f, "version-hint.text")), "rebuild"],
  ["what the hint of a table says", (f) => writeFileSync(metadata(f, "version-hint.text"), "?"), "rebuild"],
  ["the newest metadata of a table", (f) => rmSync(metadata(f, newest(f))), "restore"],
  [
    "a table's folder",
    (f) => rmSync(join(f, "objects/warehouse/a"), { recursive: true, force: true }),
    "restore",
  ],
];

describe.each(ALONG)("a catalog that lost its database and %s", (_, lose, remedy) => {
  test("refuses the start, names the table, and makes all others again", async () => {
    const folder = copyOf(past.closed);
    for (const name of databaseFiles(folder)) rmSync(join(folder, name));
    // Its witness would say already that the database was there.
    rmSync(join(folder, "witnesses"), { recursive: true });
    lose(folder);
    // Only what is damaged speaks for the database having been there.
    const others = readdirSync(join(folder, "objects/warehouse")).filter((name) => name !== "a");
    const refused = await openCatalog(folder).catch((error: unknown) => error);
    expect((refused as Fault).message).toContain("The dataset a is in storage");
    const deps = { storage: await openStore(folder), file: join(folder, "catalog.sqlite") };
    const done = await rebuildCatalog(deps);
    expect(others.length).toBeGreaterThan(0);
    expect(done.filter((found) => found.remedy === "restore").map(({ dataset }) => dataset)).toEqual(
      remedy === "restore" ? ["a"] : [],
    );
    if (remedy === "restore") return;
    const { service, close } = await openCatalog(folder);
    expect(await everything(service)).toBe(past.answers);
    await close();
    expect((await deps.storage.verify({})).damaged).toEqual([]);
  });
});

test("an older copy of the database is refused, with what it does not know", async () => {
  const folder = copyOf(past.closed);
  const old = copyOf(past.closed);
  const { service, close } = await openCatalog(folder);
  const store = await openStore(folder);
  await load(service, store, "a", 7);
  await load(service, store, "new", 1);
  await close();
  for (const name of databaseFiles(folder)) rmSync(join(folder, name));
  for (const name of databaseFiles(old)) cpSync(join(old, name), join(folder, name));
  const refused = await openCatalog(folder).catch((error: unknown) => error);
  expect((refused as Fault).message).toMatch(
    /dataset a is at version 6 in storage.*dataset new is in storage/,
  );
});

test("a table that the catalog does not know is never written over, nor purged", async () => {
  const folder = copyOf(past.closed);
  const { service, close } = await openCatalog(folder);
  // It comes up while the catalog runs, as when a folder is copied in.
  cpSync(join(folder, "objects/warehouse/a"), join(folder, "objects/warehouse/guest"), { recursive: true });
  const prepared = await service
    .prepare({ dataset: "guest", mode: "append", columns: [{ name: "id", type: "BIGINT" }] })
    .catch((error: unknown) => error);
  expect(prepared).toMatchObject({ code: "internal" });
  await service.drop({ dataset: "guest", purge: true }).catch((error: unknown) => error);
  expect(existsSync(join(folder, "objects/warehouse/guest/metadata/version-hint.text"))).toBe(true);
  await close();
});
