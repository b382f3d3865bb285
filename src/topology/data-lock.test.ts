import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "#lib/assert";
import type { Fault } from "#rpc/fault";
import { acquireDataLock, acquirePartLock, type Release } from "./data-lock.ts";
import { readPidfile, recordUrl } from "./pidfile.ts";

const root = mkdtempSync(join(tmpdir(), "data-lock-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const lockHouse = async (data: string, waitMs?: number): Promise<Release> =>
  (await acquireDataLock(data, waitMs)).release;

const refused = async (data: string, waitMs?: number): Promise<Fault> => {
  try {
    await lockHouse(data, waitMs);
  } catch (error) {
    return error as Fault;
  }
  throw new Error("the lock was given away");
};

const DATA_LOCK = join(import.meta.dir, "data-lock.ts");
const PIDFILE = join(import.meta.dir, "pidfile.ts");

/** Another process that takes the folder and says so; `killed` resolves when it is gone. */
async function holder(data: string): Promise<{ pid: number; killed: () => Promise<unknown> }> {
  const script = `
    const { acquireDataLock } = await import(${JSON.stringify(DATA_LOCK)});
    const { recordUrl } = await import(${JSON.stringify(PIDFILE)});
    await acquireDataLock(${JSON.stringify(data)});
    await recordUrl(${JSON.stringify(data)}, "http://127.0.0.1:7");
    console.log("held");
    setInterval(() => undefined, 1000);`;
  const other = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const first = await other.stdout.getReader().read();
  expect(new TextDecoder().decode(present(first.value, "a word of the holder"))).toContain("held");
  return {
    pid: other.pid,
    killed: () => {
      other.kill("SIGKILL");
      return other.exited;
    },
  };
}

test("a folder that another process holds is refused, with where that one answers, until it is killed", async () => {
  const data = join(root, "held");
  const { pid, killed } = await holder(data);
  const fault = await refused(data);
  expect(fault.code).toBe("conflict");
  expect(fault.message).toContain(`process ${pid} at http://127.0.0.1:7`);
  expect(await readPidfile(data)).toMatchObject({ pid, url: "http://127.0.0.1:7" });

  const waiting = lockHouse(data, 10_000);
  await killed();
  const release = await waiting;
  expect(await readPidfile(data)).toMatchObject({ pid: process.pid });
  await release();
  expect(await readPidfile(data)).toBeUndefined();
});

test("a pidfile that a dead house left does not count, though another program has its process id", async () => {
  const data = join(root, "stale");
  await (
    await lockHouse(data)
  )();
  const foreign = Bun.spawn(["sleep", "60"]);
  try {
    for (const pid of [foreign.pid, process.pid, process.ppid, 1]) {
      writeFileSync(
        join(data, "running.json"),
        JSON.stringify({ pid, started_at: "then", url: "http://127.0.0.1:7" }),
      );
      expect(await readPidfile(data)).toBeUndefined();
      await (
        await lockHouse(data)
      )();
    }
  } finally {
    foreign.kill("SIGKILL");
    await foreign.exited;
  }
});

test("a torn pidfile stands in no way, whichever process holds the lock", async () => {
  const data = join(root, "torn");
  const release = await lockHouse(data);
  for (const text of ["{", ""]) {
    writeFileSync(join(data, "running.json"), text);
    expect(await readPidfile(data)).toBeUndefined();
    expect((await refused(data, 0)).message).toContain("runs over");
  }
  await release();
  await (
    await lockHouse(data)
  )();
});

test("two houses of one process count as two, and reading the pidfile takes no lock away", async () => {
  const data = join(root, "twice");
  const release = await lockHouse(data);
  await recordUrl(data, "http://127.0.0.1:7");
  expect(await readPidfile(data)).toMatchObject({ pid: process.pid });
  expect((await refused(data, 0)).code).toBe("conflict");
  expect((await refused(data, 0)).code).toBe("conflict");
  await release();
  expect(await readPidfile(data)).toBeUndefined();
});

test("a file in place of the folder is told apart from a folder without rights", async () => {
  const path = join(root, "file");
  writeFileSync(path, "x");
  const fault = await refused(path);
  expect([fault.code, fault.message]).toEqual([
    "invalid",
    `${path} is not a folder. Choose another with --data.`,
  ]);
});

test("a damaged lock file is named", async () => {
  const data = join(root, "damaged");
  await (
    await lockHouse(data)
  )();
  writeFileSync(join(data, "house.lock"), "x".repeat(5000));
  expect((await refused(data)).message).toContain("cannot be used: file is not a database");
});

const waitMs = 20;
/** Every way in which something owns a folder, or a part of it. */
const OWNERS = {
  up: (data: string) => lockHouse(data, waitMs),
  "up --apart": async (data: string) => {
    const { release, releaseParts } = await acquireDataLock(data, waitMs);
    await releaseParts();
    return release;
  },
  "serve vectord": (data: string) => acquirePartLock(data, "vectord", { supervised: false, waitMs }),
  "serve gateway": (data: string) => acquirePartLock(data, "gateway", { supervised: false, waitMs }),
} as const;
const NAMES = Object.keys(OWNERS) as (keyof typeof OWNERS)[];
const PAIRS = NAMES.flatMap((first) => NAMES.map((second) => [first, second] as const));
/** A gateway alone has no data of its own; a house that comes later is refused when its own gateway opens. */
const SHARED = new Set(["serve gateway, up", "serve gateway, up --apart"]);
const ALLOWED = new Set(["serve vectord, serve gateway", "serve gateway, serve vectord"]);

test.each(PAIRS)("%s, then %s over the same folder, also by a link to it", async (first, second) => {
  const pair = `${first}, ${second}`;
  const data = mkdtempSync(join(root, "pair-"));
  const link = `${data}-link`;
  symlinkSync(data, link);
  const release = await OWNERS[first](data);
  for (const path of [data, link]) {
    const outcome = await OWNERS[second](path).catch((error: unknown) => error as Fault);
    if (ALLOWED.has(pair) || SHARED.has(pair)) {
      expect(outcome).toBeFunction();
      await (outcome as Release)();
    } else {
      expect((outcome as Fault).code).toBe("conflict");
      expect((outcome as Fault).message).toContain(`process ${process.pid}`);
    }
  }
  await release();
  await (
    await OWNERS[second](data)
  )();
});

test("a daemon of the house that runs takes its own part, and no other process does", async () => {
  const data = join(root, "supervised");
  const house = await OWNERS["up --apart"](data);
  const daemon = await acquirePartLock(data, "vectord", { supervised: true });
  const second = acquirePartLock(data, "vectord", { supervised: true });
  expect(second).rejects.toMatchObject({ code: "conflict" });
  await second.catch(() => undefined);
  await house();
  // Its supervisor is gone: the next house waits for it, and has the folder once it has ended.
  const next = lockHouse(data);
  await Bun.sleep(400);
  await daemon();
  await (
    await next
  )();
});

test("the folder is closed to other users, also one from before", async () => {
  const data = join(root, "open");
  mkdirSync(data, { mode: 0o755 });
  await (
    await lockHouse(data)
  )();
  expect(statSync(data).mode & 0o777).toBe(0o700);
});
