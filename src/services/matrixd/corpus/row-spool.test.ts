import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spooledLines } from "./row-spool.ts";

const folder = mkdtempSync(join(tmpdir(), "row-spool-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "spool.rows");

test("the stream is over before the first line is given, and the file is gone after the last", async () => {
  let over = false;
  const chunks = ["one\ntw", "o\n", "", "three"];
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const chunk = chunks.shift();
      if (chunk !== undefined) return controller.enqueue(new TextEncoder().encode(chunk));
      over = true;
      controller.close();
    },
  });
  const lines: string[] = [];
  for await (const line of spooledLines(body, path)) {
    expect([over, existsSync(path)]).toEqual([true, true]);
    lines.push(line);
  }
  expect(lines).toEqual(["one", "two", "three"]);
  expect(existsSync(path)).toBe(false);
});

test("a stream that fails gives no line at all", async () => {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode("one\ntwo\n"));
    },
    pull: (controller) => controller.error(new Error("cut")),
  });
  const lines: string[] = [];
  const read = (async () => {
    for await (const line of spooledLines(body, path)) lines.push(line);
  })();
  expect(
    await read.then(
      () => "whole",
      (error: unknown) => (error as Error).message,
    ),
  ).toBe("cut");
  expect([lines, existsSync(path)]).toEqual([[], false]);
});

test("a reader that stops early leaves no file", async () => {
  const body = new Blob(["one\ntwo\nthree\n"]).stream();
  for await (const line of spooledLines(body, path)) if (line === "two") break;
  expect(existsSync(path)).toBe(false);
});
