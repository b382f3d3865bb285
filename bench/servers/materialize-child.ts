// Materialize over a root, in a process whose memory is its own.

import "zod/compile";
import { materialize } from "../../src/distill/materialize/materialize.ts";
import { withRoot } from "../../src/distill/run.ts";

const [, , root = ""] = process.argv;
const run = { root, runId: "bench", clock: { now: () => 0 }, gitCommit: null };
const started = performance.now();
const { counts } = await withRoot(root, () => materialize(run));
const tookMs = performance.now() - started;
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const cpuMs = (userCPUTime + systemCPUTime) / 1000;
process.stdout.write(JSON.stringify({ lines: counts.in, tookMs, cpuMs, rssMib: maxRSS / 1024 }));
