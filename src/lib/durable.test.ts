import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolder, place, readIfThere, writeDurably } from "./durable.ts";

const folder = mkdtempSync(join(tmpdir(), "durable-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file is replaced whole and nothing is left beside it", async () => {
  const path = join(folder, "a.json");
  await writeDurably(path, "one");
  await writeDurably(path, "two, which is longer");
  expect(readFileSync(path, "utf8")).toBe("two, which is longer");
  expect(readdirSync(folder)).toEqual(["a.json"]);
  expect(await readIfThere(path)).toBe("two, which is longer");
  expect(await readIfThere(join(folder, "none"))).toBeUndefined();
});

test("a write that fails leaves what was there, and no litter", async () => {
  await makeFolder(join(folder, "deep/er/folder"));
  const path = join(folder, "deep/er/folder");
  expect(await writeDurably(path, "x").catch((error: unknown) => (error as NodeJS.ErrnoException).code)).toBe(
    "EISDIR",
  );
  expect(readdirSync(join(folder, "deep/er"))).toEqual(["folder"]);
});

test("of many that publish under one name exactly one wins", async () => {
  const target = join(folder, "raced");
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, at) => {
      const temporary = join(folder, `t${at}`);
      writeFileSync(temporary, String(at));
      return place(temporary, target, true);
    }),
  );
  expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
  expect(outcomes[Number(readFileSync(target, "utf8"))]).toBe("done");
});
