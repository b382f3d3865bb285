// Distillation under attack: the firewall over generated rows that no export may have, and runs that are killed.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "#lib/random";
import { contentsOf } from "../../src/distill/accept/root-files.ts";
import { sampleLogs } from "../../src/distill/accept/sample-logs.ts";
import { writeLogs as writeLines } from "../../src/distill/accept/fixture.ts";
import { type Target, TARGETS } from "../../src/distill/export/targets.ts";
import { listRuns } from "../../src/distill/runs/reads/runs.ts";
import { CLOCK, writeLogs } from "../../src/distill/root.testing.ts";
import { runStages } from "../../src/distill/stages.ts";
import { BARRED, barredLogs } from "./barred-rows.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");

export interface FirewallReport {
  readonly rows: number;
  readonly barred: number;
  readonly exported: number;
  readonly wrong: readonly string[];
}

/** Exports of every kind for every target, of which none may have a barred row's text. */
export async function firewall(
  seed: number,
  rows: number,
  targets: readonly Target[] = TARGETS,
): Promise<FirewallReport> {
  const root = mkdtempSync(join(tmpdir(), "distill-firewall-"));
  try {
    const { logs, barred } = barredLogs(rows, seed);
    writeLines(root, logs);
    let exported = 0;
    const wrong: string[] = [];
    for (const target of targets) {
      const receipts = await runStages(
        { root, runId: `run-${target}`, clock: CLOCK, gitCommit: null },
        {
          stages: target === targets[0] ? ["materialize", "score", "export"] : ["export"],
          kinds: target === targets[0] ? ["sft", "preference", "kto", "rag"] : ["sft", "preference", "kto"],
          target,
          holdoutPercent: 10,
          against: [],
        },
      );
      for (const { stage, out } of receipts) {
        if (!stage.startsWith("export-")) continue;
        exported += out;
        if (out === 0 && !(target === "openai" && stage === "export-kto"))
          wrong.push(`${stage} for ${target} has no row at all`);
      }
    }
    wrong.push(...leaksBelow(join(root, "exports")));
    return { rows: Object.values(logs).flat().length, barred, exported, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function leaksBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name === "quarantine") return [];
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return leaksBelow(path);
    const leak = readFileSync(path, "utf8")
      .split("\n")
      .find((line) => line.includes(BARRED));
    return leak === undefined ? [] : [`${name}: ${leak.slice(0, 400)}`];
  });
}

export interface KilledRuns {
  readonly rounds: number;
  readonly wrong: readonly string[];
}

/** A run that is killed at a moment drawn from the seed, and run again, leaves the bytes of one that nobody disturbed. */
export async function killRuns(seed: number, rounds: number): Promise<KilledRuns> {
  const folder = mkdtempSync(join(tmpdir(), "distill-kill-"));
  const logs = sampleLogs(40);
  const start = (root: string): Bun.Subprocess =>
    Bun.spawn([process.execPath, MAIN, "distill", "run", "--root", root], {
      stdout: "ignore",
      stderr: "ignore",
    });
  const wrong: string[] = [];
  try {
    const undisturbed = join(folder, "undisturbed");
    writeLogs(undisturbed, logs);
    const began = performance.now();
    if ((await start(undisturbed).exited) !== 0) wrong.push("the undisturbed run failed");
    const tookMs = performance.now() - began;
    const expected = contentsOf(undisturbed);
    const random = seeded(seed);
    for (let round = 0; round < rounds; round += 1) {
      const root = join(folder, String(round));
      writeLogs(root, logs);
      const child = start(root);
      const afterMs = random.next() * tookMs;
      await Bun.sleep(afterMs);
      child.kill("SIGKILL");
      await child.exited;
      // What was under way is told as failed, whether anything was left of it or not.
      const [left] = (await listRuns(root, { limit: 1 })).items;
      if (left?.status === "running" || left?.status === "cancelled")
        wrong.push(`a killed run is told as ${left.status}`);
      const code = await start(root).exited;
      const found = contentsOf(root);
      const [ended] = (await listRuns(root, { limit: 1 })).items;
      if (ended?.status !== "succeeded") wrong.push(`the next run is told as ${ended?.status}`);
      const differ = Object.keys({ ...expected, ...found }).filter((path) => expected[path] !== found[path]);
      if (code !== 0 || differ.length > 0)
        wrong.push(`killed after ${Math.round(afterMs)} ms: exit ${code}, ${differ.slice(0, 3).join(", ")}`);
      rmSync(root, { recursive: true, force: true });
    }
    return { rounds, wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
