import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileKey } from "./chatd.ts";

const folder = mkdtempSync(join(tmpdir(), "chat-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a key in a file is used as it is now, and not long after the file was taken away", () => {
  const path = join(folder, "key");
  let elapsedMs = 0;
  const key = fileKey(path, () => elapsedMs);
  expect(key).toThrow("there is no file");
  expect(key).toThrow("there is no file");
  writeFileSync(path, "first\n");
  expect(key()).toBe("first");
  writeFileSync(path, "second\n");
  utimesSync(path, 1000, 1000);
  elapsedMs += 6000;
  expect(key()).toBe("second");
  rmSync(path);
  elapsedMs += 6000;
  expect(key()).toBe("second");
  elapsedMs += 61_000;
  expect(key).toThrow("there is no file");
  writeFileSync(path, "third\n");
  expect(key()).toBe("third");
});
