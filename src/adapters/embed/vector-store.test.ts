// The store of vectors over restarts, damage and a full shelf.

import { Database } from "bun:sqlite";
import { afterAll, afterEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "#lib/log";
import { type VectorKey, type VectorStore, vectorStore } from "./vector-store.ts";

const folder = mkdtempSync(join(tmpdir(), "vector-store-"));
const file = join(folder, "embeddings.sqlite");
const logged: string[] = [];
const log = createLog({ level: "warn", readable: true, write: (line) => void logged.push(line) });
const stores: VectorStore[] = [];

function opened(bytesMax = 1024 * 1024): VectorStore {
  const store = vectorStore({ file, bytesMax, log });
  stores.push(store);
  return store;
}

afterAll(() => rmSync(folder, { recursive: true }));

afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  logged.length = 0;
});

function key(text: string, rest: Partial<VectorKey> = {}): VectorKey {
  return { provider: "ollama", model: "nomic", dimension: 3, text, ...rest };
}

function keep(...texts: string[]): void {
  const store = opened();
  for (const [place, text] of texts.entries()) store.put(key(text), Float32Array.of(place, 0.5, -1));
  store.close();
}

test("a vector is there at once, and after a restart", () => {
  const store = opened();
  store.put(key("cook"), Float32Array.of(1, 2, 3));
  expect(store.get(key("cook"))).toEqual(Float32Array.of(1, 2, 3));
  store.close();
  const again = opened();
  expect(again.get(key("cook"))).toEqual(Float32Array.of(1, 2, 3));
  expect(again.rows).toBe(1);
  expect(again.dimensionOf("ollama", "nomic")).toBe(3);
  expect(again.dimensionOf("openai", "nomic")).toBe(0);
});

test("another provider, model, dimension or text is another vector", () => {
  keep("cook");
  const store = opened();
  expect(store.get(key("cook"))).toBeDefined();
  expect(store.get(key("Cook"))).toBeUndefined();
  expect(store.get(key("cook", { provider: "openai" }))).toBeUndefined();
  expect(store.get(key("cook", { model: "other" }))).toBeUndefined();
  expect(store.get(key("cook", { dimension: 4 }))).toBeUndefined();
});

test("the oldest make room when the shelf is full", () => {
  const store = opened(512 * 1024);
  const numbers = new Float32Array(768).fill(0.5);
  for (let i = 0; i < 4000; i += 1) store.put(key(`text ${i}`, { dimension: 768 }), numbers);
  store.close();
  const again = opened();
  expect(again.rows).toBeGreaterThan(0);
  expect(again.rows).toBeLessThan(200);
  expect(again.get(key("text 0", { dimension: 768 }))).toBeUndefined();
  expect(again.get(key("text 3999", { dimension: 768 }))).toEqual(numbers);
});

test("a damaged vector is as good as absent, and gone", () => {
  keep("cook", "clerk");
  const database = new Database(file);
  database.run("UPDATE vectors SET vector = x'000000000000000000000000' WHERE number = 1");
  database.close();
  const store = opened();
  expect(store.get(key("cook"))).toBeUndefined();
  expect(store.get(key("clerk"))).toEqual(Float32Array.of(1, 0.5, -1));
  expect(logged.join("")).toContain("damaged");
});

test.each([
  ["is no database", () => writeFileSync(file, "x".repeat(8192))],
  ["is cut off", () => writeFileSync(file, readFileSync(file).subarray(0, 5000))],
  ["has pages of rubbish", () => writeFileSync(file, rubbish(readFileSync(file)))],
])("a file that %s does not stop anything", (_name, damage) => {
  keep(...Array.from({ length: 500 }, (_, i) => `text ${i}`));
  damage();
  const store = opened();
  store.get(key("text 3"));
  store.put(key("new"), Float32Array.of(7, 7, 7));
  store.close();
  const again = opened();
  again.put(key("newer"), Float32Array.of(8, 8, 8));
  again.close();
  expect(opened().get(key("newer"))).toEqual(Float32Array.of(8, 8, 8));
  expect(logged.length).toBeGreaterThan(0);
});

test("what was damaged is kept for a person to look at", () => {
  writeFileSync(file, "x".repeat(8192));
  opened();
  expect(readdirSync(folder).filter((name) => name.includes(".damaged-"))).toHaveLength(1);
});

test("a folder that cannot be written is logged once, and nothing is kept", () => {
  const store = vectorStore({ file: join(folder, "absent", "x.sqlite"), bytesMax: 1024, log });
  store.put(key("cook"), Float32Array.of(1, 2, 3));
  store.close();
  expect(store.get(key("clerk"))).toBeUndefined();
  expect(logged).toHaveLength(1);
});

function rubbish(bytes: Buffer): Buffer {
  for (let i = 4096; i < bytes.length; i += 7) bytes[i] = 0xaa;
  return bytes;
}
