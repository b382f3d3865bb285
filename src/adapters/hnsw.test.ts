import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { type GraphShape, Hnsw, exactSearch, isWorthKeeping, storedScalar } from "./hnsw.ts";
import { readChecksummed, verifyChecksummed, writeChecksummed } from "./checksummed-file.ts";

const dir = mkdtempSync(join(tmpdir(), "hnsw-"));
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const shape: GraphShape = { dimension: 16, metric: "cosine", quantization: "i8" };
const random = seeded(7);
const vector = (dimension = 16): Float32Array =>
  Float32Array.from({ length: dimension }, () => random.next() - 0.5);

async function filled(of: GraphShape, count: number): Promise<{ graph: Hnsw; vectors: Float32Array[] }> {
  const graph = await Hnsw.create(of);
  const vectors = Array.from({ length: count }, () => vector(of.dimension));
  vectors.forEach((each, key) => {
    graph.add(key, each);
  });
  return { graph, vectors };
}

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Fault ? error.code : "bug";
  }
  return "nothing thrown";
}

async function faultOf(run: Promise<unknown>): Promise<Fault> {
  const thrown: unknown = await run.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) throw new Error(`expected a Fault, got ${String(thrown)}`);
  return thrown;
}

describe("Hnsw", () => {
  test.each(["cosine", "euclidean", "dot"] as const)(
    "finds each vector by itself under %s",
    async (metric) => {
      const { graph, vectors } = await filled({ ...shape, metric, quantization: "f32" }, 500);
      if (metric === "dot") return expect(graph.search(vectors[3] as Float32Array, 5).keys).toHaveLength(5);
      return vectors.forEach((each, key) => {
        expect(graph.search(each, 3).keys[0]).toBe(key);
      });
    },
  );

  test("reports real distances", async () => {
    const graph = await Hnsw.create({ dimension: 2, metric: "euclidean", quantization: "f32" });
    graph.add(1, new Float32Array([3, 4]));
    expect(graph.search(new Float32Array([0, 0]), 1).distances[0]).toBeCloseTo(5, 5);
    const dot = await Hnsw.create({ dimension: 2, metric: "dot", quantization: "f32" });
    dot.add(1, new Float32Array([3, 4]));
    expect(dot.search(new Float32Array([1, 1]), 1).distances[0]).toBeCloseTo(-6, 5);
  });

  test("keeps lengths where they count: only cosine is stored as i8", () => {
    expect(storedScalar(shape)).toBe("i8");
    expect(storedScalar({ ...shape, metric: "euclidean" })).toBe("bf16");
    expect(storedScalar({ ...shape, metric: "dot", quantization: "f16" })).toBe("bf16");
    expect(storedScalar({ ...shape, metric: "dot", quantization: "f32" })).toBe("f32");
  });

  test("a vector far beyond f16 keeps its direction", async () => {
    const graph = await Hnsw.create({ dimension: 2, metric: "cosine", quantization: "f16" });
    graph.add(1, new Float32Array([1e9, 0]));
    graph.add(2, new Float32Array([0, 1e9]));
    expect(graph.search(new Float32Array([1, 0.1]), 2).keys).toEqual([1, 2]);
  });

  test("gives what there is when more is wanted, and nothing from an empty graph", async () => {
    const { graph } = await filled(shape, 7);
    expect(graph.search(vector(), 100).keys.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect((await Hnsw.create(shape)).search(vector(), 5).keys).toEqual([]);
  });

  test("refuses what usearch would take in silence", async () => {
    const { graph } = await filled(shape, 3);
    const bad = vector();
    bad[5] = Number.NaN;
    expect(() => graph.add(10, bad)).toThrow("finite");
    expect(() => graph.add(10, new Float32Array(16))).toThrow("not zero");
    expect(() => graph.add(10, vector(15))).toThrow("dimension");
    expect(() => graph.add(1, vector())).toThrow("once");
    expect(() => graph.add(-1, vector())).toThrow("row number");
    expect(() => graph.search(bad, 1)).toThrow("finite");
    expect(graph.size).toBe(3);
  });

  test("a vector that is part of a larger array is read from where it starts", async () => {
    const { graph, vectors } = await filled(shape, 50);
    const matrix = new Float32Array(50 * 16);
    vectors.forEach((each, i) => {
      matrix.set(each, i * 16);
    });
    expect(graph.search(matrix.subarray(17 * 16, 18 * 16), 1).keys).toEqual([17]);
    const exact = await exactSearch();
    expect(exact(matrix, 50, matrix.subarray(17 * 16, 18 * 16), 1, "cosine").keys).toEqual([17]);
    expect(exact(matrix, 50, matrix.subarray(17 * 16, 18 * 16), 99, "cosine").keys).toHaveLength(50);
    expect(() => exact(matrix.subarray(16), 49, vector(), 1, "cosine")).toThrow("start of the buffer");
  });

  test("a removed key is not found, and its place is used again", async () => {
    const { graph, vectors } = await filled(shape, 200);
    expect(graph.remove(42)).toBe(true);
    expect(graph.remove(42)).toBe(false);
    expect(graph.search(vectors[42] as Float32Array, 200).keys).not.toContain(42);
    graph.add(42, vectors[42] as Float32Array);
    expect(graph.search(vectors[42] as Float32Array, 1).keys).toEqual([42]);
  });

  test("an audit adds again what a search does not reach", async () => {
    const { graph, vectors } = await filled(shape, 300);
    graph.remove(5);
    const audit = graph.audit([4, 5, 6], (key) => vectors[key] as Float32Array);
    expect(audit).toEqual({ checked: 3, lost: [5], stillLost: [] });
    expect(graph.has(5)).toBe(true);
  });

  test("an audit is not misled by many equal vectors", async () => {
    const graph = await Hnsw.create(shape);
    const same = vector();
    for (let key = 0; key < 400; key++) graph.add(key, same);
    expect(graph.audit([0, 200, 399], () => same).lost).toEqual([]);
  });
});

describe("a graph file", () => {
  test("is read back, mapped or loaded, with its description", async () => {
    const { graph, vectors } = await filled(shape, 400);
    const path = join(dir, "whole");
    const checksum = graph.save(path, { made: "here" });
    expect(readChecksummed(path)).toEqual({ ...checksum, tail: { made: "here" } });
    expect((await verifyChecksummed(path)).hash).toBe(checksum.hash);
    for (const read of [Hnsw.load, Hnsw.view]) {
      const { graph: again, tail } = await read(path, shape);
      expect(tail).toEqual({ made: "here" });
      expect(again.size).toBe(400);
      expect(again.search(vectors[9] as Float32Array, 1).keys).toEqual([9]);
    }
    const { graph: mapped } = await Hnsw.view(path, shape);
    expect(() => mapped.add(1_000, vector())).toThrow("mapped");
  });

  test("is refused when any bit is flipped, it is cut, zeroed or empty: 400 ways", async () => {
    const { graph } = await filled(shape, 60);
    const path = join(dir, "mutated");
    graph.save(path, { rows: 60 });
    const whole = new Uint8Array(readFileSync(path));
    const pick = seeded(11);
    for (let i = 0; i < 400; i++) {
      writeFileSync(path, mutate(whole, i, pick));
      expect(code(() => readChecksummed(path))).toBe("internal");
    }
    expect((await faultOf(Hnsw.load(path, shape))).message).toContain(`${basename(path)} is damaged`);
    expect((await faultOf(verifyChecksummed(path))).message).toContain(`${basename(path)} is damaged`);
  });

  test("of which much was taken out is neither written nor read: usearch would write past a buffer", async () => {
    for (const [taken, outcome] of [
      [150, "nothing thrown"],
      [451, "internal"],
      [600, "internal"],
    ] as const) {
      const { graph } = await filled(shape, 600);
      for (let key = 0; key < taken; key++) graph.remove(key);
      const path = join(dir, `taken-${taken}`);
      expect({ taken, code: code(() => graph.save(path, null)) }).toEqual({ taken, code: outcome });
      expect({ taken, there: existsSync(path) }).toEqual({ taken, there: outcome !== "internal" });
    }
    const path = join(dir, "taken-150");
    const { graph } = await Hnsw.view(path, shape);
    expect([graph.size, graph.places, isWorthKeeping(600, 450), isWorthKeeping(600, 449)]).toEqual([
      450,
      600,
      true,
      false,
    ]);
    // As an earlier version may have left one behind: its head counts 100 keys in 600 places.
    const bytes = readFileSync(path);
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(bytes.indexOf("usearch") + 17, 100n, true);
    writeFileSync(path, bytes);
    for (const read of [Hnsw.view(path, shape, { tail: null }), Hnsw.view(path, shape)])
      expect((await faultOf(read)).code).toBe("internal");
  });

  test("of another dimension is refused", async () => {
    const { graph } = await filled(shape, 20);
    const path = join(dir, "other");
    graph.save(path, null);
    expect((await faultOf(Hnsw.load(path, { ...shape, dimension: 8 }))).message).toContain("8");
  });

  test("is whole or absent when the disk is not there", async () => {
    const { graph } = await filled(shape, 20);
    expect(code(() => graph.save(join(dir, "no", "folder"), null))).toBe("unavailable");
    expect((await faultOf(writeChecksummed(join(dir, "no", "folder"), []))).code).toBe("unavailable");
  });
});

test("a checksummed file's hash does not depend on how its parts were cut", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const big = new Uint8Array(9 * 1024 * 1024).map((_, i) => bytes[i % 60_000] as number);
  const once = await writeChecksummed(join(dir, "a"), [big], { n: 1 });
  const parts = [big.subarray(0, 1), big.subarray(1, 5_000_000), big.subarray(5_000_000)];
  const cut = await writeChecksummed(join(dir, "b"), parts, { n: 1 });
  expect(cut).toEqual(once);
  const into = new Uint8Array(big.length);
  expect(readChecksummed(join(dir, "b"), () => into).tail).toEqual({ n: 1 });
  expect(Buffer.compare(into, big)).toBe(0);
});

function mutate(whole: Uint8Array, i: number, pick: ReturnType<typeof seeded>): Uint8Array {
  const bytes = whole.slice();
  const at = pick.below(bytes.length);
  switch (i % 4) {
    case 0:
      return bytes.subarray(0, at);
    case 1: {
      const end = Math.min(bytes.length, at + 1 + pick.below(500));
      if (bytes.subarray(at, end).every((byte) => byte === 0)) bytes[at] = 1;
      else bytes.fill(0, at, end);
      return bytes;
    }
    case 2:
      return i === 2 ? new Uint8Array() : new Uint8Array(bytes.length);
    default:
      bytes[at] = (bytes[at] as number) ^ (1 << pick.below(8));
      return bytes;
  }
}
