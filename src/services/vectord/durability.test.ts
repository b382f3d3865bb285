import { afterAll, describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { type Random, seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { VectorIndex } from "./vector-index.ts";
import type { IndexShape, Item } from "./rows/shape.ts";

const root = mkdtempSync(join(tmpdir(), "vectord-durability-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const shape: IndexShape = { dimension: 8, metric: "cosine", quantization: "i8", fields: { n: "number" } };

/** The one item that a number stands for, so that what is read back can be checked against its id alone. */
function itemOf(n: number): Item {
  return {
    id: `id${n}`,
    vector: Float32Array.from({ length: 8 }, (_, i) => Math.sin(n * 8 + i) + 2),
    metadata: { n },
  };
}

function checkItems(index: VectorIndex, numbers: Iterable<number>): void {
  for (const n of numbers) {
    const { id, vector, metadata } = itemOf(n);
    expect(index.fetch([id])).toEqual([{ id, vector, metadata }]);
  }
}

/** Writes rows from `first` on, ten calls at a time, prints each number once it is acknowledged, and takes snapshots between. */
const WRITER = `
  import { VectorIndex } from ${JSON.stringify(join(import.meta.dir, "vector-index.ts"))};
  const [dir, first] = process.argv.slice(-2);
  const shape = ${JSON.stringify(shape)};
  const index = await VectorIndex.open({ dir, shape, clock: { now: () => Date.now() } });
  const itemOf = ${itemOf.toString()};
  let n = Number(first);
  let snapshots = 0;
  await Promise.all(Array.from({ length: 10 }, async () => {
    for (;;) {
      const mine = n++;
      await index.upsert([itemOf(mine)]);
      process.stdout.write(mine + "\\n");
      if (mine % 40 === 39 && snapshots++ < 100) await index.snapshot();
    }
  }));
`;

test("kill -9 loses nothing that was acknowledged, in 10 rounds over one index", async () => {
  const dir = join(root, "killed");
  const random = seeded(9);
  const acknowledged = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const first = round * 1_000_000;
    const child = Bun.spawn([process.execPath, "--no-env-file", "-e", WRITER, dir, String(first)], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const decoder = new TextDecoder();
    let said = "";
    let killed = false;
    for await (const part of child.stdout) {
      said += decoder.decode(part, { stream: true });
      if (killed) continue;
      killed = true;
      setTimeout(() => child.kill("SIGKILL"), 10 + random.below(80));
    }
    await child.exited;
    expect(await new Response(child.stderr).text()).toBe("");
    // A line without its end was cut by the kill: that number may be a part of another.
    const numbers = said.split("\n").slice(0, -1).map(Number);
    expect(numbers.length).toBeGreaterThan(0);
    for (const n of numbers) acknowledged.add(n);
    const index = await VectorIndex.open({ dir, shape, clock: systemClock });
    checkItems(index, acknowledged);
    const { hits } = await index.search({ vector: itemOf(first).vector, k: 5, exact: true });
    expect(hits).toHaveLength(5);
    await index.close();
  }
  expect(readdirSync(dir).filter((name) => /(\.tmp|\.partial)$|^job-/.test(name))).toEqual([]);
}, 30_000);

async function fault(run: Promise<unknown>): Promise<Fault | null> {
  try {
    await run;
    return null;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

describe("any mutation of a file", () => {
  const whole = join(root, "whole");
  const files = async (): Promise<string[]> => {
    if (!existsSync(whole)) {
      const index = await VectorIndex.open({ dir: whole, shape, clock: systemClock });
      await index.upsert(Array.from({ length: 60 }, (_, n) => itemOf(n)));
      await index.rebuild();
      await index.snapshot();
      await index.upsert(Array.from({ length: 20 }, (_, n) => itemOf(60 + n)));
      await index.close();
    }
    return readdirSync(whole);
  };

  test.each([["manifest"], ["rows"], ["table"], ["shape.json"]])(
    "of a snapshot's %s is found and named: 100 ways",
    async (kind) => {
      const name = (await files()).find((each) => each.startsWith(kind)) ?? "none";
      const random = seeded(kind.length);
      for (let i = 0; i < 100; i++) {
        const dir = join(root, "mutated");
        rmSync(dir, { recursive: true, force: true });
        cpSync(whole, dir, { recursive: true });
        writeFileSync(join(dir, name), mutation(readFileSync(join(whole, name)), i, random));
        const found = await fault(VectorIndex.open({ dir, shape, clock: systemClock }));
        expect(found?.code).toBe("internal");
        expect(found?.message).toContain(join(dir, name));
        // It stays a clear fault, and no crash, for as long as nobody restores the file.
        expect((await fault(VectorIndex.open({ dir, shape, clock: systemClock })))?.code).toBe("internal");
      }
    },
    20_000,
  );

  test("of the graph costs nothing but the graph: 100 ways", async () => {
    const name = (await files()).find((each) => each.startsWith("graph")) ?? "none";
    const random = seeded(8);
    for (let i = 0; i < 100; i++) {
      const dir = join(root, "mutated");
      rmSync(dir, { recursive: true, force: true });
      cpSync(whole, dir, { recursive: true });
      writeFileSync(join(dir, name), mutation(readFileSync(join(whole, name)), i, random));
      const index = await VectorIndex.open({ dir, shape, clock: systemClock });
      expect(index.stats()).toMatchObject({ count: 80, pending: 80 });
      expect(index.stats().quarantined).toEqual([expect.stringContaining(name)]);
      checkItems(index, [0, 59, 60, 79]);
      await index.close();
    }
  }, 20_000);

  test("of none: the copy opens", async () => {
    await files();
    const dir = join(root, "copied");
    cpSync(whole, dir, { recursive: true });
    const index = await VectorIndex.open({ dir, shape, clock: systemClock });
    expect(index.stats()).toMatchObject({ count: 80, pending: 20, quarantined: [] });
    checkItems(
      index,
      Array.from({ length: 80 }, (_, n) => n),
    );
    await index.close();
  });

  test("a file of an older snapshot in the place of a newer one is found", async () => {
    const dir = join(root, "older");
    const index = await VectorIndex.open({ dir, shape, clock: systemClock });
    await index.upsert([itemOf(1)]);
    await index.snapshot();
    const older = readFileSync(join(dir, "rows-0-1"));
    await index.upsert([itemOf(2)]);
    await index.snapshot();
    await index.close();
    writeFileSync(join(dir, "rows-0-2"), older);
    expect((await fault(VectorIndex.open({ dir, shape, clock: systemClock })))?.message).toContain(
      "rows-0-2",
    );
  });
});

test("a snapshot that cannot be written leaves the one before and the log", async () => {
  const dir = join(root, "full");
  const index = await VectorIndex.open({ dir, shape, clock: systemClock });
  await index.upsert([itemOf(1)]);
  await index.snapshot();
  await index.upsert([itemOf(2)]);
  // A folder where the next table belongs: its rename fails as on a broken disk.
  const obstacle = join(dir, "table-2");
  mkdirSync(obstacle);
  writeFileSync(join(obstacle, "x"), "x");
  const failed = await index.snapshot().then(
    () => false,
    () => true,
  );
  expect(failed).toBe(true);
  rmSync(obstacle, { recursive: true, force: true });
  await index.upsert([itemOf(3)]);
  await index.close();
  const again = await VectorIndex.open({ dir, shape, clock: systemClock });
  expect(again.stats()).toMatchObject({ count: 3, sequence: 3, snapshot: { sequence: 1 } });
  checkItems(again, [1, 2, 3]);
  await again.snapshot();
  expect(again.stats().snapshot?.sequence).toBe(3);
  await again.close();
});

function mutation(whole: Uint8Array, i: number, random: Random): Uint8Array {
  const copy = Uint8Array.from(whole);
  const at = random.below(copy.length);
  if (i % 4 === 0) return copy.subarray(0, at);
  if (i % 4 === 1) return i === 1 ? new Uint8Array() : new Uint8Array(copy.length);
  if (i % 4 === 2) {
    const zeroed = Uint8Array.from(copy).fill(0, at, at + 1 + random.below(64));
    if (Buffer.compare(zeroed, copy) !== 0) return zeroed;
  }
  copy[at] = (copy[at] as number) ^ (1 << random.below(8));
  return copy;
}
