import { expect, test } from "bun:test";
import { getPriority } from "node:os";
import { setNice } from "./priority.ts";

test("a process stands back with all its threads, and one that is gone is nobody's trouble", async () => {
  const child = Bun.spawn([process.execPath, "-e", "setTimeout(() => 0, 20_000)"]);
  try {
    expect(setNice(child.pid, 5)).toBe(true);
    expect(getPriority(child.pid)).toBe(5);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
  expect(setNice(child.pid, 5)).toBe(true);
});
