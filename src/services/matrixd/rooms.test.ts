import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** From the lowest: each may import what stands before it, and itself. */
const ROOMS = ["taxonomy", "places", "query", "corpus", "playbooks", "rank"];

test("imports between rooms go downwards only", () => {
  const upwards: string[] = [];
  for (const [level, room] of ROOMS.entries()) {
    const sources = new Bun.Glob(`${room}/*.ts`).scanSync(import.meta.dir);
    for (const file of [...sources].filter((name) => !/\.(?:test|testing)\.ts$/.test(name))) {
      const text = readFileSync(join(import.meta.dir, file), "utf8");
      for (const [, target = ""] of text.matchAll(/from "(\.\.?\/[^"]+)"/g)) {
        const [other = ""] = join(dirname(file), target).split("/");
        if (ROOMS.indexOf(other) > level || other.startsWith("..")) upwards.push(`${file} -> ${target}`);
      }
    }
  }
  expect(upwards).toEqual([]);
});
