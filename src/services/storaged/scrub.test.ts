import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskObjects } from "#adapters/objects/disk/disk";
import { bytesOf } from "#adapters/objects/objects";
import { createLog } from "#lib/log";
import { type Scrub, startScrub } from "./scrub.ts";

const root = mkdtempSync(join(tmpdir(), "scrub-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const passed = async (scrub: Scrub, passes: number): Promise<void> => {
  while (scrub.passes < passes) await Bun.sleep(5);
};

test("rot and loss are found and logged once, and forgotten when the object is whole again", async () => {
  const folder = join(root, "objects");
  const objects = await diskObjects(folder);
  const content = new Uint8Array(3_000_000).fill(9);
  for (const key of ["a/whole", "a/rotten", "b/lost", "b/other", "last"])
    await objects.put(key, bytesOf(content));
  const bytes = readFileSync(join(folder, "a/rotten"));
  bytes[2_500_000] = 1;
  writeFileSync(join(folder, "a/rotten"), bytes);
  rmSync(join(folder, "b/lost"));
  const lines: string[] = [];
  const log = createLog({ level: "error", readable: true, write: (line) => void lines.push(line) });
  const scrub = startScrub({ objects, log, bytesPerS: 1e12, firstAfterMs: 0, pauseMs: 1 });
  await passed(scrub, 2);
  expect(scrub.damaged.toSorted()).toEqual(["a/rotten", "b/"]);
  expect(lines.length).toBe(2);
  await objects.put("a/rotten", bytesOf(content));
  await objects.put("b/lost", bytesOf(content));
  await passed(scrub, scrub.passes + 2);
  expect(scrub.damaged).toEqual([]);
  await scrub.close();
}, 30_000);

test("a scrub that is under way ends at once when it is told to", async () => {
  const objects = await diskObjects(join(root, "slow"));
  await objects.put("large", bytesOf(new Uint8Array(3_000_000)));
  const log = createLog({ level: "error", readable: true });
  const scrub = startScrub({ objects, log, bytesPerS: 1, firstAfterMs: 0 });
  await Bun.sleep(50);
  await scrub.close();
  expect(scrub.passes).toBe(0);
});
