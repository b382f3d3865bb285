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
import { createLog } from "#lib/log";
import { type Random, seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { openHnsw } from "./index-folder.ts";
import { LancePool } from "./lance/pool.ts";
import { repairTo } from "./repair.ts";
import { filesOf } from "./snapshots/snapshot.ts";
import type { VectorIndex } from "./vector-index.ts";
import type { IndexShape, Item } from "./rows/shape.ts";

const root = mkdtempSync(join(tmpdir(), "vectord-durability-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const shape: IndexShape = { dimension: 8, metric: "cosine", quantization: "i8", fields: { n: "number" } };

/** That a graph is damaged and built again is no news here. */
const quiet = createLog({ level: "error", readable: false });

/** The one item that a number stands for, so that what is read back can be checked against its id alone. */
function itemOf(n: number): Item {
  return {
    id: `id${n}`,
    vector: Float32Array.from({ length: 8 }, (_, i) => Math.sin(n * 8 + i) + 2),
    metadata: { n },
  };
}

async function checkItems(index: VectorIndex, numbers: Iterable<number>): Promise<void> {
  for (const n of numbers) {
    const { id, vector, metadata } = itemOf(n);
    expect(await index.fetch([id])).toEqual([{ id, vector, metadata }]);
  }
}

/** Writes rows from `first` on, ten calls at a time, prints each number once it is acknowledged, and takes snapshots between. */
const WRITER = `
  import { openHnsw } from ${JSON.stringify(join(import.meta.dir, "index-folder.ts"))};
  const [dir, first] = process.argv.slice(-2);
  const shape = ${JSON.stringify(shape)};
  const index = await openHnsw({ dir, shape, clock: { now: () => Date.now() } });
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
    const index = await openHnsw({ dir, shape, clock: systemClock });
    await checkItems(index, acknowledged);
    const { hits } = await index.search({ vector: itemOf(first).vector, k: 5, exact: true });
    expect(hits).toHaveLength(5);
    await index.close();
  }
  expect(readdirSync(dir).filter((name) => /(\.tmp|\.partial)$|^job-/.test(name))).toEqual([]);
}, 240_000);

/** An index with a snapshot, a graph and writes behind them, as `ending` leaves its folder; every file of it is attacked. */
async function made(dir: string, ending: "closed" | "killed"): Promise<void> {
  const child = Bun.spawn([process.execPath, "--no-env-file", "-e", MAKER, dir, ending], { stderr: "pipe" });
  await child.exited;
  expect(await new Response(child.stderr).text()).toBe("");
  expect(child.signalCode).toBe(ending === "killed" ? "SIGKILL" : null);
}

const MAKER = `
  import { openHnsw } from ${JSON.stringify(join(import.meta.dir, "index-folder.ts"))};
  const [dir, ending] = process.argv.slice(-2);
  const shape = ${JSON.stringify(shape)};
  const index = await openHnsw({ dir, shape, clock: { now: () => Date.now() } });
  const itemOf = ${itemOf.toString()};
  const write = async (from, to) => {
    for (let n = from; n < to; n += 10) await index.upsert(Array.from({ length: 10 }, (_, i) => itemOf(n + i)));
  };
  await write(0, 60);
  await index.rebuild();
  await index.snapshot();
  await write(60, 100);
  if (ending === "killed") process.kill(process.pid, "SIGKILL");
  await index.close();
`;
const ROWS = 100;
const numbers = Array.from({ length: ROWS }, (_, n) => n);

type Mutation = "flip" | "truncate" | "zero" | "empty" | "delete";
const MUTATIONS: readonly Mutation[] = [
  ...Array.from({ length: 8 }, () => "flip" as const),
  ...Array.from({ length: 4 }, () => "truncate" as const),
  ...Array.from({ length: 4 }, () => "zero" as const),
  "empty",
  "delete",
];

function mutate(path: string, how: Mutation, random: Random): void {
  if (how === "delete") return rmSync(path);
  const bytes = readFileSync(path);
  const at = random.below(bytes.length);
  if (how === "truncate") return writeFileSync(path, bytes.subarray(0, at));
  if (how === "empty") return writeFileSync(path, "");
  const longest = random.below(2) === 0 ? 64 : bytes.length;
  if (how === "zero") bytes.fill(0, at, Math.min(bytes.length, at + 1 + random.below(longest)));
  else bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return writeFileSync(path, bytes);
}

/** Everything that a reader gets of the index, or the fault that opening it throws. */
async function reading(dir: string): Promise<string | Fault> {
  try {
    const index = await openHnsw({ dir, clock: systemClock, log: quiet });
    const { vector } = itemOf(7);
    const { hits, complete } = await index.search({ vector, k: ROWS, exact: true });
    const found = [hits.map(({ id, distance }) => [id, distance]), complete];
    const items = (await index.fetch(numbers.map((n) => `id${n}`))).map(({ vector, ...rest }) => [
      rest,
      ...vector,
    ]);
    const counts = [index.count(), index.stats().sequence];
    await index.close();
    return JSON.stringify([found, items, counts]);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

describe.each(["closed", "killed"] as const)("the folder of an index that was %s", (ending) => {
  const whole = join(root, `attacked-${ending}`);
  const tried = join(root, `${ending}-tried`);
  const copy = (): void => {
    rmSync(tried, { recursive: true, force: true });
    cpSync(whole, tried, { recursive: true });
  };

  test("opens as a copy with everything that was acknowledged", async () => {
    await made(whole, ending);
    copy();
    const index = await openHnsw({ dir: tried, clock: systemClock });
    expect(index.stats()).toMatchObject({ count: ROWS, sequence: 10, failure: null });
    await checkItems(index, numbers);
    await index.close();
  });

  test("gives the same answers or names the file, again and again, whatever happened to any of its files", async () => {
    copy();
    const expected = await reading(tried);
    expect(typeof expected).toBe("string");
    const random = seeded(ending.length);
    const files = readdirSync(whole);
    expect(files.length).toBeGreaterThanOrEqual(7);
    let refused = 0;
    for (const name of files) {
      for (const how of MUTATIONS) {
        copy();
        mutate(join(tried, name), how, random);
        const first = await reading(tried);
        if (typeof first === "string") {
          expect(first, `${name} ${how}`).toBe(expected as string);
          continue;
        }
        refused++;
        expect(first.code, `${name} ${how}`).toBe("internal");
        expect(first.message).toContain("is damaged");
        expect(first.message).not.toContain(root);
        const second = await reading(tried);
        expect((second as Fault).message).toBe(first.message);
        await checkRepaired(tried);
      }
    }
    expect(refused).toBeGreaterThan(60);
  }, 240_000);

  test("needs its graph least of all: what is wrong with it costs a build", async () => {
    const graph = readdirSync(whole).find((name) => name.startsWith("graph-")) ?? "none";
    for (const how of ["flip", "delete"] as const) {
      copy();
      mutate(join(tried, graph), how, seeded(3));
      const index = await openHnsw({ dir: tried, clock: systemClock, log: quiet });
      expect(index.stats()).toMatchObject({ count: ROWS, unindexed: ROWS });
      expect(index.stats().failure).toContain(graph);
      await index.rebuild();
      expect(index.stats()).toMatchObject({ unindexed: 0, failure: null });
      await index.close();
    }
  });
});

/** What a repair makes of a damaged folder: every row is right, and those that are missing are reported. */
async function checkRepaired(dir: string): Promise<void> {
  const to = join(root, "repaired");
  rmSync(to, { recursive: true, force: true });
  const { damage, lost, rowsLost } = await repairTo(to, dir, {
    known: shape,
    clock: systemClock,
    lance: { pool: new LancePool() },
  });
  expect(damage.length).toBeGreaterThan(0);
  const index = await openHnsw({ dir: to, clock: systemClock });
  const there = new Set((await index.fetch(numbers.map((n) => `id${n}`))).map(({ id }) => id));
  const missing = numbers.filter((n) => !there.has(`id${n}`));
  await checkItems(
    index,
    numbers.filter((n) => !missing.includes(n)),
  );
  // Write k brought the rows from 10 (k - 1) on; the first six writes are in the snapshot.
  const lostWrites = new Set(
    lost.flatMap(({ from, to: last }) => Array.from({ length: last - from + 1 }, (_, i) => from + i)),
  );
  const explained = missing.filter((n) => lostWrites.has(Math.floor(n / 10) + 1));
  expect(missing.length - explained.length).toBe(rowsLost);
  const { sequence } = await index.upsert([itemOf(0)]);
  expect(sequence).toBe(11);
  await index.close();
}

test("a file of an older snapshot in the place of a newer one is found", async () => {
  const dir = join(root, "older");
  const index = await openHnsw({ dir, shape, clock: systemClock });
  await index.upsert([itemOf(1)]);
  await index.snapshot();
  const older = readFileSync(join(dir, "rows-0-1"));
  await index.upsert([itemOf(2)]);
  await index.snapshot();
  await index.close();
  writeFileSync(join(dir, "rows-0-2"), older);
  expect((await reading(dir)) as Fault).toMatchObject({ message: expect.stringContaining("rows-0-2") });
});

test("an index whose creation was killed at any moment is there whole, or not at all", async () => {
  const dir = join(root, "made");
  for (let ms = 0; ms < 6; ms += 1) {
    rmSync(dir, { recursive: true, force: true });
    const child = Bun.spawn([process.execPath, "--no-env-file", "-e", WRITER, dir, "0"], { stdout: "pipe" });
    while (
      child.exitCode === null &&
      !readdirSync(root).some((name) => name.startsWith(".incoming-") || name === "made")
    )
      await Bun.sleep(0);
    await Bun.sleep(ms / 2);
    child.kill("SIGKILL");
    await child.exited;
    if (existsSync(dir)) expect(typeof (await reading(dir))).toBe("string");
    for (const name of readdirSync(root))
      if (name.startsWith(".incoming-")) rmSync(join(root, name), { recursive: true });
  }
});

test("a snapshot that cannot be written leaves the one before and the log", async () => {
  const dir = join(root, "full");
  const index = await openHnsw({ dir, shape, clock: systemClock });
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
  const again = await openHnsw({ dir, shape, clock: systemClock });
  expect(again.stats()).toMatchObject({ count: 3, sequence: 3, snapshot: { sequence: 1 } });
  await checkItems(again, [1, 2, 3]);
  await again.snapshot();
  expect(again.stats().snapshot?.sequence).toBe(3);
  await again.close();
});

test("a snapshot that is written while the files of the graph before are removed keeps its own", async () => {
  // A folder that takes long to list, on a disk: one in memory lists what is new first.
  const disk = mkdtempSync(join(existsSync("/var/tmp") ? "/var/tmp" : tmpdir(), "vectord-collected-"));
  const dir = join(disk, "index");
  const index = await openHnsw({ dir, shape, clock: systemClock });
  for (let n = 0; n < 60_000; n += 1) writeFileSync(join(dir, `foreign-${n}`), "");
  for (let round = 0; round < 10; round += 1) {
    await index.upsert([itemOf(round)]);
    await index.rebuild();
    const manifest = await index.snapshot();
    await index.rebuild();
    expect(filesOf(manifest).filter(({ file }) => !existsSync(join(dir, file)))).toEqual([]);
  }
  await index.close();
  const again = await openHnsw({ dir, shape, clock: systemClock });
  await checkItems(again, Array(10).keys());
  await again.close();
  rmSync(disk, { recursive: true });
});
