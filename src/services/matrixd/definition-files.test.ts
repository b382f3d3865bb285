import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readDefinitions, removeDefinition, saveDefinition } from "./definition-files.ts";

let data: string;
let folder: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "definitions-"));
  folder = join(data, "corpora");
  mkdirSync(folder);
});
afterEach(() => rmSync(data, { recursive: true }));

/** All files of it, found by listing. */
const filesOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const CONTENT = { name: "people", text: "{title} in {city}", fields: { "2": "keyword", a: "number" } };

test("any damage of one file, found by listing, is made good from the other; of both it is told", async () => {
  await saveDefinition(folder, "people", CONTENT);
  const files = filesOf(data);
  expect(files).toHaveLength(2);
  const bytes = readFileSync(files[0] ?? "");
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
    if (harmed === undefined) rmSync(file);
    else writeFileSync(file, harmed);
  };
  await fc.assert(
    fc.asyncProperty(harms, fc.constantFrom(...files), async (harmed, file) => {
      await saveDefinition(folder, "people", CONTENT);
      harm(file, harmed);
      expect(await readDefinitions(folder)).toEqual([{ name: "people", content: CONTENT, isWhole: false }]);
    }),
    { numRuns: 300 },
  );
  await saveDefinition(folder, "people", CONTENT);
  rmSync(folder, { recursive: true });
  expect(await readDefinitions(folder)).toEqual([{ name: "people", content: CONTENT, isWhole: false }]);
  await saveDefinition(folder, "people", CONTENT);
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
  const before = join(data, "before");
  cpSync(folder, join(before, "corpora"), { recursive: true });
  await removeDefinition(folder, "people");
  expect(await readDefinitions(folder)).toEqual([]);
  // The second copy is gone first.
  expect(await readDefinitions(join(before, "corpora"))).toMatchObject([{ content: CONTENT }]);
});

test("of writes and removals at once the one that was asked for last stands, in both places", async () => {
  for (let round = 0; round < 10; round += 1) {
    const asked = Array.from({ length: 20 }, (_, n) => n);
    await Promise.all(asked.map((n) => saveDefinition(folder, "people", { ...CONTENT, n })));
    expect(await readDefinitions(folder)).toEqual([
      { name: "people", content: { ...CONTENT, n: 19 }, isWhole: true },
    ]);
    await Promise.all([saveDefinition(folder, "people", CONTENT), removeDefinition(folder, "people")]);
    expect(await readDefinitions(folder)).toEqual([]);
  }
});

test("an older version in one place, put back or left by a crash, is not what counts", async () => {
  await saveDefinition(folder, "people", CONTENT);
  const files = filesOf(data);
  const older = files.map((file) => readFileSync(file));
  const newer = { ...CONTENT, text: "{title}" };
  await saveDefinition(folder, "people", newer);
  for (const [at, file] of files.entries()) {
    await saveDefinition(folder, "people", newer);
    writeFileSync(file, older[at] ?? "");
    expect(await readDefinitions(folder)).toEqual([{ name: "people", content: newer, isWhole: false }]);
  }
});
