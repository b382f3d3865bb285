import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFolder } from "./data-folder.ts";

test("a folder that is not there is none, and one that cannot be looked at is no missing one", async () => {
  expect(await isFolder(tmpdir())).toBe(true);
  expect(await isFolder(import.meta.path)).toBe(false);
  expect(await isFolder(join(import.meta.path, "below-a-file"))).toBe(false);
  const refused = await isFolder(join(tmpdir(), "x".repeat(300))).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "forbidden" });
});
