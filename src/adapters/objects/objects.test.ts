import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { link, mkdtemp, open, readdir, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskObjects } from "./disk/disk.ts";
import { memoryObjects } from "./memory.testing.ts";
import { faultOf, objectsConformance } from "./objects.conformance.ts";
import { bytesOf, type Objects, readAll } from "./objects.ts";

const MIB = 1024 * 1024;

const memory = memoryObjects();
objectsConformance({ name: "in memory", objects: () => memory, streamBytes: 4 * MIB });

let folder: string;
let disk: Objects;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "objects-"));
  disk = await diskObjects(join(folder, "objects"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

objectsConformance({
  name: "on disk",
  objects: () => disk,
  streamBytes: 256 * MIB,
  memoryBytesMax: 128 * MIB,
});

describe("objects on disk", () => {
  test("nothing of a write is left over, whatever became of it", async () => {
    expect(await readdir(join(folder, "objects.partial"))).toEqual([]);
  });

  /** Writes to the file in place and sets its times back: what a disk does that turns a bit. */
  const turn = async (path: string, at: number): Promise<void> => {
    const timesOf = (from: string, to: string): unknown => Bun.spawnSync(["touch", "-r", from, to]);
    timesOf(path, `${path}.times`);
    const file = await open(path, "r+");
    await file.write(new Uint8Array([7]), 0, 1, at);
    await file.close();
    timesOf(`${path}.times`, path);
    await rm(`${path}.times`);
  };

  const damage = { code: "internal", message: expect.stringContaining("is damaged") };

  test("a byte that changed on the disk is damage, in a whole read and in every range that holds it", async () => {
    for (const size of [10, 700_000, 5_000_000]) {
      const key = `turned-${size}`;
      await disk.put(key, bytesOf("x".repeat(size)));
      const at = size >> 1;
      await turn(join(folder, "objects", key), at);
      expect(await faultOf(disk.get(key))).toMatchObject(damage);
      expect(await faultOf(disk.get(key, { first: at, last: at }))).toMatchObject(damage);
      expect(await faultOf(disk.get(key, { suffix: size - 1 }))).toMatchObject(damage);
      expect(await faultOf(disk.verify?.(key) ?? Promise.resolve())).toMatchObject(damage);
      await disk.put(key, bytesOf("new"));
      expect((await readAll((await disk.get(key)).body)).byteLength).toBe(3);
    }
  });

  test("a range is compared by its own blocks alone", async () => {
    await disk.put("partly", bytesOf("x".repeat(1_000_000)));
    await turn(join(folder, "objects", "partly"), 900_000);
    expect((await readAll((await disk.get("partly", { first: 0, last: 500_000 })).body)).byteLength).toBe(
      500_001,
    );
    expect(await faultOf(disk.get("partly", { suffix: 200_000 }))).toMatchObject(damage);
  });

  test("a cut, an emptied and a lengthened object are damage, a deleted one is lost", async () => {
    const path = join(folder, "objects", "cut");
    for (const size of [999, 0, 1001]) {
      await disk.put("cut", bytesOf("y".repeat(1000)));
      await truncate(path, size);
      expect(await faultOf(disk.get("cut"))).toMatchObject(damage);
    }
    await rm(path);
    const lost = { code: "internal", message: expect.stringContaining("is lost") };
    expect(await faultOf(disk.get("cut"))).toMatchObject(lost);
    expect(await faultOf(disk.head("cut"))).toMatchObject(lost);
    expect(await faultOf(disk.list({ prefix: "cut", limit: 10 }))).toMatchObject(lost);
    await disk.remove("cut");
    expect(await faultOf(disk.head("cut"))).toMatchObject({ code: "not_found" });
    expect((await disk.list({ prefix: "cut", limit: 10 })).objects).toEqual([]);
  });

  test("a copy of the folder is compared like the original, damage to it too", async () => {
    const copy = await mkdtemp(join(tmpdir(), "objects-copy-"));
    await disk.put("copied/a", bytesOf("a".repeat(200_000)));
    // The second version shares the record with the first, which the copy may not be taken for.
    await disk.put("copied/a", bytesOf("b".repeat(200_000)));
    await disk.put("copied/rotten", bytesOf("c".repeat(200_000)));
    expect(Bun.spawnSync(["cp", "-r", `${folder}/.`, copy]).exitCode).toBe(0);
    await turn(join(copy, "objects", "copied/rotten"), 100);
    const restored = await diskObjects(join(copy, "objects"));
    expect(Buffer.from(await readAll((await restored.get("copied/a")).body)).toString()).toBe(
      "b".repeat(200_000),
    );
    expect(await faultOf(restored.get("copied/rotten"))).toMatchObject(damage);
    await rm(copy, { recursive: true });
  });

  test("a crash between the checksums and the object leaves the object that was there", async () => {
    await disk.put("crashed", bytesOf("before"));
    const kept = await mkdtemp(join(tmpdir(), "objects-before-"));
    expect(Bun.spawnSync(["cp", "-a", join(folder, "objects", "crashed"), kept]).exitCode).toBe(0);
    await disk.put("crashed", bytesOf("afterwards"));
    // The record of the second, which does not say that it was published, beside the file of the first.
    const record = join(folder, "objects.checksums", "crashed");
    await truncate(record, (await stat(record)).size - 1);
    expect(Bun.spawnSync(["cp", "-a", join(kept, "crashed"), join(folder, "objects")]).exitCode).toBe(0);
    expect(Buffer.from(await readAll((await disk.get("crashed")).body)).toString()).toBe("before");
    await rm(kept, { recursive: true });
  });

  test("an older version of an object that is put back in its place is damage", async () => {
    const kept = await mkdtemp(join(tmpdir(), "objects-older-"));
    const path = join(folder, "objects", "swapped");
    for (const how of ["copied over it", "moved back"]) {
      await disk.put("swapped", bytesOf("a".repeat(200_000)));
      // A link keeps the inode and the time of the older version, a copy has neither.
      await link(path, join(kept, how));
      await disk.put("swapped", bytesOf("b".repeat(200_000)));
      if (how === "moved back") await rename(join(kept, how), path);
      else expect(Bun.spawnSync(["cp", "-p", join(kept, how), path]).exitCode).toBe(0);
      expect(await faultOf(disk.get("swapped"))).toMatchObject(damage);
      expect(await faultOf(disk.get("swapped", { first: 70_000, last: 70_010 }))).toMatchObject(damage);
      expect(await faultOf(disk.verify?.("swapped") ?? Promise.resolve())).toMatchObject(damage);
    }
    await disk.put("swapped", bytesOf("c"));
    expect(Buffer.from(await readAll((await disk.get("swapped")).body)).toString()).toBe("c");
    await rm(kept, { recursive: true });
  });

  test("a crash before the first version of an object was published leaves none, and nothing is lost", async () => {
    await disk.put("unpublished", bytesOf("x"));
    const record = join(folder, "objects.checksums", "unpublished");
    await truncate(record, (await stat(record)).size - 1);
    await rm(join(folder, "objects", "unpublished"));
    expect(await faultOf(disk.head("unpublished"))).toMatchObject({ code: "not_found" });
  });

  test("readers of an object that is replaced all the time get one version or the other, whole", async () => {
    const versions = ["1", "2", "3"].map((digit) => digit.repeat(150_000));
    await disk.put("raced", bytesOf(versions[0] ?? ""));
    const writing = { done: false };
    const writer = (async () => {
      for (let n = 0; n < 60; n += 1) await disk.put("raced", bytesOf(versions[n % 3] ?? ""));
      writing.done = true;
    })();
    const reader = async (): Promise<void> => {
      while (!writing.done) {
        const text = Buffer.from(await readAll((await disk.get("raced")).body)).toString();
        expect(versions.includes(text)).toBe(true);
      }
    };
    await Promise.all([writer, reader(), reader()]);
  });

  test("a record that is damaged itself leaves the object as it is, compared with nothing", async () => {
    await disk.put("record", bytesOf("kept"));
    await writeFile(join(folder, "objects.checksums", "record"), "[]\n");
    expect(Buffer.from(await readAll((await disk.get("record")).body)).toString()).toBe("kept");
    expect(await disk.verify?.("record")).toBe("unverifiable");
    expect((await disk.get("record")).unverifiable).toBe(true);
  });

  test("a file put there by hand is read as it is, and one in place of an object is damage", async () => {
    await writeFile(join(folder, "objects", "by-hand"), "theirs");
    expect(Buffer.from(await readAll((await disk.get("by-hand")).body)).toString()).toBe("theirs");
    await disk.put("by-hand", bytesOf("ours"));
    await writeFile(join(folder, "objects", "by-hand"), "theirs");
    expect(await faultOf(disk.get("by-hand"))).toMatchObject(damage);
  });

  test("an etag shows nothing of the disk", async () => {
    const { etag } = await disk.put("etag", bytesOf("x"));
    const { ino } = await stat(join(folder, "objects", "etag"));
    expect(etag).toMatch(/^[0-9a-f]{16}$/);
    expect(etag).not.toContain(ino.toString(36));
  });

  test("what a crash left behind is removed at the start, and what was stored is there", async () => {
    const root = join(folder, "again");
    await (await diskObjects(root)).put("a/b", bytesOf("kept"));
    await writeFile(join(`${root}.partial`, "torn"), "half");
    const opened = await diskObjects(root);
    expect(await readdir(`${root}.partial`)).toEqual([]);
    expect((await opened.head("a/b")).size).toBe(4);
  });

  test("an object in the way of another is a conflict, a name too long for the disk is invalid", async () => {
    await disk.put("way/file", bytesOf("x"));
    expect(await faultOf(disk.put("way/file/below", bytesOf("x")))).toMatchObject({ code: "conflict" });
    expect(await faultOf(disk.put("way", bytesOf("x")))).toMatchObject({ code: "conflict" });
    expect(await faultOf(disk.put("n".repeat(300), bytesOf("x")))).toMatchObject({ code: "invalid" });
    expect(await faultOf(disk.head("way"))).toMatchObject({ code: "not_found" });
  });
});
