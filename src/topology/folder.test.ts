import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "#rpc/fault";
import { announce, claimData, readClaim } from "./folder.ts";

const root = mkdtempSync(join(tmpdir(), "folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const refused = async (data: string): Promise<Fault> => {
  try {
    await claimData(data);
  } catch (error) {
    return error as Fault;
  }
  throw new Error("the folder was given away");
};

test("a folder that another living process holds is refused, with where that one answers", async () => {
  const data = join(root, "held");
  const release = await claimData(data);
  await announce(data, "http://127.0.0.1:1");
  await release();
  // The process that started this one lives, and is not this one.
  writeFileSync(
    join(data, "running.json"),
    JSON.stringify({ pid: process.ppid, started_at: "now", url: "http://127.0.0.1:7" }),
  );
  const fault = await refused(data);
  expect(fault.code).toBe("conflict");
  expect(fault.message).toContain("http://127.0.0.1:7");
  expect((await readClaim(data))?.pid).toBe(process.ppid);
});

test("what a killed house, or a crash in mid-write, left behind does not stand in the way", async () => {
  const data = join(root, "left");
  await (
    await claimData(data)
  )();
  for (const text of [JSON.stringify({ pid: 2 ** 22 + 1, started_at: "then" }), "{", ""]) {
    writeFileSync(join(data, "running.json"), text);
    expect(await readClaim(data)).toBeUndefined();
    await (
      await claimData(data)
    )();
  }
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
