// The bare loop that materialize is held against: reads the logs of a root line by line, parses each, writes it again.

import { appendFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { linesOf } from "../../src/distill/files/lines.ts";

const [, , root = ""] = process.argv;
const sources = join(root, "data/_kb");
const target = join(root, "bare");
mkdirSync(target, { recursive: true });
const decoder = new TextDecoder();
const started = performance.now();
let lines = 0;
for (const name of readdirSync(sources)) {
  if (!name.endsWith(".jsonl")) continue;
  const path = join(sources, name);
  let buffer: string[] = [];
  for await (const { bytes } of linesOf(path, Bun.file(path).size)) {
    buffer.push(`${JSON.stringify(JSON.parse(decoder.decode(bytes)))}\n`);
    lines += 1;
    if (buffer.length < 1000) continue;
    appendFileSync(join(target, name), buffer.join(""));
    buffer = [];
  }
  appendFileSync(join(target, name), buffer.join(""));
}
const tookMs = performance.now() - started;
rmSync(target, { recursive: true, force: true });
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const cpuMs = (userCPUTime + systemCPUTime) / 1000;
process.stdout.write(JSON.stringify({ lines, tookMs, cpuMs, rssMib: maxRSS / 1024 }));
