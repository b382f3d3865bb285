import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskObjects } from "./disk/disk.ts";
import { memoryObjects } from "./memory.ts";
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

  test("a byte that changed on the disk is damage, found before the end of the object", async () => {
    for (const size of [10, 700_000]) {
      const key = `turned-${size}`;
      await disk.put(key, bytesOf("x".repeat(size)));
      await turn(join(folder, "objects", key), size >> 1);
      const { body } = await disk.get(key);
      expect(await faultOf(readAll(body))).toMatchObject({
        code: "internal",
        message: expect.stringContaining(`${key} is damaged`),
      });
      await disk.put(key, bytesOf("anew"));
      expect((await readAll((await disk.get(key)).body)).byteLength).toBe(4);
    }
  });

  test("a file that somebody put there by hand is read as it is", async () => {
    await disk.put("by-hand", bytesOf("ours"));
    await writeFile(join(folder, "objects", "by-hand"), "theirs");
    expect(Buffer.from(await readAll((await disk.get("by-hand")).body)).toString()).toBe("theirs");
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
