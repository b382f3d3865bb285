import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "#lib/assert";
import type { Fault } from "#rpc/fault";
import { acquireDataLock, readPidfile, recordUrl } from "./data-lock.ts";

const root = mkdtempSync(join(tmpdir(), "data-lock-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const refused = async (data: string, waitMs?: number): Promise<Fault> => {
  try {
    await acquireDataLock(data, waitMs);
  } catch (error) {
    return error as Fault;
  }
  throw new Error("the lock was given away");
};

const DATA_LOCK = join(import.meta.dir, "data-lock.ts");

/** Another process that takes the folder and says so; `killed` resolves when it is gone. */
async function holder(data: string): Promise<{ pid: number; killed: () => Promise<unknown> }> {
  const script = `
    const { acquireDataLock, recordUrl } = await import(${JSON.stringify(DATA_LOCK)});
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

  const waiting = acquireDataLock(data, 10_000);
  await killed();
  const release = await waiting;
  expect(await readPidfile(data)).toMatchObject({ pid: process.pid });
  await release();
  expect(await readPidfile(data)).toBeUndefined();
});

test("what a house left behind does not count, though another program has its process number", async () => {
  const data = join(root, "stale");
  await (
    await acquireDataLock(data)
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
        await acquireDataLock(data)
      )();
    }
  } finally {
    foreign.kill("SIGKILL");
    await foreign.exited;
  }
});

test("what is written of a crash in mid-write does not stand in the way, whoever holds the folder", async () => {
  const data = join(root, "torn");
  const release = await acquireDataLock(data);
  for (const text of ["{", ""]) {
    writeFileSync(join(data, "running.json"), text);
    expect(await readPidfile(data)).toBeUndefined();
    expect((await refused(data, 0)).message).toContain("runs over");
  }
  await release();
  await (
    await acquireDataLock(data)
  )();
});

test("two houses of one process count as two, and a look takes nothing from the one that holds", async () => {
  const data = join(root, "twice");
  const release = await acquireDataLock(data);
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

test("a lock file that is none is named", async () => {
  const data = join(root, "damaged");
  await (
    await acquireDataLock(data)
  )();
  writeFileSync(join(data, "house.lock"), "x".repeat(5000));
  expect((await refused(data)).message).toContain("cannot be used: file is not a database");
});
