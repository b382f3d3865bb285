// A byte that changes anywhere in the queue's file: no line is read as another one, and none is missing without being told.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "#lib/log";
import type { QueueLine } from "./dual-write.ts";
import { printLine, readLines } from "./queue-lines.ts";
import { asidePath, openQueue } from "./write-queue.ts";

const about = { at: "2026-11-30T00:00:00Z", route: "go:storaged.put", method: "PUT" };
const intent = (id: string): QueueLine => ({
  k: "intent",
  write: { ...about, id, path: `/_go/${id}/é`, headers: { "content-type": "text/plain" }, body: btoa(id) },
});
const due = (id: string): QueueLine => ({ k: "due", id, second: "upstream", first_status: 201 });
const LINES: QueueLine[] = [
  intent("a"),
  due("a"),
  intent("b"),
  { k: "void", id: "b" },
  { k: "written", write: { ...about, id: "c", path: "/_go/c", state: "lost", why: "full" } },
];
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const WHOLE = bytesOf(LINES.map(printLine).join(""));
const OLDER = bytesOf(LINES.map((line) => `${JSON.stringify(line)}\n`).join(""));
const changed = (
  file: Uint8Array<ArrayBuffer>,
  at: number,
  to: (byte: number) => number,
): Uint8Array<ArrayBuffer> => file.map((byte, place) => (place === at ? to(byte) : byte));
const known = new Set(readLines(WHOLE).lines.map((line) => JSON.stringify(line)));

/** Every bit of a byte by itself, and a byte that ends a line. */
const CHANGES = [
  ...Array.from({ length: 8 }, (_, bit) => (byte: number) => byte ^ (1 << bit)),
  () => 0x0a,
  () => 0x00,
];

function missing(read: readonly QueueLine[]): number {
  const found = new Set(read.map((line) => JSON.stringify(line)));
  return [...known].filter((line) => !found.has(line)).length;
}

describe("lines of the queue", () => {
  test("are read as they were written, and so are those of earlier versions", () => {
    expect(readLines(WHOLE)).toEqual({ lines: LINES, torn: 0, damaged: [] });
    expect(readLines(OLDER)).toEqual({ lines: LINES, torn: 0, damaged: [] });
    expect(readLines(new Uint8Array())).toEqual({ lines: [], torn: 0, damaged: [] });
  });

  test("a byte that changes costs no line in silence, with a torn line behind them too", () => {
    const torn = bytesOf(printLine(intent("torn")).slice(0, 60));
    for (const file of [WHOLE, Buffer.concat([WHOLE, torn])]) {
      for (let at = 0; at < WHOLE.byteLength; at += 1) {
        for (const change of CHANGES) {
          const { lines, damaged } = readLines(changed(file, at, change));
          const silent = missing(lines) > 0 && damaged.length === 0;
          const invented = lines.filter((line) => !known.has(JSON.stringify(line))).length;
          if (silent || invented > 0) throw new Error(`byte ${at}: ${lines.length} lines, none told`);
        }
      }
    }
  });

  test("cut off anywhere, the last line alone is gone, and is no damage", () => {
    const last = WHOLE.byteLength - bytesOf(printLine(LINES.at(-1) ?? due("a"))).byteLength;
    for (let end = last + 1; end < WHOLE.byteLength - 1; end += 1) {
      const { lines, torn, damaged } = readLines(WHOLE.subarray(0, end));
      expect([lines.length, torn, damaged.length]).toEqual([LINES.length - 1, 1, 0]);
    }
  });

  test("a line that a failing disk cut in the middle is no damage, one that is merged with it is", () => {
    const part = printLine(intent("rejected")).slice(0, 70);
    const text = `${printLine(intent("a"))}${part}\n${printLine({ k: "cut" })}${printLine(due("a"))}`;
    const file = bytesOf(text);
    expect(readLines(file)).toMatchObject({ torn: 1, damaged: [] });
    const merged = readLines(changed(file, bytesOf(printLine(intent("a"))).byteLength - 1, () => 0x20));
    expect([merged.torn, merged.damaged.length]).toEqual([0, 1]);
  });
});

describe("a damaged queue", () => {
  const root = mkdtempSync(join(tmpdir(), "queue-lines-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("keeps its damaged lines aside, and tells of them until they are noted, over restarts", async () => {
    const path = join(root, "dual-writes.jsonl");
    const said: string[] = [];
    const log = createLog({ level: "error", readable: true, write: (line) => void said.push(line) });
    writeFileSync(
      path,
      changed(WHOLE, 40, (byte) => byte ^ 1),
    );
    for (let start = 0; start < 2; start += 1) {
      const queue = await openQueue(path, log);
      expect([queue.damaged, queue.unreadable, queue.due.size]).toEqual([1, 0, 0]);
      await queue.close();
    }
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("damaged");
    const first = WHOLE.subarray(0, WHOLE.indexOf(0x0a) + 1);
    expect(new Uint8Array(readFileSync(asidePath(path)))).toEqual(changed(first, 40, (byte) => byte ^ 1));
    const queue = await openQueue(path, log);
    await queue.noteDamage();
    expect(queue.damaged).toBe(0);
    await queue.close();
    const again = await openQueue(path, log);
    expect(again.damaged).toBe(0);
    await again.close();
  });

  test("of an earlier version is read, and has checksums from then on", async () => {
    const path = join(root, "older.jsonl");
    const log = createLog({ level: "error", readable: true, write: () => undefined });
    writeFileSync(path, OLDER);
    const queue = await openQueue(path, log);
    expect([[...queue.due.keys()], queue.damaged]).toEqual([["a"], 0]);
    await queue.close();
    const lines = readFileSync(path, "utf8").trim().split("\n");
    expect(lines.every((line) => /^[0-9a-f]{16} \d+ \{/.test(line))).toBe(true);
  });
});
