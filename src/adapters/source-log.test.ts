import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceLog } from "./source-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "source-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pathOf = (name = "chat.jsonl"): string => join(folder, "data/_kb", name);
const linesOf = (path = pathOf()): unknown[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);

test("full has what was written, redacted, and ids as they are; only its owner reads it", async () => {
  const log = sourceLog({ path: pathOf(), mode: "full" });
  log.write({ call_id: "chat-3125550142" }, () => ({
    messages: [{ role: "user", content: "Call (312) 555-0142 or ann@example.com, SSN 123-45-6789" }],
    password: "hunter2",
  }));
  await log.stop();
  expect(linesOf()).toEqual([
    {
      call_id: "chat-3125550142",
      messages: [{ role: "user", content: "Call [phone] or [email], SSN [ssn]" }],
      password: "[redacted]",
    },
  ]);
  expect(log.stats()).toEqual({ written: 1, lost: 0 });
  expect(statSync(pathOf()).mode & 0o777).toBe(0o600);
});

test("metadata has no content, and off writes nothing and makes no file", async () => {
  const content = (): never => {
    throw new Error("content was asked for");
  };
  const metadata = sourceLog({ path: pathOf(), mode: "metadata" });
  metadata.write({ call_id: "c" }, content);
  await metadata.stop();
  expect(linesOf()).toEqual([{ call_id: "c" }]);
  const off = sourceLog({ path: pathOf("off.jsonl"), mode: "off" });
  off.write({ call_id: "c" }, content);
  await off.stop();
  expect(existsSync(pathOf("off.jsonl"))).toBe(false);
});

test("what the queue or the disk has no room for is lost and counted", async () => {
  const log = sourceLog({ path: pathOf(), mode: "full", linesMax: 3 });
  for (let n = 0; n < 5; n += 1) log.write({ call_id: `c-${n}` }, () => ({}));
  log.write({ call_id: "long" }, () => ({ reply: "x".repeat(300_000) }));
  await log.stop();
  expect(linesOf()).toHaveLength(3);
  expect(log.stats()).toEqual({ written: 3, lost: 3 });
  writeFileSync(join(folder, "file"), "");
  const refused = sourceLog({ path: join(folder, "file", "chat.jsonl"), mode: "full" });
  refused.write({ call_id: "c" }, () => ({}));
  await refused.stop();
  expect(refused.stats()).toEqual({ written: 0, lost: 1 });
});

test("a line that a crash cut off spoils no other", async () => {
  const first = sourceLog({ path: pathOf(), mode: "full" });
  first.write({ call_id: "a" }, () => ({}));
  await first.stop();
  writeFileSync(pathOf(), '{"torn', { flag: "a" });
  const second = sourceLog({ path: pathOf(), mode: "full" });
  second.write({ call_id: "b" }, () => ({}));
  await second.stop();
  expect(readFileSync(pathOf(), "utf8")).toBe('{"call_id":"a"}\n{"torn\n{"call_id":"b"}\n');
});
