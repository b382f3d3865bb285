import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readDefinitions, removeDefinition, saveDefinition } from "./definition-files.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "definitions-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const CONTENT = { name: "people", text: "{title} in {city}", fields: { "2": "keyword", a: "number" } };

test("any damage of one file, found by listing, is made good from the other; of both it is told", async () => {
  await saveDefinition(folder, "people", CONTENT);
  const files = readdirSync(folder);
  expect(files).toHaveLength(2);
  const bytes = readFileSync(join(folder, files[0] ?? ""));
  const harms = fc.oneof(
    fc.record({ at: fc.nat(bytes.length - 1), bit: fc.nat(7) }).map(({ at, bit }) => {
      const harmed = Buffer.from(bytes);
      harmed[at] = (harmed[at] ?? 0) ^ (1 << bit);
      return harmed;
    }),
    fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length)),
    fc.constant(Buffer.alloc(bytes.length)),
    fc.constant(undefined),
  );
  const harm = (file: string, harmed: Buffer | undefined): void => {
    if (harmed === undefined) rmSync(join(folder, file));
    else writeFileSync(join(folder, file), harmed);
  };
  await fc.assert(
    fc.asyncProperty(harms, fc.constantFrom(...files), async (harmed, file) => {
      await saveDefinition(folder, "people", CONTENT);
      harm(file, harmed);
      expect(await readDefinitions(folder)).toEqual([{ name: "people", content: CONTENT, isWhole: false }]);
    }),
    { numRuns: 300 },
  );
  for (const file of files) harm(file, bytes.subarray(1));
  expect(await readDefinitions(folder)).toEqual([{ name: "people", content: undefined, isWhole: false }]);
});

test("one of a version without checksums and copies is read, and not taken for whole", async () => {
  writeFileSync(join(folder, "people.corpus.json"), JSON.stringify(CONTENT));
  expect(await readDefinitions(folder)).toEqual([{ name: "people", content: CONTENT, isWhole: false }]);
  await saveDefinition(folder, "people", CONTENT);
  expect(await readDefinitions(folder)).toEqual([{ name: "people", content: CONTENT, isWhole: true }]);
});

test("a removal that was cut off leaves the definition or nothing", async () => {
  await saveDefinition(folder, "people", CONTENT);
  const before = `${folder}-before`;
  cpSync(folder, before, { recursive: true });
  await removeDefinition(folder, "people");
  expect(await readDefinitions(folder)).toEqual([]);
  rmSync(join(before, "people.corpus-copy.json"));
  expect(await readDefinitions(before)).toMatchObject([{ content: CONTENT }]);
  rmSync(before, { recursive: true });
});
